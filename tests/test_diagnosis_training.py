"""Runs made to have each fault, by real training in the worker, and what is found in each.

Each is diagnosed from its folder, as the pages do, and so is the run that its remedy leads to: a
remedy that does not help is none.
"""

import os

import numpy as np
import pytest

from core import session
from core.config import ExperimentConfig
from core.diagnosis import diagnose
from core.processes import process_identity
from core.runs import RunStore
from core.signals.generators import generate
from core.signals.recording import Recording
from core.signals.store import save
from core.views.evidence import evidence_of

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")

SMALL = ExperimentConfig().replace(
    {
        "data.time_steps": 6000,
        "data.channels": 2,
        "windows.window_length": 30,
        "windows.stride": 30,
        "model.filters": "8",
        "model.pooling_steps": 1,
        "model.latent_channels": 3,  # 45 values for 60
        "training.epochs": 12,
        "training.batch_size": 16,
        "training.learning_rate": 0.003,
    }
)
RELU = {"model.output_activation": "relu", "normalization.method": "minmax"}
SIGMOID = {"model.output_activation": "sigmoid", "normalization.method": "minmax"}
TANH = {"model.output_activation": "tanh", "normalization.method": "minmax_symmetric"}


def sines(scale=1.0):
    return generate(SMALL.data).values * scale


def peaks():
    """0 but for 6 % of all places, where it is anything up to 255."""
    rng = np.random.default_rng(0)
    there = rng.random((6000, 2)) < 0.06
    return np.where(there, rng.uniform(0, 255, (6000, 2)), 0).astype(np.float32)


def noise():
    return np.random.default_rng(1).normal(size=(300, 2))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Train a configuration on values; returns its configuration, evidence and findings."""
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    store = RunStore(tmp_path)

    def train(changes, values, base=SMALL):
        recording = Recording(np.asarray(values, np.float32), ("flow", "level"), unit="mV")
        key = save(recording, store.data_folder)
        source = {"data.source": "file", "data.sha256": key, "data.name": "x"}
        config = base.replace(source | changes)
        mine = {"pid": os.getpid(), "pid_started": process_identity(os.getpid())}
        settings = config.model_dump(mode="json")
        run = store.create(settings, name="a run", state="starting", **mine)
        worker.train_run(run, store.data_folder)
        evidence = evidence_of(run, run.status(), session.run_config(run.id))
        return config, evidence, diagnose(config, evidence)

    return train


def faults(findings):
    return {finding.kind for finding in findings if finding.severity != "info"}


def error(evidence, measure="mae"):
    return evidence.errors["train"][measure]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"normalization.method": "minmax"},
        {"model.output_activation": "leaky_relu"},
        {"model.output_activation": "elu", "normalization.method": "minmax"},
        {"model.output_activation": "softplus", "normalization.method": "minmax"},
        {"model.output_activation": "exponential", "normalization.method": "minmax"},
        {"model.output_activation": "hard_sigmoid", "normalization.method": "minmax"},
        {"normalization.scope": "window"},
        RELU,
        SIGMOID,
        TANH,
        TANH | {"training.loss": "mse", "model.hidden_activation": "tanh"},
    ],
)
def test_runs_that_fit_have_no_fault(trained, changes):
    config, evidence, findings = trained(changes, sines())
    assert faults(findings) == set()
    assert len(evidence.outputs) == 12
    for finding in findings:
        assert finding.kind == "still_falling"
        assert evidence.history[-1]["val_loss"] < evidence.history[-4]["val_loss"]
        config.replace(finding.remedy)


def test_a_sigmoid_on_peaks_is_at_its_floor(trained):
    changes = {"normalization.method": "none", "model.output_activation": "sigmoid"}
    _, evidence, findings = trained(changes, peaks())
    assert faults(findings) == {"floor"}
    assert error(evidence) < 1.02 * evidence.floor["train"]["mae"]
    assert findings[0].severity == "error"
    assert findings[0].remedy == {"model.output_activation": "linear"}
    _, _, better = trained(changes | findings[0].remedy, peaks())
    assert "floor" not in faults(better)


def test_what_percentiles_clip_is_a_floor_of_the_normalization(trained):
    changes = {
        "normalization.clip_percentile": 40,
        "training.learning_rate": 0.01,
        "training.epochs": 30,
        "model.latent_channels": 6,
    }
    _, evidence, findings = trained(changes, sines())
    assert faults(findings) == {"floor"}
    assert findings[0].remedy == {"normalization.clip_percentile": None}
    _, better, after = trained(changes | findings[0].remedy, sines())
    assert "floor" not in faults(after)
    assert error(better) < 0.5 * error(evidence)


def test_a_relu_channel_dies(trained):
    """Both channels are sparse peaks: the loss of absolute errors is content with 0."""
    _, evidence, findings = trained(RELU, peaks())
    assert faults(findings) == {"dead"}
    assert findings[0].evidence["Channel"] == ["flow", "level"]
    assert error(evidence) >= 0.999 * evidence.constant["train"]["mae"]
    _, better, after = trained(RELU | findings[0].remedy, peaks())
    assert "dead" not in faults(after)
    assert error(better, "mse") < 0.7 * error(evidence, "mse")


def test_a_hard_sigmoid_dies_in_an_epoch_that_is_named(trained):
    changes = RELU | {"model.output_activation": "hard_sigmoid"}
    _, evidence, findings = trained(changes, peaks())
    assert faults(findings) == {"dead"}
    for channel, since in enumerate(findings[0].evidence["Dead since epoch"]):
        shares = [line["at_low"][channel] for line in evidence.outputs]
        assert since > 1
        assert min(shares[since - 1 :]) == 1 > shares[since - 2]


def test_a_wild_rate_kills_a_relu(trained):
    changes = RELU | {"training.learning_rate": 0.1, "model.hidden_activation": "linear"}
    _, evidence, findings = trained(changes, sines())
    assert faults(findings) == {"dead"}
    assert findings[0].remedy["training.learning_rate"] == 0.01
    _, better, after = trained(changes | findings[0].remedy, sines())
    assert faults(after) == set()
    assert error(better) < 0.3 * error(evidence)


@pytest.mark.parametrize(
    "changes",
    [
        SIGMOID | {"training.learning_rate": 0.1, "model.hidden_activation": "linear"},
        TANH | {"training.learning_rate": 0.3, "model.hidden_activation": "tanh"},
    ],
)
def test_a_wild_rate_saturates_an_output(trained, changes):
    _, evidence, findings = trained(changes, sines())
    assert faults(findings) == {"saturated"}
    assert error(evidence) > evidence.constant["train"]["mae"]
    _, better, after = trained(changes | findings[0].remedy, sines())
    assert faults(after) == set()
    assert error(better) < 0.5 * error(evidence)


def test_a_tanh_whose_targets_lie_beyond_is_saturated(trained):
    changes = TANH | {"normalization.method": "standard", "training.learning_rate": 0.1}
    _, evidence, findings = trained(changes, sines())
    assert faults(findings) == {"saturated"}
    assert findings[0].remedy["normalization.method"] == "minmax_symmetric"
    _, better, after = trained(changes | findings[0].remedy, sines())
    assert faults(after) == set()
    assert error(better) < error(evidence)


def test_a_sigmoid_at_the_end_where_most_targets_are_has_no_slope(trained):
    _, evidence, findings = trained(SIGMOID, peaks())
    assert faults(findings) == {"vanishing"}
    assert max(evidence.outputs[-1]["slope"]) < 0.01
    _, better, after = trained(SIGMOID | findings[0].remedy, peaks())
    assert faults(after) == set()
    assert error(better, "mse") < 0.7 * error(evidence, "mse")


@pytest.mark.parametrize(
    ("changes", "values", "remedy"),
    [
        ({"normalization.method": "minmax"}, peaks, {"training.loss": "mse"}),
        ({"training.learning_rate": 1e-6}, sines, {"training.learning_rate": 0.001}),
        ({"training.learning_rate": 0.5}, sines, {"training.learning_rate": 0.05}),
        (
            {"training.learning_rate": 0.001, "training.optimizer": "sgd"},
            sines,
            {"training.learning_rate": 0.01},
        ),
        (
            {"normalization.method": "none", "training.loss": "mse"},
            lambda: sines(0.001),
            {"normalization.method": "standard"},
        ),
    ],
)
def test_a_model_that_says_a_constant(trained, changes, values, remedy):
    _, evidence, findings = trained(changes, values())
    assert faults(findings) == {"constant"}
    assert findings[0].remedy == remedy
    assert max(evidence.outputs[-1]["spread"]) < 0.1
    _, better, after = trained(changes | remedy, values())
    assert faults(after) == set()
    assert error(better, "mse") < 0.8 * error(evidence, "mse")


def test_noise_is_learned_by_heart(trained):
    changes = {
        "windows.validation_share": 0.4,
        "model.filters": (64,),
        "model.kernel_size": 9,
        "model.pooling_steps": 2,
        "model.latent_channels": 6,
        "training.epochs": 80,
        "training.batch_size": 6,  # all the windows there are to train on
        "training.loss": "mse",
    }
    _, evidence, findings = trained(changes, noise())
    assert faults(findings) == {"overfitting"}
    losses = [row["val_loss"] for row in evidence.history]
    assert findings[0].evidence["Best epoch"] == 1 + int(np.argmin(losses))
    _, better, after = trained(changes | findings[0].remedy, noise())
    assert "overfitting" not in faults(after)
    assert len(better.history) < 80


def test_a_wide_latent_layer_is_no_bottleneck(trained):
    _, _, findings = trained({"model.latent_channels": 6}, sines())
    (finding,) = (item for item in findings if item.kind == "no_bottleneck")
    _, better, after = trained(
        {"model.latent_channels": 6, "training.epochs": 2} | finding.remedy, sines()
    )
    assert better.compression_ratio >= 4
    assert "no_bottleneck" not in {item.kind for item in after}


def test_a_run_that_was_too_short_gains_by_going_on(trained):
    _, evidence, findings = trained({"training.epochs": 8}, sines())
    assert [item.kind for item in findings] == ["still_falling"]
    _, better, _ = trained({"training.epochs": 8} | findings[0].remedy, sines())
    assert len(better.history) == 16
    assert error(better) < 0.95 * error(evidence)


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        (
            {
                "normalization.method": "none",
                "training.optimizer": "sgd",
                "training.loss": "mse",
                "training.learning_rate": 1.0,
            },
            1000.0,
        ),
        ({"training.learning_rate": 3.0, "model.hidden_activation": "linear"}, 1.0),
    ],
)
def test_steps_that_are_too_large_diverge(trained, changes, scale):
    _, _, findings = trained(changes, sines(scale))
    assert faults(findings) == {"diverged"}
    _, better, after = trained(changes | findings[0].remedy, sines(scale))
    assert "diverged" not in faults(after)
    assert error(better) < better.constant["train"]["mae"]
