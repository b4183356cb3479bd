"""How long a run may train; a clock that is set, by an hour or a day, stops none and removes
nothing."""

import pytest

from tests.test_retention import ANN, HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_long_training_is_stopped_with_a_reason(world):
    run = world.run(ANN, state="running")
    own = world.run(None, state="running")
    world.sweep_after(0)
    world.sweep_after(0.3)
    assert world.cancelled == []
    world.sweep_after(0.4)
    assert world.cancelled == [run]
    assert "after 20 minutes" in world.store.open(run).status().extra["note"]
    assert "note" not in world.store.open(own).status().extra


def again(world, run, hours=0.0):
    """Put a run that rests back into training, some hours later."""
    world.later += hours * HOUR
    for state in ("queued", "starting", "running"):
        world.store.open(run).transition(state)


def test_the_time_before_a_pause_counts_and_the_pause_does_not(world):
    run = world.run(ANN, state="running")
    world.later = 0.3 * HOUR
    world.store.open(run).transition("paused")
    world.sweep_after(0.3)
    again(world, run, hours=2)
    world.sweep_after(2.32)
    assert world.cancelled == []
    world.sweep_after(2.34)
    assert world.cancelled == [run]


def test_a_training_that_outlives_its_app_is_stopped_in_time(world):
    run = world.run(ANN, state="running")
    world.sweep_after(0.3)
    after = World(world.store.root)
    after.sweep_after(0.34)
    assert after.cancelled == [run]


def test_the_time_a_machine_was_off_is_no_training(world):
    run = world.run(ANN, state="running")
    world.later = 5 * HOUR
    world.store.open(run).transition("interrupted")
    again(world, run)
    world.sweep_after(5.3)
    assert world.cancelled == []
    world.sweep_after(5.4)
    assert world.cancelled == [run]


@pytest.mark.parametrize("set_by", [HOUR, DAY, -DAY])
def test_a_clock_that_is_set_neither_stops_a_run_nor_lets_it_go_on(world, set_by):
    run = world.run(ANN, state="running")
    world.sweep_after(0)
    world.set_by = set_by
    world.sweep_after(0.01)
    world.sweep_after(0.3)
    assert world.cancelled == []
    world.sweep_after(0.35)
    assert world.cancelled == [run]


def test_a_run_that_began_just_before_the_clock_was_set_is_not_stopped(world):
    world.sweep_after(0)
    run = world.run(ANN, state="running")
    world.set_by = HOUR
    world.sweep_after(0.02)
    world.sweep_after(0.32)
    assert world.cancelled == []
    world.sweep_after(0.34)
    assert world.cancelled == [run]


def test_a_clock_that_was_set_before_a_pause_does_not_count_when_the_run_goes_on(world):
    run = world.run(ANN, state="running")
    world.sweep_after(0)
    world.set_by = HOUR
    world.store.open(run).transition("paused")  # whose status says an hour by now
    world.sweep_after(0.1)
    again(world, run, hours=2)
    world.sweep_after(2.12)
    assert world.cancelled == []


def test_a_clock_set_forward_by_days_removes_nothing_before_its_time(world):
    run, data = world.run(ANN), world.upload(ANN)
    world.sweep_after(0)
    world.set_by = 3 * DAY
    assert world.sweep_after(1).runs == []
    assert world.sweep_after(23.9).recordings == []
    swept = world.sweep_after(25.1)
    assert swept.runs == [run]
    assert swept.recordings == [data.sha256]


def test_a_clock_that_was_wrong_for_a_while_removes_nothing(world):
    run = world.run(ANN)
    world.sweep_after(0)
    for set_by in (DAY, 0.0):
        world.set_by = set_by
        assert world.sweep_after(0.1).runs == []
    assert world.sweep_after(23.9).runs == []
    assert world.sweep_after(24.2).runs == [run]


def test_what_was_old_at_the_first_look_is_taken_for_it(world):
    run = world.run(ANN)
    after = World(world.store.root, set_by=DAY + HOUR)  # no app was there when the clock went on
    assert after.sweep_after(0).runs == [run]
