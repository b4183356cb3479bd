"""What an output activation and a normalization cut off each window, and which lose the most."""

from dataclasses import dataclass

import numpy as np

from core.normalization import Normalization
from core.output_range import reachable_bounds
from core.windows import Windows

MOST_WINDOWS = 2000  # that are looked at, evenly spaced
MOST_VALUES = 20_000_000  # in them
_BLOCK = 1 << 17  # values at a time, with what is worked out of them in the processor's cache
_ROUNDING = 1e-12  # relative; a value so near an end is on it


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
        under, over = beyond(block, *reach(normalization, activation, block))
        floors = (under + over).mean(axis=1)  # (windows, channels)
        loss.append((floors / np.where(deviations > 0, deviations, 1)).mean(axis=1))
    return ClippedWindows(positions, np.concatenate(loss), count)


def reach(
    normalization: Normalization, activation: str, windows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value that can be said of each window, in original units.

    windows: `(windows, window_length, channels)`; the ends are `(windows or 1, 1, channels)`.
    """
    low, high = reachable_bounds(normalization, activation, windows)
    ends = normalization.clip(low), normalization.clip(high)
    channels = windows.shape[-1]
    return tuple(end.reshape(-1, 1, channels) for end in ends)


def beyond(
    values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """How far each value lies under the low end, and how far over the high one; 0 within."""
    under, over = low - values, values - high
    margin = _ROUNDING * np.fmax(
        *(np.where(np.isfinite(end), np.abs(end), 0) for end in (low, high))
    )
    return np.where(under > margin, under, 0.0), np.where(over > margin, over, 0.0)
