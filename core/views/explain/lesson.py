"""What all parts of the page draw on: the data, and the floors of every pair on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from core import session
from core.config import ExperimentConfig, NormalizationConfig
from core.matrix import Cell, Recommendation, recommended
from core.output_range import ErrorFloor
from core.signals.recording import Recording

ROUNDING = 1e-9  # of the standard deviation: a floor this small is none


@dataclass(frozen=True)
class Lesson:
    """An experiment whose data can be read, with the matrix it belongs to."""

    config: ExperimentConfig
    recording: Recording
    cells: Mapping[tuple[str, str], Cell]  # by normalization method and activation
    values: tuple[ErrorFloor, ErrorFloor]  # of a ReLU on the values as they are, unclipped
    deviation: float  # mean over channels, original units

    @property
    def scaling(self) -> NormalizationConfig:
        return self.config.normalization

    @property
    def clips(self) -> bool:
        return self.scaling.clip_percentile is not None

    @property
    def unit(self) -> str:
        return session.literal(self.recording.unit) if self.recording.unit else ""

    def cell(self, activation: str, method: str | None = None) -> Cell:
        """The cell of an activation and a normalization method; the experiment's if not given."""
        return self.cells[method or self.scaling.method, activation]

    def mae(self, cell: Cell, part: str) -> float:
        """The floor in "train" or "validation", original units; 0 if it is mere rounding."""
        floor = getattr(cell, part).mae
        return floor if floor > ROUNDING * self.deviation else 0.0

    def is_free(self, cell: Cell) -> bool:
        """Whether the cell has no floor in either part."""
        return self.mae(cell, "train") == 0 == self.mae(cell, "validation")

    def recommended(self) -> Recommendation:
        return recommended(tuple(self.cells.values()))

    @property
    def has_negative(self) -> bool:
        """Whether a value of the data as they are is negative, in either part."""
        return any(float(part.target_low.min()) < 0 for part in self.values)

    @cached_property
    def two_valued(self) -> np.ndarray:
        """Which channels hold just two values in the training part: `(channels,)`, bool.

        Of a min-max all of these lie on its two ends.
        """
        own = session.floors(
            self.config.replace(
                {
                    "normalization": {"method": "minmax", "scope": "channel"},
                    "model.output_activation": "sigmoid",
                }
            )
        )[0]
        return (own.at_open_end_share >= 1) & (own.target_low < own.target_high)


def lesson(config: ExperimentConfig) -> Lesson:
    """What there is to teach on an experiment's data, once for each. Raises DataError."""
    session.check_use(config.data)
    return _lesson(config.model_dump_json(), str(session.store().data_folder), config)


@st.cache_resource(show_spinner=False, max_entries=32, ttl="10m")  # data may be removed
def _lesson(key: str, folder: str, _config: ExperimentConfig) -> Lesson:
    plain = {"normalization": {"method": "none"}, "model.output_activation": "relu"}
    cells = session.matrix(_config).cells
    return Lesson(
        _config,
        session.recording(_config.data),
        {(cell.normalization.method, cell.activation): cell for cell in cells},
        session.floors(_config.replace(plain)),
        float(session.deviations(_config).mean()),
    )


def negative_share(floor: ErrorFloor) -> float:
    """Of a ReLU's floor: the share of normalized targets that are negative, mean of channels."""
    return float(np.where(floor.target_low < 0, floor.below_share, 0.0).mean())
