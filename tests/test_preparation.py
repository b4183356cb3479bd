"""What a spare worker prepares: the run is the same run, whatever was prepared before it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.processes import PREPARE
from core.signals.recording import DataError
from core.signals.store import open_recording
from tests.resumed import EVERYTHING_ON, ROOT, fingerprints, hand_to, queued, undisturbed

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")
preparation = pytest.importorskip("core.preparation")


FEW = {"training.epochs": 3}
SETUP = EVERYTHING_ON.replace(FEW)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Of a run that nothing was prepared for."""
    return fingerprints(undisturbed(tmp_path_factory.mktemp("undisturbed"), FEW))


def order(config: ExperimentConfig, folder) -> str:
    content = config.model_copy(update={"name": ""}).model_dump(mode="json")
    return json.dumps({"config": content, "data_folder": str(folder / "data")})


def in_hand(run):
    hand_to(run, os.getpid())
    return run


def test_a_training_that_was_rehearsed_ends_with_the_same_bits(tmp_path):
    recording = open_recording(SETUP.data, tmp_path)
    plain, rehearsed = (preparation.build_training(SETUP, recording) for _ in range(2))
    before = rehearsed.trainer.state()
    rehearsed.rehearse()
    for one, other in zip(before, rehearsed.trainer.state(), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(plain.epochs(), rehearsed.epochs(), strict=True):
        assert {**vars(one), "seconds": 0} == {**vars(other), "seconds": 0}
    for one, other in zip(plain.trainer.state(), rehearsed.trainer.state(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("changes", "is_taken"), [({}, True), ({"model.dropout": 0.1}, False)])
def test_what_was_prepared_is_taken_for_the_same_setup_alone(
    tmp_path, monkeypatch, expected, changes, is_taken
):
    prepared = preparation.prepare(order(SETUP.replace(changes), tmp_path))
    built, build = [], worker.RunTraining.__init__.__globals__["build_training"]
    monkeypatch.setitem(
        worker.RunTraining.__init__.__globals__,
        "build_training",
        lambda *what: (built.append(1), build(*what))[1],
    )
    run = in_hand(queued(tmp_path, FEW | {"name": "of another name"}))
    assert worker.train_run(run, tmp_path / "data", prepared=prepared) == "finished"
    assert not built if is_taken else built
    assert fingerprints(run) == expected


@pytest.mark.parametrize("last", ["this setup", "another"])
def test_a_worker_that_prepared_trains_the_same_run(tmp_path, expected, last):
    other = order(SETUP.replace({"model.filters": "8"}), tmp_path)
    unsuited = order(SETUP.replace({"data.time_steps": 100}), tmp_path)
    lines = ["{", unsuited, other, order(SETUP, tmp_path)]
    if last == "another":
        lines = lines[::-1][:2]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "worker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        for line in lines:
            assert process.stdout.readline() == b"ready\n"
            process.stdin.write(f"{PREPARE}{line}\n".encode())
            process.stdin.flush()
        run = queued(tmp_path, FEW)
        hand_to(run, process.pid)  # while it still prepares: it comes to an end first
        process.stdin.write(os.fsencode(run.folder) + b"\n")
        process.stdin.close()
    assert process.returncode == 0
    assert (run.folder / "log.txt").read_bytes().count(b"Traceback") == 0
    assert fingerprints(run) == expected


def test_what_takes_long_and_data_that_do_not_suit_are_not_prepared(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="batch"):
        preparation.prepare(order(SETUP.replace({"training.batch_size": 4096}), tmp_path))
    large = {"model.filters": "1024, 1024", "training.batch_size": 1000}
    assert preparation.prepare(order(SETUP.replace(large), tmp_path)) is None
    monkeypatch.setattr(preparation, "MOST_VALUES", 5999)  # 3000 time steps of 2 channels
    assert preparation.prepare(order(SETUP, tmp_path)) is None
