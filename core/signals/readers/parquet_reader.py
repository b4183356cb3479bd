"""Parquet, in the wide form (a column a channel) and the long one (a row a value)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.config import ReadOptions
from core.signals.readers.channel_names import unique_names
from core.signals.readers.columns import Roles, channel_choices, choose_roles
from core.signals.readers.file_outline import PREVIEW_ROWS, FileOutline
from core.signals.readers.limits import (
    MAX_CHANNELS,
    MAX_COLUMNS,
    check_time_steps,
    check_unpacked,
)
from core.signals.readers.long_form import long_recording
from core.signals.readers.row_windows import ROW_WINDOWS, row_windows
from core.signals.readers.tables import (
    GrowingMatrix,
    boolean_notes,
    check_numeric,
    wide_recording,
)
from core.signals.recording import DataError, Recording
from core.threads import one_ahead

_JUDGED_ROWS = 2000  # at the start and at the end


@contextmanager
def _sound(what: str):
    """Within it, whatever the library raises on damaged bytes says that `what` is damaged."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise DataError(f"{what} damaged or cut off. Export the table again.") from error


class _Parquet:
    """An open file whose columns go by clean, unique names; categories are plain values."""

    def __init__(self, path: Path):
        with _sound("The Parquet file is"):
            # No map: a file cut short while it is read must raise, not kill the process.
            self.file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
            schema = self.file.schema_arrow
        if len(schema) > MAX_COLUMNS:
            raise DataError(f"The table has {len(schema):,} columns; at most {MAX_COLUMNS:,}.")
        self.rows = self.file.metadata.num_rows
        if self.rows < 1 or self.file.num_row_groups < 1:
            raise DataError("The table has no rows. Export it again.")
        check_time_steps(self.rows, "The table")
        names, self.notes = unique_names(schema.names)
        self.original = dict(zip(names, schema.names, strict=True))
        self.schema = schema
        if len(set(schema.names)) < len(names):
            raise DataError("Two columns have the same name. Rename one and export again.")
        self.names = names

    def time_unit(self, name: str) -> str:
        """That of a column of durations, whatever its name says; empty for any other."""
        is_duration = name and pa.types.is_duration(self.schema.field(self.original[name]).type)
        return "s" if is_duration else ""

    def _renamed(self, table: pa.Table) -> pa.Table:
        names = {original: name for name, original in self.original.items()}
        columns = {names[name]: _plain(table[name]) for name in table.column_names}
        return pa.table(columns)

    def table(self, columns: list[str]) -> pa.Table:
        with _sound("Rows of the Parquet file are"):
            return self._renamed(self.file.read([self.original[name] for name in columns]))

    def row_groups(self, columns: list[str]) -> Iterator[pa.Table]:
        """One after the other, so that only one is held beside the array it fills."""
        originals = [self.original[name] for name in columns]
        for group in range(self.file.num_row_groups):
            yield self._row_group(group, originals)

    def _row_group(self, group: int, originals: list[str] | None = None) -> pa.Table:
        with _sound(f"Row group {group + 1} of the Parquet file is"):
            return self._renamed(self.file.read_row_group(group, originals))

    def head_and_tail(self) -> tuple[pa.Table, pa.Table | None]:
        head = self._some_rows(0).slice(0, _JUDGED_ROWS)
        last = self.file.num_row_groups - 1
        count = self.file.metadata.row_group(last).num_rows
        tail = None
        if self.rows > _JUDGED_ROWS and count <= 1 << 20 and len(self.names) <= 8:
            tail = self._row_group(last)
            in_head = _JUDGED_ROWS if last == 0 else 0
            tail = tail.slice(max(in_head, tail.num_rows - _JUDGED_ROWS))
        return head, tail

    def _some_rows(self, group: int) -> pa.Table:
        with _sound(f"Row group {group + 1} of the Parquet file is"):
            first = next(self.file.iter_batches(_JUDGED_ROWS, row_groups=[group]), None)
            if first is None:
                raise DataError("The first row group is empty. Export the table again.")
            return self._renamed(pa.Table.from_batches([first]))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """In a type that the readers know, with the same values: durations as seconds."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_duration(kind):
        per_second = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), per_second)
    return column


def _place(row: int) -> str:
    return f"row {row + 1}"


def _check_expansion(parquet: _Parquet, columns: list[str]) -> None:
    """A few bytes can declare a great table: refuse it before it is unpacked."""
    schema = parquet.schema
    width = 0
    for name in columns:
        kind = schema.field(parquet.original[name]).type
        width += kind.bit_width / 8 if pa.types.is_primitive(kind) else 8
    check_unpacked(int(parquet.rows * width), f"{parquet.rows:,} rows")


def read_parquet(path: Path, options: ReadOptions, name: str) -> Recording:
    """A Parquet table as values `(rows, channels)`, or `(times, series)` from the long form.

    In windows too, where the options say that a row is one. Only the columns needed are read, one
    row group at a time. Raises DataError.
    """
    parquet = _Parquet(path)
    if options.layout == "windows":
        _check_expansion(parquet, list(parquet.names))
        table = parquet.table(list(parquet.names))
        return row_windows(table, options, name=name, place=_place, notes=parquet.notes)
    head, tail = parquet.head_and_tail()
    roles = choose_roles(head, options, tail=tail)
    _check_expansion(parquet, roles.columns)
    if roles.layout == "long":
        table = parquet.table(roles.columns)
        return long_recording(
            table,
            roles,
            options,
            name=name,
            place=_place,
            time_unit=parquet.time_unit(roles.time),
            notes=parquet.notes,
        )
    if len(roles.channels) > MAX_CHANNELS:
        raise DataError(f"The table has {len(roles.channels):,} channels, more than {MAX_CHANNELS}")
    check_numeric(head, roles.channels, "point", _place)
    channels = list(roles.channels)
    schema = head.select(channels).schema
    matrix = GrowingMatrix(channels, parquet.rows)
    for table in one_ahead(parquet.row_groups(channels)):
        matrix.add(table)
    if matrix.rows != parquet.rows:
        raise DataError(f"There are {matrix.rows:,} rows, not the {parquet.rows:,} declared.")
    others = [column for column in roles.columns if column not in roles.channels]
    table = parquet.table(others) if others else pa.table({})
    values, rounded = matrix.finished()
    return wide_recording(
        values,
        table,
        roles,
        options,
        name=name,
        place=_place,
        time_unit=parquet.time_unit(roles.time),
        notes=(*parquet.notes, *boolean_notes(schema, channels), *rounded),
    )


def outline_parquet(path: Path, options: ReadOptions, name: str) -> FileOutline:
    parquet = _Parquet(path)
    head, tail = parquet.head_and_tail()
    problem, roles = "", ROW_WINDOWS
    channels = roles.channels
    if options.layout != "windows":
        channels = channel_choices(head, options, tail=tail)
        try:
            roles = choose_roles(head, options, tail=tail)
        except DataError as error:
            problem, roles = str(error), Roles("wide")
    return FileOutline(
        format="Parquet",
        layout=roles.layout,
        columns=parquet.names,
        time_column=roles.time or None,
        label_columns=roles.labels,
        id_column=roles.id,
        value_column=roles.value,
        channels=channels,
        shape=(parquet.rows, len(parquet.names)),
        preview=head.slice(0, PREVIEW_ROWS).to_pandas(),
        notes=(*parquet.notes, *roles.notes),
        problem=problem,
    )
