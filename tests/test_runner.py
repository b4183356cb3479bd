import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import psutil
import pytest

from core import processes, run_end
from core import runner as runner_module
from core.processes import PROJECT_ROOT, is_alive, process_identity, send_signal
from core.run_queue import next_in_turn
from core.run_status import FINAL_STATES
from core.runner import LocalRunner, detect_slots
from core.runs import RunNotFound, RunStore, RunSummary, TransitionRefused
from tests.fake_workers import eventually, got, let_go, reached, runners, state


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def make_runner(store, tmp_path):
    with runners(store, tmp_path) as make:
        yield make


# The queue


def test_runs_train_in_order_one_at_a_time(store, make_runner):
    runner = make_runner()
    ids = [runner.submit({}, name=f"run {number}") for number in range(4)]
    assert list(runner.states().values()) == ["queued"] * 4
    runner.start()
    for run_id in ids:
        assert reached(store, run_id, "finished").reason == "Done."
    times = [got(store, run_id)["time"] for run_id in ids]
    assert times == sorted(times)
    ended = [store.open(run_id).status().ended for run_id in ids]
    started = [store.open(run_id).status().started for run_id in ids]
    assert all(end <= start for end, start in zip(ended, started[1:], strict=False))


def test_slots_train_at_the_same_time(store, make_runner):
    runner = make_runner(slots=2)
    ids = [runner.submit({"does": "wait"}, name="x") for _ in range(3)]
    runner.start()
    for run_id in ids[:2]:
        reached(store, run_id, "running")
    time.sleep(0.1)
    assert state(store, ids[2]) == "queued"
    let_go(store, ids[0])
    reached(store, ids[2], "running")
    assert state(store, ids[1]) == "running"


def test_each_worker_sees_its_own_gpu(store, make_runner, monkeypatch):
    monkeypatch.setattr(runner_module, "visible_gpus", lambda: ["2", "5"])
    assert detect_slots() == 2
    runner = make_runner(slots=2)
    ids = [runner.submit({"does": "wait"}, name="x") for _ in range(2)]
    runner.start()
    for run_id in ids:
        reached(store, run_id, "running")
    assert [got(store, run_id)["gpu"] for run_id in ids] == ["2", "5"]


def test_without_gpus_there_is_one_slot(monkeypatch):
    monkeypatch.setattr(runner_module, "visible_gpus", list)
    assert detect_slots() == 1


def summary(owner, sequence):
    return RunSummary(id=f"{sequence:032x}", state="queued", owner=owner, sequence=sequence)


def test_owners_take_turns():
    queue = [summary("a", number) for number in range(4)] + [summary("b", 4), summary(None, 5)]
    served, order = {}, []
    while queue:
        run = next_in_turn(queue, {}, served)
        queue.remove(run)
        served[run.owner] = len(order) + 1
        order.append((run.owner, run.sequence))
    assert order == [("a", 0), ("b", 4), (None, 5), ("a", 1), ("a", 2), ("a", 3)]


def test_the_owner_with_fewest_active_runs_comes_first():
    queue = [summary("a", 1), summary("b", 2)]
    assert next_in_turn(queue, Counter(a=1), {"b": 9}).owner == "b"
    assert next_in_turn(queue, Counter(a=1, b=2), {}).owner == "a"


def test_a_run_submitted_by_another_process_is_found(store, make_runner):
    make_runner().start()
    time.sleep(0.1)
    code = (
        f"import sys; sys.path.insert(0, {str(PROJECT_ROOT)!r})\n"
        "from core.runs import RunStore\n"
        f"print(RunStore({str(store.root)!r}).create({{}}, name='x').id)"
    )
    run_id = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    reached(store, run_id, "finished")


@pytest.mark.slow
def test_a_run_queued_again_by_another_store_is_found(store, make_runner):
    runner = make_runner()
    runner.start()
    run_id = runner.submit({"does": "SIGTERM"}, name="x")
    reached(store, run_id, "interrupted")
    time.sleep(0.2)  # the runner has nothing more to look for
    (store.open(run_id).folder / "config.json").write_text("{}")
    RunStore(store.root).open(run_id).transition("queued")
    reached(store, run_id, "finished")


# The spare


def test_a_ready_spare_gets_its_line_at_once(store, make_runner):
    runner = make_runner(spare=True, poll_seconds=0.1)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    spare = runner._pool.spare.pid
    submitted = time.monotonic()
    run_id = runner.submit({}, name="x")
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] == spare
    assert got(store, run_id)["time"] - submitted < 0.3


@pytest.mark.slow
def test_the_next_spare_waits_until_the_run_has_begun(store, make_runner):
    runner = make_runner(spare=True, spare_delay_seconds=0.6)
    run_id = runner.submit({"does": "wait"}, name="x")
    runner.start()
    eventually(lambda: runner._pool.spare)
    begun = time.monotonic()
    assert begun - got(store, run_id)["time"] > 0.2  # the worker's own start took some of it
    eventually(lambda: runner.spare_is_ready)


def test_stop_ends_the_idle_spare(make_runner):
    runner = make_runner(spare=True)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    spare = runner._pool.spare
    runner.stop()
    assert spare.process.returncode == 0  # by the end of its input, not by a signal
    assert not runner.spare_is_ready


@pytest.mark.slow
def test_a_spare_older_than_the_source_is_not_used(store, make_runner, monkeypatch):
    runner = make_runner(spare=True)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    spare = runner._pool.spare
    monkeypatch.setattr(processes, "source_time", lambda: spare.source_time + 1)
    run_id = runner.submit({}, name="x")
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] != spare.pid
    assert spare.process.returncode is not None


@pytest.mark.slow
def test_a_dead_spare_is_replaced_ever_more_slowly(store, make_runner, tmp_path):
    (tmp_path / "broken").touch()
    runner = make_runner(spare=True, spare_delay_seconds=0.05)
    runner.start()
    eventually(lambda: runner._pool._spare_deaths >= 2)
    assert runner._pool._spare_due - time.monotonic() > 0.1
    run_id = runner.submit({}, name="x")
    status = reached(store, run_id, "failed")
    assert status.reason == "ImportError: No module named 'keras'"
    (tmp_path / "broken").unlink()
    reached(store, runner.submit({}, name="y"), "finished")


# Ends


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


# Cancel, pause, resume


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


# Re-attaching, several runners, strangers


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
        "LocalRunner(store, command=command, spare_delay_seconds=0).start()\n"
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
    runner.stop()
    assert open_files() == before
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


# Costs


@pytest.mark.slow
def test_an_idle_runner_hardly_works(store, make_runner, monkeypatch):
    for number in range(50):
        store.create({}, name=f"{number}", state="finished")
    runner = make_runner(spare=True, poll_seconds=0.1)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    time.sleep(0.6)
    listed = []
    monkeypatch.setattr(store, "list", lambda: listed.append(1) or [])
    before = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - before < 0.010
    assert not listed


def test_a_runner_needs_a_slot(store):
    with pytest.raises(ValueError, match="at least 1"):
        LocalRunner(store, slots=0)
