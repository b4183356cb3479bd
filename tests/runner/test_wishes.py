"""What people ask of a run in the queue: cancel, pause, resume."""

import os
import threading

import pytest

from core.processes import is_alive
from core.run_status import FINAL_STATES
from core.runs import RunNotFound, TransitionRefused
from tests.fake_workers import eventually, let_go, reached, state


def test_cancel_of_a_queued_run_is_immediate(store, make_runner):
    runner = make_runner()  # not even started
    run_id = runner.submit({}, name="x")
    runner.cancel(run_id)
    assert state(store, run_id) == "cancelled"
    runner.cancel(run_id)  # a second click
    runner.start()
    last = runner.submit({}, name="y")
    reached(store, last, "finished")
    assert not (store.open(run_id).folder / "got.json").exists()


def test_cancel_of_a_running_run_is_up_to_the_worker(store, make_runner):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    reached(store, run_id, "running")
    runner.cancel(run_id)
    runner.cancel(run_id)
    assert reached(store, run_id, "cancelled").reason == "Cancelled in epoch 1."


@pytest.mark.parametrize("does", ["wait for SIGTERM", "leave on SIGTERM", "ignore everything"])
def test_a_worker_that_does_not_heed_cancel_is_ended(store, make_runner, does):
    runner = make_runner(cancel_seconds=0.2, kill_seconds=0.2)
    runner.start()
    run_id = runner.submit({"does": does}, name="x")
    status = reached(store, run_id, "running")
    runner.cancel(run_id)
    assert reached(store, run_id, "cancelled").reason.startswith("Cancelled")
    assert not is_alive(status.pid, status.pid_started)


def test_cancel_of_a_dead_run_without_any_runner(store, make_runner):
    run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="long ago")
    make_runner().cancel(run.id)
    assert run.status().state == "cancelled"


@pytest.mark.slow
def test_cancel_against_finish_gives_one_final_state(store, make_runner):
    runner = make_runner(slots=2)
    runner.start()
    for _ in range(5):
        run_id = runner.submit({"does": "wait"}, name="x")
        reached(store, run_id, "running")
        threads = [
            threading.Thread(target=runner.cancel, args=(run_id,)),
            threading.Thread(target=let_go, args=(store, run_id)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        first = reached(store, run_id, *FINAL_STATES)
        eventually(lambda run_id=run_id: run_id not in runner._watches)
        assert store.open(run_id).status() == first


def test_unknown_runs_are_not_found(make_runner):
    runner = make_runner()
    for call in (runner.cancel, runner.pause, runner.resume):
        with pytest.raises(RunNotFound):
            call("../" + "0" * 29)


def test_pause_and_resume(store, make_runner):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    reached(store, run_id, "running")
    runner.pause(run_id)
    assert reached(store, run_id, "paused").reason == "Paused after epoch 1."
    runner.resume(run_id)
    reached(store, run_id, "running")
    let_go(store, run_id)
    reached(store, run_id, "finished")
    with pytest.raises(TransitionRefused, match="finished"):
        runner.resume(run_id)


def test_pause_of_a_queued_run_takes_it_from_the_queue(store, make_runner):
    runner = make_runner()
    run_id = runner.submit({}, name="x")
    runner.pause(run_id)
    runner.start()
    reached(store, runner.submit({}, name="y"), "finished")
    assert state(store, run_id) == "paused"
    runner.cancel(run_id)
    assert state(store, run_id) == "cancelled"
