"""The clock, the run folder and the source change under a running queue."""

import os
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest

from core.processes import PROJECT_ROOT, is_alive
from core.runs import RunStore
from tests.fake_workers import eventually, let_go, reached, state


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

    def is_removed():  # the worker may write between a listing of the folder and its removal
        shutil.rmtree(store.root / run_id, ignore_errors=True)
        return not (store.root / run_id).exists()

    eventually(is_removed)
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
    ]
    assert not late
