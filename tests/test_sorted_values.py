"""What lies beyond a range: from sums made beforehand the same as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import sorted_values
from core.output_range import distance_sums
from core.sorted_values import SortedValues

ENDS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-400, 400))
RANGES = st.one_of(
    st.tuples(ENDS, ENDS).map(sorted),
    ENDS.map(lambda end: (end, np.inf)),
    ENDS.map(lambda end: (-np.inf, end)),
    st.just((-np.inf, np.inf)),
)


@pytest.fixture(autouse=True, params=[2, 5], ids="blocks of {}".format)
def small_blocks(request, monkeypatch):
    monkeypatch.setattr(sorted_values, "_BLOCK", request.param)
    monkeypatch.setattr(sorted_values, "_ROWS", 3)


@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int16]),
        st.integers(1, 60),
        elements=st.one_of(st.sampled_from([0, 1, -1]), st.integers(-300, 300)),
    ),
    part=st.sampled_from([1.0, 0.1, 1e-6]),
    ends=RANGES,
    is_weighted=st.booleans(),
    seed=st.integers(0, 5),
)
def test_as_one_by_one(values, part, ends, is_weighted, seed):
    if values.dtype.kind == "f":
        values = values * values.dtype.type(part)
    weights = np.random.default_rng(seed).integers(1, 5, len(values))
    if not is_weighted:
        weights[:] = 3
    expected = distance_sums(
        values[None, :, None].astype(np.float64), weights, *(np.array([end]) for end in ends)
    )[:, 0]
    found = SortedValues(values, weights if is_weighted else 3.0)
    np.testing.assert_allclose(found.beyond(*ends), expected, rtol=1e-12, atol=0)
    assert found.weight == weights.sum()
    assert found.extremes == (values.min(), values.max())


def test_a_thin_tail_of_great_values_loses_no_digit():
    """Differences of running sums would: the tail's are twelve orders smaller than the whole's."""
    values = 1e6 + np.linspace(0, 1e-3, 1001)
    upper = values[-11]
    expected = ((values[-10:] - upper).sum(), ((values[-10:] - upper) ** 2).sum())
    found = SortedValues(values, 1.0).beyond(-np.inf, upper)[:2]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
