"""Error floors: against a reference that projects every value, and the known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import (
    NormalizationConfig,
    NormalizationMethod,
    NormalizationScope,
    OutputActivation,
    choices,
)
from core.normalization import fit_normalization
from core.output_range import ACTIVATIONS, error_floor
from core.windows import Windows

signals = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 3), st.integers(6, 24), st.integers(1, 2)),
    elements=st.floats(-300, 300),
)


def floor_slowly(normalization, activation, windows):
    """Project every value of every window onto the output range, one window at a time."""
    output = ACTIVATIONS[activation]
    errors = []
    for position in range(len(windows)):
        window = windows.take(np.array([position]))
        clipped = np.clip(normalization.transform(window), output.low, output.high)
        nearest = normalization.inverse_transform(clipped, normalization.statistics(window))
        errors.append(np.abs(window - nearest)[0])
    errors = np.array(errors)
    return errors.mean(), (errors**2).mean(), errors.mean(axis=(0, 1))


@pytest.mark.slow
@given(
    values=signals,
    method=st.sampled_from(choices(NormalizationMethod)),
    scope=st.sampled_from(choices(NormalizationScope)),
    activation=st.sampled_from(choices(OutputActivation)),
    clip=st.sampled_from([None, 0.0, 5.0]),
    stride=st.integers(1, 5),
    size=st.sampled_from([1, 1e-13]),
)
@settings(max_examples=300)
def test_floor_equals_the_projection_of_every_value(
    values, method, scope, activation, clip, stride, size
):
    values = size * values
    clip = None if scope == "window" else clip
    config = NormalizationConfig(method=method, scope=scope, clip_percentile=clip)
    windows = Windows(values, 5, stride)
    normalization = fit_normalization(config, windows)
    floor = error_floor(normalization, activation, windows)
    mae, mse, channel_mae = floor_slowly(normalization, activation, windows)
    np.testing.assert_allclose(floor.mae, mae, rtol=1e-9, atol=1e-9 * size)
    np.testing.assert_allclose(floor.mse, mse, rtol=1e-9, atol=1e-9 * size**2)
    np.testing.assert_allclose(floor.channel_mae, channel_mae, rtol=1e-9, atol=1e-9 * size)


def test_the_public_question_has_the_floor_of_its_plateau():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(4_000_000) < 0.0976, rng.uniform(0, 255, 4_000_000), 0)
    windows = Windows(values.reshape(1, -1, 4), 200, 200)
    normalization = fit_normalization(NormalizationConfig(method="none"), windows)
    sigmoid = error_floor(normalization, "sigmoid", windows)
    assert sigmoid.mae == pytest.approx(12.34, rel=0.01)
    assert sigmoid.mse == pytest.approx(2090, rel=0.01)
    assert sigmoid.above_share.mean() == pytest.approx(0.0976 * 254 / 255, rel=0.01)
    assert sigmoid.at_open_end_share.mean() == pytest.approx(1 - 0.0976, rel=0.01)
    assert error_floor(normalization, "relu", windows).mae == 0


def test_a_minmax_fitted_on_train_leaves_a_floor_beyond_it():
    train, beyond = np.linspace(0, 10, 50)[None, :, None], np.full((1, 10, 1), 12.0)
    normalization = fit_normalization(NormalizationConfig(method="minmax"), Windows(train, 5, 5))
    assert error_floor(normalization, "hard_sigmoid", Windows(train, 5, 5)).mae == 0
    assert error_floor(normalization, "hard_sigmoid", Windows(beyond, 5, 5)).mae == pytest.approx(2)


def test_activations_are_those_of_the_configuration():
    assert tuple(ACTIVATIONS) == choices(OutputActivation)


@pytest.mark.parametrize("name", choices(OutputActivation))
def test_values_stay_in_the_range_and_derivatives_are_slopes(name):
    activation = ACTIVATIONS[name]
    x = np.linspace(-8, 8, 4001) + 1e-4  # off the kinks
    y = activation.function(x)
    assert (y >= activation.low).all()
    assert (y <= activation.high).all()
    slope = (activation.function(x + 1e-6) - activation.function(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(activation.derivative(x), slope, rtol=1e-4, atol=1e-6)


def test_ranges_are_written_as_intervals():
    assert ACTIVATIONS["sigmoid"].range_text == "(0, 1)"
    assert ACTIVATIONS["relu"].range_text == "[0, ∞)"
    assert ACTIVATIONS["elu"].range_text == "(−1, ∞)"
