"""How many values fall into each interval: the same as looking each one up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import intervals
from core.intervals import counted, sorted_blocks

DTYPES = [np.dtype(np.float32), np.dtype(np.float64)]


def check(values: np.ndarray, ends: np.ndarray, weights: np.ndarray | None = None) -> None:
    """Exactly as a search for each value among all ends, in 64 bits."""
    numbers = np.searchsorted(ends, values.astype(np.float64), "right")
    expected = np.bincount(numbers, weights, len(ends) + 1)
    assert counted(sorted_blocks(values, weights), ends).tolist() == expected.tolist()


def some_weights(values: np.ndarray, highest: int) -> np.ndarray | None:
    """Integers from 1 to the highest; none for 0."""
    if not highest:
        return None
    return np.random.default_rng(0).integers(1, highest, len(values), endpoint=True)


@given(
    data=st.data(),
    block=st.sampled_from([1, 2, 7, 64]),
    dtype=st.sampled_from(DTYPES),
    highest=st.integers(0, 4),
)
def test_any_values_ends_and_weights(data, block, dtype, highest):
    width = 8 * dtype.itemsize
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=width)
    numbers = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), numbers)
    values = data.draw(hnp.arrays(dtype, st.integers(1, 40), elements=numbers))
    near = st.sampled_from(values.astype(np.float64).tolist()).flatmap(
        lambda value: st.sampled_from([value, np.nextafter(value, 9e99), value - 1e-9])
    )
    ends = st.one_of(near, st.floats(allow_nan=False, allow_infinity=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "_BLOCK", block)
        ends = np.array(sorted(set(data.draw(st.lists(ends, max_size=12)))))
        check(values, ends, some_weights(values, highest))


@pytest.mark.parametrize("highest", [0, 1, 2, 9], ids="weights to {}".format)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1.0, 1e30, 3e38])
def test_many_values_of_any_size(dtype, scale, highest):
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.uniform(-1, 1, 150_000), np.linspace(-1, 1, 101)]) * scale
    values = values.astype(dtype)
    ends = np.unique(np.concatenate([rng.uniform(-2, 2, 60) * scale, values[:40]]))
    check(values, ends, some_weights(values, highest))


def test_ends_that_a_type_cannot_tell_apart_have_nothing_between_them():
    values, ends = np.array([0, 1, 1 + 1e-7, 2], np.float32), np.array([1 - 1e-12, 1, 1 + 1e-12])
    assert counted(sorted_blocks(values), ends).tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize("highest", [0, 1, 2, 9], ids="weights to {}".format)
@pytest.mark.parametrize("has_room", [False, True], ids=["no room", "room"])
def test_each_value_comes_once_with_its_weight_and_the_values_are_left_as_they_are(
    highest, has_room
):
    values = np.random.default_rng(0).standard_normal(600_000).astype(np.float32)
    before, weights = values.copy(), some_weights(values, highest)
    room = np.empty_like(values) if has_room else None
    found = []
    for block, weight in list(sorted_blocks(values, weights, room)):
        assert (np.diff(block) >= 0).all()
        assert not has_room or np.shares_memory(block, room)
        found.append(np.stack([block, np.broadcast_to(weight, len(block))]))
    given = np.stack([values, np.ones(len(values)) if weights is None else weights])
    found = np.concatenate(found, axis=1)
    assert (found[:, np.lexsort(found)] == given[:, np.lexsort(given)]).all()
    assert (values == before).all()
