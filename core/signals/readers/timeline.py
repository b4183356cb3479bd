"""The time axis of a table: from a column of dates, of seconds, or of counted rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.number_text import count_text
from core.signals.readers.number_dates import counted_dates, dates_of_numbers
from core.signals.readers.text_dates import CLOCKS_ON, in_utc_note, parse_dates
from core.signals.readers.time_names import (
    SCALES,
    is_count_name,
    is_date_name,
    is_time_name,
    scale_of,
)
from core.signals.recording import DataError

_DOTS_OF_CLOCKS = (r"^(\d{1,2})\.(\d\d)", r"^(\d{1,2}:\d\d)\.(\d\d)\b")  # 17.24.00
_EPOCH = np.datetime64("1970-01-01")
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9, "ps": 1e12, "fs": 1e15, "as": 1e18}
_FINER_THAN_SHOWN = ("ps", "fs", "as")  # pandas knows none of them


@dataclass(frozen=True)
class Timeline:
    """time: `(time_steps,)` datetime64 or seconds; None where rows are only counted."""

    time: np.ndarray | None
    sampling_rate_hz: float | None
    notes: tuple[str, ...]


def read_timeline(
    column: pa.ChunkedArray, name: str, place: Callable[[int], str], unit: str = ""
) -> Timeline:
    """The time axis that a column holds; raises DataError as `read_times` does."""
    times, notes = read_times(column, name, place, unit)
    if times is None:
        return Timeline(None, None, tuple(notes))
    return spaced_timeline(times, name, place, notes)


def read_times(
    column: pa.ChunkedArray, name: str, place: Callable[[int], str], unit: str = ""
) -> tuple[np.ndarray | None, list[str]]:
    """The times in a column, `(rows,)` datetime64 or seconds, and notes on how they were taken.

    None where they only count rows. `place` puts a row, counted from 0, into words. unit: of
    numbers, where it stands elsewhere than in the name. Raises DataError where a time is missing
    or not understood.
    """
    _check_complete(column, name, place)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return parse_dates(column, name, place)
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("ms")).to_numpy(), []
    if pa.types.is_timestamp(kind):
        notes = [in_utc_note(name)] if kind.tz else []
        return column.cast(pa.timestamp(kind.unit)).to_numpy(), notes
    if pa.types.is_time(kind):
        whole = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_numpy()
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return whole / per_second, []
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(
            f"The column {name!r} cannot be a time axis: it holds {kind}. Choose another, or none."
        )
    return _times_of_numbers(column.to_numpy(), name, place, unit)


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
            times, notes = times - (CLOCKS_ON if parts else _EPOCH), [*notes, *told]
        elif pa.types.is_time(distinct.type):
            times = distinct.cast(pa.time64("us")).cast(pa.int64()).to_numpy()
        else:
            times = distinct.cast(pa.timestamp("us")).to_numpy() - _EPOCH
        parts.append(times.astype("timedelta64[us]")[encoded.indices.to_numpy()])
    times = _EPOCH + parts[0] + parts[1]
    return spaced_timeline(times, " and ".join(table.column_names), place, notes)


def _check_complete(column: pa.ChunkedArray, name: str, place: Callable[[int], str]) -> None:
    if column.null_count:
        first = pc.index(pc.is_null(column), True).as_py()
        raise DataError(
            f"The time column {name!r} is empty in {place(first)} ({column.null_count} times in "
            "all). Complete it, or set no time column."
        )


def _times_of_numbers(
    values: np.ndarray, name: str, place: Callable[[int], str], unit: str
) -> tuple[np.ndarray | None, list[str]]:
    """Counted rows, seconds or another unit that the name says, or dates as one number."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"The time column {name!r} holds {values[first]} in {place(first)}.")
    scale = SCALES.get(unit.lower()) or scale_of(name)
    dates = dates_of_numbers(values, scale) if is_time_name(name) else None
    if dates is not None:
        return dates, []
    notes = []
    if scale is None and is_time_name(name):
        dates, what = counted_dates(values)
        if dates is not None and is_date_name(name):
            return dates, [f"The numbers in {name!r} were read as {what}."]
        if dates is not None:
            notes = [
                f"The times in {name!r} were taken as seconds. If they are {what}, name the column "
                "date."
            ]
    if scale is None and values.dtype.kind in "iu":
        if counts_by_one(values):
            note = f"{name!r} counts the rows from {values[0]}: it was taken as the time axis."
            return None, [note]
        if is_count_name(name):
            note = f"{name!r} counts time steps, with gaps: it was left out, and rows are counted."
            return None, [note]
    if scale is None and is_date_name(name):
        notes = [
            f"The numbers in {name!r} are in no known form of dates: they were taken as seconds."
        ]
    return values * (scale or 1.0), notes


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
    if np.datetime_data(times.dtype)[0] not in _PER_SECOND:
        times = times.astype("datetime64[s]")
    line = spaced_timeline(times, name, lambda row: f"time step {row + 1}")
    if np.datetime_data(times.dtype)[0] in _FINER_THAN_SHOWN:
        line = replace(line, time=times.astype("datetime64[ns]"))
    return line


def spaced_timeline(
    times: np.ndarray, name: str, place: Callable[[int], str], notes: Sequence[str] = ()
) -> Timeline:
    """The time axis of times `(time_steps,)`, datetime64 or seconds, with what is known of them."""
    per_second, whole = 1.0, times
    if times.dtype.kind == "M":
        per_second = _PER_SECOND[np.datetime_data(times.dtype)[0]]
        whole = times.astype(np.int64)
    rate, spacing_notes = _spacing(whole, per_second, name, place)
    return Timeline(times, rate, (*notes, *spacing_notes))


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
