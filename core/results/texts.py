"""Units and durations in words, and what a run came to in a sentence."""

import math

from core.results.errors_file import Results

NEAR_FLOOR = 1.1  # up to this multiple of its floor, an error is put down to the floor


def unit_of(measure: str, unit: str) -> str:
    """The unit of MAE or MSE, for values in `unit`."""
    return f"{unit}²" if unit and measure == "mse" else unit


def duration_text(seconds: float | None) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`; a dash for what is not known."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def verdict(results: Results, measure: str = "mae") -> str:
    """How far the run came, between the best constant and the floor, in a sentence or two."""
    error = results.errors["validation"][measure]
    floor = results.floor["validation"][measure]
    constant = results.constant["validation"][measure]
    name = measure.upper()
    if math.isnan(error):
        return "The errors of this run are not known."
    if not math.isfinite(error):
        return "Training diverged: the error is not finite. Try a smaller learning rate."
    if floor > 0.01 * constant and error <= NEAR_FLOOR * floor:
        above = 100 * max(0.0, error / floor - 1)
        return (
            f"The {name} is {above:.2g} % above its floor: this output and normalization cannot "
            "say some of the values. More training cannot help; another output activation, "
            "normalization or clipping can."
        )
    if error >= 0.98 * constant:
        return (
            "No better than the best constant per channel: the model has not learned the signals' "
            "shape."
        )
    sentence = (
        f"The model removes {100 * (1 - error / constant):.3g} % of the best constant's {name}."
    )
    if floor > 0.01 * constant:
        sentence += (
            f" {100 * floor / error:.2g} % of what is left is the floor, which no training can "
            "undercut."
        )
    return sentence if math.isfinite(constant) and constant > 0 else ""
