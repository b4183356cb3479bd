"""What a single cell of a text table looks like."""

import re
from collections.abc import Sequence

MISSING_WORDS = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "-nan", "-NaN", "NULL", "null", "None", "none"),
    *("#N/A", "#NA", "<NA>", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"),
    *("#DIV/0!", "#NV", "#VALUE!", "#NUM!", "#REF!"),
)
_SPECIAL = r"[+-]?(?:inf|infinity)"
_NUMBER = {
    "point": re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|{_SPECIAL}", re.I),
    "comma": re.compile(rf"[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?|{_SPECIAL}", re.I),
}
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d+)?")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|\d{{1,2}}[-/ ]{_MONTH}[-/ ]\d{{2,4}})"
    r"(?:[T ]+\d{1,2}:\d{2}[^;,|\t]*(?:,\d+)?[^;,|\t]*)?"  # no more of the line than its cell
    r"|\d{8}T\d{4,6}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?"
    r"|\d{1,3}:[0-5]\d[.,]\d+",  # minutes and seconds
    re.I,
)
_CLOCK = re.compile(r"\d{1,2}([:.])\d{2}(?:\1\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?", re.I)
_DOTTED_DAY = re.compile(r"\d{1,2}\.(?:0?[1-9]|1[0-2])\.\d{2}")


def is_number(text: str, decimal: str) -> bool:
    return bool(_NUMBER[decimal].fullmatch(text.strip()))


def is_grouped_number(text: str) -> bool:
    """Whether a text looks like a number with thousands separators."""
    return bool(_GROUPED.fullmatch(text.strip()))


def is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text.strip()))


def are_times_of_day(texts: Sequence[str]) -> bool:
    """Whether they are as 17:24:00 or 17.24.00 with no date, and not all may be days as 17.12.24.

    The odd one out is a fault to be named.
    """
    stripped = [text.strip() for text in texts]
    clocks = sum(map(bool, map(_CLOCK.fullmatch, stripped)))
    return clocks >= 0.9 * len(texts) and not all(map(_DOTTED_DAY.fullmatch, stripped))


def is_missing(text: str) -> bool:
    return text.strip() in MISSING_WORDS


def cell_kind(cell: str, decimal: str, grouped: bool) -> str:
    if is_missing(cell):
        return "missing"
    if is_number(cell, decimal) or (grouped and is_grouped_number(cell)):
        return "number"
    return "date" if is_date(cell) else "text"
