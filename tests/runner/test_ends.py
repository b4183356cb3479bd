"""How runs end: by their workers, by kills, and when nobody hears of them."""

import os
import signal
import time

import pytest

from core import run_end
from core.processes import is_alive
from tests.fake_workers import eventually, reached, state


@pytest.mark.parametrize(
    ("does", "end", "reason"),
    [
        ("fail", "failed", "ValueError: the recording has no channels"),
        ("say nothing", "failed", "The worker ended without a result."),
        ("SIGSEGV", "failed", "The process crashed (SIGSEGV)."),
        ("SIGKILL", "interrupted", "The process was killed, probably for lack of memory"),
        ("SIGTERM", "interrupted", "The process was asked to end (SIGTERM)."),
    ],
)
def test_a_worker_that_ends_without_a_word(store, make_runner, does, end, reason):
    runner = make_runner()
    runner.start()
    first, second = runner.submit({"does": does}, name="x"), runner.submit({}, name="y")
    status = reached(store, first, end)
    assert status.reason.startswith(reason)
    assert status.ended
    reached(store, second, "finished")  # the queue goes on


def test_killed_for_memory_is_said_if_the_kernel_counted_it(store, make_runner, monkeypatch):
    kills = iter([0])
    monkeypatch.setattr(run_end, "oom_kills", lambda: next(kills, 1))
    runner = make_runner()
    runner.start()
    status = reached(store, runner.submit({"does": "SIGKILL"}, name="x"), "interrupted")
    assert "(out of memory)" in status.reason
    assert "batch" in status.reason


@pytest.mark.slow
def test_a_hung_worker_is_ended(store, make_runner):
    runner = make_runner(hang_seconds=2.0)  # of which its start takes some on a busy machine
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    os.kill(reached(store, run_id, "running").pid, signal.SIGSTOP)
    assert "no sign of life" in reached(store, run_id, "interrupted").reason


@pytest.mark.slow
def test_a_worker_with_signs_of_life_is_not_ended(store, make_runner):
    runner = make_runner(hang_seconds=1.5)
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    reached(store, run_id, "running")
    for batch in range(10):
        store.open(run_id).write_progress({"batch": batch})
        time.sleep(0.2)
    assert state(store, run_id) == "running"


def test_a_removed_run_folder_frees_its_slot(store, make_runner):
    runner = make_runner(cancel_seconds=0.1)
    runner.start()
    first, second = runner.submit({"does": "wait"}, name="x"), runner.submit({}, name="y")
    status = reached(store, first, "running")
    store.open(first).folder.rename(store.root.parent / "gone")
    reached(store, second, "finished")
    assert not is_alive(status.pid, status.pid_started)


@pytest.mark.slow
def test_a_cancelled_run_may_take_its_time_to_save(store, make_runner):
    runner = make_runner(cancel_seconds=1.5, kill_seconds=0.1)  # looked at each second
    runner.start()
    run = store.open(runner.submit({"does": "save slowly"}, name="a"))
    eventually(lambda: run.status().state == "running")
    runner.cancel(run.id)
    eventually(lambda: run.status().is_final)
    assert run.status().reason == "Cancelled, and all is saved."


@pytest.mark.slow
def test_the_queue_outlives_a_full_disk(store, make_runner, monkeypatch):
    runner = make_runner()
    run_id = runner.submit({}, name="x")
    real = store.list
    problems = iter([OSError(28, "No space left on device")])

    def listing():
        for problem in problems:
            raise problem
        return real()

    monkeypatch.setattr(store, "list", listing)
    runner.start()
    assert "the disk is full" in eventually(lambda: runner.problem)
    reached(store, run_id, "finished")
    eventually(lambda: runner.problem == "")
