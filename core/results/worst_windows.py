"""Which kept windows are the worst at one place: a channel and a stretch of the window."""

from dataclasses import dataclass

import numpy as np

from core.results.reconstruction_file import StoredWindows

_BLOCK_VALUES = 2_000_000  # read at once


@dataclass(frozen=True)
class Place:
    """A channel, and the time steps `start <= t < stop` of the window."""

    channel: int
    start: int
    stop: int

    def within(self, window_length: int, channels: int) -> "Place":
        """The nearest place that such windows have."""
        start = min(max(0, self.start), window_length - 1)
        stop = min(max(start + 1, self.stop), window_length)
        return Place(min(max(0, self.channel), channels - 1), start, stop)


def errors_at(windows: StoredWindows, place: Place, measure: str) -> np.ndarray:
    """The mean error of each kept window at a place, in original units: `(kept,)`."""
    errors = np.empty(len(windows))
    steps = slice(place.start, place.stop)
    size = max(1, _BLOCK_VALUES // (place.stop - place.start))
    with np.errstate(over="ignore", invalid="ignore"):  # of a run that diverged
        for first in range(0, len(windows), size):
            block = (slice(first, first + size), steps, place.channel)
            residual = np.subtract(
                windows.reconstruction[block], windows.original[block], dtype=np.float64
            )  # (windows, time_steps)
            absolute = np.abs(residual) if measure == "mae" else residual**2
            errors[first : first + size] = absolute.mean(axis=1)
    return errors


def worst_at(
    windows: StoredWindows, place: Place, measure: str, count: int = 5
) -> list[tuple[int, float]]:
    """The kept windows with the largest errors at a place: their indices and errors, worst first.

    An error that is not a number counts as the largest; equal errors keep the windows' order.
    """
    errors = errors_at(windows, place, measure)
    order = np.argsort(np.where(np.isnan(errors), -np.inf, -errors), kind="stable")[:count]
    return [(int(index), float(errors[index])) for index in order]
