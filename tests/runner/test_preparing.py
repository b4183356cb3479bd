"""What the spare is asked to prepare: the setup in hand, when it has settled and nothing trains."""

import json
import time

import pytest

from core import runner as runner_module
from core import worker_pool
from core.config import ExperimentConfig
from tests.fake_workers import eventually, got, reached

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(runner_module, "SETTLED_SECONDS", 0.1)
    monkeypatch.setattr(runner_module, "IDLE_SECONDS", 0.02)


@pytest.fixture(params=[1])
def runner(make_runner, request):
    runner = make_runner(spare=True, spare_delay_seconds=0.0, slots=request.param)
    runner.start()
    eventually(lambda: runner.spare_is_ready)
    return runner


def setup(number, **training):
    return ExperimentConfig().replace({"training.seed": number}).model_dump(mode="json") | training


def asked(tmp_path):
    """Process and seed of each time."""
    path = tmp_path / "prepared"
    lines = path.read_text().splitlines() if path.exists() else []
    split = [line.split(" ", 2) for line in lines]
    return [(int(pid), json.loads(text)["config"]["training"]["seed"]) for pid, _, text in split]


def test_a_setup_is_prepared_once_and_the_run_goes_to_that_spare(store, runner, tmp_path):
    spare = runner._pool.spare.pid
    for _ in range(5):  # each rerun of a page says it again
        runner.expect(setup(1))
        time.sleep(0.1)
    assert asked(tmp_path) == [(spare, 1)]
    order = json.loads((tmp_path / "prepared").read_text().split(" ", 2)[2])
    assert order == {"config": setup(1), "data_folder": str(store.data_folder)}
    run_id = runner.submit({}, name="x")
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] == spare
    eventually(lambda: len(asked(tmp_path)) == 2)  # the same once more may come next
    assert asked(tmp_path)[1] == (runner._pool.spare.pid, 1)


def test_what_is_being_changed_waits_until_it_has_settled(runner, tmp_path):
    for number in range(8):
        runner.expect(setup(number))
        time.sleep(0.03)
    eventually(lambda: asked(tmp_path))
    assert [seed for _, seed in asked(tmp_path)] == [7]


def test_one_thing_at_a_time_and_then_the_newest(runner, tmp_path):
    (tmp_path / "prepare slowly").touch()
    runner.expect(setup(1))
    eventually(lambda: asked(tmp_path))
    for number in (2, 3):
        runner.expect(setup(number))
        time.sleep(0.3)
    assert len(asked(tmp_path)) == 1
    assert runner.spare_is_ready  # a run may come at any time
    (tmp_path / "prepare slowly").unlink()
    eventually(lambda: [seed for _, seed in asked(tmp_path)] == [1, 3])


def test_a_spare_that_prepared_much_is_replaced(runner, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_pool, "MOST_ORDERS", 2)
    for number in (1, 2, 3):
        runner.expect(setup(number))
        eventually(lambda number=number: number in [seed for _, seed in asked(tmp_path)])
    assert [seed for _, seed in asked(tmp_path)] == [1, 2, 3]
    first, second, third = (pid for pid, _ in asked(tmp_path))
    assert first == second != third == runner._pool.spare.pid


def test_what_a_spare_died_of_is_not_asked_of_the_next(runner, tmp_path):
    spare = runner._pool.spare.pid
    (tmp_path / "preparing kills").touch()
    runner.expect(setup(1))
    eventually(lambda: runner.spare_is_ready and runner._pool.spare.pid != spare)
    (tmp_path / "preparing kills").unlink()
    runner.expect(setup(1))
    time.sleep(0.5)
    assert asked(tmp_path) == [(spare, 1)]
    runner.expect(setup(2))
    eventually(lambda: asked(tmp_path)[1:] == [(runner._pool.spare.pid, 2)])


def test_a_run_given_to_a_spare_that_dies_of_what_it_prepares_gets_another(store, runner, tmp_path):
    dying = runner._pool.spare.pid
    (tmp_path / "prepare slowly").touch()
    runner.expect(setup(1))
    eventually(lambda: asked(tmp_path))
    run_id = runner.submit({}, name="x")
    assert reached(store, run_id, "starting").pid == dying
    (tmp_path / "preparing kills").touch()
    (tmp_path / "prepare slowly").unlink()
    reached(store, run_id, "finished")
    assert got(store, run_id)["pid"] != dying
    time.sleep(0.5)
    assert asked(tmp_path) == [(dying, 1)]  # and nobody is asked for that once more


@pytest.mark.parametrize(("wish", "state"), [("cancel", "cancelled"), ("pause", "paused")])
def test_what_is_asked_of_a_run_meanwhile_is_heeded(store, runner, tmp_path, wish, state):
    (tmp_path / "prepare slowly").touch()
    runner.expect(setup(1))
    eventually(lambda: asked(tmp_path))
    run_id = runner.submit({}, name="x")
    reached(store, run_id, "starting")
    getattr(runner, wish)(run_id)
    (tmp_path / "preparing kills").touch()
    (tmp_path / "prepare slowly").unlink()
    reached(store, run_id, state)
    assert not (store.open(run_id).folder / "got.json").exists()


@pytest.mark.parametrize("runner", [1, 2], indirect=True, ids="{} slots".format)
def test_nothing_is_prepared_while_a_run_trains_or_for_another_back_end(store, runner, tmp_path):
    run_id = runner.submit({"does": "wait"}, name="x")
    reached(store, run_id, "running")
    runner.expect(setup(1))
    time.sleep(0.3)
    assert not asked(tmp_path)
    runner.cancel(run_id)
    eventually(lambda: [seed for _, seed in asked(tmp_path)] == [1])
    runner.expect(setup(2, training={"backend": "jax", "seed": 2}))
    time.sleep(0.3)
    assert len(asked(tmp_path)) == 1
