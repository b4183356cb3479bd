"""A convolution whose gradients TensorFlow computes fast on a processor; the same values.

Its own gradient of a small kernel reaches a tenth to a third of what the processor can do, a
matrix product of the same numbers two thirds.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from core.gpu import has_gpu

MOST_TAPS = 5  # of a kernel whose gradient is a product: for each its rows are in memory


def convolution(x, kernel, bias):
    """Padding "same": `(batch, length, before)` with `(taps, before, filters)` and `(filters,)`."""
    if has_gpu():  # whose library has kernels for each gradient
        return tf.nn.bias_add(tf.nn.conv1d(x, kernel, 1, "SAME"), bias)
    return _on_processor(x, kernel, bias)


@tf.custom_gradient
def _on_processor(x, kernel, bias):
    image, image_kernel = tf.expand_dims(x, 1), tf.expand_dims(kernel, 0)  # of height 1
    y = tf.nn.bias_add(tf.nn.conv2d(image, image_kernel, 1, "SAME"), bias)  # become one operation

    def gradients(dy):
        taps = kernel.shape[0]
        given = _given(tf.expand_dims(dy, 1))
        dx = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(image), filter=image_kernel, **given
        )
        if taps <= MOST_TAPS:
            dkernel = _kernel_gradient(x, dy, taps)
        else:
            sizes = image_kernel.shape
            dkernel = tf.raw_ops.Conv2DBackpropFilter(input=image, filter_sizes=sizes, **given)[0]
        return tf.squeeze(dx, 1), dkernel, _bias_gradient(dy)

    return tf.squeeze(y, 1), gradients


def pools_fast(kernel, length: int) -> bool:
    """Whether `pooled_convolution` is faster than pooling what `convolution` gives: where few
    channels become many, as in a first layer. For pairs of a whole length alone."""
    taps, before, filters = kernel.shape
    is_narrow = before * (taps + 1) <= filters and taps <= MOST_TAPS
    return is_narrow and length % 2 == 0 and not has_gpu()


@tf.custom_gradient
def pooled_convolution(x, kernel, bias):
    """The larger of each two time steps of a convolution: `(batch, length / 2, filters)`.

    Both are products of their own, so that neither they nor their gradients are ever laid out
    beside each other. The first is chosen of two that are equal.
    """
    (taps, before, filters), length = kernel.shape, x.shape[1]
    rows = _rows(x, np.arange(taps + 1) - (taps - 1) // 2, step=2)
    flat, none = tf.reshape(kernel, (-1, filters)), tf.zeros((before, filters), x.dtype)
    first = tf.nn.bias_add(tf.matmul(rows, tf.concat([flat, none], 0)), bias)
    second = tf.nn.bias_add(tf.matmul(rows, tf.concat([none, flat], 0)), bias)
    y = tf.reshape(tf.maximum(first, second), (-1, length // 2, filters))

    def gradients(dy):
        given = tf.reshape(dy, (-1, filters))
        later = tf.where(second > first, given, tf.zeros((), given.dtype))
        earlier = given - later
        of_first = tf.matmul(rows, earlier, transpose_a=True)[:-before]
        of_second = tf.matmul(rows, later, transpose_a=True)[before:]
        dkernel = tf.reshape(of_first + of_second, (taps, before, filters))
        both = tf.reshape(tf.stack([earlier, later], 1), (-1, 1, length, filters))
        dx = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(tf.expand_dims(x, 1)),
            filter=tf.expand_dims(kernel, 0),
            **_given(both),
        )
        return tf.squeeze(dx, 1), dkernel, _bias_gradient(given)

    return y, gradients


def _bias_gradient(dy):
    """The sum over all but the channels. In bfloat16 that of many ones would be 256."""
    if dy.dtype != tf.bfloat16:
        return tf.raw_ops.BiasAddGrad(out_backprop=dy)
    return tf.cast(tf.raw_ops.BiasAddGrad(out_backprop=tf.cast(dy, tf.float32)), dy.dtype)


def _given(dy) -> dict[str, Any]:
    """What a gradient of a convolution is told besides."""
    return {"out_backprop": dy, "strides": [1] * 4, "padding": "SAME"}


def _kernel_gradient(x, dy, taps: int):
    """`(taps, before, filters)`: for each tap the sum of `x[i + tap - left]^T dy[i]` over all i.

    One product, for which the narrower of both is laid out once for each tap.
    """
    before, filters = x.shape[2], dy.shape[2]
    shifts = np.arange(taps) - (taps - 1) // 2  # as padding="same" has it
    if before <= filters:
        product = tf.matmul(_rows(x, shifts), tf.reshape(dy, (-1, filters)), transpose_a=True)
        return tf.reshape(product, (taps, before, filters))
    product = tf.matmul(_rows(dy, -shifts), tf.reshape(x, (-1, before)), transpose_a=True)
    return tf.transpose(tf.reshape(product, (taps, filters, before)), (0, 2, 1))


def _rows(x, shifts: np.ndarray, step: int = 1):
    """The time steps so far from each, or from each `step`th: `(batch * length / step, shifts *
    channels)`, 0 beyond the ends."""
    length, channels = x.shape[1:]
    before, after = max(0, -shifts.min()), max(0, shifts.max())
    padded = tf.pad(x, ((0, 0), (before, after), (0, 0)))
    steps = np.arange(0, length, step)[:, None] + before + shifts
    return tf.reshape(tf.gather(padded, steps, axis=1), (-1, len(shifts) * channels))
