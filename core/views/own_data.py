"""Removing the file in use from the machine the app runs on."""

import streamlit as st

from core import session
from core.retention import why_kept
from core.runs import RunUnreadable

_SAID = "file_removal_said"


def file_removal() -> None:
    """A button that removes the file in use, and, once, what that did."""
    if session.value("data.source") == "file" or session.upload() is not None:
        st.button(
            "Delete this file",
            key="forget_file",
            icon=":material/delete:",
            type="tertiary",
            on_click=_remove,
            help="Removes the upload and what was read of it from the machine this app runs on.",
        )
    if said := st.session_state.pop(_SAID, ""):
        st.caption(said)


def _remove() -> None:
    try:
        removed = session.forget_file_in_use()
    except (OSError, RunUnreadable) as error:
        why = session.literal(why_kept(error), 300)
        st.session_state[_SAID] = f"The file could not be deleted: {why}. Try again."
        return
    kept = "Its values stay for the runs that were trained on it: delete these first."
    said = kept if removed.kept_recordings and session.public() is None else ""
    st.session_state[_SAID] = f"The file is deleted. {said}".strip()
