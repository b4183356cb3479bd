"""The runs that train or wait, each with its own way to cancel."""

import streamlit as st

from core import session
from core.number_text import count_text
from core.runs import RunSummary
from core.views.run_commands import cancel
from core.views.run_state import display_name, state_badge
from core.views.stored import ACTIVE_SECONDS, active_runs

QUEUE_SHOWN = 8


def queue_alone() -> None:
    """The runs in work, where none of them is in view."""
    if active_runs():
        st.fragment(other_runs, run_every=ACTIVE_SECONDS)("")


def bring_into_view(run_id: str, label: str, kind: str) -> None:
    """A button that shows a run on this page; a link to the page it stands on leads nowhere.

    kind: of the list that it stands in. A run that has just left one may still be in it.
    """
    if st.button(label, key=f"{kind}-{run_id}", icon=":material/visibility:", type="tertiary"):
        st.query_params.from_dict({"run": run_id})
        st.rerun()


def other_runs(shown: str) -> None:
    """The other runs that train or wait, in their order, each with its own way to cancel."""
    others, strangers = _others(shown)
    if not (others or strangers):
        return
    if others:
        st.markdown(f"**Other runs in work** ({len(others)})")
    for place, item in enumerate(others[:QUEUE_SHOWN], 1):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{place}. {state_badge(item.state)} {display_name(item.name)}")
            st.space("stretch")
            bring_into_view(item.id, "Watch", "watch")
            if session.is_mine(item):
                st.button(
                    "Cancel",
                    key=f"cancel-{item.id}",
                    on_click=cancel,
                    args=(item.id,),
                    type="tertiary",
                )
    if len(others) > QUEUE_SHOWN:
        st.caption(f"and {len(others) - QUEUE_SHOWN:,} more, listed on the page Runs.")
    if strangers:
        runs = count_text(strangers, "run")
        st.caption(f"{runs} of other visitors in work: all take turns.")


def _others(shown: str) -> tuple[list[RunSummary], int]:
    """The runs in work but the one shown, and how many more there are that are not to be seen."""
    active = active_runs()
    seen = session.visible(active)
    others = [item for item in seen if item.id != shown]
    return others, sum(item.id != shown for item in active) - len(others)
