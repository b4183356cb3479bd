"""Faults that the queue must come through: workers, the app and the disk fail in its hands."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from core import disk, durable, gpu_faults, run_end
from core.faults import Faults
from core.processes import PROJECT_ROOT, is_alive, process_identity
from core.resumption import MOST_RESUMES, resumes_unasked
from core.run_status import FINAL_STATES
from core.runs import RunStore, TransitionRefused
from tests.fake_workers import eventually, got, let_go, reached, runners, state


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def make_runner(store, tmp_path):
    with runners(store, tmp_path) as make:
        yield make


APP = """
import sys, time
sys.path.insert(0, {root!r})
from core.runner import LocalRunner
from core.runs import RunStore
store = RunStore({store!r})
command = (sys.executable, {script!r})
LocalRunner(store, command=command, spare=False, poll_seconds=0.02, resumes={resumes}).start()
print("started", flush=True)
time.sleep(60)
"""


def start_app(store, tmp_path, *, resumes=False, **environment):
    """The queue in a process of its own, as the app has it."""
    script = str(tmp_path / "fake_worker.py")
    code = APP.format(root=str(PROJECT_ROOT), store=str(store.root), script=script, resumes=resumes)
    app = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    app.stdout.readline()
    return app


def end_app(app, number=signal.SIGKILL):
    app.send_signal(number)
    app.wait(10)
    app.stdout.close()


# Ends that the worker could not write


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
    monkeypatch.setattr(run_end, "_GIVEN_UP", ())
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


# Memory and graphics processors


@pytest.mark.slow
def test_fault_13_out_of_memory_is_said_and_not_tried_again(store, make_runner, monkeypatch):
    kills = [7]
    monkeypatch.setattr(run_end, "oom_kills", lambda: kills[0])
    runner = make_runner(resumes=True)
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    kills[0] += 1
    os.kill(pid, signal.SIGKILL)
    assert "(out of memory)" in reached(store, run_id, "interrupted").reason
    runner.stop()
    for _ in range(2):  # more starts of the app
        again = make_runner(resumes=True)
        again.start()
        reached(store, again.submit({}, name="y"), "finished")
        again.stop()
        assert state(store, run_id) == "interrupted"
    make_runner().resume(run_id)  # but a person may try it, with more memory
    assert store.open(run_id).status().extra["cause"] == ""


def test_fault_13_killed_for_memory_together_with_the_app(store, make_runner, monkeypatch):
    kills = [7]
    monkeypatch.setattr(run_end, "oom_kills", lambda: kills[0])
    first = make_runner()
    first.start()
    run_id = first.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    first.stop()
    kills[0] += 1
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not process_identity(pid))
    make_runner(resumes=True).start()
    status = reached(store, run_id, "interrupted")
    assert "(out of memory)" in status.reason
    time.sleep(0.2)
    assert state(store, run_id) == "interrupted"


def test_fault_14_graphics_memory_advises_a_smaller_batch(store, make_runner):
    runner = make_runner()
    runner.start()
    said = "E failed to allocate 32.00G: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
    first = runner.submit({"does": f"exit -6 {said}"}, name="x")
    second = runner.submit({}, name="y")
    status = reached(store, first, "failed", "interrupted")
    assert status.state == "failed"
    assert "training.batch_size" in status.reason
    reached(store, second, "finished")


@pytest.mark.parametrize("code", [1, -6])
def test_fault_15_a_lost_graphics_processor_is_named(store, make_runner, code):
    runner = make_runner()
    runner.start()
    said = "F CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered"
    status = reached(
        store, runner.submit({"does": f"exit {code} {said}"}, name="x"), "failed", "interrupted"
    )
    assert status.state == "interrupted"
    assert "graphics processor failed or was lost (CUDA_ERROR_ILLEGAL_ADDRESS)" in status.reason


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[9,9]", "batch_size"),
        ("INTERNAL: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure", "LAUNCH_FAILED"),
        ("Unable to determine the device handle for GPU0: GPU is lost", "GPU is lost"),
        ("GPU has fallen off the bus.", "fallen off the bus"),
        ("ValueError: the recording has no channels", ""),
        ("CUDA_ERROR_UNKNOWNS", ""),
    ],
)
def test_fault_14_15_messages_of_graphics_processors(said, word):
    explained = gpu_faults.explain(f"Epoch 1\n{said}\n")
    assert (explained is not None) == bool(word)
    assert explained is None or word in explained[1]


# Hung, stopped, and continued


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


RECOVERY_WRITES = 12  # write, fsync, rename, fsync of interrupted, queued and starting


@pytest.mark.slow
@pytest.mark.parametrize("lasting", ["", "+"])
@pytest.mark.parametrize("kind", ["enospc", "eio"])
def test_fault_35_an_error_at_each_write_of_the_recovery(
    store, make_runner, monkeypatch, kind, lasting
):
    for point in range(1, 12):
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


# Other faults


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-25, 25])
def test_fault_30_a_clock_a_day_off_kills_nobody(store, make_runner, hours):
    """Bad input 103: also the order of creation holds."""
    first = make_runner(stall_seconds=0.6)
    first.start()
    running = first.submit({"does": "compute"}, name="x")
    reached(store, running, "running")
    first.stop()
    off = RunStore(store.root, now=lambda: datetime.now(UTC) + timedelta(hours=hours))
    first.store = off
    run = store.open(running)
    then = time.time() + 3600 * hours
    os.utime(run.folder / "status.json", (then, then))
    eventually((run.folder / "log.txt").exists)
    os.utime(run.folder / "log.txt", (then, then))
    second = make_runner(stall_seconds=0.6)
    second.start()
    eventually(lambda: running in second._watches)
    later = off.create({}, name="y")
    time.sleep(0.8)
    assert state(store, running) == "running"
    assert [item.id for item in store.list()] == [running, later.id]
    let_go(store, running)
    reached(store, running, "finished")
    reached(store, later.id, "finished")


def test_fault_29_a_run_folder_removed_leaves_the_queue_alive(store, make_runner):
    runner = make_runner(cancel_seconds=0.1)
    runner.start()
    run_id = runner.submit({"does": "write on and on"}, name="x")
    status = reached(store, run_id, "running")
    shutil.rmtree(store.root / run_id, ignore_errors=True)
    shutil.rmtree(store.root / run_id, ignore_errors=True)  # it may have written meanwhile
    eventually(lambda: not is_alive(status.pid, status.pid_started))
    reached(store, runner.submit({}, name="y"), "finished")
    assert not (store.root / run_id).exists()


def test_fault_31_a_worker_loads_all_of_the_program_when_it_starts():
    """An edit of the source in mid-run cannot reach it: nothing of core is imported late."""
    import ast

    late = [
        f"{path.name}:{node.lineno}"
        for path in (PROJECT_ROOT / "core").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom | ast.Import)
        and any("core" in name for name in [getattr(node, "module", ""), node.names[0].name])
        and path.name != "__main__.py"
    ]
    assert not late


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
