"""Into which interval between given ends each value falls, without sorting the values.

The range of the values is cut into thousands of equal bins. The bin of a value is one product, and
a table says which interval a bin begins in and which end it holds; only the values in a bin with
several ends are looked up one by one. Bins rise with the values whatever is rounded, so no value
gets a wrong interval.
"""

import numpy as np

_BINS = 1 << 14  # so that the table stays in the processor's nearest cache
_BLOCK = 1 << 15  # values at a time
_SEVERAL = -1  # in the table: a bin that holds more than one end


class Intervals:
    """The intervals that some ends make: each holds its lower end, not its upper one.

    ends: `(ends,)`, rising. low, high: no value is beyond them. dtype: float32 or float64, of the
    values.
    """

    def __init__(self, ends: np.ndarray, low: float, high: float, dtype: np.dtype):
        first = int(np.searchsorted(ends, low, "right"))  # the interval of the least value
        last = int(np.searchsorted(ends, high, "right"))
        named = _in_precision(ends[first:last], dtype)
        self._ends, places = np.unique(named[::-1], return_index=True)
        # Where ends are too near each other for the type, values are found above the last of them.
        self.numbers = np.concatenate([[first], last - places])
        self._low, self._table = dtype.type(low), None
        with np.errstate(over="ignore", divide="ignore"):
            self._bins_per_unit = dtype.type(_BINS) / (dtype.type(high) - self._low)
        if 0 < self._bins_per_unit < np.inf and len(self._ends) < _BINS:
            bins = self._bins_of(self._ends)
            self._table = np.searchsorted(bins, np.arange(_BINS + 2)).astype(np.int16)
            self._table[bins[1:][bins[1:] == bins[:-1]]] = _SEVERAL
            self._held = np.full(_BINS + 2, np.inf, dtype)
            self._held[bins] = self._ends
            self._held[self._table == _SEVERAL] = np.inf

    def __len__(self) -> int:
        """How many intervals can be told apart."""
        return len(self._ends) + 1

    def of(self, values: np.ndarray) -> np.ndarray:
        """`(values,)`: each value's place in `numbers`, which holds the interval's number."""
        if self._table is None:
            return np.searchsorted(self._ends, values, "right")
        bins = self._bins_of(values)
        found = self._table.take(bins)
        found += values >= self._held.take(bins)
        several = np.flatnonzero(found == _SEVERAL)
        found[several] = np.searchsorted(self._ends, values[several], "right")
        return found.astype(np.intp)

    def _bins_of(self, values: np.ndarray) -> np.ndarray:
        scaled = values - self._low
        scaled *= self._bins_per_unit
        return scaled.astype(np.intp)


def counted(values: np.ndarray, ends: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """How many of the values `(values,)`, one at least, are in each interval: `(ends + 1,)`.

    weights: `(values,)`, integers: what each counts for. Integers are compared as 64-bit floats.
    """
    dtype = float_type(values)
    intervals = Intervals(ends, float(values.min()), float(values.max()), dtype)
    counts = np.zeros(len(ends) + 1, np.int64)
    for start in range(0, len(values), _BLOCK):
        block = np.ascontiguousarray(values[start : start + _BLOCK], dtype)
        weight = None if weights is None else weights[start : start + _BLOCK]
        found = np.bincount(intervals.of(block), weight, len(intervals))
        counts[intervals.numbers] += found.astype(np.int64)
    return counts


def float_type(values: np.ndarray) -> np.dtype:
    """The type to compare values in: their own where it is one of these."""
    return values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)


def _in_precision(ends: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The least numbers of a type that are not below the ends: comparing with them is the same."""
    with np.errstate(over="ignore"):
        rounded = ends.astype(dtype)
        return np.where(rounded < ends, np.nextafter(rounded, dtype.type(np.inf)), rounded)
