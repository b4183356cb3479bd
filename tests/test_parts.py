"""A batch in parts: the same step as the whole, whatever the parts and however few the windows."""

import numpy as np
import pytest

from core import cores
from core.config import ExperimentConfig
from core.parts import each_part
from core.windows import split_windows

pytestmark = pytest.mark.slow
keras = pytest.importorskip("keras")
model_module = pytest.importorskip("core.model")
steps_module = pytest.importorskip("core.device_steps")
training_module = pytest.importorskip("core.training")

SMALL = ExperimentConfig().replace(
    {
        "model.filters": (4, 3),
        "model.pooling_steps": 2,
        "model.dropout": 0.1,
        "training.batch_size": 5,
        "training.epochs": 2,
        "training.optimizer": "sgd",
        "normalization.scope": "window",
        "windows.window_length": 24,
        "windows.validation_share": 0.4,
    }
)
WINDOWS = np.random.default_rng(0).normal(size=(10, 24, 3)).astype("float32")


def trained(parts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_module, "parts_of", lambda *_: parts)
        training = training_module.Training(SMALL, split_windows(WINDOWS, SMALL.windows))
    return list(training.epochs()), training.trainer.state()


@pytest.fixture(scope="module")
def in_one():
    return trained(1)


@pytest.mark.parametrize(("windows", "parts"), [(65_536, 34_132), (65_536, 40_000), (7, 3)])
def test_parts_of_the_largest_batches_are_equal_give_or_take_a_window(windows, parts):
    import tensorflow as tf

    def note(number, start, stop, ends, sizes):
        return ends.write(number, stop), sizes.write(number, stop - start)

    @tf.function
    def noted():
        lists = [tf.TensorArray(tf.int32, parts, element_shape=()) for _ in range(2)]
        return [noted.stack() for noted in each_part(parts, windows, note, lists)]

    ends, sizes = noted()
    assert ends.numpy().tolist() == [(n + 1) * windows // parts for n in range(parts)]
    assert int(sum(sizes.numpy())) == windows


@pytest.mark.parametrize("parts", [2, 3, 6])
def test_any_number_of_parts(parts, in_one):
    whole, state = in_one
    epochs, found = trained(parts)  # of six windows, in batches of five and one
    for one, other in zip(whole, epochs, strict=True):
        for name in ("loss", "val_loss", "mae", "mse", "val_mae", "val_mse"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-5), name
    for one, other in zip(state, found, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)


def test_a_step_is_that_of_keras():
    """The gradient of the mean, not of a sum: plain gradient descent shows its size."""
    config = SMALL.replace({"model.dropout": 0.0, "training.learning_rate": 0.1})
    batch = WINDOWS[:5]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_module, "parts_of", lambda *_: 2)
        own, keras_own = (
            training_module.Training(config, split_windows(WINDOWS, config.windows))
            for _ in range(2)
        )
    before = own.trainer.get_weights()
    found = own._steps._step(True, batch)
    expected = keras_own.trainer.train_on_batch(batch, return_dict=True)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)
    after = zip(own.trainer.get_weights(), keras_own.trainer.get_weights(), strict=True)
    for one, other in after:
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not np.allclose(before[0], own.trainer.get_weights()[0], atol=1e-4)


def test_a_large_batch_does_not_cut_what_is_reconstructed_to_pieces():
    config = SMALL.replace({"training.batch_size": 1 << 15, "windows.window_length": 200})
    trainer = training_module.Training(
        config, split_windows(np.zeros((10, 200, 3), np.float32), config.windows)
    ).trainer
    assert trainer.parts > cores.parts_at_once()
    assert trainer.reconstructor.get_layer("in_parts")._parts == cores.parts_at_once()


def test_only_training_computes_gradients():
    training = training_module.Training(SMALL, split_windows(WINDOWS, SMALL.windows))
    found = {}
    for trains in (True, False):
        graph = training._steps._trace(trains).graph.as_graph_def()
        nodes = [*graph.node, *(node for own in graph.library.function for node in own.node_def)]
        found[trains] = any("Backprop" in node.op for node in nodes)
    assert found == {True: True, False: False}


@pytest.mark.parametrize(
    ("parts", "train", "validation"), [(2, 33, 8), (4, 32, 1), (4, 33, 1), (2, 1, 1), (8, 17, 4)]
)
def test_batches_of_fewer_windows_than_cores(train, validation, parts, monkeypatch):
    monkeypatch.setattr(model_module, "parts_of", lambda *_: parts)
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
