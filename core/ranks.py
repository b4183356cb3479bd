"""Finite values by their rank, exactly, never sorted or copied all together.

A sample says between which ends a rank must lie; all values are counted in the intervals between
such ends, and only those few that share an interval with the rank are put in order.
"""

from collections.abc import Sequence

import numpy as np

from core.intervals import counted, float_type, in_precision

_ENDS = 256  # about as many intervals
_SAMPLED = 64  # values of the sample for each of them
_BLOCK = 1 << 16  # values at a time


def ranked(values: np.ndarray, ranks: Sequence[int]) -> np.ndarray:
    """The values `(values,)` that sorting would put at these places: `(ranks,)`, the same type."""
    if _is_short(values):
        return np.partition(values, sorted(set(ranks)))[list(ranks)]
    ends = _ends(values)
    return _ranked(values, ranks, ends, counted(values, ends))


def _ranked(
    values: np.ndarray, ranks: Sequence[int], ends: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """counts: how many values are in each interval that the ends make."""
    up_to = np.cumsum(counts)  # an interval's last value
    intervals = np.searchsorted(up_to, ranks, "right")
    bounds = np.concatenate([[-np.inf], ends, [np.inf]])
    found = np.empty(len(ranks), values.dtype)
    for interval in set(intervals.tolist()):
        places = np.flatnonzero(intervals == interval)
        within = np.asarray(ranks)[places] - (up_to[interval - 1] if interval else 0)
        found[places] = _in_interval(values, *bounds[interval : interval + 2], within)
    return found


def percentiles(values: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """The same as `np.percentile(values, shares)` of `(values,)`: between neighbours, linear."""
    places = (len(values) - 1) * (np.asarray(shares) / 100)
    before = np.floor(places).astype(np.int64)
    after = np.minimum(before + 1, len(values) - 1)
    low, high = ranked(values, [*before.tolist(), *after.tolist()]).reshape(2, -1)
    share, step = places - before, high - low
    return np.where(share < 0.5, low + step * share, high - step * (1 - share))


def median(values: np.ndarray) -> float:
    """The same as `np.median(values)` of `(values,)`."""
    return float(np.median(ranked(values, _middle(values))))


def median_and_counts(values: np.ndarray, ends: np.ndarray) -> tuple[float, np.ndarray]:
    """Both `median(values)` and `counted(values, ends)`, in one look at the values."""
    if _is_short(values):
        return median(values), counted(values, ends)
    # Ends between two numbers of the type would cut otherwise where values are looked up again.
    ends = in_precision(ends, float_type(values)).astype(np.float64)
    all_ends = np.union1d(_ends(values), ends)
    counts = counted(values, all_ends)
    middle = float(np.median(_ranked(values, _middle(values), all_ends, counts)))
    below = np.cumsum(counts)[np.searchsorted(all_ends, ends)]
    return middle, np.diff(below, prepend=0, append=len(values))


def _middle(values: np.ndarray) -> list[int]:
    return [(len(values) - 1) // 2, len(values) // 2]


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The least value up to which half of all weight lies; weights: `(values,)`, integers."""
    half, before = weights.sum() / 2, 0
    if not _is_short(values):
        ends = _ends(values)
        up_to = np.cumsum(counted(values, ends, weights))
        interval = int(np.searchsorted(up_to, half))
        before = up_to[interval - 1] if interval else 0
        low, high = np.concatenate([[-np.inf], ends, [np.inf]])[interval : interval + 2]
        if _is_one_number(values, low, high):
            return float(low)
        values, weights = _within(values, low, high, weights)
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(before + np.cumsum(weights[order]), half)
    return float(values[order[place]])


def _is_short(values: np.ndarray) -> bool:
    return len(values) <= 4 * _ENDS * _SAMPLED


def _ends(values: np.ndarray) -> np.ndarray:
    """Rising ends that part the values about evenly; what occurs often has an interval alone."""
    dtype = float_type(values)
    sample = values[:: len(values) // (_ENDS * _SAMPLED)].astype(dtype)
    chosen = np.sort(sample)[::_SAMPLED]
    often = np.unique(chosen[1:][chosen[1:] == chosen[:-1]])
    after = np.nextafter(often, dtype.type(np.inf))
    return np.unique(np.concatenate([chosen, after])).astype(np.float64)


def _in_interval(
    values: np.ndarray, low: float, high: float, ranks: np.ndarray
) -> np.ndarray | float:
    """Values by their rank among those from `low` to below `high`."""
    if _is_one_number(values, low, high):
        return low
    (there,) = _within(values, low, high)
    return np.partition(there, np.unique(ranks))[ranks]


def _is_one_number(values: np.ndarray, low: float, high: float) -> bool:
    """Whether no number of the values' type lies between two others."""
    dtype = values.dtype
    return dtype == float_type(values) and np.nextafter(dtype.type(low), dtype.type(np.inf)) == high


def _within(
    values: np.ndarray, low: float, high: float, *beside: np.ndarray
) -> tuple[np.ndarray, ...]:
    """The values from `low` to below `high`, and what lies beside them in other arrays."""
    low, high = (float_type(values).type(end) for end in (low, high))
    found = []
    for start in range(0, len(values), _BLOCK):
        place = slice(start, start + _BLOCK)
        there = np.flatnonzero((values[place] >= low) & (values[place] < high))
        found.append([array[place][there] for array in (values, *beside)])
    return tuple(map(np.concatenate, zip(*found, strict=True)))
