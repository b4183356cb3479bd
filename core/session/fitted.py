"""What follows from fitting a normalization to a recording's windows: floors and their picture.

Arrays are never hashed: a cache is keyed by what names their content.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.channel_values import SortedSplit
from core.config import ExperimentConfig, NormalizationConfig, OutputActivation, choices
from core.matrix import Cell, normalizations_like
from core.matrix import matrix as all_cells
from core.metrics import constant_baseline
from core.normalization import Normalization, fit_normalization
from core.output_range import ErrorFloor
from core.pair_floors import error_floors
from core.results import PartErrors
from core.session.data import recording, split
from core.session.sorted_parts import sorted_parts
from core.session.words import literal, literal_unit
from core.signals.recording import Recording
from core.signals.store import recording_key
from core.targets import target_values
from core.windows import Split

Floors = tuple[ErrorFloor, ErrorFloor]  # of the training and of the validation part
ChannelConstants = dict[str, np.ndarray]  # MAE and MSE: (channels,)
Picture = tuple[Any, dict[str, Any]]  # a table and its chart


@dataclass(frozen=True)
class Matrix:
    """Every method with every output activation, and what needs no model."""

    cells: tuple[Cell, ...]
    constants: PartErrors  # of the best constant of each channel
    channel_constants: ChannelConstants

    def cell(self, config: ExperimentConfig) -> Cell:
        """The pair of an experiment."""
        pair = (config.normalization.method, config.model.output_activation)
        return next(c for c in self.cells if (c.normalization.method, c.activation) == pair)


def floors(config: ExperimentConfig) -> Floors:
    """The error floors of the training and the validation part. Raises DataError.

    Without the other pairs', which take far longer where each window is scaled by itself.
    """
    if config.normalization.scope == "window":
        return _floors(pair_key(config), config.model.output_activation, *fitted(config))
    cell = matrix(config).cell(config)
    return cell.train, cell.validation


@st.cache_resource(show_spinner="Working out the error floor…", max_entries=256)
def _floors(key: tuple[str, ...], activation: str, _fit: Normalization, _parts: Split) -> Floors:
    pair = [(_fit, activation)]
    return error_floors(pair, _parts.train)[0], error_floors(pair, _parts.validation)[0]


def matrix(config: ExperimentConfig) -> Matrix:
    """The floors of every pair with this scope and clipping, and beside them the best constants'
    errors. Raises DataError.
    """
    data, parts = recording(config.data), split(config)
    recorded, windows, _, seed = pair_key(config)
    whatever_method = normalizations_like(config.normalization)[0]
    key = recorded, windows, seed, whatever_method.model_dump_json()

    def in_order() -> SortedSplit | None:
        return sorted_parts(recorded, config.windows, config.training.seed, parts)

    return _matrix(key, config.normalization, parts, data, in_order)


@st.cache_resource(show_spinner="Working out the error floors…", max_entries=32)
def _matrix(
    key: tuple[str, ...],
    _like: NormalizationConfig,
    _parts: Split,
    _data: Recording,
    _sorted: Callable[[], SortedSplit | None],
) -> Matrix:
    known, rows = _sorted(), normalizations_like(_like)
    names = [literal(name) for name in _data.channel_names]
    constants, of_channels = constant_baseline(_parts, known)
    unit, learned = literal_unit(_data.unit), of_channels["train"]
    cells = all_cells(_parts, rows, choices(OutputActivation), names, learned, known, unit)
    return Matrix(tuple(cells), constants, learned)


def channel_constants(config: ExperimentConfig) -> ChannelConstants:
    """MAE and MSE of each channel's best constant on the training windows, in original units.
    Raises DataError.
    """
    if config.normalization.scope != "window":
        return matrix(config).channel_constants
    recorded, windows, _, seed = pair_key(config)
    return _channel_constants((recorded, windows, seed), split(config))


@st.cache_resource(show_spinner=False, max_entries=64)
def _channel_constants(key: tuple[str, ...], _parts: Split) -> ChannelConstants:
    return constant_baseline(_parts)[1]["train"]


def deviations(config: ExperimentConfig) -> np.ndarray:
    """The standard deviation of each channel over the training windows, in original units:
    `(channels,)`. Raises DataError.
    """
    return np.sqrt(channel_constants(config)["mse"])


def activation_picture(config: ExperimentConfig, channel: int | None = None) -> Picture:
    """The output activation over the targets' histogram: data and chart. Raises DataError."""
    key, (fit, parts) = pair_key(config), fitted(config)
    return _picture(
        key,
        channel,
        config.model.output_activation,
        lambda: _targets(key, channel, fit, parts),
    )


@st.cache_resource(show_spinner=False, max_entries=8)  # of up to 8 MB each
def _targets(
    key: tuple[str, ...], channel: int | None, _fit: Normalization, _parts: Split
) -> np.ndarray:
    return target_values(_fit, _parts, channel)


@st.cache_resource(show_spinner=False, max_entries=256)
def _picture(
    key: tuple[str, ...], channel: int | None, activation: str, _values: Callable[[], np.ndarray]
) -> Picture:
    from core.charts import activations  # with pandas and Altair: the first page needs neither

    values = _values()
    frame = activations.picture_frame(values, activation)
    inputs = frame["x"].dropna()
    low, high = activations.value_range(values, activation)
    ends = (float(inputs.min()), float(inputs.max()))
    return frame, activations.activation_spec(activation, low, high, *ends)


def fitted(config: ExperimentConfig) -> tuple[Normalization, Split]:
    """The normalization fitted to the training part, and the split. Raises DataError."""
    parts = split(config)
    if config.normalization.scope == "window":
        return fit_normalization(config.normalization, parts.train), parts
    return matrix(config).cell(config).fit, parts


def pair_key(config: ExperimentConfig) -> tuple[str, ...]:
    """All that decides the normalized windows."""
    return (
        recording_key(config.data),
        config.windows.model_dump_json(),
        config.normalization.model_dump_json(),
        str(config.training.seed),
    )


def forget_recordings() -> None:
    """Let go of what was made of recordings: one was removed for good."""
    for cached in (_floors, _matrix, _channel_constants, _targets, _picture):
        cached.clear()
