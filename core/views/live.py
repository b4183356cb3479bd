"""A run in work: its state, its progress and its curves, drawn anew each second."""

import streamlit as st

from core import session
from core.results import PartErrors
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.curves import curves, lines_of
from core.views.findings import findings
from core.views.machine import meters
from core.views.progress import batch_text, epoch_text, fractions
from core.views.run_commands import cancel
from core.views.run_queue import other_runs
from core.views.run_state import display_name, state_badge
from core.views.stored import history_of, unit_and_floor

TICK_SECONDS = 1.0


def live(run: Run) -> None:
    """A run's state and curves as it goes, drawn anew each second until it comes to rest."""
    config = session.run_config(run.id)
    unit, floor = unit_and_floor(config)
    epochs = config.training.epochs if config else 1
    st.fragment(_tick, run_every=TICK_SECONDS)(run.id, epochs, unit, floor)


def _tick(run_id: str, epochs: int, unit: str, floor: PartErrors | None) -> None:
    try:
        run = session.store().open(run_id)
        status = run.status()
    except (RunNotFound, RunUnreadable):
        st.rerun()
    if not status.is_active:
        st.rerun()
    progress = run.progress()
    _head(run_id, status, run.cancel_requested())
    fraction, batch_fraction = fractions(progress, epochs)
    st.progress(fraction, text=epoch_text(status, progress, epochs))
    st.progress(batch_fraction, text=batch_text(status, progress, unit))
    curves(history_of(run), epochs, unit, lines_of(run, floor))
    findings(run, status)
    meters(status.pid)
    if not st.context.is_embedded:
        other_runs(run_id)


def _head(run_id: str, status: Status, is_stopping: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        device = f" · on {session.literal(status.device, 80)}" if status.device else ""
        st.markdown(f"{state_badge(status.state)} **{display_name(status.name)}**{device}")
        if not st.context.is_embedded:
            st.space("stretch")
            st.button(
                "Cancelling…" if is_stopping else "Cancel",
                icon=":material/stop_circle:",
                key=f"cancel-{run_id}",
                on_click=cancel,
                args=(run_id,),
                disabled=is_stopping,
                help="What the finished epochs have reached is kept.",
            )
    if problem := session.runner().problem:
        st.warning(session.literal(problem, 300))
