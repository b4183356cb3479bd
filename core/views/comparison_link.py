"""The address of a comparison: to be copied, and what it opens."""

from collections.abc import Sequence

import streamlit as st

from core import session
from core.results import RunRow
from core.views.copy_button import copy_button

_OPENED = "comparison_opened"


def comparison_link(run_ids: Sequence[str]) -> None:
    """A button that copies a link to the comparison of these runs; the first is the baseline."""
    copy_button(session.link("runs", {"runs": ",".join(run_ids)}), "Copy link", "copy-comparison")


def rows_of_the_address(rows: Sequence[RunRow]) -> tuple[Sequence[RunRow], tuple[str, ...]]:
    """The runs that the address names, with the ids to select where it was not opened before; all
    rows and none where it names no runs."""
    wanted = session.linked_runs()
    if not wanted:
        st.session_state.pop(_OPENED, None)
        return rows, ()
    here = {row.id for row in rows}
    found = [run_id for run_id in wanted if run_id in here]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_said(len(found), len(wanted)), width="content")
        st.button("All runs", key="runs_all", icon=":material/table_rows:", on_click=_leave)
    is_new = st.session_state.get(_OPENED) != wanted
    st.session_state[_OPENED] = wanted
    if is_new and found:
        st.session_state["runs_baseline"] = found[0]
    return [row for row in rows if row.id in wanted], tuple(found) if is_new else ()


def _said(found: int, wanted: int) -> str:
    if found == wanted:
        return f"A link has opened {'this run' if found == 1 else f'these {found} runs'}."
    if wanted == 1:
        return "The run of this link is not here."
    return (
        f"Of the {wanted} runs of this link {found or 'none'} {'is' if found < 2 else 'are'} here."
    )


def _leave() -> None:
    del st.query_params["runs"]
