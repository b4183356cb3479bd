"""What all error curves share: how many epochs are drawn, and what cannot be."""

from collections.abc import Mapping, Sequence

import numpy as np

MOST_EPOCHS = 400  # of a curve
CURVE_HEIGHT = 250  # of the whole chart, with its title, axes and legend


def thinned(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """At most about MOST_EPOCHS rows, evenly spaced, the last one among them."""
    if len(rows) <= MOST_EPOCHS:
        return list(rows)
    return [rows[i] for i in np.linspace(0, len(rows) - 1, MOST_EPOCHS).round().astype(int)]


def drawable(values: np.ndarray, log: bool) -> np.ndarray:
    """Which of them an axis can show: those that are finite, and on a log axis positive."""
    return np.isfinite(values) & ((values > 0) | (not log))
