"""Tables of which each row is a window: its label, and then its values, as in the UCR archive."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from core.config import ReadOptions
from core.signals.readers.channel_names import listed
from core.signals.readers.columns import Roles
from core.signals.readers.limits import check_time_steps
from core.signals.readers.missing import without_gaps
from core.signals.readers.tables import (
    GrowingMatrix,
    Place,
    check_numeric,
    is_numeric,
    read_labels,
)
from core.signals.recording import DataError, Recording

ROW_WINDOWS = Roles("windows", labels=("label",), channels=("channel 1",))


def row_windows(
    table: pa.Table,
    options: ReadOptions,
    *,
    name: str,
    place: Place,
    decimal: str = "point",
    notes: Sequence[str] = (),
) -> Recording:
    """Windows `(rows, columns - 1, 1)` with a label each. Raises DataError."""
    label, *steps = table.column_names
    if len(steps) < 2:
        raise DataError(
            "A row that is a window holds its label and two values or more. Received: "
            f"{len(steps) + 1} columns. Set another layout."
        )
    check_numeric(table, steps, decimal, place)
    check_time_steps(table.num_rows * len(steps))
    matrix = GrowingMatrix(steps, table.num_rows)
    matrix.add(table)
    rows, rounded = matrix.finished()
    windows = rows[:, :, np.newaxis]  # (windows, window_length, 1)
    if options.channels is not None and tuple(options.channels) != ROW_WINDOWS.channels:
        raise DataError(f"There is no channel {listed(options.channels)}. There is: channel 1")
    values, repaired, missing = without_gaps(
        windows, ROW_WINDOWS.channels, options.missing, in_place=True
    )
    wanted = options.label_columns is None or "label" in options.label_columns
    found = (
        f"Each row was read as a window of {len(steps)} time steps with its label first; set "
        "the layout to wide if the rows are time steps."
    )
    return Recording(
        values=values,
        channel_names=ROW_WINDOWS.channels,
        name=name,
        sampling_rate_hz=options.sampling_rate_hz,
        labels={"label": _labels(table[label])} if wanted else {},
        missing=missing,
        notes=(*notes, found, *rounded, *repaired),
    )


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    """The classes of the windows, `(windows,)`: integers where they are whole, or texts."""
    if column.null_count:
        raise DataError("A row has no label in its first column. Complete it.")
    labels = read_labels(pa.table({"label": column}), ["label"], chosen=True)[0]["label"]
    is_whole = is_numeric(column.type) and np.all(labels == np.round(labels))
    return labels.astype(np.int64) if is_whole else labels
