"""The app ends, in mid-recovery too: what the next start finds, resumes, and shares."""

import os
import signal
import time

import pytest

from core import durable
from core.faults import Faults
from core.processes import is_alive, process_identity
from core.resumption import MOST_RESUMES, resumes_unasked
from tests.fake_workers import end_app, eventually, got, let_go, reached, start_app, state

# The app's own end


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["6", "7"])
def test_fault_6_7_the_app_ends_and_its_runs_go_on(store, make_runner, tmp_path, number):
    make_runner()
    app = start_app(store, tmp_path)
    run = store.create({"does": "wait"}, name="x")
    status = reached(store, run.id, "running")
    end_app(app, number)
    time.sleep(0.1)
    assert is_alive(status.pid, status.pid_started)
    assert state(store, run.id) == "running"
    runner = make_runner()
    runner.start()
    eventually(lambda: run.id in runner._watches)
    let_go(store, run.id)
    reached(store, run.id, "finished")


@pytest.mark.slow
@pytest.mark.parametrize("resumes", [False, True])
def test_fault_9_all_killed_with_a_queue(store, make_runner, tmp_path, resumes):
    make_runner()
    app = start_app(store, tmp_path)
    ids = [store.create({"does": "wait"}, name=str(number)).id for number in range(4)]
    pid = reached(store, ids[0], "running").pid
    end_app(app)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not process_identity(pid))
    runner = make_runner(resumes=resumes)
    for run_id in ids:
        let_go(store, run_id)
    runner.start()
    for run_id in ids[1:]:
        reached(store, run_id, "finished")
    if not resumes:
        assert state(store, ids[0]) == "interrupted"
        runner.resume(ids[0])
    reached(store, ids[0], "finished")
    order = sorted(ids, key=lambda run_id: got(store, run_id)["time"])
    assert order == (ids if resumes else [*ids[1:], ids[0]])
    assert [len(starts(store, run_id)) for run_id in ids] == [2, 1, 1, 1]


def starts(store, run_id):
    return (store.root / run_id / "starts").read_text().split()


@pytest.mark.slow
def test_fault_35_a_kill_at_each_write_of_the_recovery(store, make_runner, tmp_path):
    """The app is killed while it recovers and resumes a run; the start after that does both."""
    make_runner()
    seen = []
    for point in range(1, RECOVERY_WRITES + 1):
        run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="x:1")
        run.transition("running")
        app = start_app(store, tmp_path, resumes=True, LAB_FAULT=f"any:{point}:kill")
        eventually(lambda app=app: app.poll() is not None)
        assert app.returncode == -signal.SIGKILL
        app.stdout.close()
        seen.append(run.status().state)
        runner = make_runner(resumes=True)
        runner.start()
        reached(store, run.id, "finished")
        assert len(starts(store, run.id)) == 1
        runner.stop()
    assert sorted(set(seen)) == ["interrupted", "queued", "running", "starting"]


RECOVERY_WRITES = 15  # write, fsync, rename, fsync and note of interrupted, queued and starting


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lasting"), [("enospc", "+"), ("eio", "")])
def test_fault_35_an_error_at_each_write_of_the_recovery(
    store, make_runner, monkeypatch, kind, lasting
):
    for point in range(1, RECOVERY_WRITES):
        run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="x:1")
        faults = Faults(f"any:{point}{lasting}:{kind}")
        monkeypatch.setattr(durable, "FAULTS", faults)
        runner = make_runner(resumes=True)
        runner.start()
        if lasting:
            eventually(
                lambda runner=runner, run=run: runner.problem or run.status().is_final, seconds=20
            )
            monkeypatch.setattr(durable, "FAULTS", None)
        reached(store, run.id, "finished")
        monkeypatch.setattr(durable, "FAULTS", None)
        runner.stop()
        if len(faults.passed) < point:
            break
    assert point > 4


# Resumed by itself


def test_interrupted_runs_are_resumed_at_the_start_if_wished(store, make_runner):
    runs = [store.create({}, name=str(number)) for number in range(3)]
    for run in runs[:2]:
        run.transition("starting")
        run.transition("interrupted", "The machine went down.")
    runs[2].transition("paused", "Paused.")
    make_runner(resumes=True).start()
    for run in runs[:2]:
        assert reached(store, run.id, "finished").extra["auto_resumes"] == 1
    assert state(store, runs[2].id) == "paused"  # by a person, who will go on with it


def test_interrupted_runs_are_left_alone_unless_wished(store, make_runner):
    run = store.create({}, name="x", state="starting", pid=os.getpid(), pid_started="x:1")
    runner = make_runner()
    runner.start()
    reached(store, run.id, "interrupted")
    reached(store, runner.submit({}, name="y"), "finished")
    assert state(store, run.id) == "interrupted"


@pytest.mark.slow
def test_a_run_is_resumed_unasked_three_times_at_most(store, make_runner):
    run = store.create({"does": "SIGKILL"}, name="x")
    run.transition("starting")
    run.transition("interrupted", "The machine went down.")
    for count in [*range(1, MOST_RESUMES + 1), MOST_RESUMES, MOST_RESUMES]:
        runner = make_runner(resumes=True)
        runner.start()
        eventually(lambda count=count: len(tried(run)) == count)
        reached(store, run.id, "interrupted")
        reached(store, runner.submit({}, name="another"), "finished")
        runner.stop()
        assert len(tried(run)) == count
    assert run.status().extra["auto_resumes"] == MOST_RESUMES
    make_runner().resume(run.id)
    assert run.status().extra["auto_resumes"] == 0  # somebody looked after it


def tried(run):
    path = run.folder / "starts"
    return path.read_text().split() if path.exists() else []


def test_the_setting_is_checked():
    assert [resumes_unasked({}), resumes_unasked({"LAB_RESUME": ""})] == [False, False]
    assert [resumes_unasked({"LAB_RESUME": word}) for word in ("ask", " Auto ")] == [False, True]
    with pytest.raises(ValueError, match=r"LAB_RESUME must be 'ask' or 'auto'. Received: 'yes'"):
        resumes_unasked({"LAB_RESUME": "yes"})


# Two apps


@pytest.mark.slow
def test_two_apps_on_one_store_share_it(store, make_runner, tmp_path):
    """Bad input 104: one schedules, both hand in, no run is trained twice."""
    make_runner()
    apps = [start_app(store, tmp_path) for _ in range(2)]
    try:
        ids = [store.create({}, name=str(number)).id for number in range(6)]
        for run_id in ids:
            reached(store, run_id, "finished")
        assert [len(starts(store, run_id)) for run_id in ids] == [1] * 6
    finally:
        for app in apps:
            end_app(app)
