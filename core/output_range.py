"""What an output activation can say, and the error that no training can undercut.

An activation's values lie in a range `[a, b]`. Whatever the weights, a model with that output is at
least as far from each target as the nearest value of the range, mapped back to original units:
`floor = mean |x - inverse(clip(transform(x), a, b))|`. For an affine normalization `x = s z + o`
this is `mean(s (max(a - z, 0) + max(z - b, 0)))`. Open ends are infima: approached, never reached.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.normalization import Normalization
from core.windows import Windows

Function = Callable[[np.ndarray], np.ndarray]


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
    def range_text(self) -> str:
        left = "(" if self.low_open else "["
        right = ")" if self.high_open else "]"
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"


def _number(value: float) -> str:
    return {np.inf: "∞", -np.inf: "−∞"}.get(value, f"{value:g}".replace("-", "−"))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))  # no overflow at either end


_INF = np.inf
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
    channel_mae: np.ndarray  # (channels,)
    channel_mse: np.ndarray  # (channels,)
    below_share: np.ndarray  # (channels,): share of values under the range
    above_share: np.ndarray  # (channels,): share of values over the range
    at_open_end_share: np.ndarray  # (channels,): share exactly on an end the output cannot reach

    def to_dict(self) -> dict[str, float]:
        return {"mae": self.mae, "mse": self.mse}


def error_floor(normalization: Normalization, activation: str, windows: Windows) -> ErrorFloor:
    """The floor of an activation and normalization pair over all windows, exactly.

    Every normalization is increasing, so the nearest value that can be said is the target limited
    to the output range in original units. Without per-window normalization each time step is
    visited once, weighted by the number of windows it occurs in; with it, every window is.
    """
    totals = np.zeros((5, windows.segments.shape[2]))  # absolute, squared, below, above, at an end
    count = 0
    if normalization.per_window:
        for _, block in windows.chunks(1_000_000):
            totals += _block_totals(normalization, activation, block, np.ones(block.shape[1]))
            count += block.shape[0] * block.shape[1]
    else:
        for block, weight in windows.values(1_000_000):
            totals += _block_totals(normalization, activation, block[None], weight)
            count += weight.sum()
    absolute, squared, below, above, at_end = totals / count
    return ErrorFloor(
        float(absolute.mean()), float(squared.mean()), absolute, squared, below, above, at_end
    )


def reachable_bounds(
    normalization: Normalization, activation: str, windows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of an activation's range in original units: `(..., channels)`, before clipping.

    windows: `(windows, window_length, channels)`; matters for per-window normalization alone.
    """
    output = ACTIVATIONS[activation]
    statistics = normalization.statistics(windows)
    shape = np.shape(statistics[0])
    lower = normalization.unscale(np.full(shape, output.low, float), statistics)
    upper = normalization.unscale(np.full(shape, output.high, float), statistics)
    return lower, upper


def _block_totals(
    normalization: Normalization, activation: str, block: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Weighted sums over windows and time steps: `(5, channels)`, as in `error_floor`."""
    output = ACTIVATIONS[activation]
    raw_lower, raw_upper = reachable_bounds(normalization, activation, block)
    lower, upper = normalization.clip(raw_lower), normalization.clip(raw_upper)
    # (windows, time steps, channels); positive beyond an end
    under, over = lower - block, block - upper
    rounding = 1e-14 * np.fmax(*(np.where(np.isfinite(end), abs(end), 0) for end in (lower, upper)))
    below, above = under > rounding, over > rounding
    distance = np.where(below, under, np.where(above, over, 0.0))
    # An end that clipping hides is none of the activation's.
    at_end = np.zeros_like(below)
    if output.low_open:
        at_end |= (np.abs(under) <= rounding) & (raw_lower >= normalization.low_)
    if output.high_open:
        at_end |= (np.abs(over) <= rounding) & (raw_upper <= normalization.high_)
    per_value = (distance, distance**2, below, above, at_end)
    return np.stack([np.einsum("t,wtc->c", weight, value) for value in per_value])
