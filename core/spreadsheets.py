"""Text on its way to a spreadsheet: no name may run there as a formula."""

import re

_PARTING = re.compile(r"[;\t\r\n]")  # cells, where a spreadsheet does not take commas for that
_FORMULA = re.compile(rf"(^|{_PARTING.pattern})(?= *[=+\-@\t\r\n＝＋－＠])")


def quoted(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, nor a part of it: an apostrophe before what
    begins like one."""
    if cell[:1].isalnum() and not _PARTING.search(cell):  # nearly all: a table has thousands
        return cell
    return _FORMULA.sub(r"\1'", cell)
