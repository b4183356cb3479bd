"""The runs that train or wait, each with its own way to cancel."""

import streamlit as st

from core import session
from core.views.run_commands import cancel
from core.views.run_state import display_name, state_badge
from core.views.stored import ACTIVE_SECONDS, active_runs

QUEUE_SHOWN = 8


def queue_alone() -> None:
    """The runs in work, where none of them is in view."""
    if active_runs():
        st.fragment(other_runs, run_every=ACTIVE_SECONDS)("")


def other_runs(shown: str) -> None:
    """The other runs that train or wait, in their order, each with its own way to cancel."""
    others = [item for item in active_runs() if item.id != shown]
    if not others:
        return
    st.markdown(f"**Other runs in work** ({len(others)})")
    for place, item in enumerate(others[:QUEUE_SHOWN], 1):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{place}. {state_badge(item.state)} {display_name(item.name)}")
            st.space("stretch")
            st.page_link(session.page("train"), label="Watch", query_params={"run": item.id})
            st.button(
                "Cancel",
                key=f"cancel-{item.id}",
                on_click=cancel,
                args=(item.id,),
                type="tertiary",
            )
    if len(others) > QUEUE_SHOWN:
        st.caption(f"and {len(others) - QUEUE_SHOWN:,} more, listed on the page Runs.")
