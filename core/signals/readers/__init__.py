"""Readers: one module per file format, and one call that picks the right one."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from core.config import ReadOptions
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.signatures import HEAD_BYTES, check_signature
from core.signals.recording import DataError, Recording

__all__ = ["READERS", "SUFFIXES", "FileOutline", "outline", "read_recording"]

Result = TypeVar("Result")

_FORMATS = {  # suffix: the module that reads it, and what its two functions are about
    ".csv": ("csv_reader", "csv"),
    ".tsv": ("csv_reader", "csv"),
    ".txt": ("csv_reader", "csv"),
    ".parquet": ("parquet_reader", "parquet"),
    ".npy": ("numpy_reader", "npy"),
    ".npz": ("npz_reader", "npz"),
    ".wav": ("audio_reader", "audio"),
    ".flac": ("audio_reader", "audio"),
    ".mat": ("mat_reader", "mat"),
    ".edf": ("edf_reader", "edf"),
    ".ts": ("ts_reader", "ts"),
}


def _named(module: str, function: str) -> Callable[..., Any]:
    """A function of a reader's module, imported when it is first called: some take half a second
    to import, and a process reads but one file."""

    def call(path: Path, options: ReadOptions, name: str) -> Any:
        found = getattr(import_module(f"core.signals.readers.{module}"), function)
        return found(path, options, name)

    return call


READERS: dict[str, Callable[[Path, ReadOptions, str], Recording]] = {
    suffix: _named(module, f"read_{what}") for suffix, (module, what) in _FORMATS.items()
}
_OUTLINES: dict[str, Callable[[Path, ReadOptions, str], FileOutline]] = {
    suffix: _named(module, f"outline_{what}") for suffix, (module, what) in _FORMATS.items()
}
SUFFIXES = tuple(READERS)
AS_DETECTED = ReadOptions()


def read_recording(
    path: Path, options: ReadOptions = AS_DETECTED, *, name: str | None = None
) -> Recording:
    """Read a file of any supported format.

    `name` is the name the user knows the file by; it says the format by its suffix and is shown in
    messages, but is never used as a path. Without it, the path's own name is. Raises DataError,
    and nothing else, with a message that names the file, the place and a remedy.
    """
    return _in_unit(_guarded(READERS, Path(path), options, name), clean_name(options.unit))


def _in_unit(recording: Recording, unit: str) -> Recording:
    """The recording as one whose values are in `unit`, if that is not empty: none is changed."""
    said, notes = recording.unit, recording.notes
    if said and unit not in ("", said):
        notes = (
            *notes,
            f"The file says {said}; {unit} was set and is used, the values as they are.",
        )
    return replace(recording, unit=unit or said, notes=notes)


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
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise DataError(f"{shown}: it cannot be opened ({error.strerror}: {path}).") from error
    except Exception as error:  # a library met bytes its authors did not think of
        raise DataError(
            f"{shown}: it cannot be read as {suffix[1:].upper()} ("
            f"{clean_name(str(error))}). It may be damaged: export it again."
        ) from error
