"""Windows of a recording, cut lazily, and the split into training and validation.

A recording is split by time before it is cut, so that no time step is in both parts. Windows are
never all copied: `Windows.take` gathers just the ones asked for, so ten million overlapping
windows cost no more memory than the recording.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.config import WindowsConfig
from core.number_text import agreeing, count_text
from core.signals.recording import DataError

MOST_LENGTH = 65_536  # time steps, as WindowsConfig has it


class Windows:
    """Equally long windows over one or several stretches of signal.

    segments: `(segments, time_steps, channels)`; a recording is one segment, ready windows are
    many. index: which segments are meant, in which order; all by default.
    """

    def __init__(
        self,
        segments: np.ndarray,
        window_length: int,
        stride: int,
        index: np.ndarray | None = None,
    ):
        self.segments = segments
        self.window_length = window_length
        self.stride = stride
        self.index = np.arange(len(segments)) if index is None else index
        self.per_segment = windows_in(segments.shape[1], window_length, stride)
        view = np.lib.stride_tricks.sliding_window_view(segments, window_length, axis=1)
        # (segments, per_segment, window_length, channels): strides only, nothing is copied
        self._view = view[:, ::stride].swapaxes(-1, -2)

    def __len__(self) -> int:
        return len(self.index) * self.per_segment

    @property
    def shape(self) -> tuple[int, int, int]:
        """`(windows, window_length, channels)`, as the array of all windows would have it."""
        return len(self), self.window_length, self.segments.shape[2]

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The windows at these positions, copied: `(len(positions), window_length, channels)`."""
        segment, window = np.divmod(np.asarray(positions), self.per_segment)
        return self._view[self.index[segment], window]

    def chunks(self, values: int = 4_000_000) -> Iterator[tuple[slice, np.ndarray]]:
        """All windows in order, about `values` numbers at a time, each with its positions."""
        size = max(1, values // (self.window_length * self.segments.shape[2]))
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield slice(start, stop), self.take(np.arange(start, stop))

    def start_of(self, position: int) -> tuple[int, int]:
        """Where a window begins: its segment's number in the data, the time step within it."""
        segment, window = divmod(int(position), self.per_segment)
        return int(self.index[segment]), window * self.stride

    def first_steps(self, positions: np.ndarray | int) -> np.ndarray:
        """Where windows begin, in time steps counted through all segments."""
        segment, window = np.divmod(positions, self.per_segment)
        return self.index[segment] * self.segments.shape[1] + window * self.stride

    def coverage(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """In how many windows each time step of a segment occurs: `(time_steps,)`, int64.

        Of all its time steps by default, or of those from `start` to before `stop`. Not to be
        written to.
        """
        stop = self.segments.shape[1] if stop is None else stop
        in_each, rest = divmod(self.window_length, self.stride)
        first, last = self.window_length - self.stride, self.per_segment * self.stride
        if rest == 0 and first <= start < stop <= last:
            return np.broadcast_to(np.int64(in_each), stop - start)
        changes = np.zeros(stop - start, dtype=np.int64)  # from one time step to the next
        for first, change in ((0, 1), (self.window_length, -1)):  # a window begins, or has ended
            skipped = max(0, -(-(start - first) // self.stride))
            after = first + self.per_segment * self.stride
            places = slice(
                first + skipped * self.stride - start, max(0, after - start), self.stride
            )
            changes[places] += change
        if start:
            changes[0] = self._windows_over(start)
        return np.cumsum(changes, out=changes)

    def _windows_over(self, step: int) -> int:
        """How many windows of a segment hold a time step."""
        begun = min(step // self.stride + 1, self.per_segment)
        ended = max(0, (step - self.window_length) // self.stride + 1)
        return begun - min(ended, self.per_segment)

    def covered(self) -> slice | np.ndarray:
        """The time steps of a segment that occur in any window, rising."""
        if self.stride <= self.window_length:
            return slice(0, (self.per_segment - 1) * self.stride + self.window_length)
        return np.flatnonzero(self.coverage())

    def covered_values(self) -> np.ndarray:
        """Every covered time step once, `(time_steps, channels)`; a view where that is possible."""
        return self._values_at(self.covered())

    def uncovered_values(self) -> np.ndarray:
        """Every time step that no window holds: the same of these."""
        if self.stride <= self.window_length:
            return self._values_at(slice(self.covered().stop, None))
        return self._values_at(np.flatnonzero(self.coverage() == 0))

    def _values_at(self, steps: slice | np.ndarray) -> np.ndarray:
        if len(self.segments) == 1:
            return self.segments[0, steps]
        if isinstance(steps, slice):  # and of these alone the chosen are copied
            chosen = self.segments[:, steps][self.index]
        else:
            chosen = self.segments[self.index[:, None], steps]
        return chosen.reshape(-1, chosen.shape[2])

    def values(self, numbers: int = 2_000_000) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Every covered time step once: blocks of `(steps, channels)` with weights `(steps,)`,
        none of them empty.

        The weight is the number of windows a time step occurs in, so that a weighted mean over
        the blocks equals the plain mean over all windows, without cutting one of them.
        """
        steps, channels = self.segments.shape[1:]
        if len(self.segments) == 1:
            size = max(1, numbers // channels)
            for start in range(0, steps, size):
                block = self.segments[0, start : start + size]
                weight = self.coverage(start, start + len(block))
                keep = weight > 0
                if keep.any():
                    yield (block, weight) if keep.all() else (block[keep], weight[keep])
            return
        covered, coverage = self.covered(), self.coverage()
        size = max(1, numbers // (steps * channels))
        for start in range(0, len(self.index), size):
            block = self.segments[self.index[start : start + size]][:, covered]
            yield block.reshape(-1, channels), np.tile(coverage[covered], len(block))


@dataclass(frozen=True)
class Split:
    """The two parts of the data. `boundary` is the first validation time step of a recording."""

    train: Windows
    validation: Windows
    boundary: int | None

    def parts(self) -> tuple[tuple[str, Windows], tuple[str, Windows]]:
        """Each part with its name, as results and files call it."""
        return ("train", self.train), ("validation", self.validation)

    def first_steps(self, part: str, positions: np.ndarray | int) -> np.ndarray:
        """Where windows of a part begin in the data; in ready windows, time steps are counted
        through all of them."""
        before = self.boundary if self.boundary and part == "validation" else 0
        return before + dict(self.parts())[part].first_steps(positions)


def windows_in(time_steps: int, window_length: int, stride: int) -> int:
    """How many whole windows fit into so many time steps."""
    return 0 if time_steps < window_length else (time_steps - window_length) // stride + 1


def windows_of(shape: tuple[int, ...], config: WindowsConfig) -> int:
    """How many windows are cut from a recording of a shape, at the most: `(time_steps, channels)`
    or `(windows, window_length, channels)`."""
    segments, steps = (shape[0], shape[1]) if len(shape) == 3 else (1, shape[0])
    return segments * windows_in(steps, config.window_length, config.stride)


def fitting_cut(shape: tuple[int, ...], validation_share: float) -> tuple[int, int] | None:
    """A window length and a stride that suit a recording of a shape, as `windows_of` has it.

    Whole windows where it comes in windows, otherwise some that overlap in the smaller part; None
    where they would be too short or too long.
    """
    if len(shape) == 3:
        length = stride = shape[1]
    else:
        length = min(_smaller_part(shape[0], validation_share) // 4, MOST_LENGTH)
        stride = max(1, length // 2)
    return (length, stride) if 2 <= length <= MOST_LENGTH else None


def has_room(shape: tuple[int, ...], config: WindowsConfig) -> bool:
    """Whether each part of a recording `(time_steps, channels)` is as long as a window."""
    return _smaller_part(shape[0], config.validation_share) >= config.window_length


def _smaller_part(time_steps: int, validation_share: float) -> int:
    training = round(time_steps * (1 - validation_share))
    return min(training, time_steps - training)


def split_windows(values: np.ndarray, config: WindowsConfig, seed: int = 0) -> Split:
    """Split a recording's values and cut both parts.

    values: `(time_steps, channels)` is split at one point in time; `(windows, window_length,
    channels)` by window: a seeded choice, or the last ones with split="last".
    Raises DataError when a part would hold no window, with both numbers.
    """
    length, stride = config.window_length, config.stride
    if values.ndim == 2:
        if config.split == "random":
            raise DataError(
                "Validation on random windows needs data that comes in windows: windows of one "
                "recording chosen at random would share time steps. Use auto or last."
            )
        boundary = round(len(values) * (1 - config.validation_share))
        parts = {"training": boundary, "validation": len(values) - boundary}
        _check_parts(parts, length, len(values))
        return Split(
            Windows(values[None, :boundary], length, stride),
            Windows(values[None, boundary:], length, stride),
            boundary,
        )
    if values.shape[1] < length:
        raise DataError(
            f"The data comes in windows of {values.shape[1]} time steps, fewer than "
            f"windows.window_length={length}. Set it to {values.shape[1]} or less."
        )
    count = len(values)
    train = round(count * (1 - config.validation_share))
    if not 0 < train < count:
        raise DataError(
            f"{count_text(count, 'window')} with "
            f"windows.validation_share={config.validation_share:g} "
            f"{agreeing(count, 'leaves', 'leave')} {train} to train and {count - train} to "
            "validate; both need at least one."
        )
    order = np.arange(count)
    if config.split != "last":
        order = np.random.default_rng([seed, count]).permutation(count)
        order = np.concatenate([np.sort(order[:train]), np.sort(order[train:])])
    return Split(
        Windows(values, length, stride, order[:train]),
        Windows(values, length, stride, order[train:]),
        None,
    )


def check_batch(batch_size: int, train: Windows) -> None:
    """Raise DataError for batches of more windows than there are to train on."""
    if batch_size > len(train):
        raise DataError(
            f"training.batch_size={batch_size:,} is more than the "
            f"{count_text(len(train), 'window')} there {agreeing(len(train), 'is', 'are')} to "
            f"train on. Set it to {len(train):,} or less, or cut more windows."
        )


def _check_parts(parts: dict[str, int], window_length: int, time_steps: int) -> None:
    for part, steps in parts.items():
        if steps < window_length:
            raise DataError(
                f"The {part} part has {steps:,} of {time_steps:,} time steps, fewer than one "
                f"window of {window_length:,}. Shorten windows.window_length, change "
                "windows.validation_share, or use a longer recording."
            )
