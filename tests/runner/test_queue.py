"""The queue of runs and its spare worker."""

import subprocess
import sys
import time
from collections import Counter

import pytest

from core import backends, processes, store_changes
from core import runner as runner_module
from core.processes import PROJECT_ROOT
from core.run_queue import next_in_turn
from core.runner import LocalRunner, detect_slots
from core.runs import RunStore, RunSummary
from tests.fake_workers import eventually, got, let_go, reached, state

# The queue


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_it_looks_less_often_while_nobody_waits(store, make_runner, monkeypatch):
    """Each look takes a little from those who train."""
    runner = make_runner(poll_seconds=0.03)
    pauses, wait = [None], runner._wake.wait
    monkeypatch.setattr(runner._wake, "wait", lambda pause: pauses.append(pause) or wait(pause))
    runner.start()
    eventually(lambda: pauses[-1] == runner_module.IDLE_SECONDS)
    first = runner.submit({"does": "wait"}, name="x")
    reached(store, first, "running")
    eventually(lambda: pauses[-1] == 0.06)
    second = runner.submit({"does": "wait"}, name="x")
    eventually(lambda: pauses[-1] == 0.03)
    let_go(store, first)
    reached(store, second, "running")
    eventually(lambda: pauses[-1] == 0.06)


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


def test_a_run_that_nobody_could_note_is_found(store, make_runner, monkeypatch):
    runner = make_runner()
    runner.start()
    reached(store, runner.submit({}, name="x"), "finished")
    monkeypatch.setattr(store_changes, "note", lambda root: None)
    reached(store, runner.submit({}, name="y"), "finished")


# The spare


def test_a_ready_spare_gets_its_line_at_once(store, make_runner):
    runner = make_runner(spare=True, spare_delay_seconds=0.0, poll_seconds=0.1)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    spare = runner._pool.spare.pid
    submitted = time.monotonic()
    run_id = runner.submit({}, name="x")
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] == spare
    assert got(store, run_id)["time"] - submitted < 0.3


@pytest.mark.slow
def test_the_next_spare_waits_until_the_run_has_begun_and_another_can_be_soon(store, make_runner):
    runner = make_runner(spare=True, spare_delay_seconds=0.6)
    runner.start()
    reached(store, runner.submit({}, name="x"), "finished")  # its worker ends with it
    run_id = runner.submit({"does": "wait"}, name="y")
    reached(store, run_id, "running")
    begun = got(store, run_id)["time"]
    time.sleep(1.2)
    assert not runner._pool.spare  # its imports would take cores from the run
    runner.submit({"does": "wait"}, name="the next")
    eventually(lambda: runner.spare_is_ready)
    assert time.time() - begun > 1.2


def test_a_spare_comes_when_a_run_has_ended(store, make_runner):
    runner = make_runner(spare=True, spare_delay_seconds=0.1)
    runner.start()
    reached(store, runner.submit({}, name="x"), "finished")
    eventually(lambda: runner.spare_is_ready)


def test_stop_ends_the_idle_spare(make_runner):
    runner = make_runner(spare=True, spare_delay_seconds=0.0)
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
def test_a_spare_with_another_back_end_is_not_used(store, make_runner, monkeypatch):
    monkeypatch.setattr(backends, "installed", lambda: ("tensorflow", "jax"))
    runner = make_runner(spare=True)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    spare = runner._pool.spare
    assert spare.backend == "tensorflow"
    run_id = runner.submit({"training": {"backend": "jax"}}, name="x")
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] != spare.pid
    assert spare.process.returncode is not None
    eventually(lambda: runner.spare_is_ready)
    assert runner._pool.spare.backend == "jax"  # the next run is most likely like the last


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


def test_the_first_spare_lets_the_first_page_go_first(make_runner):
    begun = time.monotonic()
    runner = make_runner(spare=True, spare_delay_seconds=0.6)
    runner.start()
    eventually(lambda: runner._pool.spare)
    assert time.monotonic() - begun >= 0.6
