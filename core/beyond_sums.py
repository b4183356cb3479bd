"""How far values lie beyond many ranges at once, in one pass over them.

The ends of all ranges cut the number line into intervals. Each value is counted in its interval,
with its distance, plain and squared, to the interval's end that lies nearer to the ranges it is
beyond. What an interval adds to a range then follows from the distance between the two ends, as a
sum of terms that are never negative: nothing cancels, and the sums are as exact as one by one.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from core.intervals import Block, in_precision
from core.output_range import Reach

_Pass = tuple[np.ndarray, np.ndarray, np.ndarray]  # an end of each interval; in which sums it goes


class BeyondSums:
    """Add values in blocks that rise; then ask what lies beyond the ranges named at first.

    weight: of all values so far. low, high: the least and the greatest of them.
    """

    def __init__(self, ranges: Sequence[Reach]):
        self.weight = 0.0
        self.low, self.high = np.inf, -np.inf
        marks = {item: _marks(item) for item in set(ranges)}
        ends = {mark for named in marks.values() for mark in named if np.isfinite(mark)}
        self._ends = np.array(sorted(ends))  # an interval holds its lower end, not its upper one
        self._places = {item: self._intervals(named) for item, named in marks.items()}
        self._counts = np.zeros(len(ends) + 1)
        # From the interval's upper end and from its lower one: sums of distances, of squares.
        self._from_upper, self._from_lower = np.zeros((2, 2, len(ends) + 1))
        under = max((below for below, *_ in self._places.values()), default=0)
        over = min((above for *_, above in self._places.values()), default=len(ends) + 1)
        is_under = np.arange(len(ends) + 1) < under  # the intervals below some range
        is_over = np.arange(len(ends) + 1) >= over
        upper, lower = np.append(self._ends, 0.0), np.append(0.0, self._ends)
        both = is_under & is_over
        self._passes: list[_Pass] = [  # most often one end is enough for each interval
            (np.where(is_under, upper, lower), is_under, is_over & ~is_under),
            (lower, np.zeros_like(both), both),
        ]

    def add(self, blocks: Iterable[Block]) -> None:
        for block, weight in blocks:
            self.low, self.high = min(self.low, float(block[0])), max(self.high, float(block[-1]))
            places = np.searchsorted(block, in_precision(self._ends, block.dtype))
            self._add_block(block, np.concatenate([[0], places]), weight)

    def _add_block(self, block: np.ndarray, starts: np.ndarray, weights: np.ndarray | int) -> None:
        """block: rising; starts: where in it each interval begins: `(ends + 1,)`."""
        counts = np.diff(starts, append=len(block))
        there = np.flatnonzero(counts)  # the intervals that hold a value
        starts, counts = starts[there], counts[there]
        if isinstance(weights, int):
            occurring = weights * counts
        else:
            occurring = np.add.reduceat(weights, starts, dtype=np.float64)
        self._counts[there] += occurring
        self.weight += float(occurring.sum())
        for end, to_upper, to_lower in self._passes:
            to_upper, to_lower = to_upper[there], to_lower[there]
            if not (to_upper.any() or to_lower.any()):
                continue
            distance = np.repeat(end[there], counts)
            distance -= block
            np.abs(distance, out=distance)
            sums = _weighted_sums(distance, weights, starts)
            self._from_upper[:, there] += np.where(to_upper, sums, 0.0)
            self._from_lower[:, there] += np.where(to_lower, sums, 0.0)

    def beyond(self, reach: Reach) -> np.ndarray:
        """What `distance_sums` gives for a range, one of those named, and the values: `(7,)`."""
        below, over_low, far_below, at_high, far_above, above = self._places[reach]
        end, lower, upper = len(self._counts), reach.low, reach.high
        near = self._under(far_below, below, lower) + self._over(above, far_above, upper)
        far = self._under(0, far_below, lower) + self._over(far_above, end, upper)
        far_weight = self._counts[:far_below].sum() + self._counts[far_above:].sum()
        return np.array(
            [
                *(near + far),
                near[1] / 2 + far[0] - far_weight / 2,
                self._counts[:below].sum(),
                self._counts[above:].sum(),
                self._counts[below:over_low].sum(),
                self._counts[at_high:above].sum(),
            ]
        )

    def _intervals(self, marks: tuple[float, ...]) -> tuple[int, ...]:
        """The first interval at or above each mark; those before it are below the mark."""
        places = np.searchsorted(self._ends, marks, "left") + 1
        places = np.where(np.isneginf(marks), 0, places)
        return tuple(int(place) for place in places)

    def _under(self, start: int, stop: int, end: float) -> np.ndarray:
        """The sums of distances to an end above these intervals, and of their squares."""
        if start >= stop:
            return np.zeros(2)
        return self._moved(start, stop, end - self._ends[start:stop], self._from_upper)

    def _over(self, start: int, stop: int, end: float) -> np.ndarray:
        if start >= stop:
            return np.zeros(2)
        return self._moved(start, stop, self._ends[start - 1 : stop - 1] - end, self._from_lower)

    def _moved(self, start: int, stop: int, gap: np.ndarray, sums: np.ndarray) -> np.ndarray:
        there = self._counts[start:stop] > 0  # nothing times a gap whose square is infinite is none
        counts, gap = self._counts[start:stop][there], gap[there]
        plain, squared = sums[:, start:stop][:, there]
        return np.array(
            [(counts * gap + plain).sum(), (counts * gap**2 + 2 * gap * plain + squared).sum()]
        )


def _marks(reach: Reach) -> tuple[float, ...]:
    """Where a value stops being: below, on the lower end or below, more than 1 below; and where it
    begins to be: on the upper end or above, more than 1 above, above."""
    lower, upper, low_rounding, high_rounding = reach
    within = np.nextafter(lower + low_rounding, np.inf) if lower > -np.inf else lower
    beyond = np.nextafter(upper + high_rounding, np.inf)
    return (
        *(lower - low_rounding, within, min(lower - 1, lower - low_rounding)),
        *(upper - high_rounding, max(np.nextafter(upper + 1, np.inf), beyond), beyond),
    )


def _weighted_sums(
    distance: np.ndarray, weights: np.ndarray | int, starts: np.ndarray
) -> np.ndarray:
    """The sums of distances from each start to the next, and of their squares: `(2, starts)`."""
    weighted = distance if isinstance(weights, int) else distance * weights
    sums = np.stack(
        [np.add.reduceat(weighted, starts), np.add.reduceat(weighted * distance, starts)]
    )
    return weights * sums if isinstance(weights, int) else sums
