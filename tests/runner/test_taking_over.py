"""Re-attaching to workers, several runners on one store, and processes of strangers."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from core.processes import PROJECT_ROOT, is_alive, process_identity, send_signal
from tests.fake_workers import eventually, let_go, reached, state


def test_a_new_runner_finds_the_workers_of_the_one_before(store, make_runner):
    first = make_runner()
    first.start()
    running = first.submit({"does": "wait"}, name="x")
    waiting = first.submit({}, name="y")
    pid = reached(store, running, "running").pid
    first.stop()
    second = make_runner()
    second.start()
    eventually(lambda: running in second._watches)
    assert (state(store, running), state(store, waiting)) == ("running", "queued")
    assert store.open(running).status().pid == pid
    let_go(store, running)
    reached(store, running, "finished")
    reached(store, waiting, "finished")


def test_an_adopted_worker_can_be_cancelled_and_its_crash_is_seen(store, make_runner):
    first = make_runner(slots=2)
    first.start()
    ids = [first.submit({"does": "ignore everything"}, name="x") for _ in range(2)]
    pids = [reached(store, run_id, "running").pid for run_id in ids]
    first.stop()
    second = make_runner(slots=2, cancel_seconds=0.1, kill_seconds=0.1)
    second.start()
    second.cancel(ids[0])
    assert reached(store, ids[0], "cancelled").reason.startswith("Cancelled")
    os.kill(pids[1], signal.SIGKILL)
    assert "killed" in reached(store, ids[1], "interrupted").reason


def test_a_worker_that_ended_unwatched_is_interrupted(store, make_runner):
    first = make_runner()
    first.start()
    run_id = first.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    first.stop()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: process_identity(pid) == "")
    make_runner().start()
    assert "no app was watching" in reached(store, run_id, "interrupted").reason


def test_an_app_killed_leaves_its_worker_running(store, make_runner, tmp_path):
    make_runner()  # writes the worker's script
    run = store.create({"does": "wait"}, name="x")
    code = (
        f"import sys, time; sys.path.insert(0, {str(PROJECT_ROOT)!r})\n"
        "from core.runner import LocalRunner; from core.runs import RunStore\n"
        f"command = (sys.executable, {str(tmp_path / 'fake_worker.py')!r})\n"
        f"store = RunStore({str(store.root)!r})\n"
        "LocalRunner(store, slots=2, command=command, spare_delay_seconds=0).start()\n"
        "print(all(name not in sys.modules for name in ('keras', 'tensorflow')), flush=True)\n"
        "time.sleep(60)"
    )
    app = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert app.stdout.readline() == "True\n"  # nothing heavy in the app's process
    status = reached(store, run.id, "running")
    children = eventually(lambda: len(found := psutil.Process(app.pid).children()) == 2 and found)
    (spare,) = {child.pid for child in children} - {status.pid}
    app.kill()
    app.wait()
    app.stdout.close()
    eventually(lambda: process_identity(spare) == "")
    assert is_alive(status.pid, status.pid_started)
    assert os.getsid(status.pid) == status.pid  # closing the app's terminal does not reach it
    make_runner().start()
    let_go(store, run.id)
    reached(store, run.id, "finished")


def test_a_stranger_with_the_same_process_id_is_not_signalled(store, make_runner):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        run = store.create({}, name="x", state="starting", pid=stranger.pid, pid_started="x:1")
        run.transition("running")
        run.request_cancel()
        runner = make_runner(cancel_seconds=0, kill_seconds=0)
        runner.start()
        reached(store, run.id, "interrupted", "cancelled")
        assert not send_signal(stranger.pid, "x:1", signal.SIGKILL)
        time.sleep(0.1)
        assert stranger.poll() is None
        identity = process_identity(stranger.pid)
        assert send_signal(stranger.pid, identity, signal.SIGTERM)
        assert stranger.wait(5) == -signal.SIGTERM
        assert not send_signal(stranger.pid, identity, signal.SIGTERM)
    finally:
        stranger.kill()
        stranger.wait()


def test_an_ended_child_not_yet_reaped_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""])
    identity = process_identity(child.pid)
    eventually(lambda: not is_alive(child.pid, identity))
    child.wait()
    assert identity != process_identity(os.getpid()) != ""
    assert process_identity(None) == process_identity(2**30) == ""


@pytest.mark.slow
def test_one_of_two_runners_schedules_and_the_other_takes_over(store, make_runner):
    first, second = make_runner(), make_runner()
    first.start()
    eventually(lambda: first.is_leading)
    second.start()
    ids = [second.submit({"does": "wait"}, name="x") for _ in range(2)]
    pid = reached(store, ids[0], "running").pid
    assert not second.is_leading
    second.cancel(ids[1])
    assert second.states() == {ids[0]: "running", ids[1]: "cancelled"}
    first.stop()
    eventually(lambda: second.is_leading)
    assert store.open(ids[0]).status().pid == pid
    let_go(store, ids[0])
    reached(store, ids[0], "finished")


@pytest.mark.slow
def test_many_runs_under_random_kills_each_end_once(store, make_runner):
    """Each worker is started once, and each run ends in a state with a reason."""
    runner = make_runner(slots=2, spare=True, spare_delay_seconds=0)
    runner.start()
    does = ["finish", "SIGKILL", "fail", "finish", "SIGSEGV"] * 4
    ids = [runner.submit({"does": what}, name=what) for what in does]
    ends = {"finish": "finished", "SIGKILL": "interrupted", "fail": "failed", "SIGSEGV": "failed"}
    for run_id, what in zip(ids, does, strict=True):
        assert reached(store, run_id, ends[what], seconds=10).reason


@pytest.mark.slow
def test_no_pipe_and_no_zombie_is_left(store, make_runner):
    def open_files():
        return len(os.listdir("/proc/self/fd"))

    runner = make_runner(spare=True, spare_delay_seconds=0)
    before = open_files()
    runner.start()
    pids = []
    for does in ("finish", "fail", "SIGKILL", "finish"):
        run_id = runner.submit({"does": does}, name="x")
        pids.append(reached(store, run_id, "finished", "failed", "interrupted").pid)
    eventually(lambda: not runner._watches)
    runner.stop()
    assert open_files() == before
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
