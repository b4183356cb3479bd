"""Dates that are written as one number."""

import numpy as np

from core.signals.readers.time_names import SCALES

_EPOCH = np.datetime64("1970-01-01")
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


def counted_dates(values: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Dates `(rows,)` datetime64[us] that are counted in days or years, where all may be that.

    Beside them what was counted, in words.
    """
    low, high = float(values.min()), float(values.max())
    if low >= 10_000 and high <= 73_050:  # 1927 to 2100
        return _days_after(values, 25_569), "days since 1900, as Excel counts them"
    if low >= 693_962 and high <= 767_011:  # 1900 to 2100
        return _days_after(values, 719_529), "days since the year 0, as MATLAB counts them"
    if low >= 1800 and high <= 2101 and (values != np.floor(values)).any():
        whole = np.floor(values)
        start, stop = (
            (whole.astype(np.int64) + later - 1970).astype("datetime64[Y]").astype("datetime64[us]")
            for later in (0, 1)
        )
        return start + _rounded((stop - start).astype(np.int64) * (values - whole)), "years"
    return None, ""


def _days_after(values: np.ndarray, epoch: int) -> np.ndarray:
    return _EPOCH + _rounded((values - epoch) * 86_400e6)


def _rounded(microseconds: np.ndarray) -> np.ndarray:
    return np.round(microseconds).astype(np.int64).astype("timedelta64[us]")


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
