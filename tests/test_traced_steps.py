"""Steps of one training that another goes on with: traced once, and the same to the last bit."""

import gc
import weakref

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.windows import split_windows

pytestmark = pytest.mark.slow
tensorflow_steps = pytest.importorskip("core.tensorflow_steps")
training_module = pytest.importorskip("core.training")
worker = pytest.importorskip("core.worker")

BASE = ExperimentConfig().replace(
    {
        "windows.window_length": 16,
        "windows.stride": 16,
        "model.filters": (6,),
        "model.pooling_steps": 1,
        "model.latent_channels": 3,
        "training.epochs": 2,
        "training.batch_size": 16,
    }
)
OUTSIDE = {  # what an earlier training may have had else
    "training.seed": 7,
    "training.learning_rate": 0.01,
    "training.schedule": "step",
    "training.decay_factor": 0.3,
    "training.decay_epochs": 1,
    "training.epochs": 1,
    "training.batch_size": 48,  # which is cut into parts
    "training.patience": 1,
    "training.keep_best": False,
    "windows.stride": 8,
    "windows.validation_share": 0.4,
    "name": "another",
}
SETUPS = [
    {},
    {"normalization.method": "none", "model.dropout": 0.2},
    {"normalization.clip_percentile": 5.0, "training.optimizer": "adamw"},
    {"normalization.scope": "window", "training.optimizer": "nadam"},
    {"normalization.method": "log1p", "training.optimizer": "rmsprop", "training.loss": "huber"},
    {"normalization.method": "robust", "training.optimizer": "sgd"},
    {"normalization.method": "minmax", "training.precision": "bfloat16"},
]


@pytest.fixture
def traces(monkeypatch):
    """How often a step is traced."""
    count = []
    trace = tensorflow_steps.row_in_parts
    monkeypatch.setattr(
        tensorflow_steps, "row_in_parts", lambda *given: (count.append(1), trace(*given))[1]
    )
    return count


def signal(seed, scale=1.0):
    numbers = np.random.default_rng(seed).normal(size=(1600, 2))
    return (scale * (np.abs(numbers) + seed)).astype(np.float32)


def make(config, values):
    return training_module.Training(
        config, split_windows(values, config.windows, config.training.seed)
    )


def outcome(config, values):
    """Everything of a training: its history, but for the time it took, and its variables."""
    training = make(config, values)
    rows = [{**vars(epoch), "seconds": 0} for epoch in training.epochs()]
    return rows, training.trainer.state()


def assert_same(found, expected):
    assert found[0] == expected[0]
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_is_traced_once_whatever_the_size_of_a_batch(traces):
    training = make(BASE.replace({"training.batch_size": 24}), signal(0))
    assert len(training.split.train) % 24
    list(training.epochs())
    assert len(traces) == 2  # in training and in validation


@pytest.mark.parametrize("changes", SETUPS, ids=lambda given: "-".join(map(str, given.values())))
def test_other_data_are_trained_by_the_same_step(changes, traces):
    config = BASE.replace(changes)
    expected = outcome(config, signal(0))
    tensorflow_steps.IDLE_STEPS.clear()
    outcome(config.replace(OUTSIDE), signal(3, scale=40.0))
    gc.collect()
    traces.clear()
    assert_same(outcome(config, signal(0)), expected)
    assert not traces


def test_every_other_field_makes_another_step():
    kept = {(part, name) for part in ("model", "normalization") for name in BASE.model_dump()[part]}
    kept |= {("training", name) for name in BASE.model_dump()["training"]}
    kept -= {tuple(field.split(".")) for field in OUTSIDE if "." in field}
    other = {
        ("model", "filters"): (5,),
        ("model", "kernel_size"): 5,
        ("model", "pooling_steps"): 0,
        ("model", "latent_channels"): 2,
        ("model", "dropout"): 0.1,
        ("model", "hidden_activation"): "elu",
        ("model", "output_activation"): "relu",
        ("normalization", "method"): "minmax",
        ("normalization", "scope"): "window",
        ("normalization", "clip_percentile"): 1.0,
        ("training", "loss"): "mse",
        ("training", "optimizer"): "sgd",
        ("training", "precision"): "bfloat16",
        ("training", "backend"): "jax",
    }
    assert set(other) == kept, "a new field: may its steps be used for another value of it?"
    own = make(BASE, signal(0)).trainer.computation
    for (part, name), value in other.items():
        assert make(BASE.replace({f"{part}.{name}": value}), signal(0)).trainer.computation != own


def test_trainings_at_the_same_time_do_not_share_a_step():
    expected = [outcome(BASE.replace({"training.seed": seed}), signal(0)) for seed in (1, 2)]
    gc.collect()
    both = [make(BASE.replace({"training.seed": seed}), signal(0)) for seed in (1, 2)]
    rows = [[], []]
    for _ in range(BASE.training.epochs):
        for own, training in zip(rows, both, strict=True):
            own += [{**vars(next(training.epochs())), "seconds": 0}]
    for own, training, whole in zip(rows, both, expected, strict=True):
        assert_same((own, training.trainer.state()), whole)


def test_a_step_that_waits_holds_nothing_of_the_training_before():
    """But for the variables of the one that it was traced for, which its graph names."""
    outcome(BASE, signal(0))
    gc.collect()
    training = make(BASE, signal(0))
    list(training.epochs())
    held = [weakref.ref(training.trainer), weakref.ref(training.split)]
    held += [weakref.ref(own.value) for own in training.trainer.stepped()]
    held += [weakref.ref(own.value.handle) for own in training.trainer.stepped()]
    del training
    worker._let_go()
    assert tensorflow_steps.IDLE_STEPS._steps
    assert not any(ref() for ref in held)


def test_layers_are_numbered_anew_for_each_training():
    worker._let_go()
    names = []
    for _ in range(2):
        training = make(BASE, signal(0))
        names.append([layer.name for layer in training.trainer.export.layers])
        names[-1] += [variable.path for variable in training.trainer.stepped()]
        del training
        worker._let_go()
    assert names[0] == names[1]


def test_a_step_of_other_variables_is_no_step():
    import tensorflow as tf

    foreign = tf.Variable(1.0)
    function = tf.function(lambda: foreign + 1.0).get_concrete_function()
    with pytest.raises(ValueError, match="more than its trainer's variables"):
        tensorflow_steps.Step.of(function, [tf.Variable(1.0).handle])


def test_few_steps_wait():
    idle = tensorflow_steps.IdleSteps(most=2)

    class Nothing:
        def let_go(self):
            pass

    steps = [Nothing() for _ in range(4)]
    for key, step in zip("abab", steps, strict=True):
        idle.put(key, step)
    idle.put("c", Nothing())
    assert idle.take("a") is None
    assert idle.take("b") is steps[3]
    assert idle.take("b") is None


def test_the_default_setup_needs_no_trace_in_a_warm_worker(traces):
    worker.warm_up()
    traces.clear()
    config = ExperimentConfig().replace({"training.seed": 5, "training.epochs": 1})
    values = np.random.default_rng(0).normal(size=(20_000, 4)).astype(np.float32)
    list(make(config, values).epochs())
    assert not traces
