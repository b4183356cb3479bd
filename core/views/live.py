"""A run in work: its state, its progress and its curves, drawn anew each second or so."""

from typing import Any

import streamlit as st

from core import session
from core.results import PartErrors
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.curves import curves, lines_of
from core.views.findings import findings
from core.views.live_pace import in_turn, is_off, live_pace
from core.views.machine import meters
from core.views.progress import batch_text, epoch_text, fractions, has_begun
from core.views.run_commands import cancel, pause
from core.views.run_queue import other_runs
from core.views.run_state import display_name, state_badge
from core.views.stored import history_of, unit_and_floor

_BUTTON_WIDTH = 140  # px: of the longest word, so that a click moves no button


def live(run: Run) -> None:
    """A run's state and curves as it goes, drawn anew by the clock until it comes to rest."""
    config = session.run_config(run.id)
    unit, floor = unit_and_floor(config)
    epochs = config.training.epochs if config else 1
    seconds = live_pace(run.id, has_begun(run.progress()))
    st.fragment(_tick, run_every=seconds)(run.id, epochs, unit, floor, seconds)


def _tick(*what: Any) -> None:
    with in_turn():
        _draw(*what)


def _draw(run_id: str, epochs: int, unit: str, floor: PartErrors | None, seconds: float) -> None:
    try:
        run = session.store().open(run_id)
        status = run.status()
    except (RunNotFound, RunUnreadable):
        st.rerun()
    progress = run.progress()
    if not status.is_active or is_off(seconds, live_pace(run_id, has_begun(progress))):
        st.rerun()  # the whole page: another view of the run, or the same at another pace
    _head(run, status)
    fraction, batch_fraction = fractions(progress, epochs)
    st.progress(fraction, text=epoch_text(status, progress, epochs))
    st.progress(batch_fraction, text=batch_text(status, progress, unit))
    curves(history_of(run), epochs, unit, lines_of(run, floor))
    findings(run, status)
    if status.device:  # known late: above, it would move the buttons as it appears
        st.caption(f"On {session.literal(status.device, 80)}")
    meters(status.pid)
    if not st.context.is_embedded:
        other_runs(run_id)


def _head(run: Run, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{state_badge(status.state)} **{display_name(status.name)}**")
        if not st.context.is_embedded and session.is_mine(status):
            st.space("stretch")
            _buttons(run)
    if status.reason:  # how it was taken up
        st.caption(session.literal(status.reason, 500))
    if reason := session.runner().unrecorded_end(run.id):
        st.warning(
            f"Its training has ended: {session.literal(reason, 500)} This is not in its folder "
            "yet, which cannot be written."
        )
    if problem := session.runner().problem:
        st.warning(session.literal(problem, 300))


def _buttons(run: Run) -> None:
    is_stopping, is_pausing = run.cancel_requested(), run.pause_requested()
    st.button(
        "Pausing…" if is_pausing else "Pause",
        icon=":material/pause_circle:",
        key=f"pause-{run.id}",
        on_click=pause,
        args=(run.id,),
        disabled=is_pausing or is_stopping,
        width=_BUTTON_WIDTH,
        help="Stops between two batches and keeps a checkpoint, from which it goes on when it "
        "is resumed. Nothing is lost.",
    )
    st.button(
        "Cancelling…" if is_stopping else "Cancel",
        icon=":material/stop_circle:",
        key=f"cancel-{run.id}",
        on_click=cancel,
        args=(run.id,),
        disabled=is_stopping,
        width=_BUTTON_WIDTH,
        help="Ends it for good. What the finished epochs have reached is kept.",
    )
