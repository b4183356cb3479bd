"""The model: Keras beside numpy, any window length, and a saved file that needs nothing of ours."""

import subprocess
import sys

import numpy as np
import pytest

from core.config import (
    ExperimentConfig,
    HiddenActivation,
    Loss,
    NormalizationConfig,
    NormalizationMethod,
    Optimizer,
    OutputActivation,
    choices,
)
from core.normalization import fit_normalization
from core.output_range import ACTIVATIONS
from core.windows import Windows, split_windows

pytestmark = pytest.mark.slow
keras = pytest.importorskip("keras")
model_module = pytest.importorskip("core.model")

PAIRS = [
    (method, scope)
    for method in choices(NormalizationMethod)
    for scope in ("channel", "window")
    if not (scope == "window" and method in ("none", "log1p"))
]


def signal(steps=120, channels=2, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(steps, channels)) * [3, 40] + [5, -20]).astype(np.float32)


@pytest.mark.parametrize("name", choices(OutputActivation))
def test_output_activations_are_those_of_keras(name):
    x = np.linspace(-9, 9, 999).astype(np.float32)
    expected = np.asarray(keras.activations.get(name)(x))
    np.testing.assert_allclose(ACTIVATIONS[name].function(x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", choices(HiddenActivation))
def test_hidden_activations_exist(name):
    assert keras.activations.get(name) is not None


def test_every_choice_has_its_class():
    assert tuple(model_module.OPTIMIZERS) == choices(Optimizer)
    assert tuple(model_module.LOSSES) == choices(Loss)


@pytest.mark.parametrize(
    ("method", "scope", "clip"),
    [
        (*pair, clip)
        for pair in PAIRS
        for clip in (None, 5.0)
        if clip is None or pair[1] != "window"
    ],
)
def test_normalization_in_the_graph_equals_numpy(method, scope, clip):
    config = NormalizationConfig(method=method, scope=scope, clip_percentile=clip)
    windows = Windows(signal()[None], 20, 20)
    normalization = fit_normalization(config, windows)
    original = windows.take(np.arange(len(windows)))
    normalized, statistics = model_module.normalize(original, normalization)
    expected = normalization.transform(original)
    np.testing.assert_allclose(np.asarray(normalized), expected, rtol=1e-4, atol=1e-4)
    back = model_module.denormalize(normalized, statistics, normalization)
    expected = normalization.inverse_transform(expected, normalization.statistics(original))
    np.testing.assert_allclose(np.asarray(back), expected, rtol=1e-3, atol=1e-3)


def test_a_constant_window_is_not_divided_by_zero():
    config = NormalizationConfig(method="standard", scope="window")
    normalization = fit_normalization(config, Windows(signal()[None], 20, 20))
    normalized, _ = model_module.normalize(np.full((1, 20, 2), 7.5, np.float32), normalization)
    np.testing.assert_array_equal(np.asarray(normalized), 0)


@pytest.mark.parametrize("length", [20, 200, 20_000])
def test_a_window_that_stands_still_is_0_whatever_its_values_sum_to(length):
    config = NormalizationConfig(method="standard", scope="window")
    normalization = fit_normalization(config, Windows(signal()[None], 20, 20))
    still = np.random.default_rng(0).normal(0, 100, (40, 1, 4)).astype(np.float32)
    windows = np.broadcast_to(still, (40, length, 4))
    normalized, _ = model_module.normalize(windows, normalization)
    np.testing.assert_array_equal(np.asarray(normalized), 0)


def test_the_mean_of_a_long_window_far_from_0_is_exact():
    config = NormalizationConfig(method="standard", scope="window")
    wave = 20 * np.sin(np.arange(20_000) / 99)
    windows = (101_000 + wave).astype(np.float32)[None, :, None]
    normalization = fit_normalization(config, Windows(windows, 20_000, 20_000))
    normalized, _ = model_module.normalize(windows, normalization)
    expected = normalization.transform(windows)
    np.testing.assert_allclose(np.asarray(normalized), expected, atol=0.01)


@pytest.mark.parametrize("method", [method for method, scope in PAIRS if scope == "window"])
def test_a_window_is_constant_for_the_floor_where_it_is_for_the_model(method):
    """In pascals: slow, with noise near the last digit of 32 bits."""
    noise = np.random.default_rng(0).normal(size=(2000, 1)) * np.linspace(0, 0.2, 2000)[:, None]
    windows = Windows((101_000 + noise).astype(np.float32)[None], 20, 20)
    config = NormalizationConfig(method=method, scope="window")
    normalization = fit_normalization(config, windows)
    original = windows.take(np.arange(len(windows)))
    _, (_, scale) = model_module.normalize(original, normalization)
    _, expected = normalization.statistics(original)
    is_one = np.asarray(scale).ravel() == 1
    differ = is_one != (expected.ravel() == 1)
    assert differ.sum() <= (method == "robust")  # between two values, 32 bits round once more
    assert is_one.any() == (method != "maxabs")
    assert not is_one.all()


@pytest.mark.parametrize("window_length", [2, 3, 13, 64, 197, 200])
def test_any_window_length_comes_out_as_it_went_in(window_length):
    config = ExperimentConfig().replace({"windows.window_length": window_length})
    normalization = fit_normalization(config.normalization, Windows(signal(400)[None], 2, 2))
    trainer = model_module.build_trainer(config, normalization, 2)
    assert trainer.export.output_shape == (None, window_length, 2)
    batch = signal(window_length)[None]
    assert trainer.export.predict_on_batch(batch).shape == batch.shape


def test_the_saved_models_open_in_plain_keras(tmp_path):
    original = signal(160).reshape(4, 40, 2)
    np.save(tmp_path / "original.npy", original)
    expected = {}
    for method, scope in PAIRS:
        config = ExperimentConfig().replace(
            {
                "windows.window_length": 40,
                "windows.stride": 40,
                "normalization.method": method,
                "normalization.scope": scope,
                "normalization.clip_percentile": "none" if scope == "window" else 1,
                "model.dropout": 0.1,
                "model.filters": (64, 32) if method == "standard" else (4,),
                "model.pooling_steps": 3 if method == "standard" else 1,
            }
        )
        windows = Windows(signal(400)[None], 40, 40)
        normalization = fit_normalization(config.normalization, windows)
        trainer = model_module.build_trainer(config, normalization, 2)
        trainer.export.save(tmp_path / f"{method}-{scope}.keras")
        expected[f"{method}-{scope}"] = np.asarray(trainer.export(original, training=False))
    program = (
        "import keras, numpy, sys, pathlib\n"
        "original = numpy.load('original.npy')\n"
        "outputs = {path.stem: keras.models.load_model(path)(original, training=False)\n"
        "           for path in pathlib.Path('.').glob('*.keras')}\n"
        "assert not any(name.partition('.')[0] == 'core' for name in sys.modules)\n"
        "numpy.savez('outputs.npz', **outputs)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=120)
    with np.load(tmp_path / "outputs.npz") as outputs:
        assert set(outputs) == set(expected)
        for name, output in outputs.items():
            np.testing.assert_allclose(output, expected[name], rtol=1e-5, atol=1e-4, err_msg=name)


def test_loss_is_of_normalized_values_and_errors_are_in_original_units():
    config = ExperimentConfig().replace({"windows.window_length": 40, "training.loss": "mse"})
    split = split_windows(signal(400), config.windows.model_copy(update={"stride": 40}))
    normalization = fit_normalization(config.normalization, split.train)
    trainer = model_module.build_trainer(config, normalization, 2)
    original = split.train.take(np.arange(5))
    logs = trainer.test_on_batch(original, return_dict=True)
    reconstruction = trainer.export.predict_on_batch(original)
    difference = reconstruction - original
    np.testing.assert_allclose(logs["mae"], np.abs(difference).mean(axis=(0, 1)), rtol=1e-4)
    np.testing.assert_allclose(logs["mse"], (difference**2).mean(axis=(0, 1)), rtol=1e-4)
    normalized = normalization.transform(reconstruction) - normalization.transform(original)
    assert logs["loss"] == pytest.approx((normalized**2).mean(), rel=1e-4)


def test_weights_and_state_are_copies_of_what_keras_gives():
    config = ExperimentConfig().replace({"windows.window_length": 40, "model.dropout": 0.1})
    normalization = fit_normalization(config.normalization, Windows(signal(400)[None], 40, 40))
    trainer = model_module.build_trainer(config, normalization, 2)
    weights, state = trainer.get_weights(), trainer.state()
    expected = keras.Model.get_weights(trainer)
    everything = [*trainer.export.variables, *trainer.optimizer.variables]
    expected_state = [keras.ops.convert_to_numpy(variable) for variable in everything]
    trainer.set_weights([array + 1 for array in weights])  # what was read before does not change
    for mine, theirs in ((weights, expected), (state, expected_state)):
        assert len(mine) == len(theirs) > 0
        for own, keras_own in zip(mine, theirs, strict=True):
            assert (own.dtype, own.shape) == (keras_own.dtype, keras_own.shape)
            np.testing.assert_array_equal(own, keras_own)
