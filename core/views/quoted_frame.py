"""A table whose texts no spreadsheet takes for formulas, however it is saved."""

import pandas as pd

from core.spreadsheets import quoted


def quoted_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with its texts and headings quoted; a browser can save what it shows."""
    safe = frame.copy()
    for index, kind in enumerate(frame.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            column = frame.iloc[:, index]
            safe.isetitem(index, [quoted(v) if isinstance(v, str) else v for v in column])
    safe.columns = [quoted(name) if isinstance(name, str) else name for name in frame.columns]
    if not isinstance(frame.index, pd.RangeIndex):
        safe.index = [quoted(name) if isinstance(name, str) else name for name in frame.index]
    return safe
