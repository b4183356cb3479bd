"""What was detected in a file, for a page to show and let its user change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, PlainSerializer, PlainValidator

PREVIEW_ROWS = 8
PREVIEW_COLUMNS = 200  # of a preview that is handed on; a browser shows no more with ease
_CELL_LENGTH = 200


def _cells(preview: Any) -> dict[str, list[Any]] | None:
    """A preview as numbers and texts for JSON."""
    if preview is None:
        return None
    shown = preview.iloc[:PREVIEW_ROWS, :PREVIEW_COLUMNS]
    columns = [[_cell(value) for value in shown.iloc[:, n]] for n in range(shown.shape[1])]
    return {"names": [str(name) for name in shown.columns], "columns": columns}


def _cell(value: Any) -> Any:
    """A value as JSON has it: what is missing as null, a date or an infinity as text."""
    import pandas as pd

    if isinstance(value, np.ndarray):  # of a column of lists
        return str(value)[:_CELL_LENGTH]
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain is pd.NaT or plain is pd.NA or plain != plain:
        return None
    is_number = isinstance(plain, bool | int) or (isinstance(plain, float) and isfinite(plain))
    return plain if is_number else str(plain)[:_CELL_LENGTH]


def _has_text(column: list[Any]) -> bool:
    return any(isinstance(value, str) for value in column)


def _preview(given: Any) -> Any:
    """The preview of `_cells`, which came from a process that nobody need trust."""
    if given is None:
        return None
    import pandas as pd

    if isinstance(given, pd.DataFrame):
        return given
    names, columns = given["names"], given["columns"]
    if not isinstance(names, list) or len(names) != len(columns) or len(names) > PREVIEW_COLUMNS:
        raise ValueError("A preview needs a name for each of its columns.")
    if any(not isinstance(column, list) or len(column) > PREVIEW_ROWS for column in columns):
        raise ValueError("A preview has columns of a few rows.")
    if any(isinstance(value, list | dict) for column in columns for value in column):
        raise ValueError("A preview holds numbers and texts.")
    if not columns:
        return pd.DataFrame()
    series = [pd.Series(c, dtype=object if _has_text(c) else None) for c in columns]
    frame = pd.concat(series, axis=1)
    frame.columns = [str(name) for name in names]  # which may occur twice
    return frame


@dataclass(frozen=True)
class FileOutline:
    """The choices reading makes, with the same code as reading. Empty: not a matter of the format.

    The words in separator, decimal, header, layout and axes are those `ReadOptions` accepts.
    """

    format: str
    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    header: bool | None = None
    comment_lines: int = 0  # skipped before the data
    layout: str = ""  # "wide", "long" or "windows" (each row one window and its label)
    columns: tuple[str, ...] = ()  # of a table, as they may be named in options
    time_column: str | None = None
    label_columns: tuple[str, ...] = ()
    id_column: str = ""
    value_column: str = ""
    channels: tuple[str, ...] = ()  # what `options.channels` may choose from, where it is known
    variables: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # usable, with shapes
    variable: str = ""  # the one taken
    axes: str = ""
    shape: tuple[int, ...] | None = None  # of the array as it is stored, where it is known
    rates: Mapping[float, tuple[str, ...]] = field(default_factory=dict)  # Hz: channels at it
    sampling_rate_hz: float | None = None
    unit: str = ""  # of the values, as the file says
    preview: Annotated[Any, PlainValidator(_preview), PlainSerializer(_cells)] = (
        None  # the first rows, as a data frame of pandas, which is imported where one is at hand
    )
    notes: tuple[str, ...] = ()
    problem: str = ""  # why the file cannot be read with these options

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(  # for its way through JSON
        arbitrary_types_allowed=True
    )
