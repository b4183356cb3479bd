"""Removing the file in use from the machine the app runs on, which asks before anything is."""

import streamlit as st

from core import session
from core.retention import why_kept
from core.runs import RunUnreadable

_ASKED = "file_to_delete"
_SAID = "file_removal_said"


def file_removal() -> None:
    """A button that removes the file in use after a question, and, once, what that did."""
    if session.value("data.source") == "file" or session.upload() is not None:
        which, name = _file_in_hand()
        if st.session_state.get(_ASKED) == which:
            _confirm(name)
        else:
            st.button(
                "Delete this file",
                key="forget_file",
                icon=":material/delete:",
                type="tertiary",
                on_click=_ask,
                args=(which,),
            )
    if said := st.session_state.pop(_SAID, ""):
        st.caption(said)


def _file_in_hand() -> tuple[str, str]:
    """What tells the file from any other, and its name."""
    if (kept := session.upload()) is not None:
        return kept.token, kept.name
    return session.value("data.sha256"), session.value("data.name")


def _confirm(name: str) -> None:
    """The second question; another file withdraws it."""
    stay = "stay with it" if session.public() else "stay: to remove them too, delete that run first"
    with st.container(border=True):
        st.markdown(f"**Delete {session.literal(name)} for good?**")
        st.caption(
            "The file and what was read of it are removed from the machine this app runs on. "
            f"Values that a run was trained on {stay}."
        )
        with st.container(horizontal=True):
            st.button("Delete the file", key="forget_sure", type="primary", on_click=_remove)
            st.button("Keep", key="forget_keep", on_click=_keep)


def _ask(which: str) -> None:
    st.session_state[_ASKED] = which


def _keep() -> None:
    st.session_state.pop(_ASKED, None)


def _remove() -> None:
    _keep()
    try:
        removed = session.forget_file_in_use()
    except (OSError, RunUnreadable) as error:
        why = session.literal(why_kept(error), 300)
        st.session_state[_SAID] = f"The file could not be deleted: {why}. Try again."
        return
    are_kept = removed.kept_recordings and session.public() is None
    kept = "; the values read of it stay for the runs trained on them" if are_kept else ""
    st.session_state[_SAID] = f"The file is deleted{kept}."
