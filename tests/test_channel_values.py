"""What is asked of a channel's values: as NumPy answers, whether they are sorted or left alone."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import channel_values, intervals
from core.channel_values import (
    Channel,
    SortedChannel,
    sorted_channels,
    sorted_split,
    sorted_whole,
    together,
)
from core.config import WindowsConfig
from core.intervals import float_type, sorted_blocks
from core.metrics import (
    best_constants,
    constant_baseline,
    constant_errors,
    summarize_channels,
)
from core.windows import Windows, split_windows

MANY = 200_000


def both(values: np.ndarray, weights: np.ndarray | None = None) -> list[Channel]:
    """The values where they are, and sorted."""
    return [Channel(values, weights), SortedChannel(sorted_blocks(values, weights))]


@pytest.fixture
def few_ends(monkeypatch):
    monkeypatch.setattr(channel_values, "_ENDS", 4)
    monkeypatch.setattr(channel_values, "_SAMPLED", 1)
    monkeypatch.setattr(channel_values, "_BLOCK", 7)
    monkeypatch.setattr(intervals, "_BLOCK", 11)


@pytest.mark.slow
@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16, np.int64, np.uint8]),
        st.integers(1, 60),
        elements=st.one_of(st.sampled_from([0, 1]), st.integers(0, 100)),
    ),
    part=st.sampled_from([1.0, -0.1, 1e-42]),
    shares=st.lists(st.floats(0, 100), min_size=1, max_size=4),
)
@pytest.mark.usefixtures("few_ends")
def test_as_numpy_does(values, part, shares):
    if values.dtype.kind == "f":
        values = values * values.dtype.type(part)
    values.flags.writeable = False
    in_float = values.astype(np.float64)
    everywhere, ends = range(len(values)), np.unique(shares)
    counts = np.bincount(np.searchsorted(ends, in_float, "right"), minlength=len(ends) + 1)
    for channel in both(values):
        as_kept = values.astype(channel.dtype)  # sorted integers are floats
        assert channel.ranked(everywhere).tolist() == np.sort(values).tolist()
        assert channel.median() == float(np.median(as_kept))
        expected = np.percentile(as_kept, shares)
        np.testing.assert_array_equal(channel.percentiles(shares), expected)
        assert (channel.low, channel.high) == (in_float.min(), in_float.max())
        moments = in_float.mean(), in_float.std()
        rounding = 1e-12 * np.abs(in_float).max()  # NumPy: equal values deviate a little
        np.testing.assert_allclose(channel.moments(), moments, rtol=1e-12, atol=rounding)
        assert channel.counted(ends).tolist() == counts.tolist()
        middle, found = channel.median_and_counts(ends)
        assert middle == channel.median()
        assert found.tolist() == counts.tolist()


@given(
    values=hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-9, 9, width=32)),
    clip=st.tuples(st.floats(-9, 9, width=32), st.floats(-9, 9, width=32)).map(sorted),
)
@pytest.mark.usefixtures("few_ends")
def test_clipped_values_are_a_channel_of_their_own(values, clip):
    expected = np.sort(np.clip(values, *clip))
    for channel in both(values):
        clipped = channel.clipped(*clip)
        assert clipped.ranked(range(len(values))).tolist() == expected.tolist()
        assert (channel.low, channel.high) == (values.min(), values.max())


@pytest.mark.usefixtures("few_ends")
def test_a_median_is_found_beside_ends_that_its_type_cannot_hold():
    for channel in both(np.arange(101, dtype=np.float32)):
        for end in np.nextafter(50.0, [0.0, 100.0]):
            middle, counts = channel.median_and_counts(np.array([end]))
            assert middle == 50
            assert counts.tolist() == ([50, 51] if end < 50 else [51, 50])


def weighted_slowly(values, weights):
    rising = np.repeat(values, weights)
    rising.sort()
    return rising[(len(rising) + 1) // 2 - 1]


@given(
    values=hnp.arrays(
        st.sampled_from([np.float32, np.int16]), st.integers(1, 60), elements=st.integers(0, 100)
    ),
    highest=st.integers(1, 5),
    seed=st.integers(0, 9),
)
@pytest.mark.usefixtures("few_ends")
def test_what_weights_count_for_is_that_of_repeated_values(values, highest, seed):
    weights = np.random.default_rng(seed).integers(1, highest, len(values), endpoint=True)
    for channel in both(values, weights):
        assert channel.weighted_median() == weighted_slowly(values, weights)
        assert channel.median() == np.median(values)  # in all else each counts once
    repeated = np.repeat(values.astype(np.float64), weights)
    assert channel.weight == len(repeated)
    assert channel.weighted_mean() == pytest.approx(repeated.mean(), rel=1e-12)
    distances = np.abs(repeated - 3.3)
    assert channel.error_of(3.3, 1) == pytest.approx(distances.mean(), rel=1e-6)
    assert channel.error_of(3.3, 2) == pytest.approx((distances**2).mean(), rel=1e-6)


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_a_weighted_median_of_many(share):
    rng = np.random.default_rng(1)
    values = (rng.normal(size=MANY) * (rng.random(MANY) < share)).astype(np.float32)
    weights = rng.integers(1, 5, MANY)
    for channel in both(values, weights):
        assert channel.weighted_median() == weighted_slowly(values, weights)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("kind", ["spread", "mostly 0", "two values", "constant", "rising"])
def test_many_values(dtype, kind):
    rng = np.random.default_rng(0)
    values = {
        "spread": rng.normal(size=MANY) * 1e6,
        "mostly 0": rng.normal(size=MANY) * 1e6 * (rng.random(MANY) < 0.05),
        "two values": np.where(rng.random(MANY) < 0.25, 3, 7),
        "constant": np.full(MANY, 5),
        "rising": np.arange(MANY),
    }[kind].astype(dtype)
    shares = [0, 0.1, 25, 50, 75, 99.9, 100]
    for channel in both(values):
        np.testing.assert_array_equal(channel.percentiles(shares), np.percentile(values, shares))
    for channel in both(values[1:]):
        assert channel.median() == float(np.median(values[1:]))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32"])
def test_percentiles_between_the_ends_of_a_type(dtype):
    ends = np.iinfo(dtype)
    values = np.array([ends.min, ends.max] * 50, dtype)
    for channel in both(values):
        assert channel.percentiles([50, 25]).tolist() == [-0.5, ends.min]


def test_integers_that_no_float_tells_apart_are_told_apart_where_they_are():
    values = 2**60 + np.random.default_rng(0).permutation(MANY)
    found = Channel(values).ranked([0, 12_345, MANY - 1])
    assert found.tolist() == [2**60, 2**60 + 12_345, values.max()]


def test_a_rank_takes_a_small_part_of_the_memory_of_the_values(monkeypatch):
    monkeypatch.setattr(intervals, "_BLOCK", 1 << 16)
    values = np.random.default_rng(0).normal(size=2_000_000)
    Channel(values[:MANY]).percentiles([50])  # what is loaded late
    tracemalloc.start()
    Channel(values).percentiles([25, 50, 75])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.25 * values.nbytes


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.float16])
def test_small_numbers_are_sorted_in_the_least_memory_that_holds_them_all(dtype):
    assert float_type(np.dtype(dtype)) == np.float32
    ends = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    values = np.array([ends.max, ends.min, 0], dtype)
    assert SortedChannel.of(values).ranked([0, 1, 2]).tolist() == [ends.min, 0, ends.max]


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
@pytest.mark.parametrize("is_ready", [False, True], ids=["recording", "ready windows"])
def test_the_channels_of_windows_hold_what_the_windows_hold(stride, is_ready):
    shape = (6, 40, 3) if is_ready else (1, 240, 3)
    segments = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    windows = Windows(segments, 5, stride, np.array([4, 0, 1]) if is_ready else None)
    every = windows.take(np.arange(len(windows))).reshape(-1, 3)
    channels = sorted_channels(windows)
    for number, channel in enumerate(channels):
        found = [np.repeat(values, weight) for values, weight in channel.blocks()]
        assert np.sort(np.concatenate(found)).tolist() == np.sort(every[:, number]).tolist()
        assert channel.weight == len(every)
    pooled = together(channels)
    assert pooled.weight == every.size
    assert pooled.ranked([0, pooled.count - 1]).tolist() == [every.min(), every.max()]


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
@pytest.mark.parametrize("shape", [(400, 3), (30, 12, 2)], ids=["recording", "ready windows"])
def test_the_best_constants_are_the_same_with_sorted_channels(shape, stride):
    values = np.random.default_rng(0).gamma(2.0, size=shape).astype(np.float32)
    split = split_windows(values, WindowsConfig(window_length=5, stride=stride))
    known = sorted_split(split)
    (medians, means), alone = best_constants(split.train, known.train), best_constants(split.train)
    np.testing.assert_array_equal(medians, alone[0])
    np.testing.assert_allclose(means, alone[1], rtol=1e-12)
    errors, channels = constant_baseline(split, known)
    for name, windows in split.parts():
        for measure, constants, power in (("mae", medians, 1), ("mse", means, 2)):
            expected = constant_errors(constants, windows, power).mean()
            assert errors[name][measure] == pytest.approx(expected, rel=1e-12)
    for name, slowly in constant_baseline(split)[1].items():
        for measure in ("mae", "mse"):
            np.testing.assert_allclose(channels[name][measure], slowly[measure], rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
@pytest.mark.parametrize("shape", [(403, 3), (200_003, 1), (30, 12, 2)], ids=str)
def test_the_parts_and_the_rest_have_the_statistics_of_the_whole(shape, stride):
    values = np.random.default_rng(0).gamma(2.0, size=shape).astype(np.float32)
    split = split_windows(values, WindowsConfig(window_length=5, stride=stride))
    whole = sorted_whole(split, sorted_split(split))
    found = summarize_channels(values, known=whole)
    for one, other in zip(found, summarize_channels(values), strict=True):
        assert (one.minimum, one.maximum, one.median) == (
            other.minimum,
            other.maximum,
            other.median,
        )
        assert one.counts.tolist() == other.counts.tolist()
        assert one.mean == pytest.approx(other.mean, rel=1e-12)
        assert one.standard_deviation == pytest.approx(other.standard_deviation, rel=1e-12)


def test_what_would_take_too_much_memory_is_not_sorted(monkeypatch):
    split = split_windows(np.zeros((1000, 2), np.float32), WindowsConfig(window_length=10))
    monkeypatch.setattr(channel_values, "MOST_BYTES", 8000)
    assert sorted_split(split) is not None
    monkeypatch.setattr(channel_values, "MOST_BYTES", 7999)
    assert sorted_split(split) is None
