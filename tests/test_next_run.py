"""A worker that takes run after run: each is the run that it would be in a process of its own."""

import os
import signal

import pytest

from tests.resumed import fingerprints, hand_to, queued, undisturbed, waiting_worker

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")

FEW = {"training.epochs": 3}
OTHER = {"model.filters": "8", "model.dropout": 0.1, "training.precision": "bfloat16"} | FEW


@pytest.fixture
def process():
    process = waiting_worker()
    with process:
        yield process
        process.kill()


def give(process, run) -> None:
    hand_to(run, process.pid)
    process.stdin.write(os.fsencode(run.folder) + b"\n")
    process.stdin.flush()


def heard(process) -> str:
    return process.stdout.readline().decode().strip()


def test_the_runs_after_others_are_the_same_runs(process, tmp_path):
    expected = fingerprints(undisturbed(tmp_path / "undisturbed", FEW))
    first, paused, same, again = (queued(tmp_path, changes) for changes in (OTHER, *[FEW] * 3))
    give(process, first)
    assert [heard(process) for _ in range(3)] == ["ready", "done 0", "ready"]
    paused.request_pause()
    give(process, paused)
    assert [heard(process), heard(process)] == ["done 5", "ready"]
    logs = [(run.folder / "log.txt").read_bytes() for run in (first, paused)]
    for run in (same, again):  # the second finds all its steps traced
        give(process, run)
        assert [heard(process), heard(process)] == ["done 0", "ready"]
        assert fingerprints(run) == expected
    assert [(run.folder / "log.txt").read_bytes() for run in (first, paused)] == logs
    for run in (first, paused, same, again):
        assert b"retracing" not in (run.folder / "log.txt").read_bytes()
    failing = queued(tmp_path, {"training.batch_size": 4096})
    give(process, failing)
    assert heard(process) == ""  # the end
    assert process.wait(5) == 1
    assert failing.status().state == "failed"


def test_between_runs_a_signal_ends_it_at_once(process, tmp_path):
    run = queued(tmp_path, FEW)
    give(process, run)
    assert [heard(process) for _ in range(3)] == ["ready", "done 0", "ready"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == -signal.SIGTERM
    assert run.status().state == "finished"


@pytest.mark.parametrize(
    ("changes", "goes_on"),
    [
        ({}, True),
        ({"code": 3}, True),
        ({"code": 1}, False),
        ({"code": 4}, False),
        ({"code": worker.UNWRITABLE_EXIT}, False),
        ({"left": worker._MOST_LEFT}, False),
        ({"gpu": True}, False),
        ({"signals": [15]}, False),
        ({"backend": "jax"}, False),
    ],
)
def test_a_process_goes_on_only_if_it_is_as_good_as_a_new_one(monkeypatch, changes, goes_on):
    given = {"code": 0, "left": 0, "gpu": False, "signals": [], "backend": "tensorflow"} | changes
    monkeypatch.setattr(worker, "resident_bytes", lambda: 100 + given["left"])
    monkeypatch.setattr(worker, "has_gpu", lambda: given["gpu"])
    monkeypatch.setattr(worker, "_TERMINATED", given["signals"])
    monkeypatch.setattr(worker.keras.backend, "backend", lambda: given["backend"])
    assert worker._can_go_on(given["code"], 100) is goes_on
