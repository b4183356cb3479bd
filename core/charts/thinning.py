"""Which time steps of a long signal to draw, so that every peak stays."""

import numpy as np
from tsdownsample import MinMaxDownsampler

POINTS = 2000  # per channel: more than a screen has columns
_BLOCK = 32  # time steps that a long recording keeps the least and the greatest value of
_PER_END = _BLOCK // 2  # one of the two is kept for so many time steps
_LONG = 1_000_000  # time steps from which that is worth it
_REMEMBERED = 16  # ranges of a channel


def thin(values: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Which of `values` `(time_steps,)` to draw: at most `points` positions, among them both ends
    and the least and the greatest value of each stretch."""
    if len(values) <= points:
        return np.arange(len(values))
    extremes = MinMaxDownsampler().downsample(_plain(values), n_out=points // 2 * 2 - 2)
    return np.unique(np.concatenate([extremes.astype(np.int64), [0, len(values) - 1]]))


def _plain(values: np.ndarray) -> np.ndarray:
    """The values side by side, in a type that the library takes."""
    values = np.ascontiguousarray(values)
    if (values.dtype.kind == "f" and values.dtype.itemsize > 8) or not values.dtype.isnative:
        values = values.astype(np.float64)
    return values


class Envelope:
    """One channel `(time_steps,)` for drawing: any range of it thinned in a few milliseconds.

    For a long one, the least and the greatest value of every 32 time steps are found once, and
    wide ranges are thinned from these. The other values are not copied.
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self._places = None
        self._known: dict[tuple[int, int, int], np.ndarray] = {}  # ranges asked for lately
        if len(values) >= _LONG:
            whole = len(values) // _BLOCK * _BLOCK
            plain = _plain(values[:whole])
            places = MinMaxDownsampler().downsample(plain, n_out=whole // _PER_END)
            self._places = places.astype(np.int64)
            self._extremes = plain[self._places]

    def places(self, start: int, stop: int, points: int = POINTS) -> np.ndarray:
        """The time steps to draw of `start <= t < stop`."""
        asked = (start, stop, points)
        found = self._known.get(asked)  # which another session may clear at any time
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[asked] = self._find(*asked)
        return found

    def _find(self, start: int, stop: int, points: int) -> np.ndarray:
        if self._places is None or stop - start < _LONG // 2:
            return start + thin(self.values[start:stop], points)
        first, last = np.searchsorted(self._places, [start, stop])
        rest = np.arange(self._places[last - 1] + 1, stop)  # after the last whole block
        kept = np.concatenate([self._places[first:last], rest])
        values = np.concatenate([self._extremes[first:last], self.values[rest]])
        return kept[thin(values, points)]
