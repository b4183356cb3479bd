"""Dates that are written as one number."""

import numpy as np

from core.signals.readers.time_names import SCALES

_EPOCHS = ((1e8, 1e10, "s"), (1e11, 1e13, "ms"), (1e14, 1e16, "us"), (1e17, 9e18, "ns"))


def dates_of_numbers(values: np.ndarray, scale: float | None) -> np.ndarray | None:
    """Dates written as one number (20240131), or the time since 1970, where all may be that."""
    if scale is None and values.dtype.kind in "iu":
        dates = _compact_dates(values)
        if dates is not None:
            return dates
    low, high = float(values.min()), float(values.max())
    for least, most, unit in _EPOCHS:
        if scale in (None, SCALES[unit]) and least < low and high < most:
            if values.dtype.kind == "f":
                values, unit = np.round(values * (SCALES[unit] * 1e9)), "ns"
            return values.astype("int64").astype(f"datetime64[{unit}]")
    return None


def _compact_dates(values: np.ndarray) -> np.ndarray | None:
    """Integers as yyyymmdd, with hh, mm and ss or without, `(rows,)` datetime64[s]."""
    digits = len(str(values[0]))
    if digits not in (8, 10, 12, 14):
        return None
    rest = values.astype(np.int64)
    seconds = np.zeros(len(rest), np.int64)
    for scale, most in ((1, 60), (60, 60), (3600, 24))[(14 - digits) // 2 :]:
        rest, part = np.divmod(rest, 100)
        if part.max() >= most:
            return None
        seconds += part * scale
    rest, day = np.divmod(rest, 100)
    year, month = np.divmod(rest, 100)
    if year.min() < 1900 or year.max() > 2100 or month.min() < 1 or month.max() > 12:
        return None
    months = (year * 12 + month - 1 - 1970 * 12).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    if (days.astype("datetime64[M]") != months).any():
        return None
    return days.astype("datetime64[s]") + seconds
