"""What a spare worker prepares: the run is the same run, whatever was prepared before it."""

import io
import json
import os
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.processes import PREPARE
from core.signals.recording import DataError, Recording
from core.signals.store import open_recording
from tests.resumed import EVERYTHING_ON, fingerprints, hand_to, queued, undisturbed, waiting_worker

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")
preparation = pytest.importorskip("core.preparation")
run_training = pytest.importorskip("core.run_training")


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


def test_what_was_prepared_is_what_the_run_begins_with(tmp_path, monkeypatch, expected):
    prepared = preparation.prepare(order(SETUP, tmp_path))
    run = in_hand(queued(tmp_path, FEW | {"name": "of another name"}))
    assert prepared.is_of(run)
    for makes in ("build_training", "floors_of", "measure"):  # what it was not given
        monkeypatch.setattr(run_training, makes, None)
    assert worker.train_run(run, tmp_path / "data", prepared=prepared) == "finished"
    assert fingerprints(run) == expected


def test_what_it_is_compared_with_waits_for_a_run_that_comes_sooner(tmp_path):
    asked = []

    def comes_at(ask):
        asked.clear()
        return lambda: (asked.append(1), len(asked) >= ask)[1]

    assert preparation.prepare(order(SETUP, tmp_path), comes_at(99)).baselines["pca"]
    calls = len(asked)
    assert calls > 2
    for ask in range(1, calls + 1):
        assert preparation.prepare(order(SETUP, tmp_path), comes_at(ask)).baselines == {}


def test_it_is_of_a_run_with_the_same_result_alone(tmp_path):
    prepared = preparation.prepare(order(SETUP, tmp_path))
    assert not prepared.is_of(queued(tmp_path, FEW | {"model.dropout": 0.1}))
    assert not prepared.is_of(queued(tmp_path, FEW | {"data.seed": 1}))
    unreadable = queued(tmp_path, FEW)
    assert prepared.is_of(unreadable)
    for content in ("{", "{}x", '{"model": {"filters": "many"}}'):
        (unreadable.folder / "config.json").write_text(content)
        assert not prepared.is_of(unreadable)


@pytest.mark.parametrize("next_is", ["another setup", "another run"])
def test_what_was_prepared_is_let_go_before_the_next(tmp_path, monkeypatch, next_is):
    held, left = [], []  # of what was prepared; what is left of it when the next one begins

    def prepare(text, is_wanted):
        left.append([trainer() for trainer in held])
        prepared = preparation.prepare(text, is_wanted)
        held.append(weakref.ref(prepared.training.trainer))
        return prepared

    def train_run(run, data_folder, prepared):
        left.append([prepared, *(trainer() for trainer in held)])
        return "finished"

    run = queued(tmp_path, FEW)
    other = SETUP.replace({"model.dropout": 0.1})
    lines = [f"{PREPARE}{order(setup, tmp_path)}\n".encode() for setup in (SETUP, other)]
    last = os.fsencode(run.folder) + b"\n" if next_is == "another run" else b""
    monkeypatch.setattr(worker, "prepare", prepare)
    monkeypatch.setattr(worker, "train_run", train_run)
    monkeypatch.setattr(worker, "warm_up", lambda: None)
    monkeypatch.setattr(worker.signal, "signal", lambda *what: None)
    monkeypatch.setattr(worker.select, "select", lambda *what: ([], [], []))
    monkeypatch.setattr(worker.os, "dup2", lambda *what: None)
    stdin = SimpleNamespace(buffer=SimpleNamespace(raw=io.BytesIO(b"".join(lines) + last)))
    monkeypatch.setattr(worker.sys, "stdin", stdin)
    assert worker.main() == 0
    assert left == [[], [None], *([[None, None, None]] if last else [])]


@pytest.mark.parametrize("last", ["this setup", "another"])
def test_a_worker_that_prepared_trains_the_same_run(tmp_path, expected, last):
    other = order(SETUP.replace({"model.filters": "8"}), tmp_path)
    unsuited = order(SETUP.replace({"data.time_steps": 100}), tmp_path)
    lines = ["{", unsuited, other, order(SETUP, tmp_path)]
    if last == "another":
        lines = lines[::-1][:2]
    process = waiting_worker()
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


@pytest.mark.parametrize(
    ("method", "amplitude", "offset", "word"),
    [
        ("standard", 1e39, 0.0, "large"),
        ("standard", 1e20, 0.0, "large"),  # whose squares are infinite in 32 bits
        ("standard", 5e15, 0.0, None),
        ("standard", 1e-13, 0.0, None),  # tesla
        ("none", 1e-20, 0.0, "small"),  # whose squares are 0
        ("standard", 1e-40, 0.0, "small"),
        ("standard", 1e-320, 0.0, "small"),
        ("standard", 1e308, 0.0, "large"),
        ("standard", 1e14, 1e18, None),  # an offset is taken off
        ("maxabs", 1e14, 1e18, "large"),
        ("standard", 0.0, 1e20, None),  # a constant is said exactly
        ("none", 0.0, 1e20, "large"),
        ("standard", 0.0, 1e39, "large"),
        ("none", 0.0, 1e-40, None),
        ("none", 0.0, 0.0, None),
    ],
)
def test_squared_errors_must_be_32_bit_numbers(method, amplitude, offset, word):
    wave = np.stack([np.sin(np.arange(3000.0)), offset + amplitude * np.sin(np.arange(3000.0))], 1)
    setup, recording = SETUP.replace({"normalization.method": method}), Recording(wave, ("a", "b"))
    if word is None:
        preparation.build_training(setup, recording)
        return
    with pytest.raises(DataError, match=f"'b' varies .* too {word} for training") as caught:
        preparation.build_training(setup, recording)
    assert "another unit" in str(caught.value)


@pytest.mark.parametrize("method", ["standard", "none"])
def test_a_huge_value_in_the_validation_part_alone_is_refused_there(method):
    wave = np.stack([np.sin(np.arange(3000.0)), np.sin(np.arange(3000.0))], 1)
    wave[2900, 1] = 9.96921e36  # stands for a missing value in netCDF
    setup = SETUP.replace({"normalization.method": method})
    with pytest.raises(DataError, match=r"'b' .* in the validation part: too large") as caught:
        preparation.build_training(setup, Recording(wave, ("a", "b")))
    assert "missing values" in str(caught.value)
