"""Which column of a table is what: time, labels, channels, or the three of the long form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.config import ReadOptions
from core.signals.readers.cells import (
    are_times_of_day,
    is_date,
    is_grouped_number,
    is_missing,
    is_number,
)
from core.signals.readers.channel_names import listed
from core.signals.readers.number_dates import dates_of_numbers
from core.signals.readers.time_names import is_count_name, is_time_name, scale_of
from core.signals.readers.timeline import counts_by_one
from core.signals.recording import DataError

_LABEL_NAMES = {
    *("label", "labels", "class", "target", "anomaly", "anomalies", "is_anomaly", "changepoint"),
    *("outlier", "is_outlier", "ground_truth", "normal/attack"),
}
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # without a name of its own
_LEAST_COUNTED_ROWS = 20  # a first column that counts this far is an index, whatever its name


@dataclass(frozen=True)
class Roles:
    """What each column of a table is. Names of columns throughout; empty: there is none."""

    layout: str  # "wide" or "long"
    time: str = ""
    clock: str = ""  # of times of day, where `time` holds dates without them
    labels: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    id: str = ""
    value: str = ""
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """All that is needed from the file."""
        picked = (self.time, self.clock, self.id, self.value, *self.labels, *self.channels)
        return list(dict.fromkeys(name for name in picked if name))


def column_kind(column: pa.ChunkedArray, decimal: str = "point") -> str:
    """number, boolean, time, text, mixed (numbers with some text), empty, or other."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return "time"
    if pa.types.is_null(kind):
        return "empty"
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return "other"
    texts = _texts(column)
    if not texts:
        return "text" if column.null_count < len(column) else "empty"
    dates = [text for text in texts if is_date(text) and not is_number(text, decimal)]
    if len(dates) >= 0.9 * len(texts):  # the odd one out is a fault to be named
        return "time"
    # A number with the other decimal sign is a fault to be named, not a label.
    numbers = sum(
        is_number(text, "point") or is_number(text, "comma") or is_grouped_number(text)
        for text in texts
    )
    return "mixed" if numbers >= 0.5 * len(texts) else "text"


def _texts(column: pa.ChunkedArray) -> list[str]:
    """The first texts that are not missing."""
    return [text for text in column.slice(0, 2000).to_pylist() if text and not is_missing(text)]


def choose_roles(
    head: pa.Table, options: ReadOptions, *, tail: pa.Table | None = None, decimal: str = "point"
) -> Roles:
    """Judge the columns by the first rows (and, for the long form, the last).

    Raises DataError on names in the options that the table lacks, and when no channel is left.
    """
    names = tuple(head.column_names)
    _check_options(names, options)
    kinds = {name: column_kind(head[name], decimal) for name in names}
    wanted = set(options.channels or ())
    time = _choose_time(head, kinds, options, wanted)
    clock = _clock_beside(head, kinds, time) if options.time_column == "auto" else ""
    notes = [f"The time axis is {time!r} with the time of day in {clock!r}."] if clock else []
    is_label_name = {n: n.lower() in _LABEL_NAMES and kinds[n] != "other" for n in names}
    if options.label_columns is not None:
        labels = tuple(name for name in options.label_columns if name != time)
    else:
        labels = tuple(
            name
            for name in names
            if name != time
            and name not in wanted
            and (kinds[name] == "text" or (is_label_name[name] and _few_values(head[name])))
        )
    usable = ("number", "boolean", "mixed", "empty")
    numbers = [name for name in names if name not in (time, *labels) and kinds[name] in usable]
    indices = [name for name in numbers if name not in wanted and _is_index(head, name, time)]
    channels = tuple(name for name in numbers if name not in indices)
    if options.layout != "wide" and options.id_column + options.value_column:
        return _long_roles(names, kinds, time, channels, options)
    if options.layout == "long" or (
        options.layout == "auto"
        and not clock
        and _is_long(head, tail, kinds, time, labels, channels)
    ):
        return _long_roles(names, kinds, time, channels, options)
    if options.channels is not None:
        _check_names(names, options.channels, "channel")
        channels = tuple(dict.fromkeys(options.channels))
        if twice := [name for name in channels if name in (time, *labels)]:
            raise DataError(
                f"Chosen as a channel and as the time or a label: {listed(twice)}. Choose one."
            )
    left_out = [
        f"{name} ({kinds[name] if kinds[name] != 'other' else head[name].type})"
        for name in names
        if name not in (time, clock, *indices, *labels, *channels) and not wanted
    ]
    notes += _left_out_notes(left_out)
    notes += [_index_note(head, name, time) for name in indices]
    if options.time_column == "auto":
        notes += _time_notes(head, kinds, time, channels)
    if not channels:
        raise DataError(_no_channels(names, time, labels))
    return Roles("wide", time, clock, labels, channels, notes=tuple(notes))


def _is_index(head: pa.Table, name: str, time: str) -> bool:
    """Whether a column is what pandas saves of its index: without a name, or row numbers."""
    if _PANDAS_INDEX.fullmatch(name):
        return True
    is_unnamed = name == "Unnamed: 0" or (name == "column 1" == head.column_names[0])
    return bool(time) and is_unnamed and _counts_rows(head[name])


def _index_note(head: pa.Table, name: str, time: str) -> str:
    if time and _counts_rows(head[name]):
        return f"{name!r} counts the rows beside the times in {time!r}: it was left out."
    hint = "" if time else " Set it as the time column if it holds the times."
    return f"{name!r} is an index that pandas saved: it was left out.{hint}"


def _counts_rows(column: pa.ChunkedArray) -> bool:
    is_whole = pa.types.is_integer(column.type) and not column.null_count
    return is_whole and counts_by_one(column.to_numpy())


def channel_choices(
    head: pa.Table, options: ReadOptions, *, tail: pa.Table | None = None, decimal: str = "point"
) -> tuple[str, ...]:
    """What `options.channels` may choose from, whatever it chooses now."""
    all_of_them = options.model_copy(update={"channels": None})
    try:
        return choose_roles(head, all_of_them, tail=tail, decimal=decimal).channels
    except DataError:
        return ()


def _left_out_notes(left_out: Sequence[str]) -> list[str]:
    if not left_out:
        return []
    were = "column was" if len(left_out) == 1 else "columns were"
    return [f"{len(left_out)} {were} left out, for they hold no numbers: {listed(left_out)}."]


def _no_channels(names: Sequence[str], time: str, labels: Sequence[str]) -> str:
    taken = [f"the time axis {time!r}"] if time else []
    taken += [f"the labels {listed(labels)}"] if labels else []
    beside = f" beside {' and '.join(taken)}" if taken else ""
    hint = " It looks like annotations of another recording: read that one." if time else ""
    return (
        f"There is no column of numbers{beside}, so no channel.{hint} Columns: {listed(names)}. "
        "Set the time column, the label columns, the separator or the decimal sign if one of "
        "them is a signal."
    )


def _check_names(names: Sequence[str], wanted: Sequence[str], what: str) -> None:
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise DataError(f"There is no {what} {listed(unknown)}. There are: {listed(names)}")
    if not wanted:
        raise DataError(f"No {what} is chosen. There are: {listed(names)}")


def _check_options(names: Sequence[str], options: ReadOptions) -> None:
    if options.time_column not in (None, "auto"):
        _check_names(names, [options.time_column], "time column")
    if options.label_columns:
        _check_names(names, options.label_columns, "label column")
    for name, what in ((options.id_column, "id column"), (options.value_column, "value column")):
        if name:
            _check_names(names, [name], what)


def _choose_time(head: pa.Table, kinds: dict, options: ReadOptions, wanted: set[str]) -> str:
    if options.time_column is None:
        return ""
    if options.time_column != "auto":
        return options.time_column
    taken = wanted | set(options.label_columns or ()) | {options.id_column, options.value_column}
    names = [name for name in head.column_names if name not in taken]
    dates = [name for name in names if kinds[name] == "time"]
    numbers = [name for name in names if kinds[name] == "number" and not head[name].null_count]
    falling = {
        name: _falling_share(head[name])
        for name in numbers
        if is_time_name(name, alone=True)
        or (is_time_name(name) and _stands_first(head, kinds, name))
        or _holds_dates(head[name], name)
    }
    rising = [name for name in falling if falling[name] == 0]
    if dates:  # with a date before times of day alone
        best = min(dates, key=lambda name: (_lacks_dates(head[name]), not is_time_name(name)))
        if not rising or is_time_name(best) or not _lacks_dates(head[best]):
            return best
    if rising:
        return rising[0]
    for name in numbers:
        if is_count_name(name) and _increases(head[name]):
            return name
        # Series one below the other, or a clock set back; a reaction time goes up and down.
        if name in falling and (falling[name] < 0.25 or is_time_name(name, alone=True)):
            return name
    first = head.column_names[0]
    if first in numbers and pa.types.is_integer(head[first].type):
        values = head[first].to_numpy()
        enough = len(values) >= _LEAST_COUNTED_ROWS or re.fullmatch("column 1", first)
        if enough and values[0] in (0, 1) and counts_by_one(values) and len(names) > 1:
            return first
    return ""


def _stands_first(head: pa.Table, kinds: dict, name: str) -> bool:
    """Whether no numbers stand before a column, but for those of the rows."""
    before = head.column_names[: head.column_names.index(name)]
    return not any(kinds[n] == "number" and not _counts_rows(head[n]) for n in before)


def _holds_dates(column: pa.ChunkedArray, name: str) -> bool:
    """Whether the numbers in a column that is called after times are dates, as 20240131."""
    return is_time_name(name) and dates_of_numbers(column.to_numpy(), scale_of(name)) is not None


def _time_notes(head: pa.Table, kinds: dict, time: str, channels: Sequence[str]) -> list[str]:
    """What speaks for another time axis than the one that was chosen, which may be none."""
    if time:
        is_by_name = kinds[time] == "number" and is_time_name(time)
        is_sure = is_time_name(time, alone=True) and _stands_first(head, kinds, time)
        if not is_by_name or is_sure or _holds_dates(head[time], time):
            return []
        return [
            f"{time!r} was taken as the time axis, for its name; set no time column if it is a "
            "channel."
        ]
    return [
        f"{name!r} rises, but was read as a channel; set it as the time column if it holds the "
        "times."
        for name in channels
        if is_time_name(name)
        and kinds[name] == "number"
        and not head[name].null_count
        and _falling_share(head[name]) == 0
    ]


def _clock_beside(head: pa.Table, kinds: dict, time: str) -> str:
    """The one column of times of day beside dates `time` that hold none and repeat; or none."""
    if not time or kinds[time] != "time" or not _holds_days(head[time]):
        return ""
    names = head.column_names
    clocks = [
        name
        for index, name in enumerate(names)
        if kinds[name] == "time"
        and _holds_clocks(head[name])
        and (is_time_name(name) or abs(index - names.index(time)) == 1)
    ]
    return clocks[0] if len(clocks) == 1 else ""


def _holds_clocks(column: pa.ChunkedArray) -> bool:
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return False
    return pa.types.is_time(column.type) or are_times_of_day(_texts(column))


def _lacks_dates(column: pa.ChunkedArray) -> bool:
    """Whether a column of times holds times of day, or of a stopwatch."""
    return _holds_clocks(column) or (
        not pa.types.is_temporal(column.type)
        and all(re.match(r"\d{1,3}:", text.strip()) for text in _texts(column))
    )


def _holds_days(column: pa.ChunkedArray) -> bool:
    """Whether a column holds dates without a time of day, some of them more than once."""
    if pc.count_distinct(column).as_py() == len(column) or pa.types.is_time(column.type):
        return False
    if pa.types.is_date(column.type):
        return True
    if pa.types.is_timestamp(column.type):
        return column.type.tz is None and pc.floor_temporal(column, unit="day").equals(column)
    return not _holds_clocks(column) and not any(":" in text for text in _texts(column))


def _falling_share(column: pa.ChunkedArray) -> float:
    """The share of steps that go down; 1 where all values are the same."""
    values = column.to_numpy()
    if len(values) < 2 or (values == values[0]).all():
        return 1.0
    return float(np.mean(values[1:] < values[:-1]))


def _increases(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(column.type):
        return False
    values = column.to_numpy()
    return bool((values[1:] > values[:-1]).all())


def _few_values(column: pa.ChunkedArray) -> bool:
    distinct = pc.unique(column)
    if pa.types.is_floating(column.type):  # as a table is saved whose labels were once missing
        return set(distinct.to_pylist()) <= {0.0, 1.0, None}
    return len(distinct) <= 20


def _is_long(head, tail, kinds, time: str, labels: tuple, channels: tuple) -> bool:
    """One text, one time and one number column, and times that come again for another text.

    Some times do in the wide form too, with a state in the text column: where they are written to
    the second, or the clock was set back.
    """
    texts = [name for name in labels if kinds[name] == "text"]
    if not time or len(labels) != 1 or len(texts) != 1 or len(channels) != 1:
        return False
    parts = [head] if tail is None else [head, tail]
    both = pa.concat_tables(
        [part.select([texts[0], time]) for part in parts], promote_options="permissive"
    )
    rows = both.rename_columns(["id", "time"]).to_pandas().dropna()
    rows = rows[rows["id"].str.strip() != ""]
    ids, times, pairs = rows["id"].nunique(), rows["time"].nunique(), len(rows.drop_duplicates())
    if not 2 <= ids <= len(rows) / 2:
        return False
    if pairs > 1.05 * times and (pairs >= 1.5 * times or len(rows) < 1.5 * pairs):
        return True
    changes = rows["id"].to_numpy()[1:] != rows["id"].to_numpy()[:-1]
    back = rows["time"].to_numpy()[1:] < rows["time"].to_numpy()[:-1]
    in_blocks = changes.sum() == ids - 1  # each series as a whole, at times of its own
    return bool(in_blocks and back.any() and changes[back].all())


def _long_roles(names, kinds, time: str, channels: tuple, options: ReadOptions) -> Roles:
    series = options.id_column
    if not series:
        texts = [name for name in names if kinds[name] == "text" and name != time]
        if len(texts) != 1:
            raise DataError(
                f"In the long form one column says which series a row belongs to. Choose the id "
                f"column among: {listed(texts or names)}"
            )
        series = texts[0]
    value = options.value_column
    if not value:
        numbers = [name for name in channels if name != series]
        if len(numbers) != 1:
            raise DataError(
                "In the long form one column holds the values. Choose the value column among: "
                f"{listed(numbers or names)}"
            )
        value = numbers[0]
    if not time:
        raise DataError(f"The long form needs a time column. Choose it among: {listed(names)}")
    return Roles("long", time=time, id=series, value=value)
