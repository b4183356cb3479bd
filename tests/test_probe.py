"""A look at a few windows while a model trains: what it says, and that it changes nothing."""

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.output_lines import STATISTICS
from core.signals.generators import generate
from core.windows import split_windows

pytestmark = pytest.mark.slow
training_module = pytest.importorskip("core.training")
probe_module = pytest.importorskip("core.probe")

SMALL = ExperimentConfig().replace(
    {
        "data.time_steps": 3000,
        "data.channels": 2,
        "windows.window_length": 30,
        "windows.stride": 30,
        "model.filters": "6",
        "model.pooling_steps": 1,
        "model.latent_channels": 3,
        "model.dropout": 0.3,
        "normalization.method": "minmax",
        "model.output_activation": "sigmoid",
        "training.epochs": 3,
        "training.batch_size": 16,
    }
)


def training_of(config=SMALL):
    split = split_windows(generate(config.data).values, config.windows, config.training.seed)
    return training_module.Training(config, split)


def probe_of(training):
    activation = training.config.model.output_activation
    return probe_module.Probe(training.trainer, activation, training.split)


def state_of(training):
    """All numbers of a training: weights, optimizer, metrics, and the state of dropout."""
    trainer = training.trainer
    variables = [*trainer.variables, *trainer.optimizer.variables, *trainer.metrics_variables]
    return [np.array(variable) for variable in variables]


def test_training_with_looks_ends_with_the_same_bits():
    plain, watched = training_of(), training_of()
    epochs = list(plain.epochs())
    probe = probe_of(watched)
    looks = []
    for epoch, expected in zip(watched.epochs(), epochs, strict=True):
        before = state_of(watched)
        looks.append(probe.look(epoch.epoch))
        for one, other in zip(before, state_of(watched), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (epoch.loss, epoch.val_loss) == (expected.loss, expected.val_loss)
    assert looks[0][0] != looks[1][0]
    for one, other in zip(state_of(plain), state_of(watched), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_look_tells_of_evenly_spaced_windows_of_both_parts():
    training = training_of()
    probe = probe_of(training)
    line, reconstruction = probe.look(7)
    train, validation = training.split.train, training.split.validation  # 80 and 20 windows
    assert (line["epoch"], line["windows"]) == (7, 32 + 20)
    chosen = np.concatenate(
        [train.take(np.linspace(0, 79, 32).round().astype(int)), validation.take(np.arange(20))]
    )
    target = training.normalization.transform(chosen)
    assert line["target_minimum"] == pytest.approx(target.min(axis=(0, 1)), abs=1e-6)
    assert line["target_maximum"] == pytest.approx(target.max(axis=(0, 1)), abs=1e-6)
    assert set(line) == {"epoch", "windows", *STATISTICS}
    assert all(len(line[name]) == 2 for name in STATISTICS)
    assert probe.part.tolist() == [0, 0, 0, 1, 1, 1]
    assert probe.positions.tolist() == [0, 40, 79, 0, 10, 19]
    np.testing.assert_array_equal(probe.original[:3], train.take([0, 40, 79]).astype(np.float32))
    expected = training.trainer.export.predict_on_batch(probe.original)
    np.testing.assert_allclose(reconstruction, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("values", "parts"), [(60, [0]), (299, [0, 0, 1, 1]), (59, [])])
def test_no_more_is_replayed_than_there_is_room_for(monkeypatch, values, parts):
    monkeypatch.setattr(probe_module, "REPLAYED_VALUES", values)
    probe = probe_of(training_of())
    assert probe.part.tolist() == parts
    line, reconstruction = probe.look(1)
    assert reconstruction.shape == (len(parts), 30, 2)
    assert line["windows"] == 52


def test_long_windows_are_looked_at_a_few_at_a_time(monkeypatch):
    training = training_of()
    whole = probe_of(training).look(1)
    monkeypatch.setattr(probe_module, "_BATCH_VALUES", 130)
    pieces = probe_of(training).look(1)
    for name in STATISTICS:
        assert whole[0][name] == pytest.approx(pieces[0][name], rel=1e-5)
    np.testing.assert_allclose(whole[1], pieces[1], rtol=1e-5)
    monkeypatch.setattr(probe_module, "PROBED_VALUES", 1)
    assert probe_of(training).look(1)[0]["windows"] == 2


def statistics(activation, target, output):
    """Of one channel, given as lists of numbers."""
    arrays = (np.array(values, np.float32).reshape(1, -1, 1) for values in (target, output))
    found = probe_module.output_statistics(activation, *arrays)
    return {name: values.item() for name, values in found.items()}


def test_known_outputs_of_a_sigmoid():
    found = statistics("sigmoid", [-1, 0.5, 2, 0.995], [0.005, 0.5, 0.011, 1.0])
    assert (found["minimum"], found["maximum"]) == pytest.approx((0.005, 1))
    assert (found["at_low"], found["at_high"]) == (0.25, 0.25)  # 0.011 is more than 1 % away
    assert (found["target_at_low"], found["target_at_high"]) == (0.25, 0.5)
    slopes = [4 * y * (1 - y) for y in (0.005, 0.5, 0.011, 1.0)]
    assert found["slope"] == pytest.approx(np.mean(slopes), rel=1e-5)
    assert found["spread"] == pytest.approx(
        np.std([0.005, 0.5, 0.011, 1.0]) / np.std([-1, 0.5, 2, 0.995]), rel=1e-5
    )


def test_closed_open_and_infinite_ends():
    dead = statistics("relu", [-1, 0, 1, 2], [0, 0, 0, 0])
    assert (dead["at_low"], dead["at_high"], dead["slope"], dead["spread"]) == (1, 0, 0, 0)
    assert dead["target_at_low"] == 0.5
    alive = statistics("relu", [-1, 0, 1, 2], [0, 1e-6, 5, 6])
    assert (alive["at_low"], alive["slope"]) == (0.25, 0.75)
    six = statistics("relu6", [7, 6, 1, -1], [6, 5.999, 3, 0])
    assert (six["at_low"], six["at_high"], six["slope"]) == (0.25, 0.25, 0.5)
    assert (six["target_at_low"], six["target_at_high"]) == (0.25, 0.5)
    tanh = statistics("tanh", [0, 1], [-0.981, 0.979])  # a range of width 2: 0.02 from an end
    assert (tanh["at_low"], tanh["at_high"]) == (0.5, 0)
    soft = statistics("softplus", [0, 1], [0.0099, 0.011])
    assert (soft["at_low"], soft["at_high"]) == (0.5, 0)
    linear = statistics("linear", [-1e9, 1e9], [-1e9, 1e9])
    assert (linear["at_low"], linear["at_high"]) == (0, 0)
    assert (linear["slope"], linear["spread"]) == (1, 1)


def test_the_spread_of_constants():
    assert statistics("linear", [1, 2], [3.3, 3.3])["spread"] == 0
    assert statistics("linear", [3.3, 3.3], [1, 2])["spread"] == 1
    assert statistics("linear", [3.3, 3.3], [3.3, 3.3])["spread"] == 1
    assert statistics("linear", [0, 2], [5, 6])["spread"] == pytest.approx(0.5)
    assert statistics("linear", [0, 2], [5, 5 + 1e-6])["spread"] == 0  # the rounding of 32 bits
