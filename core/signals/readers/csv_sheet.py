"""A text table as far as its first and last lines tell."""

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.config import ReadOptions
from core.signals.readers.columns import column_kind
from core.signals.readers.csv_dialect import Dialect, detect_dialect
from core.signals.readers.csv_parse import parse_table
from core.signals.readers.csv_rows import SEPARATORS
from core.signals.readers.limits import MAX_TIME_STEPS, check_time_steps
from core.signals.recording import DataError

_HEAD_BYTES = 1 << 16
_LONGEST_LINE = 1 << 22
_LEAST_WINDOW = 24  # time steps in a row that make it a window


@dataclass(frozen=True)
class Sheet:
    """A text table judged by its first lines, and its last where it goes on beyond them."""

    dialect: Dialect
    head: pa.Table
    tail: pa.Table | None
    is_windows: bool
    notes: tuple[str, ...] = ()


def judge_sheet(path: Path, options: ReadOptions) -> Sheet:
    """Raises DataError where the first lines are no table."""
    head, whole = _read_head(path)
    dialect = detect_dialect(head, whole, options)
    # By the same parser as all of the file, so that the types found are the same.
    table, _ = parse_table(rows_as_text(dialect.rows, dialect), dialect)
    tail = None
    if not whole and not dialect.encoding.startswith(("utf-16", "utf-32")):
        tail = _parse_tail(path, dialect, len(head))
    if options.layout == "windows" or not _may_be_windows(table, dialect, options):
        return Sheet(dialect, table, tail, options.layout == "windows")
    if not dialect.header and _holds_fractions(table):
        return Sheet(dialect, table, tail, True)
    note = (
        f"Each row was read as a time step of {len(dialect.names)} columns; set the layout to "
        "windows if it is a window with its label first."
    )
    return Sheet(dialect, table, tail, False, (note,))


def _read_head(path: Path) -> tuple[bytes, bool]:
    """The first 64 kB, or as many more as the first lines need; whether that is all."""
    size = path.stat().st_size
    head = b""
    with path.open("rb") as stream:
        while True:
            head += stream.read(max(_HEAD_BYTES, 3 * len(head)))
            lines = head.count(b"\n") + head.count(b"\r")
            if lines >= 20 or len(head) == size:
                break
            if len(head) >= _LONGEST_LINE:
                if lines < 2:
                    raise DataError(
                        f"The first line is longer than {_LONGEST_LINE / 2**20:.0f} MB. Check the "
                        "line ends of the file, and how many columns it has."
                    )
                break
    rows = size / max(len(head) / (lines + 1), 1)
    if len(head) < size and rows > 2 * MAX_TIME_STEPS:
        check_time_steps(int(rows), "The file, judged by its first lines,")
    return head, len(head) == size


def rows_as_text(rows: tuple[tuple[str, ...], ...], dialect: Dialect) -> bytes:
    """Rows written again in the file's dialect, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=SEPARATORS[dialect.separator], quotechar=dialect.quote)
    padding = [""] * len(dialect.names)
    writer.writerows((*row, *padding[len(row) :]) for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _parse_tail(path: Path, dialect: Dialect, start: int) -> pa.Table | None:
    """The last rows, of those that begin after `start` bytes."""
    with path.open("rb") as stream:
        stream.seek(max(start, os.path.getsize(path) - _HEAD_BYTES))
        lines = stream.read().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    try:
        encoding = dialect.encoding
        text = b"\n".join(lines[1:]).decode(encoding, "replace").encode()
        return parse_table(text, dialect)[0]
    except (DataError, pa.ArrowInvalid):
        return None  # a fault at the end is named when all is read


def _may_be_windows(head: pa.Table, dialect: Dialect, options: ReadOptions) -> bool:
    """UCR's form: a label among few, then a window's values, in every row."""
    if options.layout != "auto":
        return False
    if options.time_column not in (None, "auto") or options.id_column:
        return False
    names = head.column_names
    if len(names) <= _LEAST_WINDOW or head.num_rows < 2 or head[names[0]].null_count:
        return False
    kinds = [column_kind(head[name], dialect.decimal) for name in names]
    if any(kind not in ("number", "empty") for kind in kinds):
        return False
    labels = head[names[0]].to_numpy()
    distinct = len(np.unique(labels))
    if np.any(labels != np.round(labels)) or np.abs(labels).max() > 1000:
        return False
    return distinct <= max(2, 0.75 * len(labels))


def _holds_fractions(head: pa.Table) -> bool:
    """Whether half of the columns behind the first do."""
    fractions = sum(pa.types.is_floating(kind) for kind in head.schema.types[1:])
    return fractions >= 0.5 * (head.num_columns - 1)
