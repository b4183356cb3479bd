"""Large tables of nothing but numbers: parsed by pandas in one go, on all cores.

Whatever is not plain (text, infinities, rows of the wrong length, comments) is left to
`csv_parse`. That reads plain tables to the same numbers, not as fast but in less memory, and can
name the line at fault or put it right.
"""

import mmap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from core.signals.readers import limits
from core.signals.readers.cells import MISSING_WORDS
from core.signals.readers.csv_dialect import DECIMALS, Dialect
from core.signals.readers.csv_rows import SEPARATORS
from core.signals.readers.missing import EXACT_INTEGERS
from core.threads import each_in_a_thread

LEAST_BYTES = 1 << 24  # of a file: a smaller one is read soon enough
_PIECE_BYTES = 1 << 22
# Of the words for a gap, those that begin as no number does: pandas looks up every cell that begins
# as one of them, for a twelfth of its time. A column with another, such as -nan, is not plain.
_GAPS = [word for word in MISSING_WORDS if word[:1] not in ("-", "1")]
_TYPES = (np.float64, np.int64)
_LARGEST_INTEGER = 2.0**63


def read_plain(path: Path, dialect: Dialect) -> np.ndarray | None:
    """All columns `(rows, columns)`, gaps as NaN; None where the table is not plain."""
    if not _may_be_plain(path, dialect):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # columns left out, types mixed
            frame = pd.read_csv(
                path,
                sep=SEPARATORS[dialect.separator],
                header=None,
                names=list(dialect.names),
                index_col=False,
                skiprows=dialect.first_line - 1,
                decimal=DECIMALS[dialect.decimal],
                na_values=_GAPS,
                keep_default_na=False,
                skip_blank_lines=len(dialect.names) > 1,  # of one column, they may be gaps
                compression=None,
                encoding="utf-8",
                quotechar=dialect.quote,
                engine="c",
            )
    except (ValueError, OverflowError, MemoryError, Warning):
        return None
    if len(frame) == 0 or any(kind not in _TYPES for kind in frame.dtypes):
        return None
    values = frame.to_numpy()
    values.flags.writeable = True  # nobody else has the frame
    extremes = _extremes(values, np.minimum, np.maximum)
    are_gappy = np.isnan(extremes).any(axis=1)
    if has_gaps := are_gappy.any():
        extremes = _extremes(values, np.fmin, np.fmax)
    greatest = np.abs(extremes).max(axis=1)
    if np.isnan(extremes).any() or greatest.max() >= _LARGEST_INTEGER:
        return None
    may_be_whole = are_gappy | (frame.dtypes == np.int64).to_numpy()
    if values.dtype.kind == "f" and greatest[may_be_whole].max(initial=0) > EXACT_INTEGERS:
        return None  # integers were rounded, which the other way counts
    return None if has_gaps and _may_lack_cells(path, dialect, values) else values


def _may_be_plain(path: Path, dialect: Dialect) -> bool:
    size = path.stat().st_size
    if size < LEAST_BYTES:
        return False
    if dialect.encoding != "utf-8" or dialect.separator == "space" or dialect.thousands != "none":
        return False
    row_bytes = sum(len(cell) + 1 for row in dialect.rows for cell in row) / len(dialect.rows)
    if (
        size / row_bytes > limits.MAX_TIME_STEPS
    ):  # too many rows, which the other way finds out early
        return False
    has_returns = False
    # Whole memory pages: some processors copy a file's pages to just beside a page's begin slowly.
    with path.open("rb", buffering=0) as file, mmap.mmap(-1, _PIECE_BYTES) as piece:
        while read := file.readinto(piece):
            is_one_line = read == len(piece) and piece.find(b"\n", 0) < 0
            if is_one_line or piece.find(b"\0", 0, read) >= 0:
                return False
            has_returns = has_returns or piece.find(b"\r", 0, read) >= 0
    with _mapped(path) as text:
        if has_returns:
            first = text.find(b"\r")
            if text[first + 1 : first + 2] != b"\n":  # old Macintosh line ends
                return False
        before = text[: _data_start(text, dialect)].split(b"\n")
        # pandas would skip a line break within quotes, and one line too many
        return not any(line.count(dialect.quote.encode()) % 2 for line in before)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        yield text


def _has_blanks(text: mmap.mmap, start: int, are_columns: bool) -> bool:
    """Whether some line ends in blanks. Where it holds nothing else, pandas leaves it out.

    Of one column, whether some line holds nothing at all.
    """
    ends = (b" \n", b"\t\n", b" \r", b"\t\r") if are_columns else (b"\n\n", b"\n\r")
    return any(text.find(end, start) >= 0 for end in ends)


def _data_start(text: mmap.mmap, dialect: Dialect) -> int:
    """Where the first data row begins, in bytes."""
    text.seek(0)
    for _ in range(dialect.first_line - 1):
        text.readline()
    return text.tell()


def _extremes(values: np.ndarray, least: np.ufunc, greatest: np.ufunc) -> np.ndarray:
    """Of each column: `(columns, 2)`."""
    ends = each_in_a_thread(
        lambda column: (least.reduce(column), greatest.reduce(column)), values.T
    )
    return np.array(ends, dtype=np.float64)


def _may_lack_cells(path: Path, dialect: Dialect, values: np.ndarray) -> bool:
    """Whether some row may be too short: pandas fills it without a word."""
    separator, rows = SEPARATORS[dialect.separator].encode(), values.shape[0]
    with _mapped(path) as text:
        data = _data_start(text, dialect)
        if _has_blanks(text, data, len(dialect.names) > 1):
            return True
        text.seek(data)
        found = sum(piece.count(separator) for piece in iter(lambda: text.read(_PIECE_BYTES), b""))
    return found != rows * (values.shape[1] - 1)
