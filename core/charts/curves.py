"""What all error curves share: how many epochs are drawn, and what cannot be."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

MOST_EPOCHS = 400  # of a curve
CURVE_HEIGHT = 250  # of the whole chart, with its title, axes and legend


def thinned(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """At most about MOST_EPOCHS rows, evenly spaced, the last one among them."""
    if len(rows) <= MOST_EPOCHS:
        return list(rows)
    return [rows[i] for i in np.linspace(0, len(rows) - 1, MOST_EPOCHS).round().astype(int)]


def drawable(frame: pd.DataFrame, log: bool) -> pd.DataFrame:
    """Without what no axis can show: values that are not finite, and on a log axis not positive."""
    values = frame["value"].to_numpy(dtype=float)
    return frame[np.isfinite(values) & ((values > 0) | (not log))]
