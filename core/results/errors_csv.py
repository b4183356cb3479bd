"""The errors of every window of a run as CSV, for a spreadsheet."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

from core.results.reconstruction_file import StoredWindows
from core.results.window_csv import number_cell
from core.spreadsheets import quoted


def errors_csv(
    parts: Mapping[str, StoredWindows],
    places: Mapping[str, Mapping[str, np.ndarray]],
    error_titles: Sequence[str],
) -> str:
    """A line a window, both parts, windows numbered from 1; an empty cell for what is not finite.

    places: of each part, columns `(windows,)` of numbers or texts that tell where its windows
    begin, named alike; empty where that is not known. error_titles: of MAE and of MSE.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    headings = ["part", "window", *next(iter(places.values()), ()), *error_titles]
    writer.writerow([quoted(heading) for heading in headings])
    for part, windows in parts.items():
        columns = [
            np.arange(1, windows.windows + 1),
            *places.get(part, {}).values(),
            *(windows.window_mae, windows.window_mse),
        ]
        for row in zip(*columns, strict=True):
            writer.writerow([part, *map(_cell, row)])
    return text.getvalue()


def _cell(value: np.generic) -> str:
    return quoted(value) if isinstance(value, str) else number_cell(value)
