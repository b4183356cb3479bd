"""The floors of targets that are scaled by any factor and moved by any offset, in microseconds.

Each channel is scaled to 0…1 over its training values, `u`; a target is `factor * u + offset`.
Values are sorted once with running sums, so that what lies beyond an end is two look-ups.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.config import NormalizationConfig
from core.normalization import Normalization, fit_normalization
from core.output_range import ACTIVATIONS
from core.windows import Split, Windows

MOST_VALUES = 1_000_000  # of each part that are looked at, evenly spaced
BINS = 50
_ROUNDING = 1e-9  # of a channel's range: what scaling there and back leaves of equal values


@dataclass(frozen=True)
class AffineFloor:
    """Of one part of the data, means over its channels; arrays have the shape of the factor."""

    mae: np.ndarray  # original units
    below_share: np.ndarray  # of values under the range
    above_share: np.ndarray
    at_low_share: np.ndarray  # of values on the range's lower end
    at_high_share: np.ndarray


class AffineFloors:
    """The values of both parts of the data, ready for any factor, offset and activation."""

    def __init__(self, parts: Split, scope: str):
        """scope: "global" or "channel", whose training values are scaled to 0…1 together."""
        config = NormalizationConfig(method="minmax", scope=scope)
        fit = fit_normalization(config, parts.train)
        self._parts = {name: _sorted_part(fit, windows) for name, windows in parts.parts()}
        self._scale = fit.scale_  # (channels,)
        self.is_whole = all(_every(windows) == 1 for _, windows in parts.parts())

    def floor(
        self, part: str, activation: str, factor: np.ndarray | float, offset: float
    ) -> AffineFloor:
        """The floor of "train" or "validation" for each factor, all positive."""
        output, factor = ACTIVATIONS[activation], np.asarray(factor, dtype=np.float64)
        low, high = ((end - offset) / factor for end in (output.low, output.high))
        channels = zip(self._parts[part], self._scale, strict=True)
        sums = np.mean([channel.beyond(low, high, scale) for channel, scale in channels], axis=0)
        return AffineFloor(*sums)

    def extremes(self, part: str) -> tuple[float, float]:
        """The least and the greatest `u` of a part, over all channels."""
        channels = self._parts[part]
        return min(c.values[0] for c in channels), max(c.values[-1] for c in channels)

    def histogram(self) -> tuple[np.ndarray, np.ndarray]:
        """Shares `(bins,)` of all values, and edges `(bins + 1,)` in `u`; 0 and 1 are edges."""
        ends = [self.extremes(part) for part in self._parts]
        low, high = min(0.0, *(end[0] for end in ends)), max(1.0, *(end[1] for end in ends))
        width = (high - low) / BINS
        pieces = [
            np.linspace(start, stop, max(1, round((stop - start) / width)) + 1)[:-1]
            for start, stop in ((low, 0.0), (0.0, 1.0), (1.0, high))
            if stop > start
        ]
        edges = np.array([*np.concatenate(pieces), high])
        counts = sum(c.counts(edges) for part in self._parts.values() for c in part)
        return counts / counts.sum(), edges


@dataclass(frozen=True, eq=False)
class _SortedChannel:
    """Rising values in `u` with the sums of weights, and of weighted values, before each."""

    values: np.ndarray  # (values,)
    weights: np.ndarray  # (values + 1,)
    sums: np.ndarray  # (values + 1,)

    @classmethod
    def of(cls, values: np.ndarray, weights: np.ndarray) -> "_SortedChannel":
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[order].astype(np.float64)
        return cls(
            values,
            np.concatenate([[0.0], np.cumsum(weights)]),
            np.concatenate([[0.0], np.cumsum(weights * values)]),
        )

    def beyond(self, low: np.ndarray, high: np.ndarray, scale: float) -> np.ndarray:
        """Mean distance in original units, and shares below, above, and on either end: `(5, ...)`.

        Nothing is on an infinite end.
        """
        near = [np.where(np.isinf(end), 0.0, _ROUNDING * (1 + np.abs(end))) for end in (low, high)]
        below, low_end = self._places(low - near[0], low + near[0])
        high_end, above = self._places(high - near[1], high + near[1])
        under, over = self.weights[below], self.weights[-1] - self.weights[above]
        at_low = self.weights[low_end] - under
        at_high = self.weights[above] - self.weights[high_end]
        with np.errstate(invalid="ignore"):  # an infinite end times nothing
            distance = np.where(under > 0, low * under - self.sums[below], 0.0)
            distance += np.where(over > 0, self.sums[-1] - self.sums[above] - high * over, 0.0)
        distance /= self.weights[-1]
        distance = np.where(distance > _ROUNDING, distance, 0.0)
        shares = [weight / self.weights[-1] for weight in (under, over, at_low, at_high)]
        return np.stack([scale * distance, *shares])

    def _places(self, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many values are below each start, and how many are no greater than each stop."""
        return (
            np.searchsorted(self.values, start, "left"),
            np.searchsorted(self.values, stop, "right"),
        )

    def counts(self, edges: np.ndarray) -> np.ndarray:
        """Weight in each bin; the last holds its upper edge."""
        places = np.searchsorted(self.values, edges, "left")
        places[-1] = len(self.values)
        return np.diff(self.weights[places])


def _sorted_part(fit: Normalization, windows: Windows) -> list[_SortedChannel]:
    blocks = list(_thinned(windows))
    weights = np.concatenate([weight for _, weight in blocks])
    values = np.concatenate([block for block, _ in blocks])  # (values, channels)
    scaled = ((values[:, c] - fit.offset_[c]) / fit.scale_[c] for c in range(values.shape[1]))
    return [_SortedChannel.of(channel, weights) for channel in scaled]


def _thinned(windows: Windows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Time steps `(steps, channels)` with their weights, at most about MOST_VALUES numbers."""
    every = _every(windows)
    for block, weight in windows.values():
        yield block[::every].astype(np.float64), weight[::every]


def _every(windows: Windows) -> int:
    """The distance of the time steps looked at; odd, to keep out of step with even periods."""
    _, steps, channels = windows.segments.shape
    every = -(-steps * len(windows.index) * channels // MOST_VALUES)
    return every + 1 if every % 2 == 0 else every
