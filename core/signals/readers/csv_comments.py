"""Comment lines between the rows of a text table, which neither parser leaves out by itself.

pyarrow knows no comments, and pandas ends a cell at their mark wherever it stands.
"""

import re

from core.signals.readers.cells import MISSING_WORDS

# A row may begin with what a spreadsheet writes for a value that it could not work out.
_ERRORS = "|".join(re.escape(word) for word in MISSING_WORDS if word.startswith("#"))
_NO_ERROR = rf"(?!(?:{_ERRORS})(?:[\s,;|]|$))"


def is_comment(text: str, mark: str) -> bool:
    """Whether a line, or a row's first cell, begins a comment."""
    text = text.lstrip()
    return bool(mark) and text.startswith(mark) and bool(re.match(_NO_ERROR, text))


class Comments:
    """Blanks comment lines in a text that comes in blocks of whole lines, in UTF-8.

    A line within a quoted cell is none. Blank lines are no rows, and lines keep their numbers.
    first_line: of the data rows, counted from 1. found: comments from there on, so far.
    """

    def __init__(self, mark: str, quote: str, first_line: int):
        self._mark, self._quote = mark.encode(), quote.encode()
        self._pattern = re.compile(
            rb"(?m)^[ \t]*" + _NO_ERROR.encode() + re.escape(self._mark) + rb"[^\r\n]*"
        )
        self._first_line, self._line = first_line, 1
        self._is_quoted = False  # where the text that was seen ends
        self.found = 0

    def blanked(self, block: bytes) -> bytes:
        if not self._mark:
            return block
        kept, done = [], 0
        for match in self._pattern.finditer(block) if self._mark in block else ():
            self._see(block[done : match.start()])
            kept.append(block[done : match.start()])
            if self._is_quoted:
                self._see(match[0])
                kept.append(match[0])
            else:
                self.found += self._line >= self._first_line
            done = match.end()
        rest = block[done:] if done else block
        self._see(rest)
        return b"".join([*kept, rest]) if kept else block

    def _see(self, text: bytes) -> None:
        self._line += text.count(b"\n")
        self._is_quoted ^= bool(text.count(self._quote) % 2)

    def notes(self) -> list[str]:
        if not self.found:
            return []
        were = "line between the rows was" if self.found == 1 else "lines between the rows were"
        return [f"{self.found:,} comment {were} skipped."]
