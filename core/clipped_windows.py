"""What an output activation and a normalization cut off each window, and which lose the most."""

from dataclasses import dataclass

import numpy as np

from core.normalization import Normalization
from core.output_range import ACTIVATIONS, Reach, reach_of
from core.windows import Windows

MOST_WINDOWS = 2000  # that are looked at, evenly spaced
MOST_VALUES = 20_000_000  # in them
_BLOCK = 1 << 17  # values at a time, with what is worked out of them in the processor's cache


@dataclass(frozen=True, eq=False)
class ClippedWindows:
    """Windows of one part that were looked at, with what each loses."""

    positions: np.ndarray  # (looked at,): which windows of the part, rising
    loss: np.ndarray  # (looked at,): own MAE floor / standard deviation, mean over the channels
    windows: int  # in the part

    @property
    def is_whole(self) -> bool:
        return len(self.positions) == self.windows

    @property
    def clipped(self) -> int:
        """How many of them lose anything."""
        return int(np.count_nonzero(self.loss))

    @property
    def most(self) -> int:
        """The position of the window that loses most, the first of several."""
        return int(self.positions[self.loss.argmax()])

    @property
    def typical(self) -> int:
        """The position of the window in the middle, ordered by what they lose."""
        order = np.argsort(self.loss, kind="stable")
        return int(self.positions[order[(len(order) - 1) // 2]])


def clipped_windows(
    normalization: Normalization, activation: str, windows: Windows, deviations: np.ndarray
) -> ClippedWindows:
    """Look at all windows, or at evenly spaced ones where they are many.

    deviations: the standard deviation of each channel in original units, `(channels,)`.
    """
    count, length, channels = windows.shape
    most = min(count, MOST_WINDOWS, max(1, MOST_VALUES // (length * channels)))
    positions = np.unique(np.linspace(0, count - 1, most).round().astype(np.int64))
    size = max(1, _BLOCK // (length * channels))
    loss = []
    for start in range(0, len(positions), size):
        block = windows.take(positions[start : start + size])  # (windows, window_length, channels)
        under, over = beyond(block, reach(normalization, activation, block))
        floors = (under + over).mean(axis=1)  # (windows, channels)
        loss.append((floors / np.where(deviations > 0, deviations, 1)).mean(axis=1))
    return ClippedWindows(positions, np.concatenate(loss), count)


def reach(normalization: Normalization, activation: str, windows: np.ndarray) -> Reach:
    """The least and the greatest value that can be said of each window, in original units.

    windows: `(windows, window_length, channels)`; the ends are `(windows or 1, 1, channels)`.
    """
    statistics = normalization.statistics(windows)
    found = reach_of(normalization, ACTIVATIONS[activation], statistics)
    return Reach(*(values.reshape(-1, 1, windows.shape[-1]) for values in found))


def beyond(values: np.ndarray, reach: Reach) -> tuple[np.ndarray, np.ndarray]:
    """How far each value lies under the low end, and how far over the high one; 0 within."""
    under, over = reach.low - values, values - reach.high
    return (
        np.where(under > reach.low_rounding, under, 0.0),
        np.where(over > reach.high_rounding, over, 0.0),
    )
