"""Which run is shown: the one of the address, or one chosen from a box."""

import streamlit as st

from core import session
from core.views.run_state import SHOWABLE, option_name

LISTED = 100  # runs offered in the box


def chosen_run() -> str | None:
    """The run of the address, or else the newest finished one; a box to choose another.

    Where it is embedded, the address alone says which.
    """
    wanted = st.query_params.get("run")
    if st.context.is_embedded:
        return wanted or None
    seen = session.visible(session.store().listing())
    listed = [item for item in reversed(seen) if item.state in SHOWABLE]
    finished = [item.id for item in listed if item.state == "finished"]
    shown = wanted or (finished[0] if finished else listed[0].id if listed else None)
    names = {item.id: item for item in listed[:LISTED]}
    if shown in names:
        st.session_state["chosen_run"] = shown
        st.selectbox(
            "Run",
            list(names),
            format_func=lambda run_id: option_name(names[run_id]),
            key="chosen_run",
            on_change=lambda: st.query_params.from_dict({"run": st.session_state["chosen_run"]}),
        )
    return shown
