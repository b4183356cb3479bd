"""Text tables: CSV, TSV and TXT, and the UCR archive's form, where each row is a window."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.config import ReadOptions
from core.signals.readers.columns import Roles, channel_choices, choose_roles
from core.signals.readers.csv_dialect import Dialect
from core.signals.readers.csv_lines import line_of_row
from core.signals.readers.csv_numbers import all_usual, check_zones, checked_numbers, without_blanks
from core.signals.readers.csv_parse import (
    NeedsWholeTable,
    NotUtf8,
    parse_pieces,
    parse_table,
)
from core.signals.readers.csv_plain import read_plain
from core.signals.readers.csv_sheet import Sheet, judge_sheet, rows_as_text
from core.signals.readers.file_outline import PREVIEW_ROWS, FileOutline
from core.signals.readers.limits import MAX_CHANNELS, MAX_TIME_STEPS, check_time_steps
from core.signals.readers.long_form import long_recording
from core.signals.readers.row_windows import ROW_WINDOWS, row_windows
from core.signals.readers.tables import (
    GrowingMatrix,
    boolean_notes,
    check_numeric,
    wide_recording,
)
from core.signals.readers.text_encoding import beyond_ascii, latin1_note
from core.signals.recording import DataError, Recording


def read_csv(path: Path, options: ReadOptions, name: str) -> Recording:
    """A text table as values `(rows, channels)`, or windows `(rows, columns - 1, 1)` in UCR's form.

    Parsed in one go; the separator, the decimal sign, the header and what each column is are
    judged by the first 64 kB, as `outline_csv` shows them. Raises DataError naming the line.
    """
    sheet = judge_sheet(path, options)
    try:
        return _read_sheet(path, sheet, options, name)
    except NotUtf8:
        notes = (*sheet.dialect.notes, latin1_note(_beyond_ascii(path)))
        dialect = replace(sheet.dialect, encoding="cp1252", notes=notes)
        return _read_sheet(path, replace(sheet, dialect=dialect), options, name)


def _beyond_ascii(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(map(beyond_ascii, iter(partial(stream.read, 1 << 20), b"")))


def _read_sheet(path: Path, sheet: Sheet, options: ReadOptions, name: str) -> Recording:
    dialect = sheet.dialect
    if sheet.is_windows:
        return _read_windows(path, dialect, options, name)
    roles = choose_roles(sheet.head, options, tail=sheet.tail, decimal=dialect.decimal)
    roles, dropped = _without_trailing_columns(sheet, roles)
    if roles.layout == "long":
        table, notes = parse_table(path, dialect, roles.columns)
        table = without_blanks(table, roles, dialect.decimal)
        table, more = checked_numbers(table, roles, path, dialect)
        check_zones(table, roles.time, path, dialect)
        return long_recording(
            table,
            roles,
            options,
            name=name,
            place=partial(line_of_row, path, dialect),
            decimal=dialect.decimal,
            unit=_unit(dialect, roles),
            time_unit=_time_unit(dialect, roles),
            notes=[*dialect.notes_beside(roles.time), *notes, *more],
        )
    if len(roles.channels) > MAX_CHANNELS:
        raise DataError(
            f"The table has {len(roles.channels):,} channels; at most {MAX_CHANNELS:,} are read. "
            "If each row is a window with its label first, there must be no header."
        )
    values, others, notes = _read_columns(path, dialect, roles)
    check_zones(others, roles.time, path, dialect)
    return wide_recording(
        values,
        others,
        roles,
        options,
        name=name,
        place=partial(line_of_row, path, dialect),
        unit=_unit(dialect, roles),
        time_unit=_time_unit(dialect, roles),
        notes=[*dialect.notes_beside(roles.time), *sheet.notes, *dropped, *notes],
    )


def _read_columns(
    path: Path, dialect: Dialect, roles: Roles
) -> tuple[np.ndarray, pa.Table, list[str]]:
    """The channels `(rows, channels)`, a table of the other columns, and notes.

    Piece by piece, so that little is held beside the array. What is unusual (text among numbers,
    infinities, rows too short) needs the whole table, to be named by its line or put right.
    """
    if roles.channels == dialect.names and (values := read_plain(path, dialect)) is not None:
        check_time_steps(len(values))
        return values, pa.table({}), []
    others = [column for column in roles.columns if column not in roles.channels]
    first = rows_as_text(dialect.rows[:100], dialect)
    expected = int(path.stat().st_size / max(len(first) / len(dialect.rows[:100]), 1) * 1.1) + 1
    matrix = GrowingMatrix(roles.channels, min(expected, MAX_TIME_STEPS))
    beside, notes = [], []
    try:
        for table in parse_pieces(path, dialect, roles.columns, notes):
            if not all_usual(table, roles.channels):
                raise NeedsWholeTable
            matrix.add(table)
            beside.append(table.select(others))
            check_time_steps(matrix.rows)
            schema = table.schema
        rest = pa.concat_tables(beside, promote_options="permissive")
        values, rounded = matrix.finished()
        return values, rest, [*notes, *boolean_notes(schema, roles.channels), *rounded]
    except (NeedsWholeTable, pa.ArrowException):
        del matrix, beside
    table, notes = parse_table(path, dialect, roles.columns)
    check_time_steps(table.num_rows)
    table = without_blanks(table, roles, dialect.decimal)
    table, more = checked_numbers(table, roles, path, dialect)
    check_numeric(table, roles.channels, dialect.decimal, partial(line_of_row, path, dialect))
    matrix = GrowingMatrix(roles.channels, table.num_rows)
    matrix.add(table)
    values, rounded = matrix.finished()
    more += [*boolean_notes(table.schema, roles.channels), *rounded]
    return values, table.select(others), [*notes, *more]


def _without_trailing_columns(sheet: Sheet, roles: Roles) -> tuple[Roles, list[str]]:
    """Separators at the end of every line make last columns without names or values."""
    names, kept = sheet.head.column_names, list(roles.channels)
    for number in range(len(names), 0, -1):
        is_empty = pa.types.is_null(sheet.head[number - 1].type)
        if not is_empty or kept[1:][-1:] != [f"column {number}"]:
            break
        kept.pop()
    count = len(roles.channels) - len(kept)
    if not count:
        return roles, []
    were = "column was" if count == 1 else f"{count} columns were"
    note = f"The last {were} left out, empty and made by separators at the line ends."
    return replace(roles, channels=tuple(kept)), [note]


def _unit(dialect: Dialect, roles: Roles) -> str:
    """The unit that the columns of values have in common; empty where there is none."""
    values = [roles.value] if roles.value else roles.channels
    units = {dialect.unit_of(column) for column in values}
    return units.pop() if len(units) == 1 else ""


def _time_unit(dialect: Dialect, roles: Roles) -> str:
    return dialect.unit_of(roles.time) if roles.time else ""


def _read_windows(path: Path, dialect: Dialect, options: ReadOptions, name: str) -> Recording:
    table, notes = parse_table(path, dialect)
    return row_windows(
        table,
        options,
        name=name,
        place=partial(line_of_row, path, dialect),
        decimal=dialect.decimal,
        notes=[*dialect.notes, *notes],
    )


def outline_csv(path: Path, options: ReadOptions, name: str) -> FileOutline:
    sheet = judge_sheet(path, options)
    dialect = sheet.dialect
    problem, roles = "", ROW_WINDOWS
    channels = roles.channels
    if not sheet.is_windows:
        offered = channel_choices(sheet.head, options, tail=sheet.tail, decimal=dialect.decimal)
        channels = _without_trailing_columns(sheet, Roles("wide", channels=offered))[0].channels
        try:
            roles = choose_roles(sheet.head, options, tail=sheet.tail, decimal=dialect.decimal)
            roles, _ = _without_trailing_columns(sheet, roles)
        except DataError as error:
            problem, roles = str(error), Roles("wide")
    preview: pd.DataFrame = sheet.head.slice(0, PREVIEW_ROWS).to_pandas()
    return FileOutline(
        format="text table",
        encoding=dialect.encoding,
        separator=dialect.separator,
        decimal=dialect.decimal,
        header=dialect.header,
        comment_lines=dialect.comment_lines,
        layout=roles.layout,
        columns=dialect.names,
        time_column=roles.time or None,
        label_columns=roles.labels,
        id_column=roles.id,
        value_column=roles.value,
        channels=channels,
        unit=_unit(dialect, roles) if not sheet.is_windows else "",
        preview=preview,
        notes=(*dialect.notes_beside(roles.time), *sheet.notes, *roles.notes),
        problem=problem,
    )
