"""Windows: against a slow reference that copies every one of them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import WindowsConfig
from core.signals.recording import DataError
from core.windows import (
    Windows,
    check_batch,
    fitting_cut,
    has_room,
    split_windows,
    windows_in,
)


def cut_slowly(segments, window_length, stride):
    """Every window, copied one by one: (windows, window_length, channels)."""
    return np.array(
        [
            segment[start : start + window_length]
            for segment in segments
            for start in range(0, len(segment) - window_length + 1, stride)
        ]
    )


shapes = st.tuples(
    st.integers(1, 4), st.integers(2, 40), st.integers(1, 3), st.integers(2, 12), st.integers(1, 9)
).filter(lambda s: s[1] >= s[3])


@given(shapes)
def test_windows_equal_the_slow_reference(shape):
    segments, steps, channels, length, stride = shape
    values = np.arange(segments * steps * channels).reshape(segments, steps, channels)
    windows = Windows(values, length, stride)
    expected = cut_slowly(values, length, stride)
    assert windows.shape == expected.shape
    np.testing.assert_array_equal(windows.take(np.arange(len(windows))), expected)
    chunked = np.concatenate([block for _, block in windows.chunks(values=length * channels * 2)])
    np.testing.assert_array_equal(chunked, expected)
    for position in range(len(windows)):
        segment, start = windows.start_of(position)
        np.testing.assert_array_equal(values[segment, start : start + length], expected[position])


@given(shapes)
def test_weighted_values_have_the_mean_of_all_windows(shape):
    segments, steps, channels, length, stride = shape
    values = np.random.default_rng(0).normal(size=(segments, steps, channels))
    windows = Windows(values, length, stride)
    total, weights = 0.0, 0
    for block, weight in windows.values(numbers=7):
        assert len(block)  # also where a block lies between two windows, or behind the last
        total, weights = total + weight @ block, weights + weight.sum()
    np.testing.assert_allclose(
        total / weights, cut_slowly(values, length, stride).mean(axis=(0, 1)), atol=1e-12
    )


@given(shapes, st.integers(0, 40), st.integers(0, 40))
def test_each_time_step_is_covered_by_the_windows_that_hold_it(shape, start, stop):
    segments, steps, channels, length, stride = shape
    windows = Windows(np.zeros((segments, steps, channels)), length, stride)
    starts = range(0, steps - length + 1, stride)
    expected = [sum(s <= step < s + length for s in starts) for step in range(steps)]
    assert windows.coverage().tolist() == expected
    start, stop = sorted((min(start, steps - 1), min(stop, steps)))
    if start < stop:
        assert windows.coverage(start, stop).tolist() == expected[start:stop]
    covered = np.arange(steps)[windows.covered()]
    assert covered.tolist() == np.flatnonzero(expected).tolist()


@given(shapes)
def test_each_time_step_is_once_among_the_covered_or_the_others(shape):
    segments, steps, channels, length, stride = shape
    values = np.arange(segments * steps * channels).reshape(segments, steps, channels)
    chosen = np.arange(0, segments, 2)
    windows = Windows(values, length, stride, chosen if segments > 1 else None)
    held = windows.take(np.arange(len(windows))).reshape(-1, channels)
    covered, others = windows.covered_values(), windows.uncovered_values()
    assert set(map(tuple, covered)) == set(map(tuple, held))
    both = np.concatenate([covered, others])
    assert sorted(map(tuple, both)) == sorted(map(tuple, values[chosen].reshape(-1, channels)))


@given(st.integers(10, 400), st.floats(0.05, 0.95), st.integers(2, 5), st.integers(1, 7))
def test_no_time_step_is_in_both_parts_of_a_recording(steps, share, length, stride):
    values = np.arange(steps)[:, None]
    config = WindowsConfig(window_length=length, stride=stride, validation_share=share)
    try:
        split = split_windows(values, config)
    except DataError:
        assert min(round(steps * (1 - share)), steps - round(steps * (1 - share))) < length
        return
    train = split.train.take(np.arange(len(split.train)))
    validation = split.validation.take(np.arange(len(split.validation)))
    assert train.max() < split.boundary <= validation.min()


def test_ready_windows_are_split_by_a_seeded_choice_or_the_last_ones():
    values = np.arange(50)[:, None, None] * np.ones((1, 8, 1))
    config = WindowsConfig(window_length=8, stride=8)
    split = split_windows(values, config, seed=3)
    again = split_windows(values, config, seed=3)
    other = split_windows(values, config, seed=4)
    ids = split.validation.take(np.arange(10))[:, 0, 0]
    assert len(split.train) == 40
    assert len(set(ids)) == 10
    assert set(ids).isdisjoint(split.train.take(np.arange(40))[:, 0, 0])
    np.testing.assert_array_equal(ids, again.validation.take(np.arange(10))[:, 0, 0])
    assert set(ids) != set(other.validation.take(np.arange(10))[:, 0, 0])
    last = split_windows(values, config.model_copy(update={"split": "last"}))
    np.testing.assert_array_equal(last.validation.take(np.arange(10))[:, 0, 0], np.arange(40, 50))


def test_ready_windows_can_be_cut_shorter():
    values = np.arange(3 * 10 * 2).reshape(3, 10, 2)
    windows = Windows(values, 4, 3)
    np.testing.assert_array_equal(windows.take(np.arange(len(windows))), cut_slowly(values, 4, 3))


@pytest.mark.parametrize(
    ("values", "config", "text"),
    [
        (
            np.zeros((150, 1)),
            WindowsConfig(),
            "120 of 150 time steps, fewer than one",
        ),
        (np.zeros((300, 1)), WindowsConfig(), "validation part has 60 of 300"),
        (np.zeros((5, 100, 1)), WindowsConfig(), "windows of 100 time steps, fewer than"),
        (
            np.zeros((1, 200, 1)),
            WindowsConfig(),
            "1 window with windows.validation_share=0.2 leaves 1 to train and 0 to validate",
        ),
        (np.zeros((900, 1)), WindowsConfig(window_length=9, split="random"), "share time steps"),
    ],
)
def test_a_part_without_a_window_is_an_error_with_both_numbers(values, config, text):
    with pytest.raises(DataError, match=text):
        split_windows(values, config)


@pytest.mark.parametrize(
    ("shape", "share", "cut"),
    [
        ((851, 200, 4), 0.2, (200, 200)),
        ((3, 1, 4), 0.2, None),
        ((3, 65_537, 4), 0.2, None),
        ((1000, 2), 0.2, (50, 25)),
        ((1000, 2), 0.99, (2, 1)),
        ((7, 2), 0.2, None),
        ((10_000_000, 2), 0.5, (65_536, 32_768)),
    ],
)
def test_a_fitting_cut_is_of_whole_windows_or_has_several_in_the_smaller_part(shape, share, cut):
    assert fitting_cut(shape, share) == cut


@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize("length", [100, 101])
def test_there_is_room_for_a_window_where_the_split_finds_one(length, share):
    config = WindowsConfig(window_length=length, validation_share=share)
    values = np.zeros((500 if share == 0.2 else 1000, 1))
    assert has_room(values.shape, config) == (length == 100)
    if length == 100:
        assert split_windows(values, config).boundary
    else:
        with pytest.raises(DataError, match="fewer than one window"):
            split_windows(values, config)


def test_windows_in_counts_whole_windows():
    assert [windows_in(n, 5, 3) for n in (4, 5, 7, 8, 11)] == [0, 1, 1, 2, 3]


def test_ten_million_steps_at_stride_one_are_never_copied():
    values = np.zeros((10_000_000, 4), dtype=np.float32)  # 160 MB
    tracemalloc.start()
    split = split_windows(values, WindowsConfig(window_length=200, stride=1))
    batch = split.train.take(np.arange(0, len(split.train), len(split.train) // 256)[:256])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(split.train) == 7_999_801
    assert batch.shape == (256, 200, 4)
    assert peak < 8e6  # bytes: one batch and change


@pytest.mark.parametrize(
    ("count", "said"), [(1, "the 1 window there is"), (3, "windows there are")]
)
def test_a_batch_of_more_windows_than_there_are_is_refused(count, said):
    windows = Windows(np.zeros((count, 4, 1)), window_length=4, stride=4)
    check_batch(count, windows)
    with pytest.raises(DataError, match=f"{said} to train on"):
        check_batch(count + 1, windows)
