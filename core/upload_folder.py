"""Where visitors' files lie as they came: below the runs folder, so that they count with the rest.

    <runs folder>/.uploads/<an app>/.lock    held as long as that app lives
                                   /<whose>-<one for each file>/upload

An app that was killed leaves its files; another one removes them as soon as it finds the lock free.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core import durable

_LOCK = ".lock"


def own_folder(root: Path) -> Path:
    """A new folder for the files of this process, to be asked for once. Raises OSError."""
    place = root / ".uploads"
    place.mkdir(exist_ok=True, mode=0o700)
    own = place / secrets.token_hex(8)
    with durable.locked(place / _LOCK):  # or another app would find it without its lock
        own.mkdir(mode=0o700)
        durable.try_lock(own / _LOCK)  # never closed: the system frees it with this process
    return own


def file_folder(own: Path, owner: str | None) -> tempfile.TemporaryDirectory:
    """A new folder for a file, of a visitor of a public demo or of nobody. Raises OSError."""
    prefix = f"{owner or 'file'}-"
    return tempfile.TemporaryDirectory(dir=own, prefix=prefix, ignore_cleanup_errors=True)


def remove_files_of(root: Path, owner: str) -> None:
    """Remove all files of a visitor, whichever app and tab they came to."""
    for folder in root.glob(f".uploads/*/{owner}-*"):
        durable.remove(folder)


def remove_old(root: Path, is_recent: Callable[[float], bool]) -> None:
    """Remove files by when they came or were last read, in seconds of the file system's clock."""
    for file in root.glob(".uploads/*/*/upload"):
        with suppress(FileNotFoundError):  # it has just been let go
            if not is_recent(file.stat().st_mtime):
                durable.remove(file.parent)


def remove_left(root: Path) -> None:
    """Remove the files of apps that are gone. Raises OSError where the folder cannot be written."""
    place = root / ".uploads"
    if not place.is_dir():
        return
    with durable.locked(place / _LOCK):
        for folder in place.iterdir():
            with suppress(FileNotFoundError, NotADirectoryError):  # the lock itself is no folder
                lock = durable.try_lock(folder / _LOCK)
                if lock is not None:
                    durable.remove(folder)
                    os.close(lock)
