"""The same autoencoder in fewer operations, for training; what is exported stays the plain one.

Upsampling by 2 and then convolving is a convolution at the low resolution that gives both values of
each pair at once: for a kernel (a, b, c), `out[2i] = a x[i-1] + (b + c) x[i]` and
`out[2i+1] = (a + b) x[i] + c x[i+1]`, a sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158)
with tied weights. The upsampled values, the largest of the decoder, are never made.
"""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class FastAutoencoder(layers.Layer):
    """Calls a chain of layers of `build_autoencoder` with their own weights; it has none itself.

    parts: into which a batch is cut; they go through the chain at the same time.
    precision: what is computed in; weights, their gradients and the output are float32.
    Values and gradients are those of the plain model, but for rounding.
    """

    def __init__(self, autoencoder: keras.Model, parts: int = 1, precision: str = "float32"):
        super().__init__(name="fast_autoencoder")
        self._precision = precision
        self._autoencoder = autoencoder
        self._parts = parts

    def call(self, windows, training=False):
        """`(batch, window_length, channels)` in and out."""
        windows = ops.cast(windows, self._precision)
        masks = self._masks(ops.shape(windows)[0]) if training else {}
        slices = zip(
            *(_cut(batch, self._parts) for batch in (windows, *masks.values())), strict=True
        )
        done = [self._chain(x, dict(zip(masks, rest, strict=True))) for x, *rest in slices]
        return ops.cast(_joined(done, windows), "float32")

    def compute_output_shape(self, input_shape):
        return input_shape

    def _masks(self, batch) -> dict[str, Any]:
        """What each dropout layer does to a batch of ones: the same draw whatever the parts."""
        return {
            layer.name: layer(ops.ones((batch, *layer.output.shape[1:])), training=True)
            for layer in self._autoencoder.layers
            if isinstance(layer, layers.Dropout)
        }

    def _chain(self, x, masks: dict[str, Any]):
        is_doubled = False
        for layer, following in pairwise([*self._autoencoder.layers[1:], None]):  # but the input
            if isinstance(layer, layers.UpSampling1D) and isinstance(following, layers.Conv1D):
                is_doubled = True  # which the convolution does
            elif isinstance(layer, layers.Conv1D):
                x = (_doubled_convolution if is_doubled else _convolution)(layer, x)
                is_doubled = False
            elif isinstance(layer, layers.Dropout):
                x = x * ops.cast(masks[layer.name], x.dtype) if masks else x
            else:
                x = layer.call(x)  # calling the layer itself would make it float32
        return x


class InParts(layers.Layer):
    """Calls a model on parts of a batch at the same time; for passes that change nothing."""

    def __init__(self, model: keras.Model, parts: int):
        super().__init__(name="in_parts")
        self._model = model
        self._parts = parts

    def call(self, windows):
        return _joined([self._model(part) for part in _cut(windows, self._parts)], windows)

    def compute_output_shape(self, input_shape):
        return self._model.compute_output_shape(input_shape)


def _cut(batch, parts: int) -> list:
    """Equal parts of a batch, the last with what is left; none empty, which no convolution takes.

    A batch of fewer windows than parts is filled up with the first one's copies.
    """
    if parts == 1:
        return [batch]
    windows = ops.shape(batch)[0]  # a number where the back end knows its shapes
    is_known = isinstance(windows, int)
    missing = max(parts - windows, 0) if is_known else ops.maximum(parts - windows, 0)
    batch = ops.concatenate([batch, ops.repeat(batch[:1], parts, axis=0)[:missing]])
    size = ops.shape(batch)[0] // parts
    bounds = [part * size for part in range(parts)]
    return [batch[start:stop] for start, stop in zip(bounds, [*bounds[1:], None], strict=True)]


def _joined(parts: list, batch):
    """What `_cut` has cut, without the copies; a copy that is left out has no gradient."""
    return parts[0] if len(parts) == 1 else ops.concatenate(parts)[: ops.shape(batch)[0]]


def _convolution(layer: layers.Conv1D, x):
    return layer.activation(
        _add_bias(ops.conv(x, ops.cast(layer.kernel, x.dtype), padding="same"), layer.bias)
    )


def _doubled_convolution(layer: layers.Conv1D, x):
    """The layer on `x` with each time step repeated: `(batch, 2 * length, filters)`."""
    kernel = ops.tensordot(_tap_sums(layer.kernel_size[0]), layer.kernel, 1)
    taps = kernel.shape[0] // 2
    kernel = ops.concatenate([kernel[:taps], kernel[taps:]], axis=-1)  # (taps, in, 2 * filters)
    kernel = ops.cast(kernel, x.dtype)
    y = ops.conv(x, kernel, padding="same")  # both of a pair, one after the other
    y = layer.activation(_add_bias(y, ops.concatenate([layer.bias, layer.bias])))
    return ops.reshape(y, (-1, 2 * x.shape[1], layer.filters))


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


def _add_bias(x, bias):
    """In one operation with the convolution, where the back end can do that."""
    bias = ops.cast(bias, x.dtype)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.bias_add(x, bias)
    return ops.add(x, bias)
