"""How steep an output activation is where its output lies: what is left of a gradient behind it.

`ACTIVATIONS` has the derivative at the activation's input; here it is a function of its output,
which is all that a trained model shows. Where the slope is 0 nothing can be learned: a dead ReLU,
a saturated sigmoid.
"""

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

SLOPES: dict[str, Function] = {
    "sigmoid": lambda y: y * (1 - y),
    "hard_sigmoid": lambda y: np.where((y > 0) & (y < 1), 1 / 6, 0.0),
    "tanh": lambda y: 1 - y**2,
    "relu": lambda y: np.where(y > 0, 1.0, 0.0),
    "relu6": lambda y: np.where((y > 0) & (y < 6), 1.0, 0.0),
    "leaky_relu": lambda y: np.where(y > 0, 1.0, 0.2),
    "elu": lambda y: np.where(y > 0, 1.0, 1 + np.minimum(y, 0)),
    "softplus": lambda y: -np.expm1(-y),
    "exponential": lambda y: y,
    "linear": lambda y: np.ones_like(y),
}
# An exponential has no steepest slope: its slope at 0 stands for it, and is not exceeded.
STEEPEST = dict.fromkeys(SLOPES, 1.0) | {"sigmoid": 1 / 4, "hard_sigmoid": 1 / 6}


def slope_from_output(activation: str, output: np.ndarray) -> np.ndarray:
    """The derivative of an activation where it gives these values, 64-bit, of the same shape."""
    return SLOPES[activation](np.asarray(output, np.float64))


def relative_slope(activation: str, output: np.ndarray) -> np.ndarray:
    """The same / the steepest slope: from 0, where nothing is learned, to 1."""
    return np.minimum(slope_from_output(activation, output) / STEEPEST[activation], 1.0)
