"""The disk below the runs folder: whether it can be written, and what its errors mean."""

import errno
import os
import shutil
from pathlib import Path

LEAST_ROOM_BYTES = 32 * 2**20  # with less than this free, no run is begun

_MEANINGS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EIO: "the disk reports an input/output error; check it",
    errno.EROFS: "the runs folder is read-only; make it writable",
    errno.EACCES: "the runs folder may not be written; restore its permissions",
    errno.EPERM: "the runs folder may not be written; restore its permissions",
}


def fault_text(error: OSError) -> str:
    """What an error of the disk means and what to do, without a capital and a full stop."""
    if error.errno in _MEANINGS:
        return _MEANINGS[error.errno]
    where = f": {Path(error.filename).name}" if isinstance(error.filename, str | Path) else ""
    return f"{error.strerror or type(error).__name__}{where}"


def is_writable(folder: Path) -> bool:
    """Whether this process may make and remove files there, as far as the system says."""
    return os.access(folder, os.W_OK | os.X_OK)


def free_bytes(folder: Path) -> int | None:
    """Room on the disk of a folder; None where that cannot be known."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def room_problem(folder: Path) -> str:
    """Why no run should be begun on this disk, or an empty text."""
    free = free_bytes(folder)
    if free is None or free >= LEAST_ROOM_BYTES:
        return ""
    return (
        f"The disk of the runs folder has only {free / 2**20:,.0f} MiB left, of which a run needs "
        f"{LEAST_ROOM_BYTES / 2**20:,.0f} at least. Free some space: the queue waits for it."
    )
