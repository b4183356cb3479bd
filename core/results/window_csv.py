"""One window as CSV, for a spreadsheet."""

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from core.spreadsheets import quoted


def window_csv(
    original: np.ndarray,
    reconstruction: np.ndarray,
    channel_names: Sequence[str],
    sampling_rate_hz: float | None,
) -> str:
    """One window `(window_length, channels)` as CSV: original, reconstruction and residual.

    Indices of time steps begin with 0, as in arrays. A number is the shortest text that gives it
    back, of 32-bit numbers as of others; an empty cell for what is not finite.
    """
    steps = np.arange(len(original))
    columns = [("time_step_index", steps)]
    if sampling_rate_hz:
        columns.append(("time_s", steps / sampling_rate_hz))
    for c in range(original.shape[1]):
        name = channel_names[c] if c < len(channel_names) else f"channel {c + 1}"
        columns.append((f"{name} original", original[:, c]))
        columns.append((f"{name} reconstruction", reconstruction[:, c]))
        columns.append((f"{name} residual", reconstruction[:, c] - original[:, c]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([quoted(name) for name, _ in columns])
    for row in zip(*(values for _, values in columns), strict=True):
        writer.writerow([number_cell(value) for value in row])
    return text.getvalue()


def number_cell(value: np.number) -> str:
    """The shortest text that gives a number of its type back; empty for what is not finite."""
    return str(value).removesuffix(".0") if math.isfinite(value) else ""
