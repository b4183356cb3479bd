"""Recordings, their windows, and what a page computes from them, once for each content.

Arrays are never hashed: a cache is keyed by what names their content.
"""

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.admission import check_generated, check_shape, check_windows
from core.channel_values import SortedChannel, sorted_whole
from core.charts.thinning import Envelope
from core.config import DataConfig, ExperimentConfig, WindowsConfig
from core.metrics import ChannelSummary, summarize_channels
from core.session import visitor
from core.session.drafts import part
from core.session.machine import store
from core.session.sorted_parts import let_go_of_sorted, sorted_parts
from core.signals.recording import DataError, Recording
from core.signals.store import last_used, open_recording, recording_key, stored_bytes
from core.threads import each_in_a_thread
from core.windows import Split, split_windows

RECORDINGS = 8  # that each of three caches holds open


def recording(data: DataConfig) -> Recording:
    """The recording of a configuration, memory-mapped and shared. Raises DataError.

    On a public demo also for the file of another visitor, and for more than is allowed: before
    anything is made or drawn of it.
    """
    settings = visitor.public()
    if settings is None:
        return _opened(data.model_dump_json(), str(store().data_folder))
    visitor.check_use(data)
    check_generated(data, settings)
    asked = data.model_dump_json(), str(store().data_folder)
    if _is_to_be_made(data):
        with visitor.room_for(_most_bytes(data)):
            _recording.clear(*asked)  # one that was removed meanwhile is to be stored again, too
            _let_go_of_opened()
            found = _opened(*asked)
    else:
        found = _opened(*asked)
    check_shape(found.values.shape, settings)
    visitor.note_data(data)
    return found


def _is_to_be_made(data: DataConfig) -> bool:
    """Whether opening a recording would store it; a file's own was stored when it came."""
    key = recording_key(data)
    return key != data.sha256 and not last_used(key, store().data_folder)


def _most_bytes(data: DataConfig) -> int:
    """What a recording that is to be made takes of the disk; the samples are small."""
    if data.source == "generator":
        return data.time_steps * data.channels * 8
    return stored_bytes(data.sha256, store().data_folder) if data.source == "file" else 0


@lru_cache(maxsize=RECORDINGS)  # asked for some thirty times in a rerun; Streamlit's takes longer
def _opened(data_json: str, folder: str) -> Recording:
    return _recording(data_json, folder)


@st.cache_resource(show_spinner="Reading the data…", max_entries=RECORDINGS)
def _recording(data_json: str, folder: str) -> Recording:
    return open_recording(DataConfig.model_validate_json(data_json), Path(folder))


def split(config: ExperimentConfig) -> Split:
    """Training and validation windows of a configuration. Raises DataError."""
    return _split(config.data, config.windows, config.training.seed)


def _split(data: DataConfig, windows: WindowsConfig, seed: int) -> Split:
    values = recording(data).values
    if (settings := visitor.public()) is not None:
        check_windows(values.shape, windows, settings)
    return _parts(data.model_dump_json(), str(store().data_folder), windows, seed)


@lru_cache(maxsize=RECORDINGS)  # asked for seven times in a rerun; ready windows are permuted
def _parts(data_json: str, folder: str, windows: WindowsConfig, seed: int) -> Split:
    return split_windows(_opened(data_json, folder).values, windows, seed)


def _let_go_of_opened() -> None:
    _opened.cache_clear()
    _parts.cache_clear()


def summaries(data: DataConfig) -> list[ChannelSummary]:
    """Statistics and histogram of each channel. Raises DataError."""
    return _summaries(recording_key(data), recording(data).values, lambda: _sorted_draft(data))


@st.cache_resource(show_spinner="Measuring the channels…", max_entries=16)
def _summaries(
    key: str, _values: np.ndarray, _sorted: Callable[[], list[SortedChannel] | None]
) -> list[ChannelSummary]:
    return summarize_channels(_values, known=_sorted())


def _sorted_draft(data: DataConfig) -> list[SortedChannel] | None:
    """The channels of the draft's recording, of the parts that its floors will ask for, too."""
    windows, training = part("windows"), part("training")
    if windows is None or training is None or windows.stride > windows.window_length:
        return None  # with gaps between windows, most is not in the parts
    try:
        parts = _split(data, windows, training.seed)
    except DataError:  # it is said where the windows are set
        return None
    known = sorted_parts(recording_key(data), windows, training.seed, parts)
    return known and sorted_whole(parts, known)


def envelopes(data: DataConfig, channels: list[int]) -> list[Envelope]:
    """Channels of a recording, ready to be drawn over any range. Raises DataError."""
    values = recording(data).values
    being_made, known = _envelopes(recording_key(data))
    with being_made:
        missing = [channel for channel in channels if channel not in known]
        made = each_in_a_thread(lambda channel: Envelope(values[:, channel]), missing, most=2)
        known.update(zip(missing, made, strict=True))
    return [known[channel] for channel in channels]


@st.cache_resource(show_spinner=False, max_entries=16)
def _envelopes(key: str) -> tuple[threading.Lock, dict[int, Envelope]]:
    """Those of a recording's channels that have been drawn, and who may add to them."""
    return threading.Lock(), {}


# The draft's own data


def data_key() -> str:
    """The key of the draft's data; empty while a field of it is faulty."""
    data = part("data")
    return recording_key(data) if data else ""


def draft_split(windows: WindowsConfig | None = None) -> Split | None:
    """The draft's training and validation windows, or as `windows` would cut its data.

    None while a field is faulty. Raises DataError.
    """
    data, windows, training = part("data"), windows or part("windows"), part("training")
    if data is None or windows is None:
        return None
    return _split(data, windows, training.seed if training else 0)


def boundary() -> int | None:
    """The first validation time step of the draft's recording, where it has such."""
    try:
        parts = draft_split()
    except DataError:
        return None
    return parts.boundary if parts else None


def forget_recordings() -> None:
    """Let go of all recordings and what was made of them: one was removed for good.

    Values of a removed file that are still mapped keep their place on the disk.
    """
    for cached in (_recording, _summaries, _envelopes):
        cached.clear()
    let_go_of_sorted()
    _let_go_of_opened()
