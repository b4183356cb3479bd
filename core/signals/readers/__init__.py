"""Readers: one module per file format, and one call that picks the right one."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.config import ReadOptions
from core.signals.readers.audio_reader import outline_audio, read_audio
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.csv_reader import outline_csv, read_csv
from core.signals.readers.edf_reader import outline_edf, read_edf
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.mat_reader import outline_mat, read_mat
from core.signals.readers.numpy_reader import outline_npy, outline_npz, read_npy, read_npz
from core.signals.readers.parquet_reader import outline_parquet, read_parquet
from core.signals.readers.signatures import HEAD_BYTES, check_signature
from core.signals.readers.ts_reader import outline_ts, read_ts
from core.signals.recording import DataError, Recording

__all__ = ["READERS", "SUFFIXES", "FileOutline", "outline", "read_recording"]

READERS: dict[str, Callable[[Path, ReadOptions, str], Recording]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ".npy": read_npy,
    ".npz": read_npz,
    ".wav": read_audio,
    ".flac": read_audio,
    ".mat": read_mat,
    ".edf": read_edf,
    ".ts": read_ts,
}
_OUTLINES: dict[str, Callable[[Path, ReadOptions, str], FileOutline]] = {
    ".csv": outline_csv,
    ".tsv": outline_csv,
    ".txt": outline_csv,
    ".parquet": outline_parquet,
    ".npy": outline_npy,
    ".npz": outline_npz,
    ".wav": outline_audio,
    ".flac": outline_audio,
    ".mat": outline_mat,
    ".edf": outline_edf,
    ".ts": outline_ts,
}
SUFFIXES = tuple(READERS)
AS_DETECTED = ReadOptions()

Result = TypeVar("Result")


def read_recording(
    path: Path, options: ReadOptions = AS_DETECTED, *, name: str | None = None
) -> Recording:
    """Read a file of any supported format.

    `name` is the name the user knows the file by; it says the format by its suffix and is shown in
    messages, but is never used as a path. Without it, the path's own name is. Raises DataError,
    and nothing else, with a message that names the file, the place and a remedy.
    """
    return _guarded(READERS, Path(path), options, name)


def outline(
    path: Path, options: ReadOptions = AS_DETECTED, *, name: str | None = None
) -> FileOutline:
    """What `read_recording` detects in the file and would do with these options.

    Raises DataError when nothing can be said about it; a choice that does not fit, such as an
    unknown column, is reported in the outline's `problem` instead.
    """
    return _guarded(_OUTLINES, Path(path), options, name)


def _guarded(
    table: dict[str, Callable[[Path, ReadOptions, str], Result]],
    path: Path,
    options: ReadOptions,
    name: str | None,
) -> Result:
    given = name if name is not None else path.name
    shown = clean_name(given) or "file"
    suffix = f".{given.rpartition('.')[2].strip().lower()}"  # before a long name is shortened
    try:
        if suffix not in table:
            raise DataError(f"Files of this kind are not read. Readable are {listed(SUFFIXES)}.")
        with path.open("rb") as stream:
            check_signature(stream.read(HEAD_BYTES), suffix)
        return table[suffix](path, options, shown)
    except DataError as error:
        raise DataError(f"{shown}: {error}") from error
    except MemoryError as error:
        raise DataError(
            f"{shown}: reading it takes more memory than there is. Cut the file into parts."
        ) from error
    except Exception as error:  # a library met bytes its authors did not think of
        raise DataError(
            f"{shown}: it cannot be read as {suffix[1:].upper()} ({type(error).__name__}: "
            f"{clean_name(str(error))}). It may be damaged: export it again."
        ) from error
