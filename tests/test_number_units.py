"""Units as they are beside squared errors."""

import pytest

from core.number_text import unit_of


@pytest.mark.parametrize(
    ("unit", "squared"),
    [("mV", "mV²"), ("°C", "°C²"), ("m/s", "(m/s)²"), ("full scale", "(full scale)²"), ("", "")],
)
def test_only_a_single_symbol_is_squared_without_brackets(unit, squared):
    assert unit_of("mse", unit) == squared
    assert unit_of("mae", unit) == unit
