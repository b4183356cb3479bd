"""Training: repeatable, stopped when asked, honest about what it reached."""

import math
from unittest.mock import Mock

import numpy as np
import pytest

from core import kept_windows
from core.config import PRESETS, ExperimentConfig, flatten
from core.normalization import fit_normalization
from core.output_range import error_floor
from core.signals.generators import generate
from core.windows import split_windows

pytestmark = pytest.mark.slow
training_module = pytest.importorskip("core.training")
evaluation_module = pytest.importorskip("core.evaluation")

SMALL = ExperimentConfig().replace(
    {
        "data.time_steps": 3000,
        "data.channels": 2,
        "windows.window_length": 30,
        "windows.stride": 30,
        "model.filters": "6",
        "model.pooling_steps": 1,
        "model.latent_channels": 3,
        "training.epochs": 2,
        "training.batch_size": 16,
    }
)


def trained(config, values=None):
    values = generate(config.data).values if values is None else values
    split = split_windows(values, config.windows, config.training.seed)
    training = training_module.Training(config, split)
    return training, list(training.epochs())


def numbers(epochs):
    return [(e.loss, e.val_loss, e.mae, e.mse, e.val_mae, e.val_mse) for e in epochs]


@pytest.fixture(scope="module")
def reference():
    return trained(SMALL)


def test_the_same_configuration_gives_the_same_numbers(reference):
    again, epochs = trained(SMALL)
    assert numbers(epochs) == numbers(reference[1])
    for mine, other in zip(
        again.trainer.get_weights(), reference[0].trainer.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, other)


def test_the_rows_of_the_history_tell_the_errors_of_each_channel_in_its_deviations():
    values = generate(SMALL.data).values * np.array([1000, 1])
    config = SMALL.replace({"training.epochs": 1})
    training, (epoch,) = trained(config, values)
    windows = training.split.validation
    original = windows.take(np.arange(len(windows)))  # (windows, window_length, channels)
    difference = training.trainer.export.predict_on_batch(original.astype(np.float32)) - original
    mae, mse = np.abs(difference).mean(axis=(0, 1)), (difference**2).mean(axis=(0, 1))
    train = training.split.train.take(np.arange(len(training.split.train)))
    deviations = train.std(axis=(0, 1))
    assert epoch.val_mae == pytest.approx(mae.mean(), rel=1e-5)
    assert epoch.val_mse == pytest.approx(mse.mean(), rel=1e-5)
    assert epoch.val_scaled_mae == pytest.approx((mae / deviations).mean(), rel=1e-5)
    assert epoch.val_scaled_mse == pytest.approx((mse / deviations**2).mean(), rel=1e-5)
    assert epoch.mae > 100 * epoch.scaled_mae > 0


def test_one_channel_and_one_that_stands_still_have_scaled_errors_too():
    config = SMALL.replace({"data.channels": 1, "training.epochs": 1})
    values = generate(config.data).values
    _, (epoch,) = trained(config, values)
    assert epoch.val_scaled_mae == pytest.approx(epoch.val_mae / values[:2400].std(), rel=1e-4)
    _, (epoch,) = trained(config, np.full_like(values, 0.3))
    assert epoch.val_scaled_mae == epoch.val_mae


def test_the_initial_weights_follow_from_the_seed_alone(reference):
    def hash_of(changes):
        config = SMALL.replace(changes)
        split = split_windows(generate(config.data).values, config.windows, config.training.seed)
        return training_module.Training(config, split).initial_weights

    assert reference[0].initial_weights == hash_of({})  # after training it is still that before
    assert hash_of({}) == hash_of({"model.output_activation": "relu", "data.seed": 3})
    assert hash_of({}) != hash_of({"training.seed": 1})
    assert hash_of({}) != hash_of({"model.latent_channels": 4})


CHANGES = {
    "data.name": "sawtooth",
    "data.seed": 1,
    "data.time_steps": 3600,
    "data.channels": 3,
    "data.sampling_rate_hz": 50.0,
    "data.frequency_hz": 2.0,
    "data.amplitude": 2.0,
    "data.noise": 0.2,
    "data.anomaly_count": 5,
    "windows.window_length": 40,
    "windows.stride": 10,
    "windows.validation_share": 0.4,
    "normalization.method": "minmax",
    "normalization.scope": "global",
    "normalization.clip_percentile": 20.0,
    "model.filters": (5,),
    "model.kernel_size": 5,
    "model.pooling_steps": 2,
    "model.latent_channels": 2,
    "model.dropout": 0.5,
    "model.hidden_activation": "tanh",
    "model.output_activation": "sigmoid",
    "training.loss": "mse",
    "training.optimizer": "sgd",
    "training.learning_rate": 0.01,
    "training.epochs": 3,
    "training.batch_size": 8,
    "training.precision": "bfloat16",
    "training.seed": 1,
}
NOT_OF_A_GENERATED_RUN = {
    "version",
    "name",
    "data.source",  # a file and a sample: tests of the command line and of the store
    "data.sha256",
    "data.anomalies",  # changed together with anomaly_count
    "windows.split",  # of ready windows: test_windows
    "training.patience",  # below
    "training.backend",  # tests/test_backends.py
    *("training.schedule", "training.decay_factor", "training.decay_epochs"),  # below
    "training.keep_best",  # below
}


def test_no_field_is_forgotten():
    fields = {f for f in flatten(ExperimentConfig().model_dump()) if "data.reading" not in f}
    assert fields == set(CHANGES) | NOT_OF_A_GENERATED_RUN


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_changes_what_is_trained(field, reference):
    changes = {field: CHANGES[field]}
    if field == "data.anomaly_count":
        changes["data.anomalies"] = ("spike",)
    _, epochs = trained(SMALL.replace(changes))
    assert numbers(epochs) != numbers(reference[1])


def test_early_stopping_and_the_best_weights():
    config = SMALL.replace(
        {"training.epochs": 60, "training.patience": 2, "training.learning_rate": 0.1}
    )
    training, epochs = trained(config)
    losses = [epoch.val_loss for epoch in epochs]
    assert len(epochs) < 60
    assert len(epochs) - training.best_epoch == 2
    assert training.best_epoch == 1 + int(np.argmin(losses))
    training.keep_best()
    evaluation = evaluation_module.evaluate_part(training.trainer.export, training.split.validation)
    best = epochs[training.best_epoch - 1]
    assert evaluation.errors.mae == pytest.approx(best.val_mae, rel=1e-5)


def test_epochs_are_shuffled_differently_and_completely(monkeypatch):
    values = generate(SMALL.data).values
    split = split_windows(values, SMALL.windows)
    training = training_module.Training(SMALL, split)
    seen = []
    take = split.train.take
    monkeypatch.setattr(split.train, "take", lambda p: (seen.append(p.tolist()), take(p))[1])
    list(training.epochs())
    batches = math.ceil(len(split.train) / 16)
    first = [position for batch in seen[:batches] for position in batch]
    second = [position for batch in seen[batches:] for position in batch]
    assert sorted(first) == sorted(second) == list(range(len(split.train)))
    assert first != second
    assert first != sorted(first)


def test_cancelling_stops_within_a_batch():
    values = generate(SMALL.data).values
    training = training_module.Training(SMALL, split_windows(values, SMALL.windows))
    reports = []
    with pytest.raises(training_module.Cancelled):
        list(training.epochs(reports.append, lambda: len(reports) == 3))
    assert [(r.phase, r.epoch, r.batch) for r in reports] == [("training", 1, b) for b in (1, 2, 3)]
    assert reports[-1].batches == 5
    assert reports[-1].eta_seconds > 0


def test_a_wild_learning_rate_diverges_and_says_in_which_epoch():
    config = SMALL.replace(
        {
            "training.learning_rate": 10,
            "training.optimizer": "sgd",
            "training.loss": "mse",
            "normalization.method": "none",
            "data.amplitude": 1e6,
        }
    )
    with pytest.raises(training_module.Diverged) as caught:
        trained(config)
    assert caught.value.args == (1,)


def test_a_wide_linear_model_learns_the_signal():
    config = SMALL.replace(
        {
            "data.noise": 0,
            "model.latent_channels": 8,
            "training.epochs": 40,
            "training.learning_rate": 0.01,
        }
    )
    _, epochs = trained(config)
    assert epochs[-1].val_mae < 0.1 * epochs[0].mae


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_no_training_is_below_its_floor(activation):
    config = SMALL.replace(
        {
            "normalization.method": "minmax" if activation == "sigmoid" else "standard",
            "model.output_activation": activation,
            "training.epochs": 15,
            "training.learning_rate": 0.02,
        }
    )
    training, epochs = trained(config)
    training.keep_best()
    for part in (training.split.train, training.split.validation):
        floor = error_floor(training.normalization, activation, part)
        errors = evaluation_module.evaluate_part(training.trainer.export, part).errors
        assert errors.mae >= floor.mae * (1 - 1e-6)
        assert errors.mse >= floor.mse * (1 - 1e-6)
    assert min(e.mae for e in epochs) >= error_floor(
        training.normalization, activation, training.split.train
    ).mae * (1 - 1e-6)


def test_the_question_small_stalls_on_its_floor():
    config = PRESETS["question"].replace({"data.time_steps": 320_000, "training.epochs": 6})
    training, epochs = trained(config)
    floor = error_floor(training.normalization, "sigmoid", training.split.train)
    assert floor.mae == pytest.approx(12.34, rel=0.04)  # a short sample of the same data
    assert epochs[-1].mae == pytest.approx(floor.mae, rel=0.02)
    assert epochs[-1].mse == pytest.approx(floor.mse, rel=0.02)


def test_normalization_is_fitted_on_the_training_part_alone():
    values = generate(SMALL.data).values.copy()
    changed = values.copy()
    boundary = split_windows(values, SMALL.windows).boundary
    changed[boundary:] = 1e3
    for method in ("minmax", "standard", "robust", "maxabs"):
        config = SMALL.replace({"normalization.method": method, "normalization.clip_percentile": 1})
        fits = [
            fit_normalization(config.normalization, split_windows(v, config.windows).train)
            for v in (values, changed)
        ]
        assert fits[0].to_dict() == fits[1].to_dict()


class Doubled:
    """A model that notes the shapes it is given."""

    def __init__(self):
        self.shapes = set()

    def predict_on_batch(self, windows):
        self.shapes.add(windows.shape)
        return windows * 2


def test_batches_are_of_one_size_and_no_larger_than_the_larger_part():
    recording = generate(SMALL.data)
    split = split_windows(recording.values, SMALL.windows)
    model = Doubled()
    deviations = np.ones(recording.values.shape[1])
    results, _ = evaluation_module.evaluate(model, split, recording, deviations)
    assert len(split.train) > len(split.validation)
    assert model.shapes == {split.train.shape}
    for part, windows in split.parts():
        assert results["windows"][part] == len(windows)
        assert results[part]["mae"] == pytest.approx(
            np.abs(windows.take(np.arange(len(windows)))).mean()
        )


def test_kept_reconstructions_hold_the_extremes(monkeypatch):
    model = Doubled()
    values = np.random.default_rng(0).normal(size=(40_000, 1)).astype(np.float32)
    config = SMALL.windows.model_copy(update={"window_length": 4, "stride": 4})
    windows = split_windows(values, config).train
    monkeypatch.setattr(kept_windows, "SPACED_VALUES", 400)
    monkeypatch.setattr(evaluation_module, "_BATCH_VALUES", 12_000)
    part = evaluation_module.evaluate_part(model, windows)
    # Of 8000 windows and some 90: there is no second shape to be traced.
    assert model.shapes == {(3000, 4, 1)}
    assert part.errors.window_mae.shape == (8000,)
    orders = np.argsort([part.errors.window_mae, part.errors.window_mse], axis=1)
    assert set(orders[0, -50:]) != set(orders[1, -50:])
    assert {*orders[:, :50].flat, *orders[:, -50:].flat} <= set(part.positions)
    assert 100 <= len(part.positions) <= 300
    np.testing.assert_array_equal(part.original, windows.take(part.positions))
    np.testing.assert_array_equal(part.reconstruction, part.original * 2)
    np.testing.assert_allclose(
        np.abs(part.original).mean(axis=(1, 2)), part.errors.window_mae[part.positions], rtol=1e-6
    )


def test_the_extremes_of_large_windows_are_made_few_at_a_time(monkeypatch):
    model = Doubled()
    windows = split_windows(
        np.random.default_rng(0).normal(size=(4000, 1)).astype(np.float32),
        SMALL.windows.model_copy(update={"window_length": 4, "stride": 4}),
    ).train
    monkeypatch.setattr(kept_windows, "SPACED_VALUES", 40)
    monkeypatch.setattr(evaluation_module, "_BATCH_VALUES", 28)
    part = evaluation_module.evaluate_part(model, windows)
    assert model.shapes == {(7, 4, 1)}
    assert len(part.positions) > 100
    np.testing.assert_array_equal(part.original, windows.take(part.positions))
    np.testing.assert_array_equal(part.reconstruction, part.original * 2)
    monkeypatch.setattr(kept_windows, "RANKED_VALUES", 48)  # three at each end
    few = evaluation_module.evaluate_part(model, windows)
    assert len(few.positions) <= 10 + 4 * 3
    assert {*few.errors.ranked("mae")[[0, -1]], *few.errors.ranked("mse")[[0, -1]]} <= {
        *few.positions
    }


def test_the_published_sigmoid_log_is_met_at_every_epoch():
    """The public question at its full size: 25,088 windows, batches of 256, four epochs."""
    training, epochs = trained(PRESETS["question"])
    assert len(training.split.train) == 25_088
    floor = error_floor(training.normalization, "sigmoid", training.split.train)
    assert floor.mae == pytest.approx(12.34, rel=0.01)
    assert floor.mse == pytest.approx(2090, rel=0.01)
    assert [epoch.mae for epoch in epochs] == pytest.approx([12.36, 12.34, 12.34, 12.34], rel=0.01)
    assert [epoch.mse for epoch in epochs] == pytest.approx([2089] * 4, rel=0.01)


def test_without_keep_best_the_last_finished_epoch_is_kept():
    config = SMALL.replace({"training.keep_best": False})
    training = training_module.Training(
        config, split_windows(generate(config.data).values, config.windows)
    )
    reports = []
    batches = math.ceil(len(training.split.train) / 16)
    kept = []

    def train_into_the_second_epoch():
        for _ in training.epochs(reports.append, lambda: len(reports) > batches + 4):
            kept.append(training.trainer.get_weights())

    with pytest.raises(training_module.Cancelled):
        train_into_the_second_epoch()
    moved = training.trainer.get_weights()
    assert any((a != b).any() for a, b in zip(kept[0], moved, strict=True))
    training.keep_last()
    for mine, other in zip(training.trainer.get_weights(), kept[0], strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("batches", [1, 3])
def test_the_pace_forgets_the_batches_that_keras_traced(batches):
    split = split_windows(generate(SMALL.data).values, SMALL.windows)
    size = -(-len(split.train) // batches)
    settings = SMALL.replace({"training.batch_size": size, "training.epochs": 10}).training
    pace = training_module.Pace(settings, split)
    for epoch in range(1, 6):
        for phase, seconds in (("training", 0.3), ("validating", 0.1)):
            for batch in range(batches if phase == "training" else 1):
                pace.note(phase, 5.0 if epoch == 1 and batch == 0 else seconds)
    assert pace.told()[0] == pytest.approx(0.3)
    assert pace.told()[1] == pytest.approx(5 * (batches * 0.3 + 0.1))


@pytest.mark.parametrize(
    ("schedule", "losses", "rates"),
    [
        ("constant", (3, 3, 3, 3, 3, 3), (1, 1, 1, 1, 1, 1, 1)),
        ("step", (3, 2, 1, 1, 1, 1), (1, 1, 0.1, 0.1, 0.01, 0.01, 0.001)),
        ("plateau", (3, 2, 4, 4, 4, 1), (1, 1, 1, 1, 0.1, 0.1, 0.1)),  # epoch 6 gains again
        ("plateau", (3, 4, 4, 4, 4, 4), (1, 1, 1, 0.1, 0.1, 0.01, 0.01)),
    ],
)
def test_the_learning_rate_follows_its_schedule(schedule, losses, rates):
    """The rates of epochs 1 to 7, given the validation losses of 1 to 6; two epochs to decay."""
    changes = {"schedule": schedule, "decay_factor": 0.1, "decay_epochs": 2, "learning_rate": 1}
    settings = SMALL.replace({f"training.{k}": v for k, v in changes.items()}).training
    schedule, model = training_module.LearningRate(settings), Mock()
    for epoch, expected in enumerate(rates, 1):
        best = int(np.argmin(losses[: epoch - 1])) + 1 if epoch > 1 else 0
        schedule.apply(model, epoch, best)
        assert model.optimizer.learning_rate == pytest.approx(expected)


def test_a_falling_learning_rate_changes_what_is_trained(reference):
    changes = {"training.schedule": "step", "training.decay_epochs": 1}
    halved = trained(SMALL.replace(changes))[1]
    assert [epoch.learning_rate for epoch in halved] == [0.001, 0.0005]
    assert numbers(halved)[0] == numbers(reference[1])[0]
    assert numbers(halved)[1] != numbers(reference[1])[1]
    faster = trained(SMALL.replace(changes | {"training.decay_factor": 0.1}))[1]
    assert numbers(faster)[1] != numbers(halved)[1]
