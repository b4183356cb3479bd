"""Into which interval a value falls: the same as looking each one up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import intervals
from core.intervals import Intervals

DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]


def check(values: np.ndarray, ends: np.ndarray) -> None:
    """Exactly as a search for each value among all ends, in 64 bits."""
    found = Intervals(ends, float(values.min()), float(values.max()), values.dtype)
    numbers = found.numbers[found.of(values)]
    expected = np.searchsorted(ends, values.astype(np.float64), "right")
    assert numbers.tolist() == expected.tolist()
    assert len(found) == len(found.numbers)


@given(data=st.data(), bins=st.sampled_from([1, 2, 7, 64]), dtype=st.sampled_from(DTYPES))
def test_any_values_and_ends(data, bins, dtype):
    width = 8 * dtype.itemsize
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=width)
    numbers = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), numbers)
    values = data.draw(hnp.arrays(dtype, st.integers(1, 40), elements=numbers))
    near = st.sampled_from(values.astype(np.float64).tolist()).flatmap(
        lambda value: st.sampled_from([value, np.nextafter(value, 9e99), value - 1e-9])
    )
    ends = st.one_of(near, st.floats(allow_nan=False, allow_infinity=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "_BINS", bins)
        check(values, np.array(sorted(set(data.draw(st.lists(ends, max_size=12))))))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1.0, 1e30, 3e38])
def test_many_values_of_any_size(dtype, scale):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.uniform(-1, 1, 50_000), np.linspace(-1, 1, 101)]) * scale
    values = values.astype(dtype)
    check(values, np.unique(np.concatenate([rng.uniform(-2, 2, 60) * scale, values[:40]])))


def test_ends_that_a_type_cannot_tell_apart_make_one_interval():
    found = Intervals(np.array([1 - 1e-12, 1, 1 + 1e-12]), 0, 2, np.dtype(np.float32))
    assert len(found) == 3
    values = np.array([0, 1, 1 + 1e-7, 2], np.float32)
    assert found.numbers[found.of(values)].tolist() == [0, 2, 3, 3]
