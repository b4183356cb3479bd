"""What lies beyond many ranges at once: the same as value by value."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import intervals
from core.beyond_sums import BeyondSums
from core.intervals import sorted_blocks
from core.output_range import Reach, distance_sums

ENDS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-400, 400))
ROUNDINGS = st.sampled_from([0.0, 1e-27, 1e-14, 4e-12])
RANGES = st.one_of(
    st.tuples(ENDS, ENDS).map(sorted),
    ENDS.map(lambda end: (end, np.inf)),
    ENDS.map(lambda end: (-np.inf, end)),
    st.just((-np.inf, np.inf)),
).flatmap(lambda ends: st.builds(Reach, *map(st.just, ends), ROUNDINGS, ROUNDINGS))


@pytest.fixture(autouse=True, params=[2, 5], ids="blocks of {}".format)
def small_blocks(request, monkeypatch):
    monkeypatch.setattr(intervals, "_BLOCK", request.param)


def exact(low, high):
    return Reach(low, high, 0.0, 0.0)


def one_by_one(values, weights, reach):
    block = values[None, :, None].astype(np.float64)
    return distance_sums(block, weights, Reach(*(np.array([value]) for value in reach)))[:, 0]


@pytest.mark.slow
@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16]),
        st.integers(1, 60),
        elements=st.one_of(st.sampled_from([0, 1, -1]), st.integers(-300, 300)),
    ),
    part=st.sampled_from([1.0, 0.1, 1e-6, 1e-15]),
    ranges=st.lists(RANGES, min_size=1, max_size=6),
    is_weighted=st.booleans(),
    seed=st.integers(0, 5),
)
@example(np.array([0, 1, -1, 2, 3], np.float32), 1.0, [exact(0, 1), exact(-1, 6)], False, 0)
def test_as_one_by_one(values, part, ranges, is_weighted, seed):
    if values.dtype.kind == "f":
        values = values * values.dtype.type(part)
    weights = np.random.default_rng(seed).integers(1, 5, len(values))
    if not is_weighted:
        weights[:] = 3
    found = BeyondSums(ranges)
    cut = len(values) // 3
    found.add(sorted_blocks(values[:cut], weights[:cut]))
    found.add(sorted_blocks(values[cut:], weights[cut:]))
    for reach in ranges:
        expected = one_by_one(values, weights, reach)
        np.testing.assert_allclose(found.beyond(reach), expected, rtol=1e-12, atol=0)
    assert found.weight == weights.sum()
    assert (found.low, found.high) == (values.min(), values.max())


@pytest.mark.parametrize("others", [[], [exact(-np.inf, 2e6)], [exact(2e6, np.inf)]])
def test_a_thin_tail_of_great_values_loses_no_digit(others):
    """Differences of running sums would: the tail's are twelve orders smaller than the whole's."""
    values = 1e6 + np.linspace(0, 1e-3, 1001)
    upper, lower = values[-11], values[10]
    most, least = exact(-np.inf, upper), exact(lower, np.inf)
    found = BeyondSums([most, least, *others])
    found.add(sorted_blocks(values, np.ones(1001)))
    over, under = values[-10:] - upper, lower - values[:10]
    expected = [over.sum(), (over**2).sum()], [under.sum(), (under**2).sum()]
    np.testing.assert_allclose(found.beyond(most)[:2], expected[0], rtol=1e-12)
    np.testing.assert_allclose(found.beyond(least)[:2], expected[1], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_an_end_between_two_numbers_of_the_type_cuts_where_it_lies(dtype):
    values = np.array([0, 1, 2, 100], dtype)
    between, under = exact(1 + 1e-9, 2 - 1e-9), exact(-np.inf, 1e300)
    found = BeyondSums([between, under])
    found.add(sorted_blocks(values, np.ones(4)))
    assert found.beyond(between)[3:].tolist() == [2, 2, 0, 0]
    assert found.beyond(under).tolist() == [0] * 7
