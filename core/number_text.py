"""Numbers as a person reads them."""

import math


def count_text(count: int, noun: str) -> str:
    """A count with its noun: `1 value`, `2,000 values`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def unit_of(measure: str, unit: str) -> str:
    """The unit of MAE or MSE, for values in `unit`: `mV²`, `(m/s)²`."""
    if not unit or measure != "mse":
        return unit
    is_one_symbol = all(char.isalpha() or char in "°%" for char in unit)
    return f"{unit}²" if is_one_symbol else f"({unit})²"


def number_text(value: float | None, unit: str = "") -> str:
    """Four significant digits, with a unit: `12.34 mV`; a dash for what is not known."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        text = "∞" if value > 0 else "−∞"
    elif value == 0:
        text = "0"
    elif 1e-3 <= abs(value) < 1e7:
        digits = max(0, 3 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        if digits:
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{value:.3e}"
    return f"{text} {unit}".rstrip().replace("-", "−")
