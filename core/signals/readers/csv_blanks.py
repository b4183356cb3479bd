"""Blank lines between the rows of a text table, which parsers leave out without a word."""

import re

from core.number_text import count_text

_BLANK = re.compile(rb"\n(?=\r?\n)")


class BlankLines:
    """Counts them in a text that comes in blocks of whole lines; those at its ends are none.

    first_line: of the data rows, counted from 1, from which on they count.
    """

    def __init__(self, first_line: int):
        self._before = first_line - 1
        self._at_end: int | None = None  # of what was seen; None before the first row
        self.found = 0

    def see(self, block: bytes) -> None:
        if b"\n" not in block:
            block = block.replace(b"\r", b"\n")
        rows = block.split(b"\n", self._before)[-1]
        self._before = 0
        if not (inner := rows.strip(b"\r\n")):
            if self._at_end is not None:
                self._at_end += rows.count(b"\n")
            return
        start = rows.index(inner)
        if self._at_end is not None:
            self.found += self._at_end + rows[:start].count(b"\n")
        self.found += len(_BLANK.findall(inner))
        self._at_end = rows[start + len(inner) :].count(b"\n") - 1

    def notes(self) -> list[str]:
        if not self.found:
            return []
        were = "was" if self.found == 1 else "were"
        return [
            f"{count_text(self.found, 'blank line')} between the rows {were} left out; write NaN "
            "there if values are missing."
        ]
