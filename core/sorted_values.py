"""Values sorted once, so that what lies beyond any range is summed without a look at each of them.

Sorted values are held in blocks with the sums of their distances, plain and squared, to both ends
of the block. What a whole block adds to a sum then follows from its distance to the range, as a
sum of terms that are never negative: nothing cancels, and the sums are as exact as one by one.
"""

from bisect import bisect_left

import numpy as np

_BLOCK = 4096
_ROWS = 64  # blocks whose distances are worked out at a time
_ROUNDING = 1e-14  # of an end: as near as that a value is on it


class SortedValues:
    """Values `(values,)`, in any order when given, each with a weight, or all with the same.

    weights: `(values,)`, or a number.
    """

    def __init__(self, values: np.ndarray, weights: np.ndarray | float):
        self._weights = None
        self._common = 1.0
        if isinstance(weights, np.ndarray):
            order = np.argsort(values, kind="stable")
            self._values, self._weights = values[order], weights[order].astype(np.float64)
        else:
            self._values, self._common = np.sort(values), float(weights)
        self._whole = len(values) // _BLOCK
        self._block_weight = np.zeros(self._whole)
        self._lows, self._highs = (
            self._values[: self._whole * _BLOCK]
            .reshape(-1, _BLOCK)[:, [0, -1]]
            .T.astype(np.float64)
        )
        self._to_high, self._to_low = np.zeros((2, 2, self._whole))
        for start in range(0, self._whole, _ROWS):
            self._add_blocks(slice(start, min(start + _ROWS, self._whole)))

    def __len__(self) -> int:
        return len(self._values)

    @property
    def weight(self) -> float:
        """Of all values."""
        if self._weights is None:
            return self._common * len(self)
        return float(self._weights.sum())

    @property
    def extremes(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return float(self._values[0]), float(self._values[-1])

    def beyond(self, lower: float, upper: float) -> np.ndarray:
        """What `distance_sums` gives for a range and these values: `(7,)`."""
        rounding = _ROUNDING * max(
            (abs(end) for end in (lower, upper) if np.isfinite(end)), default=0
        )
        below = self._first(lambda value: not lower - value > rounding)
        over_low = self._first(lambda value: lower - value < -rounding)
        at_high = self._first(lambda value: value - upper >= -rounding)
        above = max(below, self._first(lambda value: value - upper > rounding))
        far_below = min(below, self._first(lambda value: value >= lower - 1))
        far_above = max(above, self._first(lambda value: value > upper + 1))
        near = self._distances(far_below, below, lower) + self._distances(above, far_above, upper)
        far = self._distances(0, far_below, lower) + self._distances(far_above, len(self), upper)
        far_weight = self._weight_of(0, far_below) + self._weight_of(far_above, len(self))
        return np.array(
            [
                *(near + far),
                near[1] / 2 + far[0] - far_weight / 2,
                self._weight_of(0, below),
                self._weight_of(above, len(self)),
                self._weight_of(below, over_low),
                self._weight_of(at_high, above),
            ]
        )

    def _first(self, is_there) -> int:
        """The place of the first value for which this holds, as it does for all after it."""
        return bisect_left(
            range(len(self)), True, key=lambda place: bool(is_there(float(self._values[place])))
        )

    def _weight_of(self, start: int, stop: int) -> float:
        if self._weights is None:
            return self._common * max(0, stop - start)
        return float(self._weights[start:stop].sum())

    def _distances(self, start: int, stop: int, end: float) -> np.ndarray:
        """The sums of distances to an end, and of their squares, from `start` to before `stop`.

        All these values are on one side of it.
        """
        first, last = -(-start // _BLOCK), min(stop // _BLOCK, self._whole)
        if first >= last:
            return self._one_by_one(start, stop, end)
        blocks = slice(first, last)
        if self._highs[last - 1] <= end:
            gap, (sums, squares) = end - self._highs[blocks], self._to_high[:, blocks]
        else:
            gap, (sums, squares) = self._lows[blocks] - end, self._to_low[:, blocks]
        weight = self._block_weight[blocks]
        whole = np.array(
            [(weight * gap + sums).sum(), (weight * gap**2 + 2 * gap * sums + squares).sum()]
        )
        return (
            self._one_by_one(start, first * _BLOCK, end)
            + whole
            + self._one_by_one(last * _BLOCK, stop, end)
        )

    def _one_by_one(self, start: int, stop: int, end: float) -> np.ndarray:
        if start >= stop:
            return np.zeros(2)
        distance = np.abs(end - self._values[start:stop].astype(np.float64))
        weights = self._common if self._weights is None else self._weights[start:stop]
        return np.array([(weights * distance).sum(), (weights * distance**2).sum()])

    def _add_blocks(self, rows: slice) -> None:
        """The sums of some blocks, from each value to the last one and to the first one."""
        place = slice(rows.start * _BLOCK, rows.stop * _BLOCK)
        values = self._values[place].reshape(-1, _BLOCK).astype(np.float64)
        if self._weights is None:
            weights = np.broadcast_to(self._common, values.shape)
        else:
            weights = self._weights[place].reshape(-1, _BLOCK)
        self._block_weight[rows] = weights.sum(axis=1)
        for sums, distance in (
            (self._to_high, values[:, -1:] - values),
            (self._to_low, values - values[:, :1]),
        ):
            sums[0, rows] = np.einsum("bv,bv->b", weights, distance)
            sums[1, rows] = np.einsum("bv,bv,bv->b", weights, distance, distance)
