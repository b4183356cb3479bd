"""What an output activation can say, and the error that no training can undercut.

An activation's values lie in a range `[a, b]`. Whatever the weights, a model with that output is at
least as far from each target as the nearest value of the range, mapped back to original units:
`floor = mean |x - inverse(clip(transform(x), a, b))|`. For an affine normalization `x = s z + o`
this is `mean(s (max(a - z, 0) + max(z - b, 0)))`. Open ends are infima: approached, never reached.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.config import UNSCOPED
from core.normalization import Normalization, Statistics
from core.windows import Windows

Function = Callable[[np.ndarray], np.ndarray]

OPEN_SHARE = 0.01  # of a range's width: see `Activation.near`


@dataclass(frozen=True)
class Activation:
    """An output activation: its values' range, and it and its derivative in numpy, for display."""

    title: str
    low: float
    high: float
    low_open: bool  # the end is approached but never said
    high_open: bool
    function: Function
    derivative: Function

    @property
    def near(self) -> float:
        """So near to an end that it cannot reach, an output counts as at it."""
        width = self.high - self.low
        return OPEN_SHARE * (width if np.isfinite(width) else 1.0)

    @property
    def range_text(self) -> str:
        left = "(" if self.low_open else "["
        right = ")" if self.high_open else "]"
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"


def _number(value: float) -> str:
    return {np.inf: "∞", -np.inf: "−∞"}.get(value, f"{value:g}".replace("-", "−"))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))  # no overflow at either end


_INF = np.inf
_SLACK = 1e-9  # of normalized values: what their own rounding is far below
_ROUNDING = 1e-14  # relative: what scaling there and back leaves of a value
# Where a normalization puts the least and the greatest of what it is fitted to, whatever the data;
# maxabs puts one of them on either.
_PLACES = {"minmax": (0, 1), "minmax_symmetric": (-1, 1), "maxabs": (-1, 1)}
# Definitions as in keras.activations, with Keras' default slopes; a test compares them.
ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(
        "Sigmoid", 0, 1, True, True, _sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))
    ),
    "hard_sigmoid": Activation(
        "Hard sigmoid",
        *(0, 1, False, False),
        lambda x: np.clip(x / 6 + 0.5, 0, 1),
        lambda x: np.where(np.abs(x) < 3, 1 / 6, 0.0),
    ),
    "tanh": Activation("Tanh", -1, 1, True, True, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": Activation(
        "ReLU",
        *(0, _INF, False, True),
        lambda x: np.maximum(x, 0),
        lambda x: np.where(x > 0, 1.0, 0.0),
    ),
    "relu6": Activation(
        "ReLU6",
        *(0, 6, False, False),
        lambda x: np.clip(x, 0, 6),
        lambda x: np.where((x > 0) & (x < 6), 1.0, 0.0),
    ),
    "leaky_relu": Activation(
        "Leaky ReLU",
        *(-_INF, _INF, True, True),
        lambda x: np.where(x > 0, x, 0.2 * x),
        lambda x: np.where(x > 0, 1.0, 0.2),
    ),
    "elu": Activation(
        "ELU",
        *(-1, _INF, True, True),
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    ),
    "softplus": Activation("Softplus", 0, _INF, True, True, lambda x: np.logaddexp(x, 0), _sigmoid),
    "exponential": Activation("Exponential", 0, _INF, True, True, np.exp, np.exp),
    "linear": Activation(
        "Linear",
        *(-_INF, _INF, True, True),
        lambda x: np.asarray(x, float),
        lambda x: np.ones_like(x, float),
    ),
}


@dataclass(frozen=True)
class ErrorFloor:
    """The least possible error of one part of the data, in original units, and who causes it."""

    mae: float
    mse: float
    huber: float  # of the distance in original units, with delta = 1 of them
    channel_mae: np.ndarray  # (channels,)
    channel_mse: np.ndarray  # (channels,)
    below_share: np.ndarray  # (channels,): share of values under the range
    above_share: np.ndarray  # (channels,): share of values over the range
    at_open_end_share: np.ndarray  # (channels,): share exactly on an end the output cannot reach
    placed_share: float  # of all values: what the normalization puts there of any data it is fit to
    target_low: np.ndarray  # (channels,): the least normalized target
    target_high: np.ndarray  # (channels,): the greatest normalized target
    unscaled: np.ndarray  # (channels,), bool: varies, but is divided by nothing

    def to_dict(self) -> dict[str, float]:
        return {"mae": self.mae, "mse": self.mse, "huber": self.huber}

    def exceeds(self, output: Activation) -> bool:
        """Whether normalized targets lie beyond a range. Those that a normalization clips do so
        only where they still do after it: what it cuts off by itself is not the output's doing.
        """
        low, high = float(self.target_low.min()), float(self.target_high.max())
        return low < output.low - _SLACK or high > output.high + _SLACK


def error_floor(normalization: Normalization, activation: str, windows: Windows) -> ErrorFloor:
    """The floor of an activation and normalization pair over all windows, exactly.

    Every normalization is increasing, so the nearest value that can be said is the target limited
    to the output range in original units. Without per-window normalization each time step is
    visited once, weighted by the number of windows it occurs in; with it, every window is.
    """
    totals = Totals.of(windows)
    if normalization.per_window:
        for _, block in windows.chunks(1_000_000):
            totals.add(normalization, activation, block, np.ones(block.shape[1]))
    else:
        for block, weight in windows.values(1_000_000):
            totals.add(normalization, activation, block[None], weight)
    return totals.floor(normalization, activation, windows)


def reachable_bounds(
    normalization: Normalization, activation: str, windows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of an activation's range in original units: `(..., channels)`, before clipping.

    windows: `(windows, window_length, channels)`; matters for per-window normalization alone.
    """
    return range_ends(normalization, ACTIVATIONS[activation], normalization.statistics(windows))


def range_ends(
    normalization: Normalization, output: Activation, statistics: Statistics
) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of a range in original units, in the shape of the statistics."""
    shape = np.shape(statistics[0])
    return (
        normalization.unscale(np.full(shape, output.low, float), statistics),
        normalization.unscale(np.full(shape, output.high, float), statistics),
    )


class Reach(NamedTuple):
    """The least and the greatest value that can be said, in original units, and how near each a
    value is on it: numbers, or arrays of one shape."""

    low: Any
    high: Any
    low_rounding: Any
    high_rounding: Any


def reach_of(normalization: Normalization, output: Activation, statistics: Statistics) -> Reach:
    """What is left of a range after the clipping, in the shape of the statistics.

    Scaling there and back is off by digits of offset and scale, whatever the end. Without them an
    end is off by its own last digits: 0 by nothing, however small the values are.
    """
    low, high = map(normalization.clip, range_ends(normalization, output, statistics))
    if normalization.config.method in UNSCOPED:
        sizes = [np.where(np.isfinite(end), np.abs(end), 0.0) for end in (low, high)]
    else:
        offset, scale = statistics
        sizes = [np.maximum(np.abs(offset), scale)] * 2
    return Reach(low, high, *(_ROUNDING * size for size in sizes))


@dataclass
class Totals:
    """Sums over weighted values, from which a floor is made: one pair, one part of the data."""

    sums: np.ndarray  # (7, channels): see `distance_sums`
    weight: float  # of all values of a channel
    target_low: np.ndarray  # (channels,)
    target_high: np.ndarray  # (channels,)

    @classmethod
    def of(cls, windows: Windows) -> "Totals":
        channels = windows.segments.shape[2]
        return cls(np.zeros((7, channels)), 0.0, np.full(channels, _INF), np.full(channels, -_INF))

    def add(
        self, normalization: Normalization, activation: str, block: np.ndarray, weight: np.ndarray
    ) -> None:
        """block: `(windows, time steps, channels)`, original units; weight: `(time steps,)`."""
        statistics = normalization.statistics(block)
        reach = reach_of(normalization, ACTIVATIONS[activation], statistics)
        self.sums += distance_sums(block, weight, reach)
        self.weight += block.shape[0] * weight.sum()
        self.widen(normalization, block, statistics)

    def widen(
        self, normalization: Normalization, block: np.ndarray, statistics: Statistics
    ) -> None:
        """Take the ends of the normalized targets of a block into account."""
        low, high = block.min(axis=1, keepdims=True), block.max(axis=1, keepdims=True)
        low, high = (normalization.scaled(end, statistics) for end in (low, high))
        self.target_low = np.fmin(self.target_low, low.min(axis=(0, 1)))
        self.target_high = np.fmax(self.target_high, high.max(axis=(0, 1)))

    def floor(self, normalization: Normalization, activation: str, windows: Windows) -> ErrorFloor:
        """windows: all that was added."""
        output = ACTIVATIONS[activation]
        absolute, squared, huber, below, above, at_low, at_high = self.sums / self.weight
        at_end = np.zeros_like(at_low)
        # An end that clipping hides is none of the activation's.
        fitted = normalization.offset_, normalization.scale_
        lower, upper = range_ends(normalization, output, fitted)
        if output.low_open:
            at_end = at_end + np.where(lower >= normalization.low_, at_low, 0)
        if output.high_open:
            at_end = at_end + np.where(upper <= normalization.high_, at_high, 0)
        return ErrorFloor(
            *(float(absolute.mean()), float(squared.mean()), float(huber.mean())),
            *(absolute, squared, below, above, np.minimum(at_end, 1)),
            placed_share(normalization, output, windows),
            *(self.target_low, self.target_high),
            normalization.unscaled_ & (self.target_low < self.target_high),
        )


def placed_share(normalization: Normalization, output: Activation, windows: Windows) -> float:
    """The share of values, mean over channels, that a normalization fitted to these windows puts on
    open ends of the output: the one least and the one greatest, of each window or of all."""
    config, (count, length, channels) = normalization.config, windows.shape
    is_open = {output.low: output.low_open, output.high: output.high_open}
    placed = sum(is_open.get(place, False) for place in _PLACES.get(config.method, ()))
    if config.method == "maxabs":
        placed = min(placed, 1)
    if normalization.per_window:
        return placed / length
    times = min(windows.per_segment, -(-length // windows.stride))  # windows that one value is in
    share = placed * times / (count * length)
    return share / channels if config.scope == "global" else share


def distance_sums(block: np.ndarray, weight: np.ndarray, reach: Reach) -> np.ndarray:
    """Weighted sums of the distance to a range: absolute, squared, Huber; and how many values
    are below, above, at the lower and at the upper end: `(7, channels)`.

    block: `(windows, time steps, channels)`; weight: `(time steps,)`; reach, in the same units,
    broadcasts against the block.
    """
    under, over = reach.low - block, block - reach.high  # positive beyond an end
    below, above = under > reach.low_rounding, over > reach.high_rounding
    distance = np.where(below, under, np.where(above, over, 0.0))
    huber = np.where(distance <= 1, distance**2 / 2, distance - 0.5)
    at_low, at_high = np.abs(under) <= reach.low_rounding, np.abs(over) <= reach.high_rounding
    per_value = (distance, distance**2, huber, below, above, at_low, at_high)
    return np.stack([np.einsum("t,wtc->c", weight, value) for value in per_value])
