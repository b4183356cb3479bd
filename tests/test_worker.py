"""One run in one process: what its folder says at the end, whatever happens."""

import os

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.processes import process_identity
from core.runs import RunStore
from core.signals.recording import Recording
from core.signals.store import save

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")

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
    assert [row["epoch"] for row in run.history()] == [1, 2, 3]
    assert phases[0] == "loading the data"
    assert phases[-1] == "reconstructing"
    assert run.status().device


def test_a_cancelled_run_keeps_its_epochs(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path, {"training.epochs": 500})
    append = type(run).append_history

    def append_and_cancel(self, row):
        append(self, row)
        if row["epoch"] == 2:
            self.request_cancel()

    monkeypatch.setattr(type(run), "append_history", append_and_cancel)
    assert worker.train_run(run, data_folder) == "cancelled"
    assert run.status().reason == "Cancelled after 2 of 500 epochs."
    assert (run.folder / "model.keras").is_file()
    assert (run.folder / "results.json").is_file()


def test_the_model_is_safe_before_the_long_evaluation(tmp_path, monkeypatch):
    run, data_folder = started(tmp_path)

    def broken(*arguments):
        assert (run.folder / "model.keras").is_file()
        assert run.progress()["phase"] == "reconstructing"
        raise MemoryError("no room")

    monkeypatch.setattr(worker, "evaluate", broken)
    assert worker.train_run(run, data_folder) == "failed"
    assert "memory did not suffice" in run.status().reason


def test_divergence_names_its_epoch_and_a_remedy(tmp_path):
    changes = {
        "training.learning_rate": 10,
        "training.optimizer": "sgd",
        "training.loss": "mse",
        "normalization.method": "none",
        "data.amplitude": 1e6,
    }
    run, data_folder = started(tmp_path, changes)
    assert worker.train_run(run, data_folder) == "failed"
    assert "Diverged in epoch 1" in run.status().reason
    assert "training.learning_rate" in run.status().reason


def test_a_signal_on_a_huge_offset_is_refused_with_a_remedy(tmp_path):
    values = np.stack([1e8 + np.sin(np.arange(2000.0)), np.zeros(2000)], axis=1)
    run, data_folder = started(tmp_path, recording=Recording(values, ("far", "flat")))
    assert worker.train_run(run, data_folder) == "failed"
    assert "Channel 'far' varies between" in run.status().reason
    assert "Subtract a constant" in run.status().reason


def test_missing_data_is_said(tmp_path):
    run, data_folder = started(tmp_path, {"data.source": "file", "data.sha256": "0" * 64})
    assert worker.train_run(run, data_folder) == "failed"
    assert "upload" in run.status().reason.lower()
