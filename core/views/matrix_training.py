"""Training many cells of the matrix with one click, and taking back those that wait."""

from collections.abc import Sequence

import streamlit as st

from core import disk, session
from core.admission import takes_a_place
from core.config import ExperimentConfig
from core.matrix import Cell, with_pair
from core.number_text import count_text
from core.output_range import ACTIVATIONS
from core.runs import RunSummary
from core.signals.recording import DataError
from core.trials import Trial
from core.views.matrix_trials import NAME, run_name, trials_of
from core.views.run_commands import cancel
from core.views.stored import active_runs, forget_active_runs

MOST_AT_ONCE = 100  # runs that wait or train; a public demo has fewer for each visitor
METHODS = ("none", "minmax", "minmax_symmetric", "standard", "log1p")  # offered first
ACTIVATIONS_FIRST = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "linear")

_CLICKED = "matrix_train_clicked"
_METHODS, _ACTIVATIONS = "matrix-methods", "matrix-activations"


def queue_if_clicked(config: ExperimentConfig, cells: Sequence[Cell]) -> None:
    """Queue what the form says by now, if its button was clicked. To be called before drawing.

    Not in the button's callback, which would not know of an edit that came in the same request.
    """
    if not st.session_state.pop(_CLICKED, False):
        return
    for trial in _missing(_chosen(trials_of(config, cells)))[: _room()]:
        cell = trial.cell
        named = with_pair(config, cell.normalization, cell.activation).replace(
            {"name": run_name(cell)}
        )
        try:
            session.submit(named)
        except OSError as error:
            session.keep_fault(f"A run could not be stored: {disk.fault_text(error)}.")
            break
        except DataError as error:
            session.keep_fault(str(error))
            break
    forget_active_runs()


def training_form(config: ExperimentConfig, trials: Sequence[Trial]) -> None:
    """Which cells to train, how many runs that makes, and the button."""
    with st.expander("Train the matrix", icon=":material/model_training:", key="matrix-training"):
        left, middle, right = st.columns([5, 5, 2])
        with left:
            _choice("Normalizations", _METHODS, METHODS, trials, "method", session.METHODS)
        with middle:
            titles = {name: ACTIVATIONS[name].title for name in ACTIVATIONS}
            _choice(
                "Output activations",
                *(_ACTIVATIONS, ACTIVATIONS_FIRST, trials, "activation", titles),
            )
        with right:
            most = session.limit("max_epochs")
            session.bound(st.number_input, "Epochs", "training.epochs", max_value=most, step=1)
        chosen = _chosen(trials)
        missing = _missing(chosen)
        st.markdown(_in_words(chosen, missing))
        room = _room()
        st.button(
            f"Train {count_text(len(missing), 'cell')}",
            key="train-matrix",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not missing or len(missing) > room,
            on_click=lambda: st.session_state.update({_CLICKED: True}),
        )
        if len(missing) > room:
            most = count_text(_most(), "run")
            st.caption(f"At most {most} can wait or train at once; there is room for {room}.")
        session.show_kept_fault()


def _choice(label, name, first, trials, field, titles) -> None:
    """A choice of rows or columns of the matrix."""
    options = list(dict.fromkeys(_name(trial, field) for trial in trials))
    st.multiselect(
        label,
        options,
        default=[name for name in first if name in options],
        format_func=titles.get,
        key=name,
        persist_state="session",
        wrap=True,
    )


def _name(trial: Trial, field: str) -> str:
    return trial.cell.normalization.method if field == "method" else trial.cell.activation


def _chosen(trials: Sequence[Trial]) -> list[Trial]:
    """The cells of the rows and columns that are chosen."""
    methods = st.session_state.get(_METHODS, METHODS)
    activations = st.session_state.get(_ACTIVATIONS, ACTIVATIONS_FIRST)
    return [
        trial
        for trial in trials
        if trial.cell.normalization.method in methods and trial.cell.activation in activations
    ]


def _missing(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if not (trial.is_trained or trial.is_active)]


def _room() -> int:
    runs = active_runs()
    if session.public() is not None:
        runs = [run for run in session.store().listing(0.5) if takes_a_place(run)]
    return max(0, _most() - sum(map(session.is_mine, runs)))


def _most() -> int:
    settings = session.public()
    return settings.max_runs_per_visitor if settings else MOST_AT_ONCE


def _in_words(chosen: Sequence[Trial], missing: Sequence[Trial]) -> str:
    trained = sum(trial.is_trained for trial in chosen)
    active = sum(trial.is_active for trial in chosen)
    known = [f"{trained} already trained"] * bool(trained) + [f"{active} in work"] * bool(active)
    skipped = f" ({', '.join(known)}: left out)" if known else ""
    return (
        f"**{count_text(len(chosen), 'cell')}, {count_text(len(missing), 'run')} to train**"
        f"{skipped}. All have the same data, "
        "split, seed and initial weights, and the settings of the page Train; they differ in the "
        "pair alone."
    )


def in_work(trials: Sequence[Trial]) -> None:
    """How many cells train and wait, and the buttons that take back what a matrix has queued."""
    active = [trial.run for trial in trials if trial.is_active]
    shown = {trial.run.id for trial in trials if trial.run is not None}
    others = [run for run in active_runs() if run.id not in shown and _can_be_taken_back(run)]
    if active:
        queued = sum(run.state == "queued" for run in active)
        _said_to_wait(
            f":material/progress_activity: {len(active) - queued} in training, {queued} waiting.",
            "Cancel what waits",
            "cancel-matrix",
            [run for run in active if _can_be_taken_back(run)],
        )
    if others:
        _said_to_wait(
            f":material/history: Queued from a matrix of other data or settings: {len(others)}.",
            "Cancel those",
            "cancel-other-matrices",
            others,
        )


def _can_be_taken_back(run: RunSummary) -> bool:
    return run.state == "queued" and run.name.startswith(NAME) and session.is_mine(run)


def _said_to_wait(text: str, label: str, key: str, waiting: Sequence[RunSummary]) -> None:
    """A line on runs, with a button that cancels those that wait."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text)
        if waiting:
            st.button(
                f"{label} ({len(waiting)})",
                key=key,
                icon=":material/stop_circle:",
                on_click=_cancel_all,
                args=([run.id for run in waiting],),
                help="Runs in training go on; the page Train stops them one by one.",
            )


def _cancel_all(run_ids: Sequence[str]) -> None:
    forget_active_runs()  # what waited when the button was drawn may train by now
    waiting = {run.id for run in active_runs() if _can_be_taken_back(run)}
    for run_id in run_ids:
        if run_id in waiting:
            cancel(run_id)
