"""Files that are there whole or not at all, whenever the power fails or a process is killed.

A run folder is the only record of a training, and a worker may be killed at any instruction. So a
file is never changed in place: it is written beside, forced to the disk, and renamed, after which
the folder's list of names is forced too. Every write, fsync and rename of the run folders goes
through the three functions at the top, called as `durable.write` and so on: a test puts a fault
or a kill at each of them in turn (`core.faults`), and looks at what is left.
"""

import errno
import fcntl
import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from core import faults
from core.json_values import finite

FAULTS = faults.planned(os.environ)


def write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    if FAULTS and FAULTS.is_due("write"):
        os.write(descriptor, view[: len(view) // 2])
        FAULTS.strike()
    while view:
        view = view[os.write(descriptor, view) :]


def sync(descriptor: int) -> None:
    if FAULTS and FAULTS.is_due("sync"):
        FAULTS.strike()
    os.fsync(descriptor)


def rename(source: Path, target: Path) -> None:
    if FAULTS and FAULTS.is_due("rename"):
        FAULTS.strike()
    os.replace(source, target)


def sync_path(path: Path) -> None:
    """Force a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    except OSError as error:  # some network file systems cannot sync a folder
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP)):
            raise
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Force a file, or a folder and all below it, to the disk."""
    if path.is_dir():
        for inner in path.iterdir():
            sync_tree(inner)
    sync_path(path)


def write_file(path: Path, data: bytes) -> None:
    """Write a file in place, unsynced: a temporary one, or one whose content does not matter."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        write(descriptor, data)
    finally:
        os.close(descriptor)


class HashedFile(io.RawIOBase):
    """A new file, written from its begin to its end, and the SHA-256 of what was written."""

    def __init__(self, path: Path):
        super().__init__()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o666)
        self._digest = hashlib.sha256()
        self.size = 0  # bytes

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        block = bytes(data)
        write(self._descriptor, block)
        self._digest.update(block)
        self.size += len(block)
        return len(block)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def remove(path: Path) -> None:
    """Remove a file or a folder, there or not."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def put(
    path: Path,
    writer: Callable[[Path], None],
    *,
    synced: bool = True,
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Put a file or folder in place whole: a reader sees the old one or the new one, no part.

    `writer` makes it at the temporary path that it is given. A kill may leave that `.tmp-*`
    behind; an error does not. Within `guard()` it is put in place: it may raise to prevent that,
    and does so too where the temporary was taken away because of what the guard watches for.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}-{path.name}")
    try:
        try:
            writer(temporary)
            if synced:
                sync_tree(temporary)
        except FileNotFoundError:
            with guard():
                raise
        with guard():
            rename(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    if synced:
        sync_path(path.parent)


def put_bytes(path: Path, data: bytes, *, synced: bool = True) -> None:
    put(path, lambda temporary: write_file(temporary, data), synced=synced)


def append(path: Path, data: bytes, whole: int) -> None:
    """Put data behind the first `whole` bytes of a file, on the disk when this returns.

    What lies beyond them, torn by a kill, is cut off; after an OSError just they are left.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.ftruncate(descriptor, whole)
        os.lseek(descriptor, 0, os.SEEK_END)
        try:
            write(descriptor, data)
            sync(descriptor)
            if not whole:
                sync_path(path.parent)  # the file's name is new
        except OSError:
            os.ftruncate(descriptor, whole)
            raise
    finally:
        os.close(descriptor)


def json_bytes(value: Any) -> bytes:
    """A plain value as JSON; null for numbers that are not finite."""
    text = json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _open_lock(path: Path) -> int:
    # O_CLOEXEC: a process that is started meanwhile must not inherit the lock.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes and threads; the system frees it with its holder."""
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_lock(path: Path) -> int | None:
    """The same lock without waiting: a descriptor whose closing frees it, or None if it is held."""
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
