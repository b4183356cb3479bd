"""What trains and what is exported are one function: the same values, the same gradients."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.config import ExperimentConfig, HiddenActivation, ModelConfig, choices
from core.windows import split_windows

pytestmark = pytest.mark.slow
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
fast_module = pytest.importorskip("core.fast_autoencoder")
model_module = pytest.importorskip("core.model")
training_module = pytest.importorskip("core.training")

LENGTHS = (8, 37, 200)  # doubled without rest; cut back after each doubling; the question's


def both(config, window_length, parts=1, precision="float32", channels=3):
    """Outputs and gradients of the plain model and of the fast one."""
    keras.utils.set_random_seed(1)
    plain = model_module.build_autoencoder(config, window_length, channels)
    for variable in plain.trainable_variables:  # biases are zero at first and would hide a mistake
        variable.assign_add(keras.random.normal(variable.shape, stddev=0.1))
    windows = np.random.default_rng(0).normal(size=(5, window_length, channels)).astype("float32")
    for model in (plain, fast_module.FastAutoencoder(plain, parts, precision)):
        with tf.GradientTape() as tape:
            output = model(windows)
            loss = tf.reduce_mean(tf.square(output - windows))
        gradients = tape.gradient(loss, [v.value for v in plain.trainable_variables])
        yield np.asarray(output), [np.asarray(gradient) for gradient in gradients]


def assert_equal(config, window_length, parts=1):
    (output, gradients), (fast_output, fast_gradients) = both(config, window_length, parts)
    np.testing.assert_allclose(fast_output, output, rtol=0, atol=1e-5 * np.abs(output).max())
    for fast, gradient in zip(fast_gradients, gradients, strict=True):
        np.testing.assert_allclose(fast, gradient, rtol=0, atol=2e-5 * np.abs(gradient).max())


@pytest.mark.parametrize("window_length", LENGTHS)
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 9])
def test_any_kernel_and_length(kernel_size, window_length):
    config = ModelConfig(filters=(6, 5), latent_channels=4, kernel_size=kernel_size)
    assert_equal(config, window_length)


@pytest.mark.parametrize("activation", choices(HiddenActivation))
def test_any_activation(activation):
    assert_equal(ModelConfig(filters=(4,), pooling_steps=2, hidden_activation=activation), 16)


@pytest.mark.parametrize("pooling_steps", [0, 1, 3])
def test_any_pooling(pooling_steps):
    assert_equal(ModelConfig(filters=(4, 3), pooling_steps=pooling_steps), 24)


@pytest.mark.parametrize("parts", [2, 3, 5, 6, 16])
def test_any_number_of_parts(parts):
    assert_equal(ModelConfig(filters=(4, 3)), 24, parts)  # of five windows


@pytest.mark.parametrize(("train", "validation"), [(33, 8), (32, 1), (33, 1), (1, 1)])
@pytest.mark.parametrize("parts", [2, 16])
def test_batches_of_fewer_windows_than_cores(train, validation, parts, monkeypatch):
    monkeypatch.setattr(model_module, "parts_of", lambda batch_size: parts)
    config = ExperimentConfig().replace(
        {
            "model.filters": (4,),
            "model.pooling_steps": 1,
            "model.dropout": 0.1,
            "training.batch_size": 32,
            "training.epochs": 1,
            "windows.window_length": 8,
            "windows.validation_share": validation / (train + validation),
        }
    )
    windows = np.random.default_rng(0).normal(size=(train + validation, 8, 2)).astype("float32")
    training = training_module.Training(config, split_windows(windows, config.windows))
    assert len(training.split.train) == train
    (epoch,) = training.epochs()
    assert np.isfinite(epoch.val_mae)
    one = windows[:1]
    plain = training.trainer.export.predict_on_batch(one)
    found = training.trainer.reconstructor.predict_on_batch(one)
    np.testing.assert_allclose(found, plain, atol=1e-5)


def test_half_the_bits_change_the_digits_alone(monkeypatch):
    seen, convolve = [], fast_module.ops.conv

    def noted(x, kernel, **more):
        assert kernel.dtype == x.dtype
        seen.append(keras.backend.standardize_dtype(x.dtype))
        return convolve(x, kernel, **more)

    monkeypatch.setattr(
        fast_module, "ops", SimpleNamespace(**vars(fast_module.ops) | {"conv": noted})
    )
    (output, gradients), (fast_output, fast_gradients) = both(
        ModelConfig(filters=(6, 5)), 24, precision="bfloat16"
    )
    assert fast_output.dtype == np.float32
    assert seen == ["bfloat16"] * 7
    assert not np.array_equal(fast_output, output)
    np.testing.assert_allclose(fast_output, output, rtol=0, atol=0.03 * np.abs(output).max())
    for fast, gradient in zip(fast_gradients, gradients, strict=True):
        np.testing.assert_allclose(fast, gradient, rtol=0, atol=0.1 * np.abs(gradient).max())


@pytest.mark.parametrize("parts", [1, 2])
def test_dropout_leaves_out_the_same_values(parts):
    config = ModelConfig(filters=(6, 5), dropout=0.4)
    plain = model_module.build_autoencoder(config, 16, 2)
    fast = fast_module.FastAutoencoder(plain, parts)
    assert [v.path for v in fast.variables] == [v.path for v in plain.variables]
    windows = np.random.default_rng(0).normal(size=(5, 16, 2)).astype("float32")
    seeds = [v.numpy() for v in plain.non_trainable_variables]
    assert seeds
    expected = np.asarray(plain(windows, training=True))
    for variable, seed in zip(plain.non_trainable_variables, seeds, strict=True):
        variable.assign(seed)
    np.testing.assert_allclose(np.asarray(fast(windows, training=True)), expected, atol=1e-5)
    assert not np.allclose(np.asarray(fast(windows)), expected, atol=1e-3)
