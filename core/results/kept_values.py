"""The values of kept windows: how far they reach, and how often they occur."""

from dataclasses import dataclass

import numpy as np

from core.intervals import even_edges
from core.results.reconstruction_file import StoredWindows

MOST_VALUES = 2_000_000  # of each kind that a histogram counts
_BLOCK_VALUES = 2_000_000
_NARROWEST = 1e-6  # of its ends: kept values have 32 bits, of which nearer ends are rounding
_MOST_WIDENING = 1.0  # widths of the targets' range that wild outputs may add on either side


@dataclass(frozen=True)
class ValueRanges:
    """The least and the greatest finite value of each channel, in original units."""

    values: np.ndarray  # (channels, 2): of originals and reconstructions together
    residual: np.ndarray  # (channels, 2)


def value_ranges(windows: StoredWindows) -> ValueRanges:
    """Over all kept windows; NaN where a channel has no finite value."""
    channels = windows.original.shape[2]
    values, residual = (np.tile([np.inf, -np.inf], (channels, 1)) for _ in range(2))
    size = max(1, _BLOCK_VALUES // (windows.original.shape[1] * channels))
    for first in range(0, len(windows), size):
        original = np.asarray(windows.original[first : first + size])
        reconstruction = np.asarray(windows.reconstruction[first : first + size])
        _widen(values, original)
        _widen(values, reconstruction)
        with np.errstate(over="ignore", invalid="ignore"):
            _widen(residual, reconstruction - original)
    for ranges in (values, residual):
        ranges[ranges[:, 0] > ranges[:, 1]] = np.nan
    return ValueRanges(values, residual)


def _widen(ranges: np.ndarray, block: np.ndarray) -> None:
    """Widen `(channels, 2)` to the finite values of a block `(windows, time_steps, channels)`."""
    ends = (block.min(axis=0).min(axis=0), block.max(axis=0).max(axis=0))  # long rows are quick
    if not np.isfinite(ends).all():
        finite = np.isfinite(block)
        ends = (
            np.min(block, axis=(0, 1), where=finite, initial=np.inf),
            np.max(block, axis=(0, 1), where=finite, initial=-np.inf),
        )
    ranges[:, 0] = np.minimum(ranges[:, 0], ends[0])
    ranges[:, 1] = np.maximum(ranges[:, 1], ends[1])


@dataclass(frozen=True)
class ValueCounts:
    """How often values occur among originals and among reconstructions, on common edges."""

    edges: np.ndarray  # (bins + 1,), original units
    original: np.ndarray  # (bins,)
    reconstruction: np.ndarray  # (bins,)
    windows: int  # that were counted, evenly spaced among the kept ones
    values: int  # of each kind, those that are not on the edges among them
    beyond: int  # finite reconstructed values that lie outside the edges
    not_finite: int  # reconstructed values


def count_values(
    windows: StoredWindows, channel: int | None, bins: int = 80, most_values: int = MOST_VALUES
) -> ValueCounts:
    """Histograms of one channel, or of all with None, of at most about `most_values` values.

    The edges span the originals; they follow the reconstructions no further than the originals'
    own width on either side, so that a few wild values do not flatten everything else.
    """
    chosen = slice(None) if channel is None else slice(channel, channel + 1)
    shape = windows.original[:1, :, chosen].shape
    count = min(len(windows), max(1, most_values // max(1, shape[1] * shape[2])))
    indices = np.unique(np.linspace(0, len(windows) - 1, count).round().astype(int))
    original = _finite(windows.original, indices, chosen)
    reconstruction = _finite(windows.reconstruction, indices, chosen)
    values = len(indices) * shape[1] * shape[2]
    edges = _edges(original, reconstruction, bins)
    ends = (edges[0], edges[-1])  # with even bins by their number, numpy need not search for each
    within = np.histogram(reconstruction, bins, ends)[0]
    return ValueCounts(
        edges,
        np.histogram(original, bins, ends)[0],
        within,
        len(indices),
        values,
        len(reconstruction) - int(within.sum()),
        values - len(reconstruction),
    )


def _finite(array: np.ndarray, indices: np.ndarray, channels: slice) -> np.ndarray:
    values = array[indices, :, channels].reshape(-1)
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def _edges(original: np.ndarray, reconstruction: np.ndarray, bins: int) -> np.ndarray:
    if not len(original):
        original = reconstruction
    if not len(original):
        return np.linspace(0, 1, bins + 1)
    low, high = float(original.min()), float(original.max())
    room = _MOST_WIDENING * (high - low)
    if len(reconstruction):
        least, most = float(reconstruction.min()), float(reconstruction.max())
        room = room or most - least  # a constant signal has no width of its own
        low, high = min(low, max(least, low - room)), max(high, min(most, high + room))
    return even_edges(low, high, bins, _NARROWEST)
