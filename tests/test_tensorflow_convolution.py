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


# Pooled


def larger_of_pairs(x, kernel, bias):
    y = plain(x, kernel, bias)
    return tf.reduce_max(tf.reshape(y, (-1, y.shape[1] // 2, 2, y.shape[2])), axis=2)


@pytest.mark.parametrize(("before", "filters"), [(3, 7), (7, 3), (1, 1)])
@pytest.mark.parametrize("length", [2, 8])
@pytest.mark.parametrize("taps", [1, 2, 3, 4, 5])
def test_pooled_values_and_gradients_are_tensorflows(taps, length, before, filters):
    random = np.random.default_rng(0)
    shapes = [(5, length, before), (taps, before, filters), (filters,)]
    arrays = [random.normal(size=shape) for shape in shapes]
    own = values_and_gradients(module.pooled_convolution, *arrays)
    for one, other in zip(own, values_and_gradients(larger_of_pairs, *arrays), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


def test_of_two_equal_values_the_first_has_the_gradient_as_in_pooling():
    x, kernel, bias = tf.ones((1, 4, 1)), tf.ones((1, 1, 1)), tf.zeros(1)
    for function in (
        module.pooled_convolution,
        lambda *given: tf.nn.max_pool1d(plain(*given), 2, 2, "VALID"),
    ):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x, kernel, bias)
        assert tape.gradient(y, x).numpy().ravel().tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("place", range(4))
def test_what_is_no_number_stays_none(place):
    x = np.ones((1, 4, 1), np.float32)
    x[0, place] = np.nan
    y = module.pooled_convolution(tf.constant(x), tf.ones((1, 1, 33)), tf.zeros(33)).numpy()
    assert np.isnan(y[0]).all(axis=1).tolist() == [place < 2, place >= 2]
    assert np.isnan(y).sum() == 33


def test_pooling_comes_first_where_few_channels_become_many(monkeypatch):
    monkeypatch.setattr(module, "has_gpu", lambda: False)
    first_layer, later = tf.ones((3, 4, 64)), tf.ones((3, 64, 32))
    assert module.pools_fast(first_layer, 200)
    assert not module.pools_fast(first_layer, 201)
    assert not module.pools_fast(later, 100)
    assert not module.pools_fast(tf.ones((7, 4, 64)), 200)
    monkeypatch.setattr(module, "has_gpu", lambda: True)
    assert not module.pools_fast(first_layer, 200)


@pytest.mark.parametrize("function", [module.convolution, module.pooled_convolution])
def test_in_few_bits_the_gradient_of_a_bias_is_the_whole_sum(function):
    """12,000 ones, each of which is lost beside 256 in bfloat16."""
    x, kernel, bias = (tf.ones(shape, tf.bfloat16) for shape in ((60, 400, 1), (3, 1, 8), (8,)))
    with tf.GradientTape() as tape:
        tape.watch(bias)
        y = function(x, kernel, bias)
    found = tape.gradient(y, bias, output_gradients=tf.ones_like(y)).numpy().astype(float)
    np.testing.assert_allclose(found, 60 * y.shape[1], rtol=0.01)
