"""The time axis of a table: from a column of dates, of seconds, or of counted rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.number_text import count_text
from core.signals.readers.cells import is_date
from core.signals.readers.channel_names import clean_name
from core.signals.recording import DataError

_TIME_WORDS = {
    *("time", "times", "timestamp", "timestamps", "datetime", "date", "elapsed", "epoch", "ts"),
    *("seconds", "second", "sec", "zeit", "datum", "uhrzeit"),
    *("unix", "unixtime", "unixtimestamp", "millis", "micros"),
}
_COUNT_WORDS = {
    *("sample", "samples", "index", "idx", "row", "step", "no", "nr", "number", "n", "unnamed"),
    *("count", "counter", "tick", "i"),
}
_SCALES = {  # a word of a column's name: its unit in seconds
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_EPOCHS = ((1e8, 1e10, "s"), (1e11, 1e13, "ms"), (1e14, 1e16, "us"), (1e17, 9e18, "ns"))
_CLOCKS = (
    *("%H:%M:%S.%f", "%H:%M:%S", "%H:%M"),
    *("%I:%M:%S.%f %p", "%I:%M:%S %p", "%I:%M %p"),
)
_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y"),
    *("%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y-%m-%d", "%Y.%m.%d", "%d-%b-%Y"),
)
_FORMATS = (
    "ISO8601",
    *(f"{day} {clock}".strip() for day in _DAYS for clock in (*_CLOCKS, "")),
    *_CLOCKS,
)
_EITHER_ORDER = ("%m/%d", "%d/%m", "%m-%d", "%d-%m")
_DOTS_OF_CLOCKS = (r"^(\d{1,2})\.(\d\d)", r"^(\d{1,2}:\d\d)\.(\d\d)\b")  # 17.24.00
_EPOCH = np.datetime64("1970-01-01")
_CLOCKS_ON = np.datetime64("1900-01-01")  # the day of a time of day without one
_UTC = r"\s*(?:UTC|GMT|Z)$"
_ELAPSED = r"^\d+:\d\d:\d\d(?:\.\d+)?$"


@dataclass(frozen=True)
class Timeline:
    """time: `(time_steps,)` datetime64 or seconds; None where rows are only counted."""

    time: np.ndarray | None
    sampling_rate_hz: float | None
    notes: tuple[str, ...]


def _words(name: str) -> list[str]:
    """In lower case; `timeMs` is two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[a-zµμ]+", apart.lower())


def is_time_name(name: str, *, alone: bool = False) -> bool:
    """Whether a column of this name may hold times; `alone`: the name says nothing else."""
    words = _words(name)
    if words == ["t"] or (words[:1] == ["t"] and len(words) == 2 and words[1] in _SCALES):
        return not alone or name != "T"  # a temperature, where it goes up and down
    if alone and not set(words) <= _TIME_WORDS | _SCALES.keys():
        return False
    return bool(_TIME_WORDS.intersection(words))


def is_count_name(name: str) -> bool:
    """Whether a column of this name counts rows; an unnamed first column does, as in pandas."""
    words = _words(name)
    return bool(words) and (set(words) <= _COUNT_WORDS or words[0] in ("sample", "index"))


def parse_dates(
    texts: pa.ChunkedArray, name: str, place: Callable[[int], str]
) -> tuple[np.ndarray, list[str]]:
    """Dates written as text, `(rows,)` datetime64, and a note where their form is ambiguous.

    Of the forms that fit all rows (03/04 is March or April) one in which the times never go back
    is taken, and the one with the most even steps. Raises DataError naming the first bad one.
    """
    texts, zone_notes = _in_one_form(texts, name)
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
            times, zone_notes = times.dt.tz_convert(None), [_in_utc(name)]
        fitting[form] = times.to_numpy()
        if not form.startswith(_EITHER_ORDER):
            break  # no other form can be meant
    rising = [form for form, times in fitting.items() if (times[1:] >= times[:-1]).all()]
    if fitting:
        form = min(rising or fitting, key=lambda form: _unevenness(fitting[form]))
        order = "month before day" if form.startswith("%m") else "day before month"
        note = f"Dates such as {series.iloc[0]!r} were read with the {order}."
        return fitting[form], [*([note] if form.startswith(_EITHER_ORDER) else []), *zone_notes]
    if pc.all(pc.match_substring_regex(texts, _ELAPSED)).as_py():  # beyond 24 hours, or an hour
        return (pd.Timestamp(_CLOCKS_ON) + pd.to_timedelta(series)).to_numpy(), zone_notes
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
    return pc.replace_substring_regex(texts, _UTC, ""), [_in_utc(name)]


def _mixed_zones(name: str) -> DataError:
    return DataError(
        f"The times in {name!r} are in mixed time zones, or only some name one. Write all in one "
        "zone, such as UTC."
    )


def _in_utc(name: str) -> str:
    return f"The times in {name!r} name a time zone: they are shown in UTC."


def _unevenness(times: np.ndarray) -> float:
    steps = np.diff(times.astype("datetime64[s]").astype(np.int64))
    return float(np.ptp(steps)) if len(steps) else 0.0


def read_timeline(
    column: pa.ChunkedArray, name: str, place: Callable[[int], str], unit: str = ""
) -> Timeline:
    """The time axis that a column holds; `place` puts a row, counted from 0, into words.

    unit: of numbers, where it stands elsewhere than in the name. Raises DataError where a time is
    missing or not understood.
    """
    _check_complete(column, name, place)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        times, notes = parse_dates(column, name, place)
        line = _from_dates(times, name, place)
        return replace(line, notes=(*notes, *line.notes))
    if pa.types.is_date(kind):
        return _from_dates(column.cast(pa.timestamp("ms")).to_numpy(), name, place)
    if pa.types.is_timestamp(kind):
        if not kind.tz:
            return _from_dates(column.to_numpy(), name, place)
        line = _from_dates(column.cast(pa.timestamp(kind.unit)).to_numpy(), name, place)
        return replace(line, notes=(_in_utc(name), *line.notes))
    if pa.types.is_time(kind):
        whole = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_numpy()
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return _from_seconds(whole / per_second, name, place)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(
            f"The column {name!r} cannot be a time axis: it holds {kind}. Choose another, or none."
        )
    return _from_numbers(column.to_numpy(), name, place, unit)


def joined_timeline(table: pa.Table, place: Callable[[int], str]) -> Timeline:
    """The time axis of two columns: dates, and times of day. Raises DataError as `read_timeline`.

    Each date and each time of day is looked at once, however many rows there are.
    """
    parts, notes = [], []
    for name in table.column_names:
        _check_complete(table[name], name, place)
        encoded = table[name].combine_chunks().dictionary_encode()
        rows = np.unique(encoded.indices.to_numpy(), return_index=True)[1]
        distinct = encoded.dictionary
        if pa.types.is_string(distinct.type) or pa.types.is_large_string(distinct.type):
            for pattern in _DOTS_OF_CLOCKS if parts else ():
                distinct = pc.replace_substring_regex(distinct, pattern, r"\1:\2")
            place_of = lambda code, rows=rows: place(int(rows[code]))  # noqa: E731
            times, told = parse_dates(pa.chunked_array([distinct]), name, place_of)
            times, notes = times - (_CLOCKS_ON if parts else _EPOCH), [*notes, *told]
        elif pa.types.is_time(distinct.type):
            times = distinct.cast(pa.time64("us")).cast(pa.int64()).to_numpy()
        else:
            times = distinct.cast(pa.timestamp("us")).to_numpy() - _EPOCH
        parts.append(times.astype("timedelta64[us]")[encoded.indices.to_numpy()])
    line = _from_dates(_EPOCH + parts[0] + parts[1], " and ".join(table.column_names), place)
    return replace(line, notes=(*notes, *line.notes))


def _check_complete(column: pa.ChunkedArray, name: str, place: Callable[[int], str]) -> None:
    if column.null_count:
        first = pc.index(pc.is_null(column), True).as_py()
        raise DataError(
            f"The time column {name!r} is empty in {place(first)} ({column.null_count} times in "
            "all). Complete it, or set no time column."
        )


def _from_numbers(
    values: np.ndarray, name: str, place: Callable[[int], str], unit: str
) -> Timeline:
    """Counted rows, seconds or another unit that the name says, or an epoch's seconds."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"The time column {name!r} holds {values[first]} in {place(first)}.")
    scale = _SCALES.get(unit.lower()) or _scale(name)
    dates = _dates_of_numbers(values, scale) if is_time_name(name) else None
    if dates is not None:
        return _from_dates(dates, name, place)
    if scale is None and values.dtype.kind in "iu":
        if counts_by_one(values):
            note = f"{name!r} counts the rows from {values[0]}: it was taken as the time axis."
            return Timeline(None, None, (note,))
        if is_count_name(name):
            note = f"{name!r} counts time steps, with gaps: it was left out, and rows are counted."
            return Timeline(None, None, (note,))
    return _from_seconds(values * (scale or 1.0), name, place)


def _scale(name: str) -> float | None:
    """The unit that a name ends in, in seconds; that of a time of day is not the day."""
    words = _words(name)
    units = [word for of, word in zip(["", *words], words, strict=False) if of != "of"]
    return next((_SCALES[word] for word in units[::-1] if word in _SCALES), None)


def _dates_of_numbers(values: np.ndarray, scale: float | None) -> np.ndarray | None:
    """Dates written as one number (20240131), or the time since 1970, where all may be that."""
    if scale is None and values.dtype.kind in "iu":
        dates = _compact_dates(values)
        if dates is not None:
            return dates
    low, high = float(values.min()), float(values.max())
    for least, most, unit in _EPOCHS:
        if scale in (None, _SCALES[unit]) and least < low and high < most:
            if values.dtype.kind == "f":
                values, unit = np.round(values * (_SCALES[unit] * 1e9)), "ns"
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


def counts_by_one(values: np.ndarray) -> bool:
    if values.dtype.kind == "u":
        values = values.astype(np.int64)
    return len(values) > 1 and bool((np.diff(values) == 1).all())


def timeline_of_dates(times: np.ndarray, name: str) -> Timeline:
    """The time axis of dates `(time_steps,)`, datetime64 of any unit. Raises DataError."""
    unknown = np.flatnonzero(np.isnat(times))
    if len(unknown):
        raise DataError(
            f"{name!r} has no date at time step {unknown[0] + 1} ({len(unknown)} in all). Complete "
            "it, or leave it out."
        )
    times = times.astype(times.dtype.newbyteorder("="))
    if np.datetime_data(times.dtype)[0] not in ("s", "ms", "us", "ns"):
        times = times.astype("datetime64[s]")
    return _from_dates(times, name, lambda row: f"time step {row + 1}")


def _from_dates(times: np.ndarray, name: str, place: Callable[[int], str]) -> Timeline:
    unit = np.datetime_data(times.dtype)[0]
    per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}.get(unit)
    if per_second is None:
        times, per_second = times.astype("datetime64[s]"), 1.0
    rate, notes = _spacing(times.astype(np.int64), per_second, name, place)
    return Timeline(times, rate, tuple(notes))


def _from_seconds(seconds: np.ndarray, name: str, place: Callable[[int], str]) -> Timeline:
    rate, notes = _spacing(seconds, 1.0, name, place)
    return Timeline(seconds, rate, tuple(notes))


def _spacing(
    times: np.ndarray, per_second: float, name: str, place: Callable[[int], str]
) -> tuple[float | None, list[str]]:
    """The sampling rate of times that are regular, and notes on all that is not."""
    steps = np.diff(times)
    notes = []
    backward = np.flatnonzero(steps < 0)
    repeated = int((steps == 0).sum())
    if len(backward):
        notes.append(
            f"The times in {name!r} go back {count_text(len(backward), 'time')}, first in "
            f"{place(int(backward[0]) + 1)}; the rows were kept in their order, and are counted."
        )
    if repeated:
        again = "repeats" if repeated == 1 else "repeat"
        counted = ": the rows are counted" if 2 * repeated > len(steps) else ""
        notes.append(f"{count_text(repeated, 'time')} in {name!r} {again} the one before{counted}.")
    if len(steps) == 0 or len(backward) or repeated:
        return None, notes
    mean = float(times[-1] - times[0]) / len(steps)
    even = times[0] + np.arange(len(times)) * mean
    # Rounding of the times (milliseconds at 360 Hz) moves them by part of a step, never by one.
    deviation = float(np.abs(times - even).max()) / mean
    if deviation <= 0.25:
        if deviation > 0.02:
            notes.append(
                f"The times in {name!r} are regular to within {deviation:.0%} of a step, and were "
                "taken as regular."
            )
        return _tidy(per_second / mean), notes
    near = _usual_steps(steps)
    usual = float(steps[near].mean())
    irregular = len(steps) - int(near.sum())
    if irregular == 0:
        apart = float(np.abs(steps - usual).max()) / usual
        notes.append(
            f"The steps in {name!r} differ by up to {apart:.0%} from the usual "
            f"{usual / per_second:g} s: the times were taken as regular."
        )
        return _tidy(per_second / usual), notes
    if irregular <= 0.05 * len(steps):
        notes.append(
            f"{count_text(irregular, 'step')} in {name!r} "
            f"{'differs' if irregular == 1 else 'differ'} from the usual {usual / per_second:g} s: "
            "the rows were taken as they come."
        )
        return _tidy(per_second / usual), notes
    notes.append(
        f"The times in {name!r} are not regular ({steps.min() / per_second:g} to "
        f"{steps.max() / per_second:g} s): no sampling rate could be derived."
    )
    return None, notes


def _usual_steps(steps: np.ndarray) -> np.ndarray:
    """Which steps are those of an even clock, `(steps,)`: the ones within 25 % of the middle one.

    Of a clock whose times are rounded by more than that, they are of two lengths, one unit of the
    rounding apart, and the times never stray by more than the unit, unlike those of a jittery one.
    A few steps that are longer are pauses or lost samples, not a second length.
    """
    middle = np.partition(steps, len(steps) // 2)[len(steps) // 2]
    off = np.abs(steps - middle).astype(np.float64)  # infinity is beyond integers
    unit = np.min(off, initial=np.inf, where=off > 1e-3 * middle)
    near = off <= 0.25 * middle
    pauses = np.count_nonzero(steps[~near] > middle)
    are_pauses = near.mean() >= 0.95 and 2 * pauses >= np.count_nonzero(~near)
    if are_pauses or not 0.25 * middle < unit < 1.01 * middle:
        return near
    two = off <= 1.001 * unit
    mean = steps[two].mean()
    two &= np.abs(steps - mean) < 0.99999 * unit
    strays = np.ptp(np.cumsum(np.where(two, steps - mean, 0.0)))
    gaps = len(steps) - int(two.sum())
    return two if strays <= 2 * unit * (1 + gaps) else near


def _tidy(rate: float) -> float:
    """The rate without the last digits that times like 0.01, 0.02 leave in it."""
    short = float(f"{rate:.6g}")
    return short if abs(short / rate - 1) < 1e-7 else rate
