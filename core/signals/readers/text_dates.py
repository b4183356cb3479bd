"""Dates and times of day that are written as text."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.signals.readers.cells import is_date
from core.signals.readers.channel_names import clean_name
from core.signals.recording import DataError

_CLOCKS = (
    *("%H:%M:%S.%f", "%H:%M:%S", "%H:%M"),
    *("%I:%M:%S.%f %p", "%I:%M:%S %p", "%I:%M %p"),
)
_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y.%m.%d"),
    *("%Y/%m/%d", "%Y-%m-%d", "%Y.%m.%d"),
    *("%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %b %Y", "%d %b %y", "%d %B %Y"),
)
_FORMATS = (
    "ISO8601",
    *(f"{day} {clock}".strip() for day in _DAYS for clock in (*_CLOCKS, "")),
    *_CLOCKS,
)
_ORDERS = {"m": "month before day", "d": "day before month", "y": "year before month and day"}
_EITHER_ORDER = (
    *("%m/%d", "%d/%m", "%y/%m", "%m-%d", "%d-%m", "%y-%m"),
    *("%d.%m.%y", "%y.%m"),  # with four digits of the year, the day stands before points
)
CLOCKS_ON = np.datetime64("1900-01-01")  # the day of a time of day without one
_UTC = r"\s*(?:UTC|GMT|Z)$"
_ELAPSED = r"^\d+:\d\d:\d\d(?:\.\d+)?$"


def parse_dates(
    texts: pa.ChunkedArray, name: str, place: Callable[[int], str]
) -> tuple[np.ndarray, list[str]]:
    """Dates written as text, `(rows,)` datetime64, and a note where their form is ambiguous.

    Of the forms that fit all rows (03/04 is March or April) one in which the times never go back
    is taken, and the one with the most even steps. Raises DataError naming the first bad one.
    """
    texts, notes = _in_one_form(texts, name)
    series = texts.to_pandas()
    fitting: dict[str, np.ndarray] = {}
    for form in _FORMATS:
        try:
            pd.to_datetime(series.iloc[:200], format=form)
            times = pd.to_datetime(series, format=form)
        except (ValueError, TypeError, OverflowError) as error:
            if "tz" in str(error).lower() or "timezone" in str(error).lower():
                raise _mixed_zones(name) from error
            continue
        if getattr(times.dt, "tz", None) is not None:
            times, notes = times.dt.tz_convert(None), [in_utc_note(name)]
        fitting[form] = times.to_numpy()
        if not form.startswith(_EITHER_ORDER):
            break  # no other form can be meant
    rising = [form for form, times in fitting.items() if (times[1:] >= times[:-1]).all()]
    if fitting:
        form = min(rising or fitting, key=lambda form: _unevenness(fitting[form]))
        if form.startswith(_EITHER_ORDER):
            order = _ORDERS[form[1]]
            notes = [f"Dates such as {series.iloc[0]!r} were read with the {order}.", *notes]
        return fitting[form], notes
    if pc.all(pc.match_substring_regex(texts, _ELAPSED)).as_py():  # beyond 24 hours, or an hour
        return (pd.Timestamp(CLOCKS_ON) + pd.to_timedelta(series)).to_numpy(), notes
    odd = next((row for row, text in enumerate(series) if not is_date(str(text))), 0)
    raise DataError(
        f"The times in {name!r} are not understood: {place(odd)} holds "
        f"{clean_name(str(series.iloc[odd]))!r}. Write all in one form, as 2014-04-01 00:05:00, or "
        "set no time column."
    )


def _in_one_form(texts: pa.ChunkedArray, name: str) -> tuple[pa.ChunkedArray, list[str]]:
    """The texts as `_FORMATS` has them: points before fractions, hours before minutes, no UTC."""
    texts = pc.utf8_trim_whitespace(texts)
    for pattern, plain in (
        (r"(:\d\d),(\d+)", r"\1.\2"),
        (r"^(\d{1,3}:\d\d\.\d+)$", r"0:\1"),
        (r"(?i)(\d)([ap]m)$", r"\1 \2"),
    ):
        texts = pc.replace_substring_regex(texts, pattern, plain)
    in_utc = pc.match_substring_regex(texts, _UTC)
    if not pc.any(in_utc).as_py():
        return texts, []
    if not pc.all(in_utc).as_py():
        raise _mixed_zones(name)
    return pc.replace_substring_regex(texts, _UTC, ""), [in_utc_note(name)]


def _mixed_zones(name: str) -> DataError:
    return DataError(
        f"The times in {name!r} are in mixed time zones, or only some name one. Write all in one "
        "zone, such as UTC."
    )


def in_utc_note(name: str) -> str:
    return f"The times in {name!r} name a time zone: they are shown in UTC."


def _unevenness(times: np.ndarray) -> float:
    steps = np.diff(times.astype("datetime64[s]").astype(np.int64))
    return float(np.ptp(steps)) if len(steps) else 0.0
