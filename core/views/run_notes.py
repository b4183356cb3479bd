"""What is said of a run that cannot be shown, or that ended early."""

import streamlit as st

from core import session
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.run_commands import resume
from core.views.run_state import STATES

ADVICE = {
    "failed": "Change what the reason names and start it again; nothing else is affected.",
    "cancelled": "What its finished epochs have reached is kept. It can be set up and run again.",
    "interrupted": "Its worker ended before the run did. Put in the queue again, it starts anew "
    "from its first epoch.",
    "paused": "Put in the queue again, it starts anew from its first epoch.",
}
NO_RUN = (
    "There is no run with this link. It may have been deleted, or the address was not copied whole."
)


def find_run(run_id: str) -> tuple[Run, Status] | None:
    """A run that can be read; otherwise a sentence is shown, with a way on."""
    try:
        run = session.store().open(run_id)
        return run, run.status()
    except RunNotFound:
        st.warning(NO_RUN, icon=":material/link_off:")
    except RunUnreadable as error:
        st.error(session.literal(str(error), 400), icon=":material/broken_image:")
    if not st.context.is_embedded:
        st.page_link(session.page("runs"), label="See all runs", icon=":material/table_rows:")
    return None


def ended(run: Run, status: Status) -> None:
    """Why a run came to rest, and what can be done, where that needs saying."""
    if status.state == "finished":
        if status.reason:
            st.caption(session.literal(status.reason, 400))
        return
    word = STATES[status.state][0]
    text = f"This run is {word}." if status.state in ("paused", "interrupted") else ""
    reason = session.literal(status.reason, 500) if status.reason else f"The run was {word}."
    box = st.error if status.state == "failed" else st.warning
    box(f"{text} {reason} {ADVICE[status.state]}".strip(), icon=STATES[status.state][2])
    if status.state in ("paused", "interrupted") and not st.context.is_embedded:
        st.button(
            "Put it in the queue again",
            key=f"resume-{run.id}",
            icon=":material/replay:",
            on_click=resume,
            args=(run.id,),
        )
