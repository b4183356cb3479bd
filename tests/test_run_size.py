"""What a run may take, beside what is known of one; tests of the worker compare it with files."""

import math

import pytest

from core import run_size
from core.config import ExperimentConfig
from core.run_size import folder_bytes, memory_bytes

LONG = {"windows.window_length": 60_000, "windows.stride": 5_000, "model.filters": "8,8"}
MB = 1e6


def config(**changes):
    named = {name.replace("_", ".", 1): value for name, value in changes.items()}
    return ExperimentConfig().replace(named)


def test_a_run_of_long_windows_keeps_few_of_them():
    long = ExperimentConfig().replace(LONG)
    assert folder_bytes(long, (900_000, 1)) < 90 * MB  # all 169 windows, twice
    assert 125 * MB < folder_bytes(long, (8_000_000, 1)) < 140 * MB  # of 1,589


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"training_epochs": 200}, 180 * 4 * 4_800),  # the replay: six windows of 200 x 4
        ({"model_filters": "640,32"}, 16 * 4 * 576 * (2 * 4 * 3 + 2 * 32 * 3 + 2)),  # parameters
        ({"windows_stride": 20}, 8 * 891 * 800),  # windows, kept twice
    ],
)
def test_a_folder_holds_more_for_more_epochs_parameters_and_windows(changes, more):
    found = folder_bytes(config(**changes), (20_000, 4)) - folder_bytes(config(), (20_000, 4))
    assert more <= found < 1.3 * more


def test_memory_is_that_of_all_layers_for_the_windows_of_a_batch_that_go_at_once(monkeypatch):
    monkeypatch.setattr(run_size, "parts_at_once", lambda: 1)
    monkeypatch.setattr(run_size, "parts_of", lambda batch, window_bytes: batch)
    given_out = 60_000 * (8 + 4 + 4 + 2 + 8 + 4 + 4 + 8 + 2 + 4 + 4 + 8 + 1)  # by each layer

    def memory(**changes):
        return memory_bytes(config(**changes).replace(LONG), (900_000, 1))

    more = memory(training_batch_size=64) - memory(training_batch_size=1)
    assert more == 4 * (8 * given_out + 4 * 63 * 60_000)  # two go at once, of a batch of any size
    whole = memory(training_batch_size=64, training_backend="jax")
    assert whole - memory(training_batch_size=64) == 4 * 62 * 8 * given_out


def test_dropout_is_drawn_for_a_whole_batch():
    known = {"training_batch_size": 10_000}
    shape = (4_000_000, 4)
    dropped = 100 * 64 + 50 * 32 + 25 * 32
    more = memory_bytes(config(**known, model_dropout=0.1), shape)
    assert more - memory_bytes(config(**known), shape) == 3 * 4 * 10_000 * dropped


def test_what_is_reconstructed_at_a_time_counts_for_a_small_batch_too():
    wide = config(model_filters="1024,8", training_batch_size=1)
    few, many = (memory_bytes(wide, (steps, 1)) for steps in (2_000, 2_000_000))
    assert many > few
    assert many > 3 * 4 * math.prod((2_000, 200, 1024))
