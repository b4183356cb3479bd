"""What all error curves share: how many epochs are drawn, and what cannot be."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

MOST_EPOCHS = 400  # of a curve
THINNED = f"Curves of more than {MOST_EPOCHS} epochs are thinned, peaks kept."
MOST_TICKS = 10  # of a logarithmic axis
_STEPS = ((1, 2, 5), (1,), (1, 1.5, 2, 3, 4, 5, 6, 8))  # of a decade, as many as there is room for
FLAT = 1e-6  # relative: values that differ by less are one, beside which an axis needs room
CURVE_HEIGHT = 250  # of the whole chart, with its title, axes and legend


def thinned(rows: Sequence[Mapping[str, float]], *columns: str) -> list[Mapping[str, float]]:
    """At most MOST_EPOCHS rows: the least and the greatest of each column, stretch by stretch.

    So that no peak is lost, nor the first, the last and the best epoch.
    """
    if len(rows) <= MOST_EPOCHS:
        return list(rows)
    best, _ = _extremes(rows, "val_loss", [0, len(rows)])
    kept = {0, *best, len(rows) - 1}
    stretches = (MOST_EPOCHS - len(kept)) // (2 * len(columns))
    edges = np.linspace(0, len(rows), stretches + 1).round().astype(int)
    for column in columns:
        kept.update(*_extremes(rows, column, edges))
    return [rows[place] for place in sorted(kept)]


def _extremes(
    rows: Sequence[Mapping[str, float]], column: str, edges: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Where a column has its least, and where its greatest finite value between two edges."""
    values = np.array([row.get(column, math.nan) for row in rows], float)
    is_finite = np.isfinite(values)
    low, high = np.where(is_finite, values, np.inf), np.where(is_finite, values, -np.inf)
    between = list(pairwise(map(int, edges)))
    return (
        [start + int(low[start:stop].argmin()) for start, stop in between],
        [start + int(high[start:stop].argmax()) for start, stop in between],
    )


def finite(values: np.ndarray) -> np.ndarray:
    """The values in 64 bits, with NaN, which is left out, for what no axis can show."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def drawable(values: np.ndarray, log: bool) -> np.ndarray:
    """Which of them an axis can show: those that are finite, and on a log axis positive."""
    return np.isfinite(values) & ((values > 0) | (not log))


@dataclass(frozen=True)
class ValueAxis:
    """What an axis of errors has to be told, where the browser's own choice reads badly."""

    log: bool = False
    ticks: tuple[float, ...] = ()
    domain: tuple[float, ...] = ()

    def scale(self) -> dict[str, Any]:
        """The scale of a specification: as high as what is drawn, with a little room."""
        kind = {"type": "log"} if self.log else {"zero": False}
        domain = {"domain": list(self.domain)} if self.domain else {}
        return kind | domain | {"nice": False, "padding": 8}

    def axis(self) -> dict[str, Any]:
        return {"values": list(self.ticks)} if self.ticks else {}


def value_axis(values: np.ndarray, log: bool) -> ValueAxis:
    """The axis of these values, as drawn: they are finite, and positive where it is logarithmic."""
    if not len(values):
        return ValueAxis(log)
    low, high = float(np.min(values)), float(np.max(values))
    if high > 0 and high - low <= FLAT * high:
        return ValueAxis(log, domain=(low * 0.95, high * 1.05))
    return ValueAxis(log, _log_ticks(low, high) if log else ())


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    """1, 2 and 5 of each decade, fewer or more of it as there is room; none of less than three.

    Then the browser's own tell more, which are even steps.
    """
    for steps in _STEPS:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
        within = [tick for tick in ticks if low <= tick <= high]
        if 3 <= len(within) <= MOST_TICKS:
            return tuple(within)
    tens = [ten for ten in (float(f"1e{decade}") for decade in decades) if low <= ten <= high]
    return tuple(tens[:: math.ceil(len(tens) / MOST_TICKS)]) if len(tens) > MOST_TICKS else ()
