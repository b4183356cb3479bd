"""Runs that other processes take up, and faults of reading that pass."""

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from core import run_queue, run_status
from core.processes import process_identity
from core.run_end import End, finish_dead
from core.run_status import RunUnreadable
from core.runs import RunStore
from tests.fake_workers import eventually, let_go, reached, state


@pytest.fixture
def other():
    """The status fields of a process that trains, as a command does."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield {"pid": process.pid, "pid_started": process_identity(process.pid)}
        process.kill()


def take_up(run, process):
    """As `python -m core resume` does it."""
    run.transition("queued")
    run.transition("starting", **process)


@pytest.mark.parametrize("left_as", ["running", "paused"])
def test_a_run_that_a_command_took_up_before_the_queue_looked_is_its_own(
    store, make_runner, monkeypatch, other, left_as
):
    runner = make_runner()
    runner.start()
    run = store.open(runner.submit({"does": "wait"}, name="x"))
    pid = reached(store, run.id, "running").pid
    watch = eventually(lambda: runner._watches.get(run.id))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(watch, "is_over", lambda: False)
        run.transition("interrupted" if left_as == "running" else left_as)
        os.kill(pid, signal.SIGKILL)
        take_up(run, other)
    eventually(lambda: run.id in runner._watches and runner._watches[run.id] is not watch)
    assert (state(store, run.id), run.status().pid) == ("starting", other["pid"])


def test_an_end_that_waited_is_of_its_own_process_alone(store, other):
    run = store.create({}, name="x", state="starting", pid=2**22 + 1, pid_started="gone")
    end = End("interrupted", "Killed.", process=(2**22 + 1, "gone"))
    run.transition("interrupted")
    take_up(run, other)
    finish_dead(run, end)
    assert run.status().state == "starting"
    finish_dead(run, End("interrupted", "Killed.", process=tuple(other.values())))
    assert run.status().state == "interrupted"


def test_a_cancel_while_a_worker_dies_before_it_has_its_run_is_heeded(
    store, make_runner, monkeypatch
):
    runner = make_runner()
    run_id = runner.submit({}, name="x")
    claim = runner._claim

    def claimed(run, worker):
        status = claim(run, worker)
        worker.kill()
        runner.cancel(run_id)
        return status

    monkeypatch.setattr(runner, "_claim", claimed)
    runner.start()
    reached(store, run_id, "cancelled")


@pytest.fixture
def unreadable(monkeypatch):
    """Ids of runs whose status cannot be read, as where there are too many open files."""
    ids, real = set(), os.open

    def opened(path, *arguments, **options):
        if os.path.basename(os.path.dirname(path)) in ids and str(path).endswith("status.json"):
            raise OSError(24, "Too many open files")
        return real(path, *arguments, **options)

    monkeypatch.setattr(run_status.os, "open", opened)
    return ids


def test_a_status_that_could_not_be_read_for_a_moment_is_read_again(store, unreadable):
    run = store.create({}, name="x")
    unreadable.add(run.id)
    with suppress(RunUnreadable):
        run.status()
    assert [item.state for item in store.list()] == ["damaged"]
    assert store.has_unread
    unreadable.clear()
    assert [item.state for item in store.list()] == ["queued"]
    assert not store.has_unread


def test_a_status_that_is_gone_for_good_is_not_read_again_and_again(store):
    run = store.create({}, name="x")
    (run.folder / "status.json").unlink()
    assert [item.state for item in store.list()] == ["damaged"]
    assert not store.has_unread


def test_a_queued_run_that_could_not_be_read_for_a_moment_is_trained(
    store, make_runner, monkeypatch, unreadable
):
    monkeypatch.setattr(run_queue, "UNREAD_SECONDS", 0.05)
    runner = make_runner()
    run_id = runner.submit({}, name="x")
    unreadable.add(run_id)
    runner.start()
    eventually(lambda: store.has_unread)
    unreadable.clear()
    reached(store, run_id, "finished")


@pytest.mark.slow
def test_a_run_that_cannot_be_read_when_its_turn_comes_is_trained_later(
    store, make_runner, monkeypatch, unreadable
):
    runner = make_runner()
    runner.start()
    first = runner.submit({"does": "wait"}, name="x")
    reached(store, first, "running")
    second = runner.submit({}, name="y")
    eventually(lambda: runner._queue)
    unreadable.add(second)
    looked, look_soon = [], runner._queue.look_soon
    monkeypatch.setattr(runner._queue, "look_soon", lambda: (looked.append(1), look_soon()))
    let_go(store, first)
    reached(store, first, "finished")
    eventually(lambda: len(looked) > 1)
    unreadable.clear()
    reached(store, second, "finished")


def test_a_command_that_begins_a_run_tells_the_queue(tmp_path, monkeypatch):
    from core.commands import training

    run = RunStore(tmp_path).create({}, name="x")
    run.update(slot=3, oom_kills=["boot", 0])
    os.utime(tmp_path, (0, 0))
    monkeypatch.setattr(training, "train_here", lambda run: 0)
    training.begin_here(run)
    status = run.status()
    assert os.stat(tmp_path).st_mtime > 0
    assert status.extra["slot"] is None
    assert status.extra["oom_kills"] != ["boot", 0]
