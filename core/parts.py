"""A batch in parts that go through a model at the same time, one for each core."""

from collections.abc import Iterator

import keras
from keras import layers, ops


class InParts(layers.Layer):
    """Calls a model on parts of a batch at the same time; for passes that change nothing."""

    def __init__(self, model: keras.Model, parts: int):
        super().__init__(name="in_parts")
        self._model = model
        self._parts = parts

    def call(self, windows):
        if self._parts == 1:
            return self._model(windows)
        done = [self._model(part) for (part,) in cut(self._parts, windows)]
        return ops.concatenate(done)[: ops.shape(windows)[0]]  # without the copies

    def compute_output_shape(self, input_shape):
        return self._model.compute_output_shape(input_shape)


def cut(parts: int, *batches) -> Iterator[tuple]:
    """Equal parts of batches, the last with what is left; none empty, which no convolution takes.

    A batch of fewer windows than parts is filled up with the first one's copies.
    """
    return zip(*(_cut(parts, batch) for batch in batches), strict=True)


def are_real(parts: int, windows) -> list:
    """1 for each part of a batch of so many windows, 0 for one that `cut` has made of a copy."""
    if isinstance(windows, int):  # where the back end knows its shapes
        return [int(part < windows) for part in range(parts)]
    return [ops.cast(part < windows, "float32") for part in range(parts)]


def _cut(parts: int, batch) -> list:
    if parts == 1:
        return [batch]
    windows = ops.shape(batch)[0]
    is_known = isinstance(windows, int)
    missing = max(parts - windows, 0) if is_known else ops.maximum(parts - windows, 0)
    batch = ops.concatenate([batch, ops.repeat(batch[:1], parts, axis=0)[:missing]])
    size = ops.shape(batch)[0] // parts
    bounds = [part * size for part in range(parts)]
    return [batch[start:stop] for start, stop in zip(bounds, [*bounds[1:], None], strict=True)]
