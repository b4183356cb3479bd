"""Errors gathered in one pass, beside the errors of all windows at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import WindowsConfig
from core.metrics import (
    ErrorAccumulator,
    best_constants,
    channel_deviations,
    constant_baseline,
    constant_errors,
    scaled_errors,
    summarize_channels,
)
from core.windows import Windows, split_windows


@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_accumulated_errors_equal_those_of_all_windows_at_once(windows, batch, seed):
    original, reconstruction = np.random.default_rng(seed).normal(size=(2, windows, 6, 3))
    accumulator = ErrorAccumulator(windows, 6, 3)
    for start in range(0, windows, batch):
        positions = slice(start, min(start + batch, windows))
        accumulator.add(positions, original[positions], reconstruction[positions])
    errors = accumulator.errors()
    absolute = np.abs(original - reconstruction)
    assert errors.mae == pytest.approx(absolute.mean())
    assert errors.mse == pytest.approx((absolute**2).mean())
    np.testing.assert_allclose(errors.window_mae, absolute.mean(axis=(1, 2)))
    np.testing.assert_allclose(errors.window_mse, (absolute**2).mean(axis=(1, 2)))
    np.testing.assert_allclose(errors.channel_mae, absolute.mean(axis=(0, 1)))
    np.testing.assert_allclose(errors.step_mse, (absolute**2).mean(axis=0))
    for values, low, high in (
        (original, errors.target_low, errors.target_high),
        (reconstruction, errors.output_low, errors.output_high),
    ):
        np.testing.assert_array_equal(low, values.min(axis=(0, 1)))
        np.testing.assert_array_equal(high, values.max(axis=(0, 1)))
    ranked = errors.window_mae[errors.ranked()]
    assert (np.diff(ranked) >= 0).all()


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
def test_constants_are_the_best_over_all_windows(stride):
    values = np.random.default_rng(stride).exponential(size=(1, 60, 2))
    windows = Windows(values, 5, stride)
    everything = windows.take(np.arange(len(windows))).reshape(-1, 2)
    medians, means = best_constants(windows)
    np.testing.assert_allclose(means, everything.mean(axis=0))
    best_mae = np.abs(everything - np.median(everything, axis=0)).mean(axis=0)
    np.testing.assert_allclose(constant_errors(medians, windows, 1), best_mae)
    np.testing.assert_allclose(constant_errors(means, windows, 2), everything.var(axis=0))


def test_the_baseline_is_that_of_all_windows_copied():
    values = np.random.default_rng(0).exponential(3.0, (900, 2)) * [1, 5]
    split = split_windows(values, WindowsConfig(window_length=50, stride=50))
    errors, channels = constant_baseline(split)
    train = split.train.take(np.arange(len(split.train)))
    for name, part in split.parts():
        windows = part.take(np.arange(len(part)))
        median, mean = np.median(train, axis=(0, 1)), train.mean(axis=(0, 1))
        assert errors[name]["mae"] == pytest.approx(np.abs(windows - median).mean())
        assert errors[name]["mse"] == pytest.approx(((windows - mean) ** 2).mean())
        of_each = np.abs(windows - median).mean(axis=(0, 1))
        np.testing.assert_allclose(channels[name]["mae"], of_each)
    np.testing.assert_allclose(np.sqrt(channels["train"]["mse"]), train.std(axis=(0, 1)))


def test_a_summary_of_each_channel():
    values = np.stack([np.arange(100.0), np.where(np.arange(100) < 25, 0, 7)], axis=1)
    first, second = summarize_channels(values, bins=10)
    assert (first.minimum, first.maximum, first.median) == (0, 99, 49.5)
    assert first.counts.tolist() == [10] * 10
    assert second.zero_share == 0.25
    assert second.mean == pytest.approx(5.25)


@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16]),
        st.tuples(st.integers(1, 50), st.integers(1, 3)),
        elements=st.one_of(st.sampled_from([0, 1, -1]), st.integers(-300, 300)),
    ),
    part=st.sampled_from([1.0, 0.1, 1e-42]),
    bins=st.integers(1, 9),
)
def test_a_summary_is_that_of_the_sorted_values(values, part, bins):
    if values.dtype.kind == "f":
        values = values * values.dtype.type(part)
    values.flags.writeable = False
    for channel, found in zip(values.T, summarize_channels(values, bins), strict=True):
        assert (found.minimum, found.maximum) == (channel.min(), channel.max())
        assert found.median == np.median(channel)
        assert found.mean == pytest.approx(channel.mean(dtype=np.float64), rel=1e-12)
        deviation = channel.std(dtype=np.float64)
        assert found.standard_deviation == pytest.approx(deviation, rel=1e-9, abs=1e-300)
        assert found.zero_share == (channel == 0).mean()
        rising = np.sort(channel)
        places = np.searchsorted(rising, found.edges)
        assert found.counts.tolist() == np.diff([*places[:-1], len(channel)]).tolist()


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(101324.85, 101325.15, 40, dtype=np.float32),
        *(np.full(3, value, np.float32) for value in (0.1, 3e5, 1e6)),
        *(np.full(3, value) for value in (0.0, 1e15, -9.97e36)),
        1e15 + np.arange(3.0) / 8,
        np.full(3, 2**60),
    ],
    ids=lambda values: f"{values[0]:g}, {values.dtype}",
)
def test_narrow_and_constant_channels_have_a_histogram(values):
    (found,) = summarize_channels(values[:, None])
    assert found.counts.sum() == len(values)
    assert (np.diff(found.edges) > 0).all()
    assert found.edges[0] <= found.minimum <= found.maximum <= found.edges[-1]


def test_values_that_differ_fill_bins_of_their_own():
    values = np.linspace(101324.85, 101325.15, 40, dtype=np.float32)
    (found,) = summarize_channels(values[:, None])
    assert np.count_nonzero(found.counts) == len(np.unique(values))


@pytest.mark.parametrize("stride", [1, 4])
def test_deviations_of_channels_over_all_windows(stride):
    values = np.random.default_rng(0).normal(5, [1, 100, 0.01], size=(1, 60, 3))
    values[..., 2] = 0.1  # whose mean is not exactly 0.1
    windows = Windows(values, 7, stride)
    everything = windows.take(np.arange(len(windows))).reshape(-1, 3)
    deviations = channel_deviations(windows)
    np.testing.assert_allclose(deviations[:2], everything[:, :2].std(axis=0))
    assert deviations[2] == 0


def test_scaled_errors_have_no_unit():
    mae, mse, deviations = np.array([1.0, 6, 3]), np.array([4.0, 9, 16]), np.array([2.0, 3, 0])
    assert scaled_errors(mae, mse, deviations) == {
        "mae": pytest.approx((1 / 2 + 6 / 3 + 3) / 3),
        "mse": pytest.approx((4 / 4 + 9 / 9 + 16) / 3),
    }
    factor = np.array([1e-3, 1e6, 1])  # the same signals in other units
    scaled = scaled_errors(mae * factor, mse * factor**2, deviations * factor)
    assert scaled == pytest.approx(scaled_errors(mae, mse, deviations))
