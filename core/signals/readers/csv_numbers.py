"""Numbers that a parser reads without complaint, though it cannot hold them as written."""

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from core.signals.readers.channel_names import clean_name
from core.signals.readers.columns import Roles
from core.signals.readers.csv_dialect import Dialect
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
        texts = parse_table(path, dialect, [name], text=True)[0][name]
        suspicious = pc.greater_equal(pc.abs(column), _LARGEST_INTEGER).fill_null(False)
        rows = pc.indices_nonzero(suspicious).to_numpy()
        overflowed = []
        for row in rows[:10_000]:
            text = texts[int(row)].as_py().strip()
            place = f"{dialect.line(int(row))}, column {name!r}"
            if re.fullmatch(r"[+-]?inf(inity)?", text, re.I):
                raise DataError(
                    f"There is an infinite value in {place} ({len(rows)} rows are such or too "
                    "great). Replace it, or leave it empty to have it filled."
                )
            if re.fullmatch(r"[+-]?\d+", text):
                raise DataError(
                    f"{clean_name(text)} in {place} is an integer of more than 64 bits. If it "
                    "is an identifier, make the column a label column; else write it as 1.5e30."
                )
            if column[int(row)].as_py() in (float("inf"), float("-inf")):
                overflowed.append(text)
        if overflowed:
            finite = pc.is_finite(column).fill_null(False)
            kept = pc.if_else(finite, column, pa.scalar(None, column.type))
            table = table.set_column(table.schema.get_field_index(name), name, kept)
            notes.append(
                f"{name}: {len(overflowed)} values such as {clean_name(overflowed[0])} are beyond "
                "the greatest number a computer holds and were taken as missing."
            )
    return table, notes


def all_usual(table: pa.Table, channels: Sequence[str]) -> bool:
    """Whether all channels are numbers that `checked_numbers` would leave as they are."""
    return not any(
        pa.types.is_string(table[name].type)
        or (pa.types.is_floating(table[name].type) and _is_suspicious(table[name]))
        or not is_numeric(table[name].type)
        for name in channels
    )


def _is_suspicious(column: pa.ChunkedArray) -> bool:
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
            f"from {dialect.line(first)} on. Write all in one zone, such as UTC."
        )
