"""Which line of a text table is at fault. Read again for that, and only when one is."""

import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from core.signals.readers.csv_dialect import Dialect
from core.signals.readers.csv_rows import numbered_rows

_MOST_COUNTED_ROWS = 2_000_000  # beyond these, finding a row's line takes longer than it is worth
_LONGEST_LINE = 1 << 24

Row = tuple[int, list[str]]  # its first line, counted from 1, and its cells


def _opened(path: Path, dialect: Dialect) -> TextIO:
    return path.open(encoding=dialect.encoding, errors="replace", newline=None)


def past_lines(stream: TextIO, count: int) -> TextIO:
    """The stream behind its first lines. Parsers that skip rows count a quoted line break's as one.

    stream: opened with its line ends as they are.
    """
    for _ in range(count):
        stream.readline()
    return stream


def line_with(path: Path, dialect: Dialect, row_text: str) -> int | None:
    """The first line that starts a row with this text. Parsers on several threads do not count."""
    wanted = re.split(r"[\r\n]", row_text, maxsplit=1)[0]
    with _opened(path, dialect) as stream:
        for number, line in enumerate(stream, start=1):
            if number >= dialect.first_line and line.rstrip("\n") == wanted:
                return number
    return None


def line_of_nul(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline=None) as stream:
        number = 1
        while text := stream.readline(_LONGEST_LINE):
            if "\0" in text:
                break
            number += text.endswith("\n")
    return number


def rows_with_lines(path: Path, dialect: Dialect) -> Iterator[Row]:
    """The data rows, each with the line it starts in."""
    with _opened(path, dialect) as stream:
        lines = itertools.islice(stream, dialect.first_line - 1, None)
        for number, cells in numbered_rows(
            lines, dialect.separator, dialect.quote, dialect.comment
        ):
            yield dialect.first_line + number, cells


def short_rows(path: Path, dialect: Dialect) -> tuple[int, int]:
    """How many rows lack cells at their end, and the line of the first."""
    lines = [n for n, cells in rows_with_lines(path, dialect) if len(cells) < len(dialect.names)]
    return len(lines), lines[0] if lines else 0


def line_of_open_quote(path: Path, dialect: Dialect) -> int:
    """Where the last row starts: a quote that is never closed takes all that follows into it."""
    last = deque(rows_with_lines(path, dialect), maxlen=1)
    return last[0][0] if last else dialect.first_line


def line_of_row(path: Path, dialect: Dialect, row: int) -> str:
    """A data row, counted from 0, in words."""
    if row > _MOST_COUNTED_ROWS:
        return f"data row {row + 1:,}"
    found = next(itertools.islice(rows_with_lines(path, dialect), row, None), None)
    return f"line {found[0]}" if found else f"data row {row + 1:,}"
