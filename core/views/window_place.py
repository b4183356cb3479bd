"""The recording of a run, as far as it is still there, and where in it a window begins."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core import session
from core.charts.time_axis import TimeAxis, time_axis
from core.config import ExperimentConfig
from core.results import StoredWindows
from core.signals.recording import Anomaly, DataError
from core.signals.store import load, recording_key
from core.windows import Split, split_windows


@dataclass(frozen=True, eq=False)
class RunData:
    """The windows that a run's recording was cut into, and what is known of its time steps."""

    split: Split
    axis: TimeAxis
    anomalies: tuple[Anomaly, ...]

    def has(self, part: str, windows: StoredWindows) -> bool:
        """Whether a part has as many windows as a run kept errors of."""
        return len(dict(self.split.parts())[part]) == windows.windows


def run_data(run_id: str, part: str, windows: StoredWindows) -> RunData | None:
    """None where it is not known, or is not what these windows of a part were cut from."""
    config = session.run_config(run_id)
    if config is None:
        return None
    try:
        found = _run_data(config.model_dump_json(), str(session.store().data_folder))
    except (DataError, OSError, ValueError):
        return None
    return found if found.has(part, windows) else None


def window_place(data: RunData, part: str, position: int) -> str:
    """A sentence."""
    mine = dict(data.split.parts())[part]
    segment, step = mine.start_of(position)
    if data.split.boundary is None:
        inside = f", from its time step {step + 1:,}" if mine.per_segment > 1 else ""
        return f"In the data it is window {segment + 1:,}{inside}."
    step += data.split.boundary if part == "validation" else 0
    at = "" if data.axis.kind == "time steps" else f", {data.axis.text(step)}"
    return f"It begins at time step {step + 1:,} of the recording{at}."


@st.cache_resource(show_spinner=False, max_entries=64, ttl="10m")  # data may be removed
def _run_data(config_json: str, folder: str) -> RunData:
    return read_run_data(ExperimentConfig.model_validate_json(config_json), Path(folder))


def read_run_data(config: ExperimentConfig, folder: Path) -> RunData:
    """Of data that are in the data folder; nothing is made. Raises DataError."""
    recording = load(recording_key(config.data), folder)
    parts = split_windows(recording.values, config.windows, config.training.seed)
    return RunData(parts, time_axis(recording), recording.anomalies)
