"""One run in one process: what its folder says at the end, whatever happens."""

import json
import math
import os
import subprocess
from unittest.mock import Mock

import numpy as np
import pytest

from core import run_end, run_size
from core.config import ExperimentConfig
from core.processes import PROJECT_ROOT, process_identity
from core.results import read_outputs, read_reconstruction, read_replay, read_results
from core.runner import WORKER_COMMAND
from core.runs import RunStore
from core.signals.generators import generate
from core.signals.recording import Recording
from core.signals.store import save
from core.windows import split_windows

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")
preparation = pytest.importorskip("core.preparation")
run_training = pytest.importorskip("core.run_training")

SMALL = {
    "data.time_steps": 2000,
    "data.channels": 2,
    "windows.window_length": 20,
    "windows.stride": 20,
    "model.filters": "4",
    "model.pooling_steps": 1,
    "training.epochs": 3,
    "training.batch_size": 16,
}


def started(tmp_path, changes=None, recording=None):
    store = RunStore(tmp_path / "runs")
    config = ExperimentConfig().replace(SMALL | (changes or {}))
    if recording is not None:
        key = save(recording, store.data_folder)
        config = config.replace({"data.source": "file", "data.sha256": key, "data.name": "x"})
    pid = os.getpid()
    run = store.create(
        config.model_dump(mode="json"),
        name="a run",
        state="starting",
        pid=pid,
        pid_started=process_identity(pid),
    )
    return run, store.data_folder


def test_a_finished_run_leaves_everything(tmp_path):
    run, data_folder = started(tmp_path)
    phases = []
    assert worker.train_run(run, data_folder, lambda p: phases.append(p["phase"])) == "finished"
    left = {path.name for path in run.folder.iterdir()}
    assert {"model.keras", "results.json", "reconstruction.npz", "normalization.json"} <= left
    assert {"baselines.json", "outputs.jsonl", "replay.npz", "replay.f32"} <= left
    assert [row["epoch"] for row in run.history()] == [1, 2, 3]
    assert phases[0] == "loading the data"
    assert phases[-1] == "reconstructing"
    assert run.status().device
    size_of = {path.name: path.stat().st_size for path in run.folder.iterdir()}
    headers = 5_000
    assert 0 < size_of["reconstruction.npz"] - run_size._kept_bytes(100, 40) < headers
    records = size_of["replay.f32"] + size_of["replay.npz"] + size_of["outputs.jsonl"]
    assert 0.5 * records < run_size._recorded_bytes(3, 40, 2) < records + headers


def test_a_cancelled_run_keeps_its_epochs(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path, {"training.epochs": 500})
    append = type(run).append_history

    def append_and_cancel(self, row):
        append(self, row)
        if row["epoch"] == 2:
            self.request_cancel()

    monkeypatch.setattr(worker, "_STOP_SECONDS", 0)
    monkeypatch.setattr(type(run), "append_history", append_and_cancel)
    assert worker.train_run(run, data_folder) == "cancelled"
    assert run.status().reason == "Cancelled after 2 of 500 epochs."
    assert (run.folder / "model.keras").is_file()
    assert (run.folder / "results.json").is_file()


def test_a_wish_to_stop_is_looked_for_a_few_times_a_second(tmp_path, monkeypatch):
    """SIGTERM, which costs nothing to see, before each batch."""
    run, _ = started(tmp_path)
    now, ended = [0.0], []
    monkeypatch.setattr(worker.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(worker, "_TERMINATED", ended)
    is_cancelled = worker._stop_check(run)
    assert not is_cancelled()
    run.request_cancel()
    assert not is_cancelled()
    now[0] = 0.11
    assert is_cancelled()
    ended.append(15)
    with pytest.raises(worker.Interrupted):
        is_cancelled()


class ResourceExhaustedError(Exception):
    """As TensorFlow says that the machine's memory did not suffice."""


@pytest.mark.parametrize(
    "error", [MemoryError("no room"), ResourceExhaustedError("OOM when allocating tensor")]
)
def test_the_model_is_safe_before_the_long_evaluation(tmp_path, monkeypatch, error):
    run, data_folder = started(tmp_path)

    def broken(*arguments):
        assert (run.folder / "model.keras").is_file()
        assert run.progress()["phase"] == "reconstructing"
        raise error

    monkeypatch.setattr(run_training, "evaluate", broken)
    assert worker.train_run(run, data_folder) == "interrupted"
    assert "memory did not suffice" in run.status().reason
    assert "resume it after epoch 3" in run.status().reason
    assert run_end.ended_for_memory(run.status())
    assert run.status().extra["cause"] == "memory"


def test_without_memory_for_an_epoch_a_run_fails_and_tells_the_cause(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path)
    monkeypatch.setattr(preparation, "Training", Mock(side_effect=MemoryError))
    assert worker.train_run(run, data_folder) == "failed"
    assert "memory did not suffice" in run.status().reason
    assert run.status().extra["cause"] == "memory"


@pytest.mark.parametrize(
    ("method", "remedy"), [("none", "rate, or normalize the data."), ("standard", "rate.")]
)
def test_divergence_names_its_epoch_and_a_remedy(tmp_path, method, remedy):
    changes = {
        "training.learning_rate": 10,
        "training.optimizer": "sgd",
        "training.loss": "mse",
        "normalization.method": method,
        "data.amplitude": 1e6,
    }
    run, data_folder = started(tmp_path, changes)
    assert worker.train_run(run, data_folder) == "failed"
    assert "Diverged in epoch 1" in run.status().reason
    assert run.status().reason.endswith(f"Lower the learning {remedy}")


@pytest.mark.parametrize("is_loss", [True, False])
@pytest.mark.parametrize(
    ("epochs", "kept"),
    [(0, None), (1, "The epoch before is kept."), (3, "The best of the 3 epochs before is kept.")],
)
def test_what_is_kept_of_a_training_that_diverged_is_said(epochs, kept, is_loss):
    error = run_training.Diverged(epochs + 1, is_loss)
    said = run_training._diverged_sentence(error, epochs, is_normalized=True)
    assert kept in said if kept else "kept" not in said


def test_a_loss_that_is_let_loose_has_diverged_though_it_is_finite(tmp_path):
    changes = {"training.learning_rate": 10, "data.amplitude": 1e12, "training.epochs": 9}
    run, data_folder = started(tmp_path, changes | {"training.optimizer": "adam"})
    assert worker.train_run(run, data_folder) == "failed"
    assert "Diverged in epoch" in run.status().reason
    assert "Lower the learning rate" in run.status().reason


def test_errors_beyond_32_bits_are_no_diverged_loss(tmp_path):
    values = np.random.default_rng(0).uniform(0, 1e9, (2000, 4)).astype(np.float32)
    pair = {"normalization.method": "log1p", "model.output_activation": "exponential"}
    run, data_folder = started(tmp_path, pair, Recording(values, ("a", "b", "c", "d")))
    assert worker.train_run(run, data_folder) == "failed"
    assert "Beyond 32 bits in epoch" in run.status().reason
    assert "though the loss is not" in run.status().reason


@pytest.mark.parametrize(("epochs", "state"), [(3, "failed"), (500, "cancelled")])
def test_a_kept_model_whose_errors_are_no_numbers_is_told(tmp_path, monkeypatch, epochs, state):
    def beyond(*given):
        results, arrays = evaluate(*given)
        results["train"] = {"mae": math.inf, "mse": math.nan}
        return results, arrays

    evaluate = run_training.evaluate
    monkeypatch.setattr(run_training, "evaluate", beyond)
    run, data_folder = started(tmp_path, {"training.epochs": epochs})
    monkeypatch.setattr(type(run), "cancel_requested", lambda run: len(run.history()) > 3)
    assert worker.train_run(run, data_folder) == state
    assert "Beyond 32 bits: of some training windows" in run.status().reason
    assert "Infinity" not in (text := (run.folder / "results.json").read_text())
    assert json.loads(text)["train"] == {"mae": None, "mse": None}
    assert run.outcome() == (state, run.status().reason)


@pytest.mark.parametrize("method", ["minmax", "minmax_symmetric", "standard", "robust", "maxabs"])
def test_windows_of_one_channel_are_scaled_by_themselves(tmp_path, method):
    changes = {"data.channels": 1, "normalization.method": method, "training.epochs": 1}
    run, data_folder = started(tmp_path, changes | {"normalization.scope": "window"})
    assert worker.train_run(run, data_folder) == "finished"


def test_a_signal_on_a_huge_offset_is_refused_with_a_remedy(tmp_path):
    values = np.stack([1e8 + np.sin(np.arange(2000.0)), np.zeros(2000)], axis=1)
    run, data_folder = started(tmp_path, recording=Recording(values, ("far", "flat")))
    assert worker.train_run(run, data_folder) == "failed"
    assert "Channel 'far' varies between" in run.status().reason
    assert "Subtract a constant" in run.status().reason


def test_a_batch_of_more_windows_than_there_are_is_refused(tmp_path):
    run, data_folder = started(tmp_path, {"training.batch_size": 81})
    assert worker.train_run(run, data_folder) == "failed"
    assert "81 is more than the 80 windows" in run.status().reason


def test_missing_data_is_said(tmp_path):
    run, data_folder = started(tmp_path, {"data.source": "file", "data.sha256": "0" * 64})
    assert worker.train_run(run, data_folder) == "failed"
    assert "upload" in run.status().reason.lower()


def json_of(run, name):
    return json.loads((run.folder / name).read_bytes())


def test_baselines_are_published_once_after_the_first_epoch_and_used_again(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path, {"model.output_activation": "relu"})
    published, publish = [], type(run).publish_json

    def publish_and_note(self, name, value):
        published.append((name, len(self.history())))
        return publish(self, name, value)

    monkeypatch.setattr(type(run), "publish_json", publish_and_note)
    assert worker.train_run(run, data_folder) == "finished"
    assert published == [("normalization.json", 0), ("baselines.json", 1), ("results.json", 3)]
    baselines, results = json_of(run, "baselines.json"), json_of(run, "results.json")
    assert baselines == {name: results[name] for name in baselines}
    config = ExperimentConfig.model_validate(run.config())
    split = split_windows(generate(config.data).values, config.windows, config.training.seed)
    train = split.train.take(np.arange(len(split.train))).astype(np.float64)
    assert baselines["channel_std"] == pytest.approx(train.std(axis=(0, 1)))
    assert baselines["constant"]["train"]["mse"] == pytest.approx(train.var(axis=(0, 1)).mean())
    of_channels = baselines["constant_channel_mse"]
    assert of_channels["train"] == pytest.approx(train.var(axis=(0, 1)))
    kept = read_results(run)
    assert kept.channel_constants["validation"]["mse"].tolist() == of_channels["validation"]
    floors = kept.channel_floors["validation"]["mae"]
    assert floors.tolist() == baselines["floor_channel_mae"]["validation"]
    assert floors.mean() == pytest.approx(kept.floor["validation"]["mae"])
    assert floors.min() > 0
    assert baselines["pca_components"] == 40  # values of a window, of 10 * 32 latent ones
    assert baselines["pca_windows"] == len(split.train) == 80
    assert baselines["pca"]["validation"]["mse"] < 1e-20


def test_results_hold_the_extremes_of_all_windows_and_scaled_errors(tmp_path):
    run, data_folder = started(tmp_path)
    worker.train_run(run, data_folder)
    results, arrays = json_of(run, "results.json"), np.load(run.folder / "reconstruction.npz")
    for part in ("train", "validation"):
        for name, kind in (("target", "original"), ("output", "reconstruction")):
            windows = arrays[f"{part}_{kind}"]  # all of them: they are few
            assert results[f"{name}_low"][part] == pytest.approx(windows.min(axis=(0, 1)))
            assert results[f"{name}_high"][part] == pytest.approx(windows.max(axis=(0, 1)))
        for measure, power in (("mae", 1), ("mse", 2)):
            errors = np.array(results[f"channel_{measure}"][part])
            scaled = errors / np.array(results["channel_std"]) ** power
            assert results["scaled"][part][measure] == pytest.approx(scaled.mean())
    assert len(results["initial_weights"]) == 64
    assert results["kept_epoch"] == results["best_epoch"]
    row = run.history()[results["kept_epoch"] - 1]
    for measure in ("mae", "mse"):
        scaled = results["scaled"]["validation"][measure]
        assert row[f"val_scaled_{measure}"] == pytest.approx(scaled, rel=1e-5)


def test_the_replay_ends_with_what_the_last_epoch_reconstructs(tmp_path):
    run, data_folder = started(tmp_path, {"training.keep_best": False})
    worker.train_run(run, data_folder)
    replay, stored = read_replay(run), read_reconstruction(run)
    assert json_of(run, "results.json")["kept_epoch"] == 3
    assert replay.epochs.tolist() == [1, 2, 3]
    assert [line["epoch"] for line in read_outputs(run)] == [1, 2, 3]
    kept = [stored["validation" if part else "train"] for part in replay.part]
    for windows, position, original, reconstruction in zip(
        kept, replay.positions, replay.original, replay.reconstruction[-1], strict=True
    ):
        np.testing.assert_array_equal(windows.original[position], original)
        np.testing.assert_allclose(windows.reconstruction[position], reconstruction, atol=1e-5)
    assert (replay.reconstruction[0] != replay.reconstruction[1]).any()


@pytest.mark.parametrize("ending", ["cancelled", "finished"])
def test_the_last_epoch_of_a_long_run_is_recorded_with_its_weights(tmp_path, monkeypatch, ending):
    """Epochs 1, 3, 6, .. of 600 are recorded; the run ends with epoch 5, or is cancelled in 6."""
    run, data_folder = started(tmp_path, {"training.epochs": 600, "training.patience": 50})
    weights = {}
    epochs_of = worker.Training.epochs

    def epochs(self, report, is_cancelled):
        for epoch in epochs_of(self, report, is_cancelled):
            weights[epoch.epoch] = self.trainer.get_weights()
            yield epoch
            if ending == "finished" and epoch.epoch == 5:
                return

    def report(progress):
        if ending == "cancelled" and progress.get("epoch") == 6 and progress["batch"] == 2:
            run.request_cancel()

    monkeypatch.setattr(worker, "_REPORT_SECONDS", 0)
    monkeypatch.setattr(worker, "_STOP_SECONDS", 0)
    monkeypatch.setattr(worker.Training, "epochs", epochs)
    assert worker.train_run(run, data_folder, report) == ending
    replay = read_replay(run)
    assert replay.epochs.tolist() == [1, 3, 5]
    assert [line["epoch"] for line in read_outputs(run)] == [1, 3, 5]
    config = ExperimentConfig.model_validate(run.config())
    training = worker.Training(
        config, split_windows(generate(config.data).values, config.windows, config.training.seed)
    )
    training.trainer.set_weights(weights[5])
    expected = training.trainer.export.predict_on_batch(replay.original)
    np.testing.assert_allclose(replay.reconstruction[-1], expected, rtol=1e-5, atol=1e-6)


def test_a_run_that_starts_anew_begins_without_its_earlier_records(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path)
    for name in ("baselines.json", "outputs.jsonl", "replay.npz", "replay.f32"):
        run.publish_bytes(name, b"of an earlier start")

    def look(progress):
        if progress["phase"] == "training" and progress["epoch"] == 1:
            assert not (run.folder / "baselines.json").exists()
            assert read_outputs(run) == []
            assert read_replay(run) is None

    assert worker.train_run(run, data_folder, look) == "finished"
    assert read_replay(run).epochs.tolist() == [1, 2, 3]


@pytest.mark.parametrize("error", [MemoryError, np.linalg.LinAlgError])
def test_no_fault_of_pca_fails_a_run(tmp_path, monkeypatch, error):
    run, data_folder = started(tmp_path, {"model.latent_channels": 1})
    monkeypatch.setattr(np.linalg, "eigh", Mock(side_effect=error))
    assert worker.train_run(run, data_folder) == "finished"
    results = json_of(run, "results.json")
    assert results["pca"] is results["pca_components"] is results["pca_windows"] is None
    assert results["constant"]["train"]["mae"] > 0


def test_a_log_on_a_full_disk_takes_no_exit_code_away(tmp_path):
    """What Python could not write it tries again as it exits, and would exit with 120."""
    run = RunStore(tmp_path).create({}, name="x")
    (run.folder / "log.txt").symlink_to("/dev/full")
    code = """
import sys
from core import worker
def train_run(*what, **more):
    raise worker.Unwritable("Paused: the disk is full.")
worker.train_run = train_run
sys.exit(worker.main(sys.argv[1]))
"""
    python = WORKER_COMMAND[: WORKER_COMMAND.index("-m")]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    ended = subprocess.run([*python, "-c", code, run.folder], env=environment, cwd=PROJECT_ROOT)
    assert ended.returncode == worker.UNWRITABLE_EXIT
