"""Where visitors' files lie as they came: below the runs folder, so that they count with the rest.

    <runs folder>/.uploads/<an app>/.lock    held as long as that app lives
                                   /<one for each file>/upload

An app that was killed leaves its files; another one removes them as soon as it finds the lock free.
"""

import os
import secrets
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
