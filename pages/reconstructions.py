"""One run: what it came to, its windows with their reconstructions, and where the errors are."""

import streamlit as st

from core import session
from core.charts.run_words import NAMES
from core.results import Results
from core.runs import Run, RunUnreadable, Status
from core.views.curves import curves, lines_of, lines_of_results, log_toggle
from core.views.findings import findings
from core.views.headline import headline
from core.views.live import live
from core.views.replay import Words, replay
from core.views.run_choice import chosen_run
from core.views.run_head import run_head
from core.views.run_link import run_link
from core.views.run_notes import ended, find_run
from core.views.stored import history_of, reconstruction_of, results_of, unit_and_floor
from core.views.windows_viewer import windows_viewer


def page() -> None:
    if not st.context.is_embedded:
        st.title("Reconstructions")
    run_id = chosen_run()
    if run_id is None:
        no_run()
    elif (found := find_run(run_id)) is not None:
        try:
            show(*found)
        except RunUnreadable as error:
            st.error(session.literal(str(error), 400), icon=":material/broken_image:")


def no_run() -> None:
    if st.context.is_embedded:
        st.info("This link names no run. Copy it again, whole, from the run that it should show.")
        return
    st.info("There are no runs yet. Train one, and what it gives back is shown here.")
    st.page_link(session.page("train"), label="Set up a run", icon=":material/model_training:")


def show(run: Run, status: Status) -> None:
    if status.is_active:
        live(run)
        replay(run, Words.of_data(session.run_config(run.id)), is_active=True)
        run_link(run.id)
        return
    results = results_of(run)
    run_head(run, status, results)
    ended(run, status)
    if results is not None:
        show_results(run, status, results)
        return
    findings(run, status)
    run_link(run.id)
    if (history := history_of(run)).epochs:
        config = session.run_config(run.id)
        epochs = config.training.epochs if config else history.epochs
        curves(history, epochs, unit_and_floor(config)[0], lines_of(run))
        replay(run, Words.of_data(config))


def show_results(run: Run, status: Status, results: Results) -> None:
    measure = chosen_measure()
    headline(results, measure)
    findings(run, status)
    parts = reconstruction_of(run)
    if parts is None:
        st.info("This run left no reconstructions.")
        run_link(run.id)
    else:
        windows_viewer(run.id, parts, results, measure)
    replay(run, Words.of_results(results), measure)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Training", anchor=False)
        st.space("stretch")
        log_toggle()
    history = history_of(run)
    epochs = max(history.epochs, 1)
    curves(history, epochs, results.unit, lines_of_results(results))


def chosen_measure() -> str:
    with st.container(horizontal=True, vertical_alignment="center"):
        return st.segmented_control(
            "Error",
            ["mae", "mse"],
            format_func=NAMES.get,
            default="mae",
            key="measure",
            required=True,
        )


session.open_page()
page()
