"""Numbers that a parser reads without complaint, though it cannot hold them as written."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.number_text import count_text
from core.signals.readers.cells import MISSING_WORDS
from core.signals.readers.channel_names import clean_name
from core.signals.readers.columns import Roles
from core.signals.readers.csv_dialect import Dialect
from core.signals.readers.csv_lines import line_of_row
from core.signals.readers.csv_parse import parse_table
from core.signals.readers.tables import is_numeric
from core.signals.recording import DataError

_LARGEST_INTEGER = 2.0**63


def checked_numbers(
    table: pa.Table, roles: Roles, path: Path, dialect: Dialect
) -> tuple[pa.Table, list[str]]:
    """The table with numbers beyond a float64 (1e400) taken as missing, and notes.

    Raises DataError on infinities, on integers beyond 64 bits (identifiers mostly, whose digits
    would be lost). Only suspicious columns are read again, as text.
    """
    notes: list[str] = []
    for name in (*roles.channels, *([roles.value] if roles.value else [])):
        column = table[name]
        if not pa.types.is_floating(column.type):
            continue
        if not _is_suspicious(column):
            continue
        table, more = _checked_column(table, name, path, dialect)
        notes += more
    return table, notes


def without_blanks(table: pa.Table, roles: Roles, decimal: str) -> pa.Table:
    """The table with text columns as numbers where it is blanks alone that made them text."""
    for name in (*roles.channels, *([roles.value] if roles.value else [])):
        if not pa.types.is_string(table[name].type):
            continue
        texts = pc.utf8_trim_whitespace(table[name])
        texts = pc.if_else(pc.is_in(texts, pa.array(MISSING_WORDS)), None, texts)
        if decimal == "comma":
            if pc.any(pc.match_substring(texts, ".")).as_py():  # of thousands: to be asked about
                continue
            texts = pc.replace_substring(texts, ",", ".")
        try:
            numbers = texts.cast(pa.float64())
        except pa.ArrowInvalid:  # text, which is named when numbers are checked
            continue
        if numbers.null_count < len(numbers):
            table = table.set_column(table.schema.get_field_index(name), name, numbers)
    return table


def _checked_column(
    table: pa.Table, name: str, path: Path, dialect: Dialect
) -> tuple[pa.Table, list[str]]:
    """The table with a column's numbers beyond a float64 taken as missing; a note on how many."""
    column = table[name]
    great = pc.greater_equal(pc.abs(column), _LARGEST_INTEGER).fill_null(False)
    rows = pc.indices_nonzero(great).to_numpy()
    texts = parse_table(path, dialect, [name], text=True)[0][name]
    texts = pc.utf8_trim_whitespace(texts.filter(great))
    infinite, count = _first(texts, r"^[+-]?(?i:inf(inity)?)$")
    if count:
        raise DataError(
            f"There is an infinite value in {line_of_row(path, dialect, int(rows[infinite]))}, "
            f"column {name!r} ({count:,} in all). Replace it, or leave it empty to have it filled."
        )
    integer, count = _first(texts, r"^[+-]?\d+$")
    if count:
        raise DataError(
            f"{clean_name(texts[integer].as_py())} in "
            f"{line_of_row(path, dialect, int(rows[integer]))}, column {name!r}, is an integer "
            "that 64 bits cannot hold. If it is an identifier, make the column a label column; "
            "else write it as 1.5e30."
        )
    beyond = texts.filter(pc.is_inf(column.filter(great)))
    if not len(beyond):
        return table, []
    finite = pc.is_finite(column).fill_null(False)
    kept = pc.if_else(finite, column, pa.scalar(None, column.type))
    note = (
        f"{name}: {count_text(len(beyond), 'value')} such as {clean_name(beyond[0].as_py())}, "
        "beyond the greatest number a computer holds, taken as missing."
    )
    return table.set_column(table.schema.get_field_index(name), name, kept), [note]


def _first(texts: pa.ChunkedArray, pattern: str) -> tuple[int, int]:
    """The first text that matches, and how many do."""
    found = pc.match_substring_regex(texts, pattern)
    return pc.index(found, True).as_py(), pc.sum(found).as_py() or 0


def all_usual(table: pa.Table, channels: Sequence[str]) -> bool:
    """Whether all channels are numbers that `checked_numbers` would leave as they are."""
    return not any(
        pa.types.is_string(table[name].type)
        or (pa.types.is_floating(table[name].type) and _is_suspicious(table[name]))
        or not is_numeric(table[name].type)
        for name in channels
    )


def _is_suspicious(column: pa.ChunkedArray) -> bool:
    if column.null_count == 0:  # which numpy is ten times as fast to look through
        pieces = [chunk.to_numpy() for chunk in column.chunks if len(chunk)]
        greatest = max((max(-piece.min(), piece.max()) for piece in pieces), default=0.0)
        if not np.isnan(greatest):
            return bool(greatest >= _LARGEST_INTEGER)
    extremes = pc.min_max(column).as_py()
    return max(abs(extremes["min"] or 0.0), abs(extremes["max"] or 0.0)) >= _LARGEST_INTEGER


def check_zones(table: pa.Table, name: str, path: Path, dialect: Dialect) -> None:
    """Raises DataError when the column `name` holds times of more than one time zone."""
    if not name or not getattr(table[name].type, "tz", None):
        return
    table, _ = parse_table(path, dialect, [name], text=True)
    texts = pc.utf8_trim_whitespace(table[name])
    zones = pc.struct_field(pc.extract_regex(texts, r"(?P<zone>Z|[+-]\d\d:?\d\d|[+-]\d\d)$"), 0)
    distinct = [zone for zone in pc.unique(zones).to_pylist() if zone]
    if len(distinct) > 1:
        first = pc.index(pc.equal(zones, distinct[1]), True).as_py()
        raise DataError(
            f"The times in {name!r} are in mixed time zones: {distinct[0]} first, {distinct[1]} "
            f"from {line_of_row(path, dialect, first)} on. Write all in one zone, such as UTC."
        )
