"""Normalization: known answers, round trips, and that validation data never enters a fit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import NormalizationConfig, NormalizationMethod, NormalizationScope, choices
from core.normalization import (
    ROUNDING,
    WINDOW_ROUNDING,
    Normalization,
    fit_normalization,
)
from core.windows import Windows

windows_of_floats = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(2, 12), st.integers(1, 3)),
    elements=st.floats(-1e6, 1e6),
)


def fit(values, **config):
    return fit_normalization(
        NormalizationConfig(**config), Windows(values, values.shape[1], values.shape[1])
    )


@pytest.mark.parametrize("method", choices(NormalizationMethod))
@pytest.mark.parametrize("scope", choices(NormalizationScope))
@given(values=windows_of_floats)
def test_inverse_transform_undoes_transform(method, scope, values):
    normalization = fit(values, method=method, scope=scope)
    normalized = normalization.transform(values)
    back = normalization.inverse_transform(normalized, normalization.statistics(values))
    np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("scope", choices(NormalizationScope))
@given(values=windows_of_floats)
def test_ranges_are_as_named(scope, values):
    axis = {"global": None, "channel": (0, 1), "window": 1}[scope]
    bounds = {"minmax": (0, 1), "minmax_symmetric": (-1, 1), "maxabs": (-1, 1)}
    for method, (low, high) in bounds.items():
        normalized = fit(values, method=method, scope=scope).transform(values)
        assert normalized.min() >= low - 1e-9
        assert normalized.max() <= high + 1e-9
        if method != "maxabs":  # varying data fills its range
            spread = values.max(axis=axis) - values.min(axis=axis)
            reached = normalized.max(axis=axis) - normalized.min(axis=axis)
            # Within rounding of one value, or so near to zero that halving loses digits.
            rounding = 3 * (WINDOW_ROUNDING if scope == "window" else ROUNDING)
            constant = spread <= np.maximum(rounding * np.abs(values).max(axis=axis), 1e-300)
            assert np.all((np.abs(reached - (high - low)) < 1e-6) | constant)


def test_per_window_the_differences_of_integers_may_be_beyond_their_type():
    config = NormalizationConfig(method="robust", scope="window")
    values = np.array([-32768, 32767] * 20, np.int16)[:, None]
    normalization = fit_normalization(config, Windows(values[None], 40, 1))
    offset, scale = normalization.statistics(values)
    assert (offset.item(), scale.item()) == (-0.5, 65535)


def test_known_statistics():
    values = np.array([[[0.0, 10], [1, 10], [2, 10], [3, 10], [4, 10]]])
    standard = fit(values, method="standard")
    np.testing.assert_allclose(standard.offset_, [2, 10])
    np.testing.assert_allclose(standard.scale_, [np.sqrt(2), 1])  # a constant channel: scale 1
    robust = fit(values, method="robust")
    np.testing.assert_allclose(robust.scale_, [2, 1])
    pooled = fit(values, method="minmax", scope="global")
    np.testing.assert_allclose(pooled.offset_, [0, 0])
    np.testing.assert_allclose(pooled.scale_, [10, 10])
    np.testing.assert_allclose(
        fit(values, method="log1p").transform(np.array([[np.e - 1, 1 - np.e]])), [[1, -1]]
    )


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64, np.float16])
def test_logarithms_are_those_of_64_bits(dtype):
    ends = np.finfo(dtype) if dtype is np.float16 else np.iinfo(dtype)
    values = np.array([ends.min, 0, 1, 100, ends.max], dtype).reshape(1, -1, 1)
    found = fit(values, method="log1p").transform(values)
    expected = np.sign(values) * np.log1p(np.abs(values.astype(np.float64)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_clipping_limits_both_ways():
    values = np.linspace(0, 100, 1001).reshape(1, -1, 1)
    normalization = fit(values, method="minmax", clip_percentile=10)
    assert normalization.low_ == pytest.approx(10)
    assert normalization.high_ == pytest.approx(90)
    np.testing.assert_allclose(
        normalization.transform(np.array([[[-5.0], [50], [500]]])).ravel(), [0, 0.5, 1]
    )
    back = normalization.inverse_transform(
        np.array([[-1.0], [2.0]]), normalization.statistics(values)
    )
    np.testing.assert_allclose(back.ravel(), [10, 90])


def test_only_covered_training_steps_are_fitted():
    values = np.arange(20.0)[None, :, None]
    values[0, 18:] = 1e6  # the tail that no window of 3 at stride 6 reaches
    values[0, 3] = -1e6  # between two windows
    normalization = fit_normalization(
        NormalizationConfig(method="minmax"), Windows(values[:, :19], 3, 6)
    )
    assert normalization.offset_ == 0
    assert normalization.scale_ == 14


@given(windows_of_floats)
def test_json_round_trip(values):
    normalization = fit(values, method="robust", clip_percentile=1)
    saved = json.loads(json.dumps(normalization.to_dict()))
    np.testing.assert_array_equal(
        Normalization.from_dict(saved).transform(values), normalization.transform(values)
    )
    unclipped = fit(values, method="minmax")
    assert np.isneginf(Normalization.from_dict(unclipped.to_dict()).low_).all()
