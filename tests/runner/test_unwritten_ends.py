"""Ends that the worker could not write, or the queue cannot: a kill, a full disk, a lock."""

import errno
import os
import signal
from types import SimpleNamespace

import pytest

from core import disk, durable, run_status
from core.processes import process_identity
from core.run_status import FINAL_STATES
from tests.fake_workers import end_app, eventually, reached, start_app, state


def test_fault_5_killed_between_results_and_status_is_finished(store, make_runner):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "die after the results"}, name="x")
    status = reached(store, run_id, *FINAL_STATES, "interrupted")
    assert (status.state, status.reason) == ("finished", "All done.")


def test_fault_5_found_so_by_the_next_start_and_by_a_cancel(store, make_runner):
    outcome = {"outcome": {"state": "finished", "reason": "All done."}}
    for end in ("start", "cancel"):
        run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="x:1")
        run.transition("running")
        run.publish_json("results.json", outcome)
        make_runner().start() if end == "start" else make_runner().cancel(run.id)
        assert reached(store, run.id, *FINAL_STATES).state == "finished"


@pytest.mark.parametrize(
    "results",
    [
        "{}",
        '{"outcome": 3}',
        '{"outcome": {"state": "running", "reason": ""}}',
        '{"outcome": {"state": "finished", "reason": 4}}',
        '{"outcome"',
        "[" * 100_000,
    ],
)
def test_fault_5_results_without_an_outcome_finish_nothing(store, make_runner, results):
    run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="x:1")
    (run.folder / "results.json").write_text(results)
    make_runner().start()
    assert reached(store, run.id, *FINAL_STATES, "interrupted").state == "interrupted"


def test_fault_5_results_of_an_earlier_start_say_nothing(store):
    run = store.create({}, name="x")
    run.publish_json("results.json", {"outcome": {"state": "finished", "reason": ""}})
    run.transition("starting")
    assert run.outcome() is None


FULL = "Paused: the disk is full. Free some space, then resume it. It goes on after epoch 3."


@pytest.mark.parametrize("code", [5, 6])
def test_fault_10_a_worker_that_cannot_write_its_state_is_paused(store, make_runner, code):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": f"exit {code} {FULL}"}, name="x")
    assert reached(store, run_id, "paused", "failed").reason == FULL
    other = runner.submit({}, name="y")
    reached(store, other, "finished")


def test_fault_10_without_a_log_either_it_is_paused_with_a_sentence(store, make_runner):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "exit 6 Epoch 3"}, name="x")
    reason = reached(store, run_id, "paused", "failed").reason
    assert reason.startswith("Paused: its folder could not be written.")


@pytest.mark.slow
def test_fault_10_the_last_words_are_found_by_the_next_start(store, make_runner, tmp_path):
    make_runner()
    app = start_app(store, tmp_path)
    run = store.create({"does": "wait"}, name="x")
    pid = reached(store, run.id, "running").pid
    end_app(app)
    with open(run.folder / "log.txt", "a") as log:
        log.write(FULL + "\n")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not process_identity(pid))
    make_runner().start()
    assert reached(store, run.id, "paused", "interrupted").reason == FULL


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=["10", "12", "28"])
def test_fault_a_folder_that_refuses_the_end_holds_up_no_other(
    store, make_runner, monkeypatch, code
):
    """Faults 10, 12, 28: the end is kept, shown, and written once the folder can be written."""
    runner = make_runner()
    runner.start()
    first = runner.submit({"does": "wait"}, name="x")
    pid = reached(store, first, "running").pid
    real, refuses = durable.put, [True]

    def put(path, *arguments, **options):
        if refuses and path.parent.name == first and path.name == "status.json":
            raise OSError(code, os.strerror(code))
        return real(path, *arguments, **options)

    monkeypatch.setattr(durable, "put", put)
    os.kill(pid, signal.SIGKILL)
    problem = eventually(lambda: runner.problem)
    assert disk.fault_text(OSError(code, "")) in problem
    assert "killed" in runner.unrecorded_end(first)
    assert state(store, first) == "running"
    reached(store, runner.submit({}, name="y"), "finished")
    refuses.clear()
    assert "killed" in reached(store, first, "interrupted").reason
    eventually(lambda: not runner.problem)
    assert runner.unrecorded_end(first) == ""


@pytest.mark.slow
def test_fault_28_a_queued_run_whose_folder_refuses_is_passed_over(store, make_runner, monkeypatch):
    runner = make_runner()
    first, second = (runner.submit({}, name=name) for name in "xy")
    real, refuses = durable.put, [True]

    def put(path, *arguments, **options):
        if refuses and path.parent.name == first:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(durable, "put", put)
    runner.start()
    reached(store, second, "finished")
    assert state(store, first) == "queued"
    assert "may not be written" in eventually(lambda: runner.problem)
    refuses.clear()
    reached(store, first, "finished")


def test_fault_28_a_status_that_may_not_be_read_for_a_while_gets_its_end(
    store, make_runner, monkeypatch
):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    path, hidden = store.root / run_id / "status.json", store.root / "elsewhere"
    path.rename(hidden)
    path.symlink_to(path)  # as unreadable as one without permission, also for root
    monkeypatch.setattr(run_status, "_GIVEN_UP", ())
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: runner.unrecorded_end(run_id))
    hidden.replace(path)
    reached(store, run_id, "interrupted")


def test_full_disk_nothing_is_begun_and_nothing_lost(store, make_runner, monkeypatch):
    """Bad input 102."""
    free = [1e6]
    usage = SimpleNamespace
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda folder: usage(free=free[0]))
    runner = make_runner()
    run_id = runner.submit({}, name="x")
    runner.start()
    assert "only 1 MiB left" in eventually(lambda: runner.problem)
    assert state(store, run_id) == "queued"
    free[0] = 1e9
    reached(store, run_id, "finished")
    eventually(lambda: not runner.problem)
