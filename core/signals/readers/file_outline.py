"""What was detected in a file, for a page to show and let its user change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

PREVIEW_ROWS = 8


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
    preview: pd.DataFrame | None = None  # the first rows
    notes: tuple[str, ...] = ()
    problem: str = ""  # why the file cannot be read with these options
