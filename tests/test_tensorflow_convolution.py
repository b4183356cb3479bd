"""The convolution's own gradients against TensorFlow's."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow
tf = pytest.importorskip("tensorflow")
module = pytest.importorskip("core.tensorflow_convolution")


def plain(x, kernel, bias):
    return tf.nn.conv1d(x, kernel, 1, "SAME") + bias


def values_and_gradients(function, *arrays):
    """Of a weighted sum of the outputs, so that every one of them counts."""
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = function(*tensors)
        loss = tf.reduce_sum(y * np.random.default_rng(1).normal(size=y.shape))
    return [y, *tape.gradient(loss, tensors)]


@pytest.mark.parametrize(("before", "filters"), [(3, 7), (7, 3), (4, 4), (1, 1)])
@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize("taps", [1, 2, 3, 4, 5, 6])
def test_values_and_gradients_are_tensorflows(taps, length, before, filters):
    random = np.random.default_rng(0)
    shapes = [(5, length, before), (taps, before, filters), (filters,)]
    arrays = [random.normal(size=shape) for shape in shapes]  # float64: equal to the last digits
    own = values_and_gradients(module.convolution, *arrays)
    for one, other in zip(own, values_and_gradients(plain, *arrays), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def operations(monkeypatch, taps=3, has_gpu=False):
    """Of a graph that computes the gradient of a kernel."""
    monkeypatch.setattr(module, "has_gpu", lambda: has_gpu)

    @tf.function
    def gradient(x, kernel, bias):
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            y = module.convolution(x, kernel, bias)
        return tape.gradient(y, kernel)

    shapes = [(5, 9, 3), (taps, 3, 7), (7,)]
    graph = gradient.get_concrete_function(*map(tf.ones, shapes)).graph
    return {operation.type for operation in graph.get_operations()}


def test_the_processor_takes_a_product_for_a_small_kernel(monkeypatch):
    assert "Conv2DBackpropFilter" not in operations(monkeypatch, taps=5)


def test_a_long_kernel_is_not_laid_out_for_each_tap(monkeypatch):
    found = operations(monkeypatch, taps=6)
    assert "Conv2DBackpropFilter" in found
    assert "GatherV2" not in found


def test_a_gpu_takes_what_its_library_has(monkeypatch):
    assert "Conv2DBackpropFilter" in operations(monkeypatch, has_gpu=True)
