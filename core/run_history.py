"""`history.csv`: a row of numbers an epoch, below a header of names without commas or quotes.

Each number is written so that it reads back as exactly what it was. Rows are appended as they
come, so that a kill may leave the last line torn: readers skip it, the next row replaces it.
"""

import re
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from core import durable

_COLUMN = re.compile(r'[^,"\r\n]+')


def append_row(path: Path, row: Mapping[str, float]) -> None:
    """Add a row, on the disk when this returns; after an OSError the file is as it was.

    A line torn by an earlier kill is cut off first. Raises ValueError for other columns than
    those of the first row.
    """
    whole = _without_torn_line(path.read_bytes() if path.exists() else b"")
    columns = whole.decode(errors="replace").split("\n", 1)[0].split(",") if whole else []
    durable.append(path, rows_text([row], columns).encode(), len(whole))


def rows_text(rows: Sequence[Mapping[str, float]], columns: Sequence[str] = ()) -> str:
    """CSV lines of the rows, below a header if there are no columns yet."""
    lines = []
    for row in rows:
        if not columns:
            columns = [str(column) for column in row]
            faulty = [column for column in columns if not _COLUMN.fullmatch(column)]
            if faulty or not columns:
                raise ValueError(f"history columns need plain names. Received: {columns}")
            lines.append(",".join(columns))
        if set(row) != set(columns):
            raise ValueError(
                f"a history row must have the columns {', '.join(columns)}. "
                f"Received: {', '.join(map(str, row))}"
            )
        lines.append(",".join(_number_text(row[column]) for column in columns))
    return "".join(f"{line}\n" for line in lines)


def parse_rows(content: bytes) -> list[dict[str, float]]:
    """The rows of a file's bytes, without a torn last line or one that is no row of numbers."""
    return parse_more(_without_torn_line(content), ())[1:]


def parse_more(lines: bytes, known: Sequence[Any]) -> list[Any]:
    """The records of whole lines that follow those of known records. The first record of all is
    the names of the columns, each other one a row."""
    texts, found = lines.decode(errors="replace").split("\n"), []
    if not known:
        found.append(texts.pop(0).split(","))
    columns = known[0] if known else found[0]
    for text in texts:
        try:
            numbers = [_number(part) for part in text.split(",")]
        except ValueError:
            continue
        if len(numbers) == len(columns):
            found.append(dict(zip(columns, numbers, strict=True)))
    return found


def _without_torn_line(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _number_text(value: float) -> str:
    if isinstance(value, Integral):
        return str(int(value))
    if not isinstance(value, Real):
        raise ValueError(f"history holds numbers. Received: {value!r}")
    return repr(float(value))  # the shortest text that reads back as exactly this number


def _number(text: str) -> float:
    return int(text) if text.removeprefix("-").isdecimal() else float(text)
