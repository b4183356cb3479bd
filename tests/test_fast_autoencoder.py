"""What trains and what is exported are one function: the same values, the same gradients."""

import numpy as np
import pytest

from core.config import HiddenActivation, ModelConfig, choices

pytestmark = pytest.mark.slow
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
fast_module = pytest.importorskip("core.fast_autoencoder")
model_module = pytest.importorskip("core.model")

LENGTHS = (8, 37, 200)  # doubled without rest; cut back after each doubling; the question's


@pytest.fixture(params=[False, True], ids=["convolutions", "products"])
def has_xla(request, monkeypatch):
    """Both ways to the same values; JAX trains by the second."""
    monkeypatch.setattr(fast_module, "HAS_XLA", request.param)


def both(config, window_length, precision="float32", channels=3):
    """Outputs and gradients of the plain model and of the fast one."""
    keras.utils.set_random_seed(1)
    plain = model_module.build_autoencoder(config, window_length, channels)
    for variable in plain.trainable_variables:  # biases are zero at first and would hide a mistake
        variable.assign_add(keras.random.normal(variable.shape, stddev=0.1))
    windows = np.random.default_rng(0).normal(size=(5, window_length, channels)).astype("float32")
    for model in (plain, fast_module.FastAutoencoder(plain, precision)):
        with tf.GradientTape() as tape:
            output = model(windows)
            loss = tf.reduce_mean(tf.square(output - windows))
        gradients = tape.gradient(loss, [v.value for v in plain.trainable_variables])
        yield np.asarray(output), [np.asarray(gradient) for gradient in gradients]


def assert_equal(config, window_length):
    (output, gradients), (fast_output, fast_gradients) = both(config, window_length)
    np.testing.assert_allclose(fast_output, output, rtol=0, atol=1e-5 * np.abs(output).max())
    for fast, gradient in zip(fast_gradients, gradients, strict=True):
        np.testing.assert_allclose(fast, gradient, rtol=0, atol=2e-5 * np.abs(gradient).max())


@pytest.mark.usefixtures("has_xla")
@pytest.mark.parametrize("window_length", LENGTHS)
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 9])
def test_any_kernel_and_length(kernel_size, window_length):
    config = ModelConfig(filters=(6, 5), latent_channels=4, kernel_size=kernel_size)
    assert_equal(config, window_length)


@pytest.mark.usefixtures("has_xla")
@pytest.mark.parametrize("activation", choices(HiddenActivation))
def test_any_activation(activation):
    assert_equal(ModelConfig(filters=(4,), pooling_steps=2, hidden_activation=activation), 16)


@pytest.mark.usefixtures("has_xla")
@pytest.mark.parametrize("pooling_steps", [0, 1, 3])
def test_any_pooling(pooling_steps):
    assert_equal(ModelConfig(filters=(4, 3), pooling_steps=pooling_steps), 24)


@pytest.mark.parametrize("activation", choices(HiddenActivation))
@pytest.mark.parametrize("kernel_size", [1, 3, 4, 5])
def test_pooling_within_a_convolution(monkeypatch, activation, kernel_size):
    """In the first layer, whose channels are few, and in a later one, through which the gradients
    of the first go."""
    monkeypatch.setattr("core.tensorflow_convolution.has_gpu", lambda: False)
    calls, pooled = [], fast_module.pooled_convolution
    monkeypatch.setattr(
        fast_module, "pooled_convolution", lambda *given: (calls.append(given), pooled(*given))[1]
    )
    config = ModelConfig(
        filters=(20, 120), kernel_size=kernel_size, hidden_activation=activation, pooling_steps=2
    )
    assert_equal(config, 16)
    assert len(calls) == (0 if activation in ("gelu", "silu") else 2)  # which fall before they rise


def test_half_the_bits_change_the_digits_alone(monkeypatch):
    seen = []

    def noting(convolve):
        def noted(x, kernel, bias):
            assert kernel.dtype == bias.dtype == x.dtype
            seen.append(keras.backend.standardize_dtype(x.dtype))
            return convolve(x, kernel, bias)

        return noted

    for name in ("convolution", "pooled_convolution"):
        monkeypatch.setattr(fast_module, name, noting(getattr(fast_module, name)))
    (output, gradients), (fast_output, fast_gradients) = both(
        ModelConfig(filters=(6, 5)), 24, precision="bfloat16"
    )
    assert fast_output.dtype == np.float32
    assert seen == ["bfloat16"] * 7
    assert not np.array_equal(fast_output, output)
    np.testing.assert_allclose(fast_output, output, rtol=0, atol=0.03 * np.abs(output).max())
    for fast, gradient in zip(fast_gradients, gradients, strict=True):
        np.testing.assert_allclose(fast, gradient, rtol=0, atol=0.1 * np.abs(gradient).max())


def test_dropout_leaves_out_the_same_values():
    config = ModelConfig(filters=(6, 5), dropout=0.4)
    plain = model_module.build_autoencoder(config, 16, 2)
    fast = fast_module.FastAutoencoder(plain)
    assert [v.path for v in fast.variables] == [v.path for v in plain.variables]
    windows = np.random.default_rng(0).normal(size=(5, 16, 2)).astype("float32")
    seeds = [v.numpy() for v in plain.non_trainable_variables]
    assert seeds
    expected = np.asarray(plain(windows, training=True))
    for variable, seed in zip(plain.non_trainable_variables, seeds, strict=True):
        variable.assign(seed)
    np.testing.assert_allclose(np.asarray(fast(windows, masks=fast.masks(5))), expected, atol=1e-5)
    assert not np.allclose(np.asarray(fast(windows)), expected, atol=1e-3)


@pytest.mark.parametrize("place", range(6))
def test_a_weight_that_is_no_number_is_seen_in_the_output(place):
    keras.utils.set_random_seed(1)
    plain = model_module.build_autoencoder(ModelConfig(filters=(6, 5)), 16, 2)
    plain.trainable_variables[place].assign(plain.trainable_variables[place] * np.nan)
    windows = np.ones((3, 16, 2), np.float32)
    assert not np.isfinite(fast_module.FastAutoencoder(plain)(windows)).all()
