"""Values by their rank: the same as after sorting all of them."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import ranks
from core.intervals import counted
from core.ranks import median, median_and_counts, percentiles, ranked, weighted_median

MANY = 200_000


@pytest.fixture
def few_ends(monkeypatch):
    monkeypatch.setattr(ranks, "_ENDS", 4)
    monkeypatch.setattr(ranks, "_SAMPLED", 1)
    monkeypatch.setattr(ranks, "_BLOCK", 7)


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
    everywhere = range(len(values))
    assert ranked(values, everywhere).tolist() == np.sort(values).tolist()
    assert median(values) == float(np.median(values))
    np.testing.assert_array_equal(percentiles(values, shares), np.percentile(values, shares))
    ends = np.unique(shares)
    middle, counts = median_and_counts(values, ends)
    assert middle == median(values)
    assert counts.tolist() == counted(values, ends).tolist()


@pytest.mark.usefixtures("few_ends")
def test_a_median_is_found_beside_ends_that_its_type_cannot_hold():
    values = np.arange(101, dtype=np.float32)
    for end in np.nextafter(50.0, [0.0, 100.0]):
        middle, counts = median_and_counts(values, np.array([end]))
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
    seed=st.integers(0, 9),
)
@pytest.mark.usefixtures("few_ends")
def test_a_weighted_median_is_that_of_repeated_values(values, seed):
    weights = np.random.default_rng(seed).integers(1, 5, len(values))
    assert weighted_median(values, weights) == weighted_slowly(values, weights)


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_a_weighted_median_of_many(share):
    rng = np.random.default_rng(1)
    values = (rng.normal(size=MANY) * (rng.random(MANY) < share)).astype(np.float32)
    weights = rng.integers(1, 5, MANY)
    assert weighted_median(values, weights) == weighted_slowly(values, weights)


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
    np.testing.assert_array_equal(percentiles(values, shares), np.percentile(values, shares))
    assert median(values[1:]) == float(np.median(values[1:]))


def test_integers_that_no_float_tells_apart():
    values = 2**60 + np.random.default_rng(0).permutation(MANY)
    assert ranked(values, [0, 12_345, MANY - 1]).tolist() == [2**60, 2**60 + 12_345, values.max()]


def test_it_takes_a_small_part_of_the_memory_of_the_values():
    values = np.random.default_rng(0).normal(size=2_000_000)
    percentiles(values[:MANY], [50])  # what is loaded late
    tracemalloc.start()
    percentiles(values, [25, 50, 75])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.25 * values.nbytes
