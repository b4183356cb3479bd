"""Floors under any factor and offset, against the floors of the same normalization."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.affine_floors import MOST_VALUES, AffineFloors
from core.config import NormalizationConfig, OutputActivation, WindowsConfig, choices
from core.normalization import fit_normalization
from core.output_range import error_floor
from core.windows import split_windows


def parts_of(values, length=8, stride=3):
    return split_windows(values, WindowsConfig(window_length=length, stride=stride))


def scaled(parts, scope, factor, offset):
    """The normalization `factor * u + offset`, with `u` from 0 to 1 over the training part."""
    config = NormalizationConfig(method="minmax", scope=scope)
    fit = fit_normalization(config, parts.train)
    scale = fit.scale_ / factor
    return replace(fit, offset_=fit.offset_ - offset * scale, scale_=scale)


@given(
    seed=st.integers(0, 10_000),
    activation=st.sampled_from(choices(OutputActivation)),
    factor=st.integers(2, 80).map(lambda step: step / 20),
    # No end of a range then lies on an end of the training values, where rounding would decide.
    offset=st.integers(-40, 40).map(lambda step: step / 20 + 0.013),
    scope=st.sampled_from(["global", "channel"]),
)
def test_a_floor_is_that_of_the_normalization(seed, activation, factor, offset, scope):
    rng = np.random.default_rng(seed)
    values = rng.normal(3, [1, 20], (120, 2)).round(1)  # rounded: many values are equal
    parts = parts_of(values)
    known = AffineFloors(parts, scope)
    fit = scaled(parts, scope, factor, offset)
    for name, windows in parts.parts():
        wanted = error_floor(fit, activation, windows)
        found = known.floor(name, activation, factor, offset)
        assert found.mae == pytest.approx(wanted.mae, rel=1e-9, abs=1e-7)
        assert found.below_share == pytest.approx(wanted.below_share.mean(), abs=1e-12)
        assert found.above_share == pytest.approx(wanted.above_share.mean(), abs=1e-12)


def test_many_factors_at_once_are_each_of_them():
    known = AffineFloors(parts_of(np.random.default_rng(0).normal(0, 1, (200, 3))), "channel")
    factors = np.array([0.5, 1.0, 2.0])
    together = known.floor("validation", "tanh", factors, -0.3).mae
    alone = [float(known.floor("validation", "tanh", factor, -0.3).mae) for factor in factors]
    assert together.tolist() == pytest.approx(alone, abs=0)


def test_known_answers():
    values = np.tile([0.0, 10.0], 100)[:, None]  # half of them at either end
    known = AffineFloors(parts_of(values, length=10, stride=10), "channel")
    whole = known.floor("train", "sigmoid", 1, 0)
    assert (whole.mae, whole.at_low_share, whole.at_high_share) == (0, 0.5, 0.5)
    free = known.floor("train", "linear", 1, 0)
    assert (free.at_low_share, free.at_high_share) == (0, 0)
    assert known.floor("train", "sigmoid", 2, 0).mae == pytest.approx(2.5)  # 10 is said as 5
    cut = known.floor("train", "relu", 1, -0.5)
    assert (cut.mae, cut.below_share, cut.above_share) == pytest.approx((2.5, 0.5, 0))
    assert known.floor("train", "linear", 4, 2).mae == 0
    assert known.extremes("validation") == (0, 1)


def test_a_constant_channel_has_a_floor_only_where_it_is_out_of_reach():
    known = AffineFloors(parts_of(np.full((100, 1), 7.0)), "channel")
    assert known.floor("train", "sigmoid", 1, 0).mae == 0
    assert known.floor("train", "sigmoid", 1, -0.5).mae == pytest.approx(0.5)


def test_the_histogram_holds_every_value_and_has_the_training_range_as_edges():
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.uniform(-1, 1, 400), rng.uniform(-2, 3, 100)])[:, None]
    shares, edges = AffineFloors(parts_of(values), "channel").histogram()
    assert shares.sum() == pytest.approx(1)
    assert (np.diff(edges) > 0).all()
    assert np.isclose(edges, 0).any()
    assert np.isclose(edges, 1).any()
    assert edges[0] < -0.1
    assert edges[-1] > 1.1


def test_of_many_values_some_are_looked_at():
    values = np.random.default_rng(2).normal(0, 1, (2 * MOST_VALUES, 1)).astype(np.float32)
    parts = parts_of(values, length=1000, stride=1000)
    known = AffineFloors(parts, "channel")
    assert not known.is_whole
    wanted = error_floor(scaled(parts, "channel", 2, -1), "relu", parts.train).mae
    assert float(known.floor("train", "relu", 2, -1).mae) == pytest.approx(wanted, rel=0.01)
