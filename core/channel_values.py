"""What can be asked of a channel's values, exactly: their ends, moments, ranks and counts.

A rank is found by counting. A sample says between which ends it must lie; all values are counted in
the intervals that such ends make, and only those few that share an interval with the rank are put
in order.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.intervals import Block, counted, distances, float_type, in_precision, sorted_blocks
from core.threads import each_in_a_thread
from core.windows import Split, Windows

MOST_BYTES = 1 << 29  # of sorted copies of one split
_ENDS = 256  # about as many intervals
_SAMPLED = 64  # values of the sample for each of them
_BLOCK = 1 << 16  # values at a time
_NUMBERS = 8_000_000  # of all channels that are sorted between two looks at who is ready


def apart(values: np.ndarray) -> np.ndarray:
    """The same numbers in a type that holds their differences: of int16, some are no int16."""
    return values.astype(np.float64) if values.dtype.kind == "i" else values


class Channel:
    """The values of one channel where they are: each question looks at all, and copies none.

    values: `(values,)`, finite. weights: `(values,)`, integers: what each of them counts for in
    `weighted_median`. In all else each counts once.
    """

    def __init__(self, values: np.ndarray, weights: np.ndarray | None = None):
        self.dtype, self.count = values.dtype, len(values)
        self._values, self._weights = values, weights

    @property
    def low(self) -> float:
        return float(self._values.min())

    @property
    def high(self) -> float:
        return float(self._values.max())

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation, without a copy of all in 64 bits."""
        mean = self._mean()
        squares = sum(
            float(np.square(distance, out=distance).sum())
            for distance in distances(self._parts(), mean)
        )
        return mean, math.sqrt(squares / self.count)

    def counted(self, ends: np.ndarray) -> np.ndarray:
        """How many values are in each interval between ends `(ends,)`, rising: `(ends + 1,)`."""
        return counted(self.blocks(weighted=False), ends)

    def ranked(self, ranks: Sequence[int]) -> np.ndarray:
        """The values that sorting would put at these places: `(ranks,)`, the same type."""
        if self._is_short:
            return np.partition(self._all()[0], sorted(set(ranks)))[list(ranks)]
        ends = self._ends()
        return self._ranked(ranks, ends, self.counted(ends))

    def percentiles(self, shares: Sequence[float]) -> np.ndarray:
        """The same as `np.percentile(values, shares)`: between neighbours, linear."""
        places = (self.count - 1) * (np.asarray(shares) / 100)
        before = np.floor(places).astype(np.int64)
        after = np.minimum(before + 1, self.count - 1)
        found = self.ranked([*before.tolist(), *after.tolist()]).reshape(2, -1)
        low, high = apart(found)
        share, step = places - before, high - low
        return np.where(share < 0.5, low + step * share, high - step * (1 - share))

    def median(self) -> float:
        """The same as `np.median(values)`."""
        return float(np.median(self.ranked(self._middle)))

    def median_and_counts(self, ends: np.ndarray) -> tuple[float, np.ndarray]:
        """Both `median()` and `counted(ends)`, in one look at the values."""
        if self._is_short:
            return self.median(), self.counted(ends)
        # Ends between two numbers of the type would cut otherwise where values are looked up again.
        ends = in_precision(ends, float_type(self.dtype)).astype(np.float64)
        all_ends = np.union1d(self._ends(), ends)
        counts = self.counted(all_ends)
        middle = float(np.median(self._ranked(self._middle, all_ends, counts)))
        below = np.cumsum(counts)[np.searchsorted(all_ends, ends)]
        return middle, np.diff(below, prepend=0, append=self.count)

    def weighted_median(self) -> float:
        """The least value up to which half of all weight lies."""
        before = 0
        if self._is_short:
            values, weights = self._all()
            half = weights.sum() / 2
        else:
            ends = self._ends()
            up_to = np.cumsum(counted(self.blocks(), ends))
            half = up_to[-1] / 2
            interval = int(np.searchsorted(up_to, half))
            before = up_to[interval - 1] if interval else 0
            low, high = _bounds(ends, interval)
            if self._is_one_number(low, high):
                return float(low)
            values, weights = self._within(low, high)
        order = np.argsort(values, kind="stable")
        place = np.searchsorted(before + np.cumsum(weights[order]), half)
        return float(values[order[place]])

    def clipped(self, low: float, high: float) -> "Channel":
        """A copy with values limited to both ends."""
        return Channel(np.clip(self._values, low, high), self._weights)

    def blocks(self, weighted: bool = True) -> Iterator[Block]:
        """All values in blocks that rise, each with the weight of all, or of each; 1 if told so."""
        return sorted_blocks(self._values, self._weights if weighted else None)

    def _ranked(self, ranks: Sequence[int], ends: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """counts: how many values are in each interval that the ends make."""
        up_to = np.cumsum(counts)  # an interval's last value
        intervals = np.searchsorted(up_to, ranks, "right")
        found = np.empty(len(ranks), self.dtype)
        for interval in set(intervals.tolist()):
            places = np.flatnonzero(intervals == interval)
            within = np.asarray(ranks)[places] - (up_to[interval - 1] if interval else 0)
            found[places] = self._in_interval(*_bounds(ends, interval), within)
        return found

    def _in_interval(self, low: float, high: float, ranks: np.ndarray) -> np.ndarray | float:
        """Values by their rank among those from `low` to below `high`."""
        if self._is_one_number(low, high):
            return low
        there, _ = self._within(low, high)
        return np.partition(there, np.unique(ranks))[ranks]

    def _is_one_number(self, low: float, high: float) -> bool:
        """Whether no number of the values' type lies between two others."""
        as_type = float_type(self.dtype).type
        return self.dtype == as_type and np.nextafter(as_type(low), as_type(np.inf)) == high

    def _ends(self) -> np.ndarray:
        """Rising ends that part the values about evenly; what occurs often has an interval alone"""
        dtype = float_type(self.dtype)
        chosen = np.sort(self._sample().astype(dtype))[::_SAMPLED]
        often = np.unique(chosen[1:][chosen[1:] == chosen[:-1]])
        after = np.nextafter(often, dtype.type(np.inf))
        return np.unique(np.concatenate([chosen, after])).astype(np.float64)

    @property
    def _is_short(self) -> bool:
        return self.count <= 4 * _ENDS * _SAMPLED

    @property
    def _middle(self) -> list[int]:
        return [(self.count - 1) // 2, self.count // 2]

    # What depends on where the values are

    def _mean(self) -> float:
        return float(self._values.mean(dtype=np.float64))

    def _parts(self) -> Iterator[np.ndarray]:
        """All values, some at a time, in any order."""
        for start in range(0, self.count, _BLOCK):
            yield self._values[start : start + _BLOCK]

    def _all(self) -> tuple[np.ndarray, np.ndarray]:
        """Values and weights in one; asked for where they are few."""
        weights = np.ones(self.count, np.int64) if self._weights is None else self._weights
        return self._values, weights

    def _sample(self) -> np.ndarray:
        return self._values[:: self.count // (_ENDS * _SAMPLED)]

    def _within(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        """The values from `low` to below `high`, and their weights."""
        low, high = (float_type(self.dtype).type(end) for end in (low, high))
        found = []
        for start in range(0, self.count, _BLOCK):
            values = self._values[start : start + _BLOCK]
            there = np.flatnonzero((values >= low) & (values < high))
            weights = 1 if self._weights is None else self._weights[start : start + _BLOCK][there]
            found.append((values[there], weights))
        return _joined(found)


class SortedChannel(Channel):
    """A sorted copy of a channel's values, block by block, which answers far sooner.

    blocks: what `sorted_blocks` gives. Integers have become floats.
    """

    def __init__(self, blocks: Iterable[Block]):
        self._blocks = [block for block in blocks if len(block[0])]
        self.dtype = self._blocks[0][0].dtype
        self.count = sum(len(values) for values, _ in self._blocks)

    @classmethod
    def of(cls, values: np.ndarray) -> "SortedChannel":
        """values: `(values,)`, finite."""
        return cls(sorted_blocks(values, room=np.empty(len(values), float_type(values.dtype))))

    @property
    def low(self) -> float:
        return float(min(values[0] for values, _ in self._blocks))

    @property
    def high(self) -> float:
        return float(max(values[-1] for values, _ in self._blocks))

    @property
    def weight(self) -> float:
        """Of all values."""
        return float(sum(_weight(block) for block in self._blocks))

    def weighted_mean(self) -> float:
        sums = (
            float(np.sum(values, dtype=np.float64)) * weight
            if isinstance(weight, int)
            else float(np.sum(values * weight, dtype=np.float64))
            for values, weight in self._blocks
        )
        return sum(sums) / self.weight

    def error_of(self, constant: float, power: Literal[1, 2]) -> float:
        """The weighted mean of the distance to a constant (power 1), or of its square (2)."""
        total = 0.0
        weights = (weight for _, weight in self._blocks)
        for distance, weight in zip(distances(self._parts(), constant), weights, strict=True):
            np.abs(distance, out=distance) if power == 1 else np.square(distance, out=distance)
            if not isinstance(weight, int):
                distance *= weight
            total += float(distance.sum()) * (weight if isinstance(weight, int) else 1)
        return total / self.weight

    def clipped(self, low: float, high: float) -> "SortedChannel":
        return SortedChannel((np.clip(values, low, high), w) for values, w in self._blocks)

    def blocks(self, weighted: bool = True) -> Iterator[Block]:
        for values, weight in self._blocks:
            yield values, weight if weighted else 1

    def _mean(self) -> float:
        return sum(float(part.sum(dtype=np.float64)) for part in self._parts()) / self.count

    def _parts(self) -> Iterator[np.ndarray]:
        return (values for values, _ in self._blocks)

    def _all(self) -> tuple[np.ndarray, np.ndarray]:
        return _joined(self._blocks)

    def _sample(self) -> np.ndarray:
        step = self.count // (_ENDS * _SAMPLED)
        return np.concatenate([values[step // 2 :: step] for values in self._parts()])

    def _within(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        ends = np.array([low, high], self.dtype)
        found = []
        for values, weight in self._blocks:
            there = slice(*np.searchsorted(values, ends))
            found.append((values[there], weight if isinstance(weight, int) else weight[there]))
        return _joined(found)


@dataclass(frozen=True)
class SortedSplit:
    """The channels of both parts of the data."""

    train: list[SortedChannel]
    validation: list[SortedChannel]

    def of(self, part: str) -> list[SortedChannel]:
        return {"train": self.train, "validation": self.validation}[part]


def sorted_split(split: Split) -> SortedSplit | None:
    """Both parts sorted, for whoever asks much of them; None where that takes too much memory."""
    channels = split.train.segments.shape[2]
    steps = sum(w.segments.shape[1] * len(w.index) for _, w in split.parts())
    bytes_each = float_type(split.train.segments.dtype).itemsize
    if len(split.train.index) > 1 and split.train.stride < split.train.window_length:
        bytes_each += 8  # a weight beside each value
    if channels * steps * bytes_each > MOST_BYTES:
        return None
    return SortedSplit(*(sorted_channels(windows) for _, windows in split.parts()))


def sorted_whole(split: Split, known: SortedSplit) -> list[SortedChannel]:
    """The channels of all the data, time steps in no window too. known: its parts, sorted."""
    channels = [
        [*of_train.blocks(), *of_validation.blocks()]
        for of_train, of_validation in zip(known.train, known.validation, strict=True)
    ]
    for _, windows in split.parts():
        rest = windows.uncovered_values()
        for number, blocks in enumerate(channels):
            blocks.extend(sorted_blocks(rest[:, number]))
    return [SortedChannel(blocks) for blocks in channels]


def sorted_channels(windows: Windows) -> list[SortedChannel]:
    """Each channel's covered values, with the number of windows that each is in."""
    channels = range(windows.segments.shape[2])
    steps = windows.segments.shape[1] * len(windows.index)  # some may be in no window
    room = np.empty((len(channels), steps), float_type(windows.segments.dtype))
    blocks: list[list[Block]] = [[] for _ in channels]
    done = 0
    for values, weights in windows.values(_NUMBERS):
        place = slice(done, done + len(values))
        done = place.stop

        def add(number: int, values=values, weights=weights, place=place) -> None:
            found = sorted_blocks(values[:, number], weights, room[number, place])
            blocks[number].extend(found)

        each_in_a_thread(add, channels)
    return [SortedChannel(of_channel) for of_channel in blocks]


def together(channels: Sequence[SortedChannel]) -> SortedChannel:
    """The values of several channels as those of one."""
    return SortedChannel(block for channel in channels for block in channel.blocks())


def _bounds(ends: np.ndarray, interval: int) -> tuple[float, float]:
    """Between which ends an interval lies."""
    low = ends[interval - 1] if interval else -np.inf
    return low, ends[interval] if interval < len(ends) else np.inf


def _weight(block: Block) -> int:
    values, weight = block
    return len(values) * weight if isinstance(weight, int) else int(weight.sum())


def _joined(blocks: Sequence[Block]) -> tuple[np.ndarray, np.ndarray]:
    values, weights = zip(*blocks, strict=True)
    weights = [np.broadcast_to(w, len(v)) for v, w in blocks]
    return np.concatenate(values), np.concatenate(weights)
