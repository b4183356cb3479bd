"""The worst windows at a place, against a reference that looks at each window by itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results import Place, StoredWindows, errors_at, worst_at
from core.results import worst_windows as module


def stored(original: np.ndarray, reconstruction: np.ndarray) -> StoredWindows:
    """All windows kept; `(windows, window_length, channels)`."""
    off = np.subtract(reconstruction, original, dtype=np.float64)
    return StoredWindows(
        np.arange(len(original)),
        original,
        reconstruction,
        np.abs(off).mean(axis=(1, 2)),
        (off**2).mean(axis=(1, 2)),
        np.abs(off).mean(axis=0),
        (off**2).mean(axis=0),
    )


def slow_worst(windows: StoredWindows, place: Place, measure: str, count: int) -> list[int]:
    found = []
    for index in range(len(windows)):
        total = 0.0
        for step in range(place.start, place.stop):
            off = float(windows.reconstruction[index, step, place.channel]) - float(
                windows.original[index, step, place.channel]
            )
            total += abs(off) if measure == "mae" else off * off
        found.append((-total / (place.stop - place.start), index))
    return [index for _, index in sorted(found)][:count]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    windows=st.integers(1, 12),
    length=st.integers(1, 9),
    channels=st.integers(1, 3),
    measure=st.sampled_from(["mae", "mse"]),
    data=st.data(),
)
def test_the_worst_are_those_of_the_reference(seed, windows, length, channels, measure, data):
    rng = np.random.default_rng(seed)
    kept = stored(*rng.integers(-4, 5, (2, windows, length, channels)).astype(np.float32))
    start = data.draw(st.integers(0, length - 1))
    place = Place(
        data.draw(st.integers(0, channels - 1)), start, data.draw(st.integers(start + 1, length))
    )
    found = worst_at(kept, place, measure)
    assert [index for index, _ in found] == slow_worst(kept, place, measure, 5)
    for index, error in found:
        off = (kept.reconstruction - kept.original)[index, place.start : place.stop, place.channel]
        expected = np.abs(off).mean() if measure == "mae" else (off**2).mean()
        assert error == pytest.approx(expected)


def test_blocks_join_without_a_seam(monkeypatch):
    rng = np.random.default_rng(1)
    kept = stored(*rng.normal(size=(2, 50, 8, 2)))
    whole = errors_at(kept, Place(1, 2, 6), "mae")
    monkeypatch.setattr(module, "_BLOCK_VALUES", 12)
    np.testing.assert_array_equal(errors_at(kept, Place(1, 2, 6), "mae"), whole)


def test_an_error_that_is_no_number_is_the_worst():
    reconstruction = np.zeros((4, 3, 1), np.float32)
    reconstruction[1], reconstruction[2, 1], reconstruction[3] = 5, np.nan, np.inf
    kept = stored(np.zeros_like(reconstruction), reconstruction)
    found = worst_at(kept, Place(0, 0, 3), "mae")
    assert [index for index, _ in found] == [2, 3, 1, 0]


def test_a_place_is_moved_into_the_windows():
    assert Place(9, 50, 60).within(10, 3) == Place(2, 9, 10)
    assert Place(-1, -5, 0).within(10, 3) == Place(0, 0, 1)
    assert Place(1, 2, 5).within(10, 3) == Place(1, 2, 5)


@pytest.mark.parametrize(
    ("errors", "best", "median", "worst"),
    [
        ([math.nan, 3.0, 1.0, 2.0, 9.0], 2, 1, 0),
        ([math.nan, math.inf, 1.0, math.nan], 2, 0, 0),
        ([math.nan] * 3, 0, 0, 0),
    ],
)
def test_an_error_that_is_not_a_number_is_the_worst(errors, best, median, worst):
    errors = np.array(errors)
    windows = stored(np.zeros((len(errors), 1, 1)), errors[:, None, None])
    assert windows.landmark("best", "mae") == best
    assert windows.landmark("median", "mae") == median
    assert windows.landmark("worst", "mae") == worst
    finite = np.count_nonzero(np.isfinite(errors))
    assert windows.rank(0, "mae") == finite
    assert windows.rank(best, "mae") == 0
