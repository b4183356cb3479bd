"""Workers that hang, are stopped, and wake up when another has their run."""

import os
import signal
import time

import pytest

from core import durable
from core.processes import is_alive, process_identity
from core.runs import TransitionRefused
from tests.fake_workers import eventually, let_go, reached, state


@pytest.mark.slow
def test_fault_17_a_stopped_worker_is_ended_and_the_run_resumed(store, make_runner):
    runner = make_runner(stall_seconds=0.4)  # hang_seconds is half an hour
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    os.kill(pid, signal.SIGSTOP)
    assert "no sign of life" in reached(store, run_id, "interrupted").reason
    assert not process_identity(pid)
    runner.resume(run_id)
    assert reached(store, run_id, "running").pid != pid
    let_go(store, run_id)
    reached(store, run_id, "finished")


@pytest.mark.slow
def test_fault_17_a_worker_that_computes_without_a_word_is_given_time(store, make_runner):
    runner = make_runner(stall_seconds=0.3)
    runner.start()
    run_id = runner.submit({"does": "compute"}, name="x")
    reached(store, run_id, "running")
    time.sleep(1.0)
    assert state(store, run_id) == "running"


def test_fault_18_a_worker_declared_dead_that_wakes_up_writes_nothing(store, make_runner, tmp_path):
    first = make_runner()
    first.start()
    run = store.open(first.submit({"does": "write on and on"}, name="x"))
    old = reached(store, run.id, "running").pid
    eventually(run.history)
    first.stop()
    for _ in range(5):  # wherever it is stopped, also in the midst of a write
        os.kill(old, signal.SIGSTOP)
        time.sleep(0.02)
        os.kill(old, signal.SIGCONT)
        time.sleep(0.005)
    os.kill(old, signal.SIGSTOP)
    if durable_lock_is_held(run):
        os.kill(old, signal.SIGCONT)
        eventually(lambda: stopped_without_lock(run, old))
    run.transition("interrupted", "Not seen any more.")  # by a machine that cannot signal it
    run.transition("queued")
    run.replace_history([])
    second = make_runner()
    second.start()
    new = eventually(lambda: (s := run.status()).state == "running" and s.pid)
    os.kill(old, signal.SIGCONT)
    eventually((tmp_path / f"refused-{old}").exists)
    eventually(lambda: not is_alive(old, "") and not process_identity(old))
    eventually(run.history)
    assert {row["worker"] for row in run.history()} == {new}
    assert run.progress() == {"worker": new}
    assert (run.folder / "model.json").read_text().strip() == str(new)
    assert run.status().pid == new
    let_go(store, run.id)
    reached(store, run.id, "finished")


def durable_lock_is_held(run):
    descriptor = durable.try_lock(run.folder / ".lock")
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def stopped_without_lock(run, pid):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.01)
    if not durable_lock_is_held(run):
        return True
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.003)
    return False


WRITES = {
    "history": lambda run: run.append_history({"epoch": 9}),
    "whole history": lambda run: run.replace_history([]),
    "file": lambda run: run.publish_bytes("model.keras", b"old"),
    "folder": lambda run: run.publish("checkpoint-000001-00000000", os.mkdir),
    "progress": lambda run: run.write_progress({"batch": 9}),
    "status": lambda run: run.update(reason="old"),
    "end": lambda run: run.transition("finished", by_pid=1111),
    "several": lambda run: run.writing().__enter__(),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("owner", ["none", "other", "same number"])
def test_fault_18_no_write_of_a_worker_after_another_took_over(store, write, owner):
    run = store.create({}, name="x", state="starting", pid=1111, pid_started="a:1")
    run.transition("running", by_pid=1111)
    WRITES["history"](run)  # while it is the worker's
    other = store.open(run.id)
    other.transition("interrupted")
    if owner != "none":
        pid = 2222 if owner == "other" else 1111  # process ids repeat, in containers above all
        other.transition("queued")
        other.transition("starting", pid=pid, pid_started="b:1")
        other.transition("running", by_pid=pid)
        other.append_history({"epoch": 10})
    before = snapshot(run.folder)
    with pytest.raises(TransitionRefused):
        WRITES[write](run)
    assert snapshot(run.folder) == before


@pytest.mark.parametrize("write", ["whole history", "file", "folder"])
@pytest.mark.parametrize("moment", ["sync_tree", "sync_path"])
def test_fault_18_nor_one_that_had_begun_it_and_whose_leftovers_are_gone(
    store, monkeypatch, write, moment
):
    """The run's next start takes the temporary away that the one that sleeps has just made."""
    run = store.create({}, name="x", state="starting", pid=1111, pid_started="a:1")
    run.transition("running", by_pid=1111)
    other, original = store.open(run.id), getattr(durable, moment)

    def wakes_up_too_late(path):
        monkeypatch.undo()
        other.transition("interrupted")
        other.transition("queued")
        other.transition("starting", pid=2222, pid_started="b:1")
        original(path)

    monkeypatch.setattr(durable, moment, wakes_up_too_late)
    with pytest.raises(TransitionRefused, match="belongs to process 2222"):
        WRITES[write](run)
    assert not list(run.folder.glob(".tmp-*"))


def test_a_write_whose_temporary_vanished_by_itself_is_a_fault_of_the_folder(store):
    run = store.create({}, name="x", state="starting", pid=1111, pid_started="a:1")
    run.transition("running", by_pid=1111)
    with pytest.raises(FileNotFoundError):
        run.publish("model.keras", lambda path: None)


def snapshot(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def test_fault_18_stopped_in_the_midst_of_a_write_it_holds_up_only_its_run(store, make_runner):
    """The run changes hands after that write, or after the worker's end; others go on."""
    run = store.create({}, name="x", state="starting", pid=1111, pid_started="a:1")
    child = os.fork()
    if child == 0:
        try:
            mine = store.open(run.id)
            mine.transition("running", by_pid=1111)
            with mine.writing():
                os.kill(os.getpid(), signal.SIGSTOP)
        finally:
            os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        assert durable_lock_is_held(run)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert run.transition("interrupted").state == "interrupted"
