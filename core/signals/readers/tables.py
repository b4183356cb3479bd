"""From the columns of a table to a recording."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.config import ReadOptions
from core.number_text import count_text
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.columns import Roles
from core.signals.readers.missing import (
    EXACT_INTEGERS,
    count_inexact,
    great_integer_notes,
    without_gaps,
)
from core.signals.readers.rates import chosen_rate
from core.signals.readers.timeline import Timeline, joined_timeline, read_timeline
from core.signals.recording import DataError, Recording

_MOST_LABELS = 1000  # different texts in a column beyond which they name rows, not classes
_LONGEST_LABEL = 80

Place = Callable[[int], str]


def channel_dtype(types: Sequence[pa.DataType], with_gaps: bool = False) -> np.dtype:
    """One NumPy type for channels of these Arrow types; integers with gaps become float64."""
    dtypes = []
    for kind in types:
        if pa.types.is_null(kind):
            dtypes.append(np.dtype(np.float64))
        elif pa.types.is_boolean(kind):
            dtypes.append(np.dtype(np.uint8))
        elif pa.types.is_float16(kind):
            dtypes.append(np.dtype(np.float32))
        else:
            dtypes.append(np.dtype(kind.to_pandas_dtype()))
    dtype = np.result_type(*dtypes)
    return np.dtype(np.float64) if with_gaps and dtype.kind != "f" else dtype


class GrowingMatrix:
    """Columns side by side, `(rows, channels)`, filled piece by piece; gaps are NaN.

    Room beyond the rows filled costs address space, not memory.
    """

    def __init__(self, names: Sequence[str], expected_rows: int):
        self.names = list(names)
        self.rows = 0
        self._room = max(expected_rows, 1)
        self._values: np.ndarray | None = None
        self._inexact: dict[str, int] = {}  # integers that a float64 would round, by column

    def add(self, table: pa.Table) -> None:
        columns = table.select(self.names)
        gaps = any(column.null_count for column in columns.columns)
        dtype = channel_dtype(columns.schema.types, gaps)
        stop = self.rows + table.num_rows
        self._count_inexact(columns)
        if self._values is not None:
            dtype = np.result_type(dtype, self._values.dtype)
        if self._values is None or stop > self._room or dtype != self._values.dtype:
            self._room = max(self._room, stop + stop // 4)
            grown = np.empty((self._room, len(self.names)), dtype)
            if self._values is not None:
                grown[: self.rows] = self._values[: self.rows]
            self._values = grown
        for batch in columns.to_batches(max_chunksize=1 << 16):  # cache-sized
            end = self.rows + batch.num_rows
            for index in range(len(self.names)):
                column = batch.column(index).to_numpy(zero_copy_only=False)
                self._values[self.rows : end, index] = column
            self.rows = end

    def _count_inexact(self, columns: pa.Table) -> None:
        for name in self.names:
            if count := count_inexact_of(columns[name]):
                self._inexact[name] = self._inexact.get(name, 0) + count

    def finished(self) -> tuple[np.ndarray, list[str]]:
        """The array itself, cut to the rows that were added; notes on integers it has rounded."""
        values, self._values = self._values, None
        values.resize((self.rows, len(self.names)), refcheck=False)
        return values, great_integer_notes(self._inexact) if values.dtype.kind == "f" else []


def count_inexact_of(column: pa.ChunkedArray) -> int:
    """How many integers of a column a float64 cannot tell from their neighbours."""
    if not pa.types.is_integer(column.type) or column.type.bit_width < 64:
        return 0
    ends = pc.min_max(column).as_py()  # several times as fast as counting
    if max(ends["max"] or 0, -(ends["min"] or 0)) <= EXACT_INTEGERS:
        return 0
    return sum(count_inexact(chunk.drop_null().to_numpy()) for chunk in column.chunks)


def check_numeric(table: pa.Table, names: Sequence[str], decimal: str, place: Place) -> None:
    """Raises DataError naming the first text in a column that should hold numbers."""
    number = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
    number = number.replace("[.]", "[,]") if decimal == "comma" else number
    for name in names:
        kind = table.schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            if not is_numeric(kind):
                raise DataError(
                    f"The column {name!r} holds {kind}, no numbers. Leave it out of the channels."
                )
            continue
        trimmed = pc.utf8_trim_whitespace(table[name])
        good = pc.match_substring_regex(trimmed, pattern=number)
        blank = pc.or_kleene(pc.equal(trimmed, ""), pc.is_null(trimmed))
        first = pc.index(pc.or_kleene(good, blank), False).as_py()
        if first < 0:
            raise DataError(
                f"The column {name!r} holds numbers written as text, or nothing. Convert it to "
                "numbers, or leave it out of the channels."
            )
        text = table[name][first].as_py()
        hint = ""
        if re.fullmatch(r"[+-]?\d{1,3}([.,' ]\d{3})+([.,]\d+)?", text.strip()):
            hint = " If it is a number with thousands separators, set them."
        elif re.fullmatch(r"[+-]?\d+[.,]\d+", text.strip()):
            hint = " If it is a number with another decimal sign, set that."
        raise DataError(
            f"The column {name!r} should hold numbers, but {place(first)} holds "
            f"{clean_name(text)!r}. Correct it, leave it empty, or make the column a label "
            f"column.{hint}"
        )


def is_numeric(kind: pa.DataType) -> bool:
    return (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def read_labels(
    table: pa.Table, names: Sequence[str], *, chosen: bool
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Label columns as arrays `(rows,)` of text, integers or numbers; notes.

    Columns not `chosen` but recognised are left out when nearly every row has a text of its own.
    """
    labels, notes = {}, []
    for name in names:
        column = table[name]
        if is_numeric(column.type) and not pa.types.is_null(column.type):
            labels[name] = column.to_numpy()
            continue
        encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
        if len(encoded.dictionary) > _MOST_LABELS and not chosen:
            notes.append(
                f"{name!r} holds {len(encoded.dictionary):,} different texts, too many for labels: "
                "it was left out."
            )
            continue
        classes = [clean_name(text)[:_LONGEST_LABEL] for text in encoded.dictionary.to_pylist()]
        codes = encoded.indices.fill_null(len(classes)).to_numpy()
        labels[name] = np.array([*classes, ""])[codes]
    if labels:
        notes.append(f"Labels, not channels: {listed(tuple(labels))}.")
    return labels, notes


def wide_recording(
    values: np.ndarray,
    table: pa.Table,
    roles: Roles,
    options: ReadOptions,
    *,
    name: str,
    place: Place,
    unit: str = "",
    time_unit: str = "",
    notes: Sequence[str] = (),
) -> Recording:
    """A recording of values `(rows, channels)` and a table with the other columns.

    `place` puts a row, counted from 0, into words. Raises DataError.
    """
    if len(values) < 2:
        raise DataError("There is only one row of values; a signal needs at least two.")
    line = Timeline(None, None, ())
    if roles.clock:
        line = joined_timeline(table.select([roles.time, roles.clock]), place)
    elif roles.time:
        line = read_timeline(table[roles.time], roles.time, place, time_unit)
    steps, channels = values.shape
    if channels > steps:
        notes = [
            *notes,
            f"There are more channels ({channels:,}) than time steps ({steps:,}): turn the table "
            "round if its rows are channels.",
        ]
    labels, label_notes = read_labels(table, roles.labels, chosen=options.label_columns is not None)
    values, repaired, missing = without_gaps(
        values, roles.channels, options.missing, place, times=line.time, in_place=True
    )
    rate, told = chosen_rate(options.sampling_rate_hz, line.sampling_rate_hz)
    return Recording(
        values=values,
        channel_names=roles.channels,
        name=name,
        sampling_rate_hz=rate,
        unit=unit,
        time=line.time,
        labels=labels,
        missing=missing,
        notes=(*notes, *roles.notes, *line.notes, *told, *label_notes, *repaired),
    )


def boolean_notes(schema: pa.Schema, channels: Sequence[str]) -> list[str]:
    flags = [name for name in channels if pa.types.is_boolean(schema.field(name).type)]
    if not flags:
        return []
    where = f"{count_text(len(flags), 'channel')}: {listed(flags)}"
    return [f"True and false became 1 and 0 in {where}."]
