"""A worker whose run has ended in good order takes the next one, and is the spare meanwhile."""

import functools
import os
import signal
import time
from types import SimpleNamespace

import pytest

from core import worker_pool
from core.processes import is_alive
from tests.fake_workers import end_app, eventually, got, let_go, reached, start_app, state

pytestmark = pytest.mark.slow


@pytest.fixture
def goes_on(tmp_path):
    (tmp_path / "goes on").touch()


def pids(store, run_ids):
    return [got(store, run_id)["pid"] for run_id in run_ids]


def test_a_queue_is_trained_by_one_process_without_a_spare_beside_it(store, make_runner, goes_on):
    runner = make_runner(spare=True, spare_delay_seconds=0.0)
    runs = [runner.submit({"does": "wait"}, name="x") for _ in range(3)]
    runner.start()
    for run_id in runs:
        reached(store, run_id, "running")
        time.sleep(0.3)
        assert runner._pool.spare is None  # its imports would take cores from the run
        let_go(store, run_id)
        reached(store, run_id, "finished")
    assert len(set(pids(store, runs))) == 1


def test_a_worker_that_is_done_replaces_a_spare_that_still_imports():
    ended = []

    def worker(name, is_ready):
        end = functools.partial(ended.append, name)
        return SimpleNamespace(name=name, is_ready=is_ready, orders=1, end_idle=end)

    pool = worker_pool.WorkerPool([], gpus=[], wants_spare=True, spare_delay_seconds=0.0)
    pool.spare = worker("importing", is_ready=False)
    pool.take_back(worker("first", is_ready=True))
    assert (pool.spare.name, ended) == ("first", ["importing"])
    pool.take_back(worker("second", is_ready=True))
    assert (pool.spare.name, ended) == ("first", ["importing", "second"])


def test_a_worker_that_is_done_is_the_spare_at_once(store, make_runner, goes_on):
    runner = make_runner(spare=True, spare_delay_seconds=60.0)
    first = runner.submit({}, name="x")
    runner.start()
    reached(store, first, "finished")
    eventually(lambda: runner.spare_is_ready and runner._pool.spare.is_waiting)
    second = runner.submit({}, name="y")
    reached(store, second, "finished")
    assert len(set(pids(store, [first, second]))) == 1
    spare = eventually(lambda: runner._pool.spare)
    runner.stop()
    assert spare.process.returncode == 0  # by the end of its input, not by a signal


def test_a_worker_that_is_done_and_then_killed_holds_up_no_run(store, make_runner, goes_on):
    runner = make_runner(spare=True, spare_delay_seconds=60.0)
    first = runner.submit({}, name="x")
    runner.start()
    reached(store, first, "finished")
    eventually(lambda: runner.spare_is_ready)
    os.kill(runner._pool.spare.pid, signal.SIGKILL)
    second = runner.submit({}, name="y")
    reached(store, second, "finished")
    assert len(set(pids(store, [first, second]))) == 2


def test_a_worker_that_fails_ends_with_its_run_and_a_spare_waits_beside_the_next(
    store, make_runner, goes_on
):
    runner = make_runner(spare=True, spare_delay_seconds=0.0)
    first = runner.submit({"does": "fail"}, name="x")
    second, third = (runner.submit({"does": "wait"}, name="y") for _ in range(2))
    runner.start()
    reached(store, first, "failed")
    reached(store, second, "running")
    eventually(lambda: runner.spare_is_ready)
    let_go(store, second)
    reached(store, third, "running")
    let_go(store, third)
    reached(store, third, "finished")
    assert len(set(pids(store, [first, second, third]))) == 3


def test_a_worker_that_wrote_no_end_gets_no_other_run(store, make_runner, goes_on):
    runner = make_runner(spare=True, spare_delay_seconds=60.0)
    first, second = (runner.submit({"does": d}, name="x") for d in ("forget the end", "finish"))
    runner.start()
    assert "ended without a result" in reached(store, first, "failed").reason
    reached(store, second, "finished")
    assert len(set(pids(store, [first, second]))) == 2


def test_a_worker_takes_only_so_many_runs(store, make_runner, goes_on, monkeypatch):
    monkeypatch.setattr(worker_pool, "MOST_ORDERS", 2)
    runner = make_runner(spare=True, spare_delay_seconds=60.0)
    runs = [runner.submit({}, name="x") for _ in range(4)]
    runner.start()
    for run_id in runs:
        reached(store, run_id, "finished")
    first, second, third, fourth = pids(store, runs)
    assert first == second != third == fourth


def test_the_next_app_sees_the_end_and_the_worker_goes(store, tmp_path, make_runner, goes_on):
    run_id = store.create({"does": "wait"}, name="x").id
    app = start_app(store, tmp_path)
    try:
        status = reached(store, run_id, "running")
    finally:
        end_app(app)
    runner = make_runner()
    runner.start()
    let_go(store, run_id)
    reached(store, run_id, "finished")
    eventually(lambda: not is_alive(status.pid, status.pid_started))  # no app gives it a line
    other = runner.submit({}, name="y")
    reached(store, other, "finished")
    assert state(store, run_id) == "finished"
