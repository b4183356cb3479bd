"""The same autoencoder in fewer operations, for training; what is exported stays the plain one.

Upsampling by 2 and then convolving is a convolution at the low resolution that gives both values of
each pair at once: for a kernel (a, b, c), `out[2i] = a x[i-1] + (b + c) x[i]` and
`out[2i+1] = (a + b) x[i] + c x[i+1]`, a sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158)
with tied weights. The upsampled values, the largest of the decoder, are never made.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers, ops

HAS_XLA = keras.backend.backend() == "jax"  # where small convolutions are faster as products
if not HAS_XLA:
    from core.tensorflow_convolution import convolution, pooled_convolution, pools_fast
RISING = tuple(map(keras.activations.get, ("relu", "leaky_relu", "elu", "tanh", "linear")))


class FastAutoencoder(layers.Layer):
    """Calls a chain of layers of `build_autoencoder` with their own weights; it has none itself.

    precision: what is computed in; weights, their gradients and the output are float32.
    Values and gradients are those of the plain model, but for rounding.
    """

    def __init__(self, autoencoder: keras.Model, precision: str = "float32"):
        super().__init__(name="fast_autoencoder")
        self._precision = precision
        self._autoencoder = autoencoder

    def call(self, windows, masks: dict[str, Any] | None = None, kernels: list | None = None):
        """`(batch, window_length, channels)` in and out. masks: of `masks`, in training;
        kernels: of `kernels`, made here if they are left out."""
        kernels = iter(self.kernels() if kernels is None else kernels)
        output = self._chain(ops.cast(windows, self._precision), kernels, masks or {})
        return ops.cast(output, "float32")

    def kernels(self) -> list:
        """What the convolutions compute with, kernel and bias of each in turn, in float32: the
        weights, or what they become for upsampled values. One for all parts of a batch."""
        made = []
        for before, layer in pairwise(self._autoencoder.layers):
            if isinstance(layer, layers.Conv1D):
                kernel, bias = (ops.cast(own, "float32") for own in (layer.kernel, layer.bias))
                if isinstance(before, layers.UpSampling1D):
                    kernel, bias = _doubled(kernel), ops.concatenate([bias, bias])
                made += [kernel, bias]
        return made

    def compute_output_shape(self, input_shape):
        return input_shape

    def masks(self, batch) -> dict[str, Any]:
        """What each dropout layer does to a batch of ones: the same draw whatever the parts."""
        return {
            layer.name: layer(ops.ones((batch, *layer.output.shape[1:])), training=True)
            for layer in self._autoencoder.layers
            if isinstance(layer, layers.Dropout)
        }

    def _chain(self, x, kernels: Iterator, masks: dict[str, Any]):
        is_doubled = is_pooled = False
        for layer, following in pairwise([*self._autoencoder.layers[1:], None]):  # but the input
            if isinstance(layer, layers.UpSampling1D) and isinstance(following, layers.Conv1D):
                is_doubled = True  # which the convolution does
            elif isinstance(layer, layers.Conv1D):
                kernel, bias = next(kernels), next(kernels)
                is_pooled = isinstance(following, layers.MaxPooling1D) and (
                    _pools_first(layer, x, kernel)
                )
                x = _convolution(layer, x, kernel, bias, is_doubled, is_pooled)
                is_doubled = False
            elif is_pooled:
                is_pooled = False  # which the convolution has done
            elif isinstance(layer, layers.Dropout):
                x = x * ops.cast(masks[layer.name], x.dtype) if masks else x
            else:
                x = layer.call(x)  # calling the layer itself would make it float32
        return x


def _pools_first(layer: layers.Conv1D, x, kernel) -> bool:
    """Whether the activation waits for the larger value of each pair to be chosen.

    Not with TensorFlow's own pooling: it makes a large negative number of two NaN, and ReLU would
    hide it.
    """
    if layer.activation not in RISING or x.shape[1] % 2:
        return False
    return HAS_XLA or pools_fast(kernel, x.shape[1])


def _convolution(layer: layers.Conv1D, x, kernel, bias, is_doubled: bool, is_pooled: bool):
    """The layer on `x`, or on `x` with each time step repeated, or its result pooled by two."""
    length = x.shape[1]
    kernel, bias = ops.cast(kernel, x.dtype), ops.cast(bias, x.dtype)
    if HAS_XLA:
        y = _matrix_product(x, kernel)
        y = (_larger_of_pairs(y) if is_pooled else y) + bias
    else:
        y = (pooled_convolution if is_pooled else convolution)(x, kernel, bias)
    y = layer.activation(y)
    return ops.reshape(y, (-1, 2 * length, layer.filters)) if is_doubled else y


def _larger_of_pairs(x):
    """Of each two time steps, for XLA to fuse; its gradient goes to one of them, as pooling's."""
    pairs = ops.reshape(x, (-1, x.shape[1] // 2, 2, x.shape[2]))
    first, second = pairs[:, :, 0], pairs[:, :, 1]
    return ops.where(second > first, second, first)


def _matrix_product(x, kernel):
    """A convolution, padding "same", as one product that XLA fuses what is around it with."""
    taps, before, filters = kernel.shape
    length, left = x.shape[1], (taps - 1) // 2
    padded = ops.pad(x, ((0, 0), (left, taps - 1 - left), (0, 0)))
    shifted = ops.concatenate([padded[:, tap : tap + length] for tap in range(taps)], axis=-1)
    rows = ops.reshape(shifted, (-1, taps * before))
    y = ops.matmul(rows, ops.reshape(kernel, (-1, filters)))
    return ops.reshape(y, (-1, length, filters))


def _doubled(kernel):
    """For both values of a pair, one after the other: `(taps, in, 2 * filters)`."""
    width, before, filters = kernel.shape
    sums = _tap_sums(width)
    summed = ops.matmul(sums, ops.reshape(kernel, (width, -1)))
    pairs = ops.reshape(summed, (2, len(sums) // 2, before, filters))
    return ops.reshape(ops.transpose(pairs, (1, 2, 0, 3)), (-1, before, 2 * filters))


def _tap_sums(width: int) -> np.ndarray:
    """Which taps of a kernel meet the same repeated time step: `(2 * taps, width)` of 0 and 1.

    The first half of the rows is for the first value of each pair, the other for the second.
    """
    before = (width - 1) // 2  # as padding="same" has it
    reach = -(-max(before, width - 1 - before) // 2)
    taps = 2 * reach + 1
    sums = np.zeros((2, taps, width), np.float32)
    for second in (0, 1):
        for tap in range(width):
            sums[second, (second + tap - before) // 2 + reach, tap] = 1
    return sums.reshape(2 * taps, width)
