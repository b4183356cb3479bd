"""The table of runs as CSV."""

import csv
import io
from collections.abc import Iterable
from dataclasses import fields

from core.results.run_table import RunRow
from core.results.window_csv import quoted

COLUMNS = tuple(item.name for item in fields(RunRow))


def run_csv(rows: Iterable[RunRow]) -> str:
    """A line a run under a header; an empty cell for what a run does not tell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return quoted(value)
    return "" if value is None or value != value else value  # NaN is not equal to itself
