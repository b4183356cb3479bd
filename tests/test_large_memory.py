"""What is worked out of a large recording takes a part of its memory, whatever is asked."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from core import intervals
from core.channel_values import sorted_split
from core.charts.thinning import Envelope
from core.config import NormalizationConfig, OutputActivation, choices
from core.matrix import matrix, normalizations_like
from core.metrics import (
    best_constants,
    channel_deviations,
    constant_baseline,
    constant_errors,
    summarize_channels,
)
from core.normalization import fit_normalization
from core.pair_floors import error_floors
from core.windows import Split, WindowsConfig, split_windows

STEPS, CHANNELS = 2_000_000, 4
ERRORS = {measure: np.ones(CHANNELS) for measure in ("mae", "mse")}
BYTES = 4 * STEPS * CHANNELS
CHANNEL = BYTES / CHANNELS
BLOCKS = 12e6  # bytes: what is worked on at a time, whatever the length


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.fixture(autouse=True)
def smaller_blocks(monkeypatch):
    """So that a recording of so many steps is a large one."""
    monkeypatch.setattr(intervals, "_BLOCK", 1 << 16)


@pytest.fixture(scope="module", params=["spread", "mostly 0"])
def values(request) -> np.ndarray:
    made = np.random.default_rng(0).standard_normal((STEPS, CHANNELS), np.float32)
    return made if request.param == "spread" else made * (made > 1.3)


def parts(values: np.ndarray, stride: int) -> Split:
    return split_windows(values, WindowsConfig(window_length=200, stride=stride))


def test_statistics_copy_two_channels_at_the_most(values):
    assert peak(lambda: summarize_channels(values)) < 2 * CHANNEL + BLOCKS


@pytest.mark.parametrize(("is_sorted", "copies"), [(False, 2), (True, CHANNELS)])
def test_the_floors_of_all_pairs_copy_two_channels_or_sort_each_once(values, is_sorted, copies):
    split, names = parts(values, 200), [str(c) for c in range(CHANNELS)]
    configs, outputs = normalizations_like(NormalizationConfig()), choices(OutputActivation)

    def work() -> None:
        known = sorted_split(split) if is_sorted else None
        matrix(split, configs, outputs, names, ERRORS, known)
        constant_baseline(split, known)

    assert peak(work) < copies * CHANNEL + BLOCKS


@pytest.mark.parametrize("stride", [1, 200])
@pytest.mark.parametrize("method", ["standard", "robust"])
def test_one_pair_copies_no_channel(values, method, stride):
    train = parts(values, stride).train

    def work() -> None:
        fit = fit_normalization(NormalizationConfig(method=method), train)
        error_floors([(fit, "sigmoid")], train)
        channel_deviations(train)

    assert peak(work) < 0.5 * CHANNEL + BLOCKS


def test_the_best_constants_take_the_weights_of_the_time_steps_and_no_copy(values):
    train = parts(values, 1).train
    weights = 8 * STEPS
    assert peak(lambda: constant_errors(best_constants(train)[1], train, 2)) < weights + BLOCKS
    assert peak(lambda: best_constants(parts(values, 200).train)) < BLOCKS


def test_a_preview_copies_a_channel_at_the_most(values):
    assert peak(lambda: Envelope(values[:, 0]).places(0, STEPS)) < CHANNEL + BLOCKS
