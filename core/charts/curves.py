"""What all error curves share: how many epochs are drawn, and what cannot be."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

MOST_EPOCHS = 400  # of a curve
THINNED = f"Curves of more than {MOST_EPOCHS} epochs are thinned, peaks kept."
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
