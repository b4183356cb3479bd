"""The slope as a function of the output, beside the derivative at the input."""

import numpy as np
import pytest

from core.output_range import ACTIVATIONS
from core.output_slopes import SLOPES, STEEPEST, relative_slope, slope_from_output


def test_every_activation_has_a_slope():
    assert set(SLOPES) == set(STEEPEST) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_at_an_output_is_the_derivative_at_its_input(name):
    inputs = np.r_[np.linspace(-8, 8, 4001), np.random.default_rng(0).normal(0, 2, 4000)]
    inputs = inputs[np.abs(np.abs(inputs) - 3) > 1e-9]  # hard sigmoid's corners are on both sides
    output = ACTIVATIONS[name]
    np.testing.assert_allclose(
        slope_from_output(name, output.function(inputs)), output.derivative(inputs), atol=1e-13
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_relative_slope_lies_between_0_and_1_and_reaches_1(name):
    slopes = relative_slope(name, ACTIVATIONS[name].function(np.linspace(-5, 5, 1001)))
    assert slopes.min() >= 0
    assert slopes.max() == pytest.approx(1, abs=1e-2)


def test_a_dead_relu_and_a_full_sigmoid_have_no_slope():
    assert relative_slope("relu", np.zeros(3, np.float32)).tolist() == [0, 0, 0]
    assert relative_slope("sigmoid", np.array([0, 1, 0.5], np.float32)).tolist() == [0, 0, 1]
    assert relative_slope("linear", np.array([-1e9, 0, 3])).tolist() == [1, 1, 1]
    assert relative_slope("exponential", np.array([0.25, 50.0])).tolist() == [0.25, 1]
