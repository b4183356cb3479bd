"""What can be taken from a run: files of it, and the errors of its windows."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from core import session
from core.charts.run_words import TITLES, labelled
from core.charts.time_axis import TimeAxis
from core.results import (
    MEASURES,
    StoredWindows,
    errors_csv,
    read_reconstruction,
    read_results,
    unit_of,
)
from core.runs import Run
from core.signals.recording import DataError
from core.views.window_place import RunData, read_run_data

# The file in the run's folder that must be there, the button's label, what it gives
_OFFERED = (
    ("model.keras", "Model", "The trained model as a Keras file."),
    ("history.csv", "History", "The errors of each epoch, as CSV."),
    ("reconstruction.npz", "Errors of all windows", "MAE and MSE of each window, as CSV."),
    ("config.json", "Configuration", "Every setting, as JSON: the command line trains it again."),
)


def downloads(run: Run) -> None:
    """A box with a button for each of these that there is; all are made when they are asked for."""
    with st.popover("Downloads", icon=":material/download:"):
        for name, label, what in _OFFERED:
            path, (stem, ending) = run.folder / name, name.split(".")
            if not path.is_file():
                continue
            read, kept = path.read_bytes, f"{stem}-{run.id[:8]}.{ending}"
            if name == "reconstruction.npz":
                read, kept = lambda: _errors(run), f"errors-{run.id[:8]}.csv"
            st.download_button(
                label,
                data=read,
                file_name=kept,
                key=f"download-{stem}",
                on_click="ignore",
                help=what,
                width="stretch",
            )


def _errors(run: Run) -> str:
    """Asked for by a thread without a session."""
    parts, results = read_reconstruction(run) or {}, read_results(run)
    unit = results.unit if results else ""
    titles = [labelled(TITLES[measure], unit_of(measure, unit)) for measure in MEASURES]
    return errors_csv(parts, _places(run.id, parts), titles)


def _places(
    run_id: str, parts: Mapping[str, StoredWindows]
) -> Mapping[str, Mapping[str, np.ndarray]]:
    """Where the windows of each part begin, counted from 1 as on the page; empty where the
    recording is not there any more."""
    config = session.run_config(run_id)
    try:
        data = read_run_data(config, session.store().data_folder) if config else None
    except (DataError, OSError, ValueError):
        return {}
    if data is None or any(not data.has(part, windows) for part, windows in parts.items()):
        return {}
    return {part: _first_steps(data, part) for part in parts}


def _first_steps(data: RunData, part: str) -> Mapping[str, np.ndarray]:
    mine = dict(data.split.parts())[part]
    steps = data.split.first_steps(part, np.arange(len(mine)))
    if data.split.boundary is None:
        window, step = np.divmod(steps, mine.segments.shape[1])
        return {"window_in_the_data": window + 1, "first_time_step": step + 1}
    return {"first_time_step": steps + 1} | _first_times(data.axis, steps)


def _first_times(axis: TimeAxis, steps: np.ndarray) -> Mapping[str, np.ndarray]:
    if axis.kind == "seconds":
        return {"first_time_s": axis.at(steps)}
    if axis.kind == "timestamps":
        return {"first_time": axis.stamps(steps)}
    return {}
