"""What is said of a run that cannot be shown, or that ended early."""

import streamlit as st

from core import session
from core.continuation import why_not_further
from core.retention import NOTE
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.run_commands import cancel, open_in_draft, resume
from core.views.run_place import goes_on, says_where, told_reason
from core.views.run_state import STATES
from core.views.stored import history_of

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
    word, _, icon = STATES[status.state]
    box = st.error if status.state == "failed" else st.warning
    if status.state in ("paused", "interrupted"):
        box(_at_rest(run, status), icon=icon)
    else:
        reason = session.literal(status.reason, 500) if status.reason else f"The run was {word}."
        if note := str(status.extra.get(NOTE, "")):
            reason = f"{session.literal(note, 200)} {reason}"
        box(f"{reason} {_advice(run, status)}", icon=icon)
    if not st.context.is_embedded and session.is_mine(status):
        _ways_on(run, status)


def _advice(run: Run, status: Status) -> str:
    """What can be done about a failed or cancelled run."""
    if status.state == "failed":
        return "Change what the reason names and start it again; nothing else is affected."
    kept = "What its finished epochs have reached is kept. " if history_of(run).epochs else ""
    way = "set up and run again" if why_not_further(run) else "trained further"
    return f"{kept}It can be {way}."


def _at_rest(run: Run, status: Status) -> str:
    """A paused or interrupted run: why it rests, and where it goes on."""
    word = STATES[status.state][0]
    reason = told_reason(status.reason)
    text = "" if reason.startswith(word.capitalize()) else f"This run is {word}. "
    text += session.literal(reason, 500) if reason else ""
    if not says_where(reason):
        config = session.run_config(run.id)
        text += f" {goes_on(run.folder, config.training.epochs if config else None, reason)}"
    return text.replace("  ", " ").strip()


def _ways_on(run: Run, status: Status) -> None:
    with st.container(horizontal=True):
        if status.state in ("paused", "interrupted"):
            st.button(
                "Resume",
                key=f"resume-{run.id}",
                icon=":material/play_arrow:",
                type="primary",
                on_click=resume,
                args=(run.id,),
            )
            st.button(
                "Cancel",
                key=f"cancel-{run.id}",
                icon=":material/stop_circle:",
                on_click=cancel,
                args=(run.id,),
                help="Ends it for good. Its error curves are kept.",
            )
        elif status.state == "failed":
            st.button(
                "Open its setup in the form",
                key=f"anew-{run.id}",
                icon=":material/edit:",
                on_click=open_in_draft,
                args=(run.id,),
                disabled=session.run_config(run.id) is None,
            )
