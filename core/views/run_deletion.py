"""Deleting runs, which asks before anything is removed."""

from collections.abc import Sequence

import streamlit as st

from core.number_text import count_text
from core.results import RunRow
from core.views.run_commands import delete
from core.views.run_state import display_name

NAMED = 5  # runs that the question names

_ASKED = "runs_to_delete"


def ask_to_delete(rows: Sequence[RunRow]) -> None:
    st.session_state[_ASKED] = [row.id for row in rows]


def confirm_deletion(rows: Sequence[RunRow]) -> None:
    """The second question, about the selected rows; another selection withdraws it."""
    rows = [row for row in rows if row.id in st.session_state.get(_ASKED, ())]
    if not rows:
        return
    with st.container(border=True):
        names = [_words(row) for row in rows[:NAMED]]  # there may be commas in them
        if len(rows) > NAMED:
            names.append(f"and {len(rows) - NAMED:,} more")
        st.markdown("**Delete for good?**\n" + "\n".join(f"- {name}" for name in names))
        st.caption("Models, reconstructions and error curves are removed from the disk.")
        with st.container(horizontal=True):
            st.button(
                f"Delete {count_text(len(rows), 'run')}",
                key="delete_sure",
                type="primary",
                on_click=_delete,
                args=([row.id for row in rows],),
            )
            st.button("Keep", key="delete_keep", on_click=_keep)


def _words(row: RunRow) -> str:
    """A run as the table has it: of the same name there may be several."""
    created = row.created[:16].replace("T", " ")
    return f"{display_name(row.name)} · {row.state}" + f", created {created}" * bool(created)


def _delete(run_ids: Sequence[str]) -> None:
    delete(*run_ids)
    _keep()


def _keep() -> None:
    st.session_state.pop(_ASKED, None)
