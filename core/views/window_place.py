"""Where in its recording a window begins, as far as the recording is still there."""

from pathlib import Path

import streamlit as st

from core import session
from core.charts.time_axis import TimeAxis, time_axis
from core.config import ExperimentConfig
from core.results import StoredWindows
from core.signals.recording import DataError
from core.signals.store import load, recording_key
from core.windows import Split, split_windows


def window_place(run_id: str, part: str, windows: StoredWindows, position: int) -> str:
    """A sentence; empty where it is not known."""
    config = session.run_config(run_id)
    if config is None:
        return ""
    try:
        split, axis = _split(config.model_dump_json(), str(session.store().data_folder))
    except (DataError, OSError, ValueError):
        return ""
    mine = dict(split.parts())[part]
    if len(mine) != windows.windows:
        return ""
    segment, step = mine.start_of(position)
    if split.boundary is None:
        inside = f", from its time step {step + 1:,}" if mine.per_segment > 1 else ""
        return f"In the data it is window {segment + 1:,}{inside}."
    step += split.boundary if part == "validation" else 0
    at = "" if axis.kind == "time steps" else f", {axis.text(step)}"
    return f"It begins at time step {step + 1:,} of the recording{at}."


@st.cache_resource(show_spinner=False, max_entries=64, ttl="10m")  # data may be removed
def _split(config_json: str, folder: str) -> tuple[Split, TimeAxis]:
    """The windows of data that are in the data folder; nothing is made. Raises DataError."""
    config = ExperimentConfig.model_validate_json(config_json)
    recording = load(recording_key(config.data), Path(folder))
    parts = split_windows(recording.values, config.windows, config.training.seed)
    return parts, time_axis(recording)
