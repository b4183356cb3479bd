"""A first line of numbers: the names of columns, as pandas and analysers write them, or a row."""

from collections.abc import Sequence
from itertools import pairwise

from core.signals.readers.cells import is_number
from core.signals.readers.channel_names import listed

_JUDGED_ROWS = 20
_EVEN = 1e-4  # of a step, by which frequencies stray that were written with few digits


def numbers_name_columns(rows: Sequence[Sequence[str]], decimal: str) -> str:
    """Whether the first of the rows names columns, surely or maybe; empty where it is a row.

    They do that are counted from 0 (by pandas, which writes nothing above the index) or rise by
    even steps (as frequencies), where no row below does.
    """
    is_index = not rows[0][0].strip()
    first = _numbers(rows[0][1:] if is_index else rows[0], decimal)
    rest = rows[1 : 1 + _JUDGED_ROWS]
    below = [_numbers(row, decimal) for row in rest]
    is_counted = bool(first) and first == [*range(len(first))]
    if is_index:
        return "surely" if is_counted and all(row[0].strip() for row in rest) else ""
    if len(first) < 2 or len(rest) < 2:
        return ""
    starts = [row[0] for row in (first, *below) if row]
    if _is_even(starts):  # the first column counts, from the first row on
        return "maybe" if is_counted else ""
    if is_counted and any("." in cell for row in rest for cell in row):
        return "surely"
    rising = sum(map(_rises, below))
    is_long = len(first) > (2 if is_counted else 3)
    if is_long and _is_even(first) and not any(map(_is_even, below)):
        return "maybe" if 2 * rising > len(below) else "surely"
    is_alone = len(first) > 3 and _rises(first) and not rising
    return "maybe" if is_counted or is_alone else ""


def number_row_notes(rows: Sequence[Sequence[str]], decimal: str, is_header: bool) -> list[str]:
    """What a first line of numbers was taken for, where it might be the other."""
    if not rows[0][0].strip() or not numbers_name_columns(rows, decimal):
        return []
    line = f"The first line of numbers ({listed(rows[0], 4)})"
    if is_header:
        return [f"{line} was taken as the header; set the header to no if it is a row."]
    return [f"{line} was read as a row; set the header to yes if it names the columns."]


def _numbers(cells: Sequence[str], decimal: str) -> list[float]:
    """The cells as numbers; none where one is not."""
    if not all(is_number(cell, decimal) for cell in cells):
        return []
    point = "," if decimal == "comma" else "."
    return [float(cell.strip().replace(point, ".")) for cell in cells]


def _rises(numbers: Sequence[float]) -> bool:
    return len(numbers) > 1 and all(a < b for a, b in pairwise(numbers))


def _is_even(numbers: Sequence[float]) -> bool:
    if not _rises(numbers):
        return False
    step = (numbers[-1] - numbers[0]) / (len(numbers) - 1)
    return all(abs(b - a - step) <= _EVEN * step for a, b in pairwise(numbers))
