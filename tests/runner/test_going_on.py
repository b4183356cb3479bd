"""A worker whose run has ended in good order takes the next one, and is the spare meanwhile."""

import os
import signal
import time
from types import SimpleNamespace

import pytest

from core import worker_pool
from core.processes import is_alive
from core.run_folder import Run
from core.run_watch import Patience, RunWatch
from tests.fake_workers import end_app, eventually, got, let_go, reached, start_app, state

pytestmark = pytest.mark.slow


@pytest.fixture
def goes_on(tmp_path):
    (tmp_path / "goes on").touch()


def pids(store, run_ids):
    return [got(store, run_id)["pid"] for run_id in run_ids]


def pooled(name, ended, *, is_ready=True, code=None, **more):
    """What the pool sees of a worker; its end is noted in `ended`."""
    return SimpleNamespace(
        name=name,
        is_ready=is_ready,
        orders=1,
        order=None,
        poll=lambda: code,
        last_error=str,
        end_idle=lambda: ended.append(name),
        close=lambda: ended.append(f"{name}, closed"),
        **more,
    )


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

    pool = worker_pool.WorkerPool([], gpus=[], wants_spare=True, spare_delay_seconds=0.0)
    pool.spare = pooled("importing", ended, is_ready=False)
    pool.run_is_over(pooled("first", ended))
    assert (pool.spare.name, ended) == ("first", ["importing"])
    pool.run_is_over(pooled("second", ended))
    assert (pool.spare.name, ended) == ("first", ["importing", "second"])


def test_a_worker_that_is_done_replaces_a_spare_that_has_died():
    ended = []
    pool = worker_pool.WorkerPool([], gpus=[], wants_spare=True, spare_delay_seconds=0.0)
    pool.spare = pooled("dead", ended, code=-9)
    pool.run_is_over(pooled("living", ended))
    assert (pool.spare.name, ended) == ("living", ["dead, closed"])


def test_what_a_worker_died_of_is_kept_in_mind_when_another_dies_of_nothing_known():
    pool = worker_pool.WorkerPool([], gpus=[], wants_spare=True, spare_delay_seconds=0.0)
    for order in ({"config": 1}, None):
        dead = pooled("dead", [])
        dead.order = order
        pool.note_death(dead)
    asked = []
    living = pooled("living", [], backend="x", is_waiting=True, is_current=True)
    living.prepare = asked.append
    pool.spare = living
    pool.prepare_spare({"config": 1}, "x")
    pool.prepare_spare({"config": 2}, "x")
    assert asked == [{"config": 2}]


def test_a_worker_that_was_killed_as_it_said_that_it_is_done_is_let_go_of(store):
    run = store.create({}, name="x")
    patience = Patience(1.0, 1.0, 1.0, 1.0)
    for code, kept in ((None, True), (-15, False)):
        worker = pooled("done", [], code=code, done_code=3)
        watch = RunWatch(run, run.status(), worker, patience)
        assert watch.is_over()
        assert (watch.release(in_order=True) is worker) is kept
        assert watch.release(in_order=False) is None


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


@pytest.mark.parametrize("goes", ["on", "slowly"])
def test_a_cancel_that_meets_a_pause_is_heeded(store, tmp_path, make_runner, monkeypatch, goes):
    """The worker may have paused the run, and said so, before it could see that it is cancelled."""
    (tmp_path / f"goes {goes}").touch()
    runner = make_runner(spare=True, spare_delay_seconds=60.0)
    runner.start()
    run = store.open(runner.submit({"does": "wait"}, name="x"))
    reached(store, run.id, "running")
    request = Run.request_cancel

    def late(self):
        self.request_pause()
        reached(store, self.id, "paused")
        if goes == "on":
            eventually(lambda: runner.spare_is_ready)
        request(self)

    monkeypatch.setattr(Run, "request_cancel", late)
    runner.cancel(run.id)
    assert run.status().state == "cancelled"
    (tmp_path / "goes slowly").unlink(missing_ok=True)


def test_a_run_resumed_while_its_worker_ends_waits_for_that(store, tmp_path, make_runner):
    (tmp_path / "goes slowly").touch()
    runner = make_runner(slots=2)
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    reached(store, run_id, "running")
    runner.pause(run_id)
    first = reached(store, run_id, "paused")
    runner.resume(run_id)
    time.sleep(0.3)
    assert state(store, run_id) == "queued"  # its slot, and the memory of its GPU, are not free yet
    (tmp_path / "goes slowly").unlink()
    second = reached(store, run_id, "running")
    assert first.pid != second.pid
    assert not is_alive(first.pid, first.pid_started)
