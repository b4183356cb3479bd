"""Windows that a pair cuts, found once for each content.

Arrays are never hashed: a cache is keyed by what names their content.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import streamlit as st

from core.charts.clipping import clipping_table
from core.clipped_windows import ClippedWindows, clipped_windows, reach
from core.config import ExperimentConfig
from core.normalization import Normalization
from core.output_range import Reach
from core.session.data import recording
from core.session.fitted import deviations, fitted, pair_key
from core.windows import Windows

_KEPT_VALUES = 250_000  # of a window: a larger one is cut again when it is drawn again


def clipped(config: ExperimentConfig, part: str) -> ClippedWindows:
    """What the windows of "train" or "validation" lose by the pair. Raises DataError."""
    fit, parts = fitted(config)
    activation = config.model.output_activation
    windows = dict(parts.parts())[part]
    return _clipped(pair_key(config), activation, part, fit, windows, deviations(config))


@st.cache_resource(show_spinner="Looking at what is clipped…", max_entries=64)
def _clipped(
    key: tuple[str, ...],
    activation: str,
    part: str,
    _fit: Normalization,
    _windows: Windows,
    _deviations: np.ndarray,
) -> ClippedWindows:
    return clipped_windows(_fit, activation, _windows, _deviations)


@dataclass(frozen=True, eq=False)
class CutWindow:
    """A window in original units, and the ends of what can be said of each channel."""

    values: np.ndarray  # (window_length, channels)
    reach: Reach  # (channels,) each; infinite where there is no end
    sampling_rate_hz: float | None
    _tables: dict[int, pa.Table] = field(default_factory=dict)

    def table(self, channel: int) -> pa.Table:
        """A channel as `clipping_spec` draws it, made once."""
        if channel not in self._tables:
            of_channel = Reach(*(float(values[channel]) for values in self.reach))
            drawn = clipping_table(self.values[:, channel], of_channel, self.sampling_rate_hz)
            self._tables[channel] = drawn
        return self._tables[channel]


def cut_window(config: ExperimentConfig, part: str, position: int) -> CutWindow:
    """The window at a position of "train" or "validation". Raises DataError."""
    fit, parts = fitted(config)
    activation, rate = config.model.output_activation, recording(config.data).sampling_rate_hz
    windows = dict(parts.parts())[part]

    def cut() -> CutWindow:
        window = windows.take(np.array([position]))
        found = Reach(*(values.reshape(-1) for values in reach(fit, activation, window)))
        return CutWindow(window[0], found, rate)

    if math.prod(windows.shape[1:]) > _KEPT_VALUES:
        return cut()
    return _cut_window(pair_key(config), activation, part, position, cut)


@st.cache_resource(show_spinner=False, max_entries=64)
def _cut_window(
    key: tuple[str, ...], activation: str, part: str, position: int, _cut: Callable[[], CutWindow]
) -> CutWindow:
    return _cut()


def forget_recordings() -> None:
    """Let go of what was made of recordings: one was removed for good."""
    for cached in (_clipped, _cut_window):
        cached.clear()
