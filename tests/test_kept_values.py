"""How far the values of kept windows reach, and how often they occur."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.results import count_values, value_ranges
from tests.test_worst_windows import stored


def random_windows(seed, windows=30, length=7, channels=3):
    return stored(*np.random.default_rng(seed).normal(size=(2, windows, length, channels)))


@pytest.mark.parametrize("block", [1, 40, 10**9])
def test_ranges_are_those_of_all_values(monkeypatch, block):
    monkeypatch.setattr("core.results.kept_values._BLOCK_VALUES", block)
    kept = random_windows(0)
    ranges = value_ranges(kept)
    both = np.stack([kept.original, kept.reconstruction])
    off = kept.reconstruction - kept.original
    for channel in range(3):
        assert tuple(ranges.values[channel]) == (
            both[..., channel].min(),
            both[..., channel].max(),
        )
        assert tuple(ranges.residual[channel]) == (off[..., channel].min(), off[..., channel].max())


def test_ranges_leave_out_what_is_not_finite():
    kept = random_windows(1)
    kept.reconstruction[3, 2, 0], kept.reconstruction[4, 2, 0] = np.inf, np.nan
    kept.original[:, :, 1] = kept.reconstruction[:, :, 1] = np.nan
    ranges = value_ranges(kept)
    assert np.isfinite(ranges.values[[0, 2]]).all()
    assert np.isnan(ranges.values[1]).all()
    assert np.isnan(ranges.residual[1]).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), channel=st.sampled_from([None, 0, 2]))
def test_every_value_is_counted_once(seed, channel):
    kept = random_windows(seed)
    counts = count_values(kept, channel)
    values = kept.original.size if channel is None else kept.original[..., channel].size
    assert (counts.windows, counts.values) == (30, values)
    assert counts.original.sum() == values
    assert counts.reconstruction.sum() + counts.beyond + counts.not_finite == values


def test_common_edges_hold_both_and_known_counts():
    original = np.array([0.0, 0, 0, 10]).reshape(2, 2, 1)
    reconstruction = np.array([2.5, 2.5, 7.5, 12.0]).reshape(2, 2, 1)
    counts = count_values(stored(original, reconstruction), 0, bins=4)
    np.testing.assert_allclose(counts.edges, [0, 3, 6, 9, 12])
    assert list(counts.original) == [3, 0, 0, 1]
    assert list(counts.reconstruction) == [2, 0, 1, 1]
    assert counts.beyond == counts.not_finite == 0


def test_wild_outputs_are_counted_and_do_not_flatten_the_rest():
    kept = random_windows(2)
    kept.reconstruction[0, 0, 0], kept.reconstruction[1, 0, 0] = 1e30, -np.inf
    counts = count_values(kept, 0)
    width = np.ptp(kept.original[..., 0])
    assert counts.edges[-1] == pytest.approx(kept.original[..., 0].max() + width)
    assert (counts.beyond, counts.not_finite) == (1, 1)


def test_a_constant_and_nothing_finite_have_edges():
    zeros = np.zeros((3, 4, 1))
    assert (np.diff(count_values(stored(zeros, zeros), 0).edges) > 0).all()
    large = np.full((3, 4, 1), 1e30)
    assert (np.diff(count_values(stored(large, large), 0).edges) > 0).all()
    nothing = np.full((3, 4, 1), np.nan)
    counts = count_values(stored(nothing, nothing), None)
    assert counts.not_finite == 12
    assert counts.original.sum() == 0


def test_of_many_windows_evenly_spaced_ones_are_counted():
    kept = random_windows(3, windows=1000)
    counts = count_values(kept, 1, most_values=700)
    assert counts.windows == 100
    assert counts.values == 700
