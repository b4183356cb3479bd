"""Shares, compressions and units as a person reads them."""

import pytest

from core.number_text import agreeing, ratio_text, share_text, unit_of


@pytest.mark.parametrize(
    ("unit", "squared"),
    [("mV", "mV²"), ("°C", "°C²"), ("m/s", "(m/s)²"), ("full scale", "(full scale)²"), ("", "")],
)
def test_only_a_single_symbol_is_squared_without_brackets(unit, squared):
    assert unit_of("mse", unit) == squared
    assert unit_of("mae", unit) == unit


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1e-5, "under 0.1 %"),
        (0.001, "0.1 %"),
        (0.0061, "0.6 %"),
        (0.06, "6 %"),
        (0.4321, "43.2 %"),
        (0.996, "99.6 %"),
        (0.99995, "over 99.9 %"),
        (1, "100 %"),
        (12.345, "1,234 %"),
        (float("nan"), "–"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share, text):
    assert share_text(share) == text


def test_a_compression_is_told_in_digits():
    assert [ratio_text(ratio) for ratio in (0.5, 4 / 3, 1000.0)] == [
        *("0.5 : 1", "1.333 : 1", "1,000 : 1")
    ]


def test_a_verb_goes_with_its_count():
    assert [agreeing(count, "is", "are") for count in (0, 1, 2)] == ["are", "is", "are"]
