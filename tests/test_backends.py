"""The back ends of Keras: which are offered, who trains on which, and that JAX trains as it should.

What needs JAX runs where it is installed, in processes of its own: Keras has one back end each.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core import backends
from core.config import ExperimentConfig
from core.signals.recording import DataError
from tests.fake_runs import Lab

ROOT = Path(__file__).resolve().parent.parent
SMALL = ExperimentConfig().replace(
    {
        "data.time_steps": 2000,
        "windows.window_length": 20,
        "windows.stride": 10,
        "model.filters": (4,),
        "model.pooling_steps": 1,
        "model.latent_channels": 2,
        "model.dropout": 0.2,
        "training.epochs": 2,
        "training.batch_size": 32,
    }
)
needs_jax = pytest.mark.skipif("jax" not in backends.installed(), reason="JAX is not installed")


@pytest.fixture
def without_jax(monkeypatch):
    monkeypatch.setattr(backends, "installed", lambda: ("tensorflow",))


def test_the_environment_says_which_one_is_preferred(monkeypatch):
    monkeypatch.setattr(backends, "installed", lambda: ("tensorflow", "jax"))
    assert backends.preferred({"KERAS_BACKEND": "jax"}) == "jax"
    assert backends.preferred({}) == "tensorflow"
    assert backends.preferred({"KERAS_BACKEND": "torch"}) == "tensorflow"


def test_one_that_is_not_installed_is_named_with_a_way_out(without_jax):
    assert backends.preferred({"KERAS_BACKEND": "jax"}) == "tensorflow"
    with pytest.raises(DataError, match=r"JAX is not installed here. Choose tensorflow, or"):
        backends.check_backend("jax")


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"training": {"backend": "tensorflow"}}, "tensorflow"),
        ({"training": {"backend": "jax"}}, "tensorflow"),  # which tells the run why it fails
        ({"training": 3}, "tensorflow"),
        ([], "tensorflow"),
        (None, "tensorflow"),
    ],
)
def test_the_process_for_a_run(config, wanted, without_jax, tmp_path):
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    assert backends.of_run(tmp_path) == wanted


def command(*arguments, cwd=ROOT, **environment):
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        env=kept | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
    )


def train(tmp_path, config, **environment):
    (tmp_path / "config.json").write_text(json.dumps(config))
    return command("train", tmp_path / "config.json", "--runs", tmp_path / "runs", **environment)


@pytest.mark.slow
@pytest.mark.skipif("jax" in backends.installed(), reason="JAX is installed")
def test_a_run_that_wants_a_missing_one_fails_with_the_reason(tmp_path):
    done = train(tmp_path, SMALL.replace({"training.backend": "jax"}).model_dump(mode="json"))
    assert done.returncode == 1
    assert "failed: training.backend=jax: JAX is not installed here." in done.stderr


@pytest.mark.slow
@needs_jax
def test_jax_trains_what_the_environment_or_the_configuration_asks_for(tmp_path):
    plain = SMALL.model_dump(mode="json")
    del plain["training"]["backend"]
    asked = [
        (plain, {"KERAS_BACKEND": "jax"}),
        (plain | {"training": plain["training"] | {"backend": "jax"}}, {}),
    ]
    ends = []
    for number, (config, environment) in enumerate(asked):
        (tmp_path / str(number)).mkdir()
        done = train(tmp_path / str(number), config, **environment)
        assert done.returncode == 0, done.stderr[-2000:]
        folder = Path(done.stdout.strip().splitlines()[-1])
        assert json.loads((folder / "config.json").read_text())["training"]["backend"] == "jax"
        results = json.loads((folder / "results.json").read_text())
        assert results["backend"] == "jax"
        ends.append(results["validation"]["mae"])
    assert ends[0] == ends[1]


STEPS = """
import sys
import numpy as np
from core.config import ExperimentConfig
from core.signals.generators import generate
from core.device_steps import DeviceSteps
from core.steps import HostSteps
from core.training import Training
from core.windows import split_windows

config = ExperimentConfig.from_json(sys.argv[1])
split = split_windows(generate(config.data).values, config.windows)
trained = []
for steps in (HostSteps, DeviceSteps):
    training = Training(config, split, steps=steps)
    epochs = list(training.epochs())
    trained.append((epochs, training.trainer.get_weights(), training))
(host, host_weights, _), (resident, weights, one) = trained
assert type(one._steps).__name__ == "JaxSteps" and one._steps.batches > 1
for a, b in zip(host, resident, strict=True):
    for name in ("loss", "val_loss", "mae", "val_mse"):
        np.testing.assert_allclose(getattr(b, name), getattr(a, name), rtol=1e-4)
for a, b in zip(host_weights, weights, strict=True):
    np.testing.assert_allclose(a, b, atol=1e-4)
again = Training(config, split, steps=DeviceSteps)
list(again.epochs())
assert all((a == b).all() for a, b in zip(weights, again.trainer.get_weights(), strict=True))
"""


@pytest.mark.slow
@needs_jax
def test_many_steps_to_a_launch_are_the_same_steps_on_jax():
    done = subprocess.run(
        [sys.executable, "-c", STEPS, SMALL.to_json()],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_choice_is_offered_where_there_is_one(tmp_path, monkeypatch):
    lab = Lab(tmp_path, monkeypatch)
    keys = [box.label for box in lab.open("train").run().selectbox]
    assert ("Back end" in keys) == (len(backends.installed()) > 1)


def test_a_link_to_a_missing_one_says_so_at_the_field_and_starts_nothing(
    tmp_path, monkeypatch, without_jax
):
    monkeypatch.setattr("core.views.training_form.installed", backends.installed)
    page = Lab(tmp_path, monkeypatch).open("train")
    page.query_params.update(ExperimentConfig().replace({"training.backend": "jax"}).to_query())
    page.run()
    assert not page.exception
    assert any(
        "is not installed here" in caption.value.replace("\\", "") for caption in page.caption
    )
    assert page.button(key="start").disabled
    box = next(box for box in page.selectbox if box.label == "Back end")
    box.select("tensorflow").run()
    assert not page.button(key="start").disabled
