"""A batch in parts that go through a model at the same time, as many as there are cores.

TensorFlow loops over them, so that its graph, and what it takes to build it, are those of one part.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from core.cores import parts_at_once


def each_part(parts, count, do: Callable[..., tuple], carried: tuple) -> tuple:
    """Let TensorFlow `do(number, start, stop, *carried)` for parts of so many windows, at the same
    time but for what needs the `carried` of the part before. Returns the last ones.

    The parts are equal, give or take a window; none is empty, and there are fewer if need be.
    """
    import tensorflow as tf

    parts = tf.minimum(parts, count)
    size, rest = count // parts, count % parts

    def begin(number):  # number * count // parts, of which 32 bits do not hold every product
        return number * size + number * rest // parts

    def body(number, *carried: Any) -> tuple:
        return number + 1, *do(number, begin(number), begin(number + 1), *carried)

    return tf.while_loop(
        lambda number, *_: number < parts,
        body,
        (0, *carried),
        parallel_iterations=parts_at_once() + 1,  # the next part may begin while one is held up
    )[1:]


class InParts(layers.Layer):
    """Calls a model on parts of a batch at the same time; for passes that change nothing."""

    def __init__(self, model: keras.Model, parts: int):
        super().__init__(name="in_parts")
        self._model = model
        self._parts = parts

    def call(self, windows):
        if self._parts == 1:
            return self._model(windows)
        import tensorflow as tf

        def reconstruct(number, start, stop, done: tf.TensorArray) -> tuple:
            return (done.write(number, self._model(windows[start:stop])),)

        done = tf.TensorArray(windows.dtype, 0, dynamic_size=True, infer_shape=False)
        (done,) = each_part(self._parts, tf.shape(windows)[0], reconstruct, (done,))
        return tf.ensure_shape(done.concat(), windows.shape)

    def compute_output_shape(self, input_shape):
        return self._model.compute_output_shape(input_shape)
