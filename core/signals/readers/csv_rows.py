"""Lines of a text table split into rows of cells."""

import csv
from collections.abc import Iterable, Iterator

from core.signals.readers.csv_comments import is_comment

SEPARATORS = {"tab": "\t", "semicolon": ";", "comma": ",", "pipe": "|", "space": " "}
csv.field_size_limit(1 << 24)  # a line split by the wrong separator is one long field


def numbered_rows(
    lines: Iterable[str], separator: str, quote: str, comment: str = ""
) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row with the number, from 0, of the line it starts in.

    Lines end in a line end. Blank lines and comments are left out. What cannot be split, as after
    an open quote, ends the rows.
    """
    split = _spaced(lines) if separator == "space" else _separated(lines, separator, quote)
    for number, cells in split:
        if cells and not is_comment(cells[0], comment):
            yield number, cells


def _spaced(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    return ((number, line.split()) for number, line in enumerate(lines))


def _separated(lines: Iterable[str], separator: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=SEPARATORS[separator], quotechar=quote)
    start = 0
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num
    except csv.Error:  # a field without end
        yield start, [quote]
