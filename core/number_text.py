"""Numbers as a person reads them."""

import math

PERCENT_FORMAT = "%.4g %%"  # of a table's column in percent: as many decimals as tell from none


def count_text(count: int, noun: str) -> str:
    """A count with its noun: `1 value`, `2,000 values`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def agreeing(count: int, one: str, many: str) -> str:
    """The verb or noun that goes with a count: `is` or `are`."""
    return one if count == 1 else many


def share_text(share: float) -> str:
    """A share in percent: `0 %`, `0.6 %`, `99.6 %`, `100 %`.

    What is above none is never told as none, nor what is below all as all: `under 0.1 %`,
    `over 99.9 %`.
    """
    if math.isnan(share):
        return "–"
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    digits = 1 if share < 1 else 0
    return f"{100 * share:,.{digits}f}".removesuffix(".0") + " %"


def ratio_text(ratio: float) -> str:
    """A compression: `1.333 : 1`, `1,000 : 1`."""
    return f"{number_text(ratio)} : 1"


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
