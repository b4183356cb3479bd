"""The run of the page's address: live while it is active, what it came to afterwards."""

import streamlit as st

from core import session
from core.results import Results
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.copy_button import copy_button
from core.views.curves import curves, lines_of, lines_of_results, log_toggle
from core.views.findings import findings
from core.views.further import further
from core.views.headline import headline
from core.views.live import live
from core.views.run_notes import ended, find_run
from core.views.run_state import display_name, state_badge
from core.views.stored import history_of, results_of, unit_and_floor

REST_SECONDS = 3.0  # between two looks whether a run that rests has been resumed elsewhere


def run_in_view(run_id: str) -> None:
    """A run in a box, with links to it and to its reconstructions."""
    if (found := find_run(run_id)) is None:
        return
    run, status = found
    with st.container(border=True):
        if status.is_active:
            live(run)
        else:
            _summed_up(run, status)
            if not status.is_final:
                st.fragment(_resting, run_every=REST_SECONDS)(run_id, status.state)
        with st.container(horizontal=True, vertical_alignment="center"):
            if not status.is_active and history_of(run).epochs:
                st.page_link(
                    session.page("reconstructions"),
                    label="See its reconstructions",
                    icon=":material/ssid_chart:",
                    query_params={"run": run.id},
                )
            if not (status.is_active or st.context.is_embedded):
                further(run, status)
            link = session.link("train", {"run": run.id})
            copy_button(link, "Copy link to this run", "copy-run")
            if status.is_active or history_of(run).epochs:
                st.space("stretch")
                log_toggle()


def _resting(run_id: str, state: str) -> None:
    """Draw the page anew when a run has left the state of rest that is shown."""
    try:
        is_left = session.store().open(run_id).status().state != state
    except (RunNotFound, RunUnreadable):
        is_left = True
    if is_left:
        st.rerun()


def _summed_up(run: Run, status: Status) -> None:
    st.markdown(f"{state_badge(status.state)} **{display_name(status.name)}**")
    ended(run, status)
    if (results := _results(run)) is not None:
        headline(results, "mae")
    findings(run, status)
    history = history_of(run)
    if results is not None:
        curves(history, history.epochs, results.unit, lines_of_results(results))
    elif history.epochs:
        config = session.run_config(run.id)
        unit, floor = unit_and_floor(config)
        epochs = config.training.epochs if config else history.epochs
        curves(history, epochs, unit, lines_of(run, floor))


def _results(run: Run) -> Results | None:
    try:
        return results_of(run)
    except RunUnreadable as error:
        st.error(session.literal(str(error), 300))
        return None
