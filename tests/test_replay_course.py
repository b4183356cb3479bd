"""The errors and scales of the replay's windows, against slow references."""

import numpy as np
import pytest

from core.results import Replay, read_replay, replay_errors, replay_range
from core.runs import RunStore
from tests.fake_runs import make_run


def replay_of(original, reconstruction):
    windows = len(original)
    return Replay(
        np.zeros(windows, int),
        np.arange(windows),
        original,
        np.arange(1, len(reconstruction) + 1),
        reconstruction,
    )


@pytest.mark.parametrize("measure", ["mae", "mse"])
def test_the_error_of_each_epoch(measure):
    rng = np.random.default_rng(0)
    original = rng.normal(size=(3, 5, 2)).astype(np.float32)
    reconstruction = rng.normal(size=(7, 3, 5, 2)).astype(np.float32)
    errors = replay_errors(replay_of(original, reconstruction), 1, measure)
    for epoch in range(7):
        off = [
            float(reconstruction[epoch, 1, t, c]) - float(original[1, t, c])
            for t in range(5)
            for c in range(2)
        ]
        expected = sum(abs(x) if measure == "mae" else x * x for x in off) / 10
        assert errors[epoch] == pytest.approx(expected)


def test_one_scale_holds_all_epochs_unless_one_is_wild():
    original = np.linspace(-1, 1, 5).reshape(1, 5, 1)
    reconstruction = np.zeros((3, 1, 5, 1))
    reconstruction[1, 0, 2] = 2.5
    assert replay_range(replay_of(original, reconstruction), 0, 0) == (-1, 2.5)
    reconstruction[0, 0, 0], reconstruction[2, 0, 0] = 1e20, np.nan
    assert replay_range(replay_of(original, reconstruction), 0, 0) == (-1, 3)


def test_a_constant_signal_has_a_scale():
    flat = np.zeros((1, 5, 1))
    low, high = replay_range(replay_of(flat, np.zeros((2, 1, 5, 1))), 0, 0)
    assert low < 0 < high
    nothing = np.full((2, 1, 5, 1), np.nan)
    assert replay_range(replay_of(nothing[0], nothing), 0, 0) == (0, 1)


def test_the_errors_of_a_recorded_run_fall(tmp_path):
    replay = read_replay(make_run(RunStore(tmp_path), epochs=6))
    for window in range(len(replay.positions)):
        errors = replay_errors(replay, window, "mae")
        assert len(errors) == 6
        assert (np.diff(errors) < 0).all()
