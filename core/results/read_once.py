"""Values read from files, so that a view that is drawn every second reads only what changed."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")

_TURNS = 16  # locks, each for a part of the paths
_PATIENCE_SECONDS = 2.0  # then a file is read twice rather than not at all


class ReadOnce:
    """Keeps what was last read from each of the files asked for last. Safe for threads."""

    def __init__(self, kept: int):
        self._kept = kept
        self._values: dict[Path, tuple[tuple[int, ...], object]] = {}
        self._lock = threading.Lock()
        self._reading = tuple(threading.RLock() for _ in range(_TURNS))

    def get(self, path: Path, read: Callable[[], Value]) -> Value | None:
        """What `read` gives for the file as it is now; None while there is no such file.

        Of several threads that ask for one file at once, one reads it.
        """
        turn = self._reading[hash(path) % _TURNS]
        is_held = turn.acquire(timeout=_PATIENCE_SECONDS)
        try:
            return self._get(path, read)
        finally:
            if is_held:
                turn.release()

    def _get(self, path: Path, read: Callable[[], Value]) -> Value | None:
        try:
            found = os.stat(path)
        except OSError:
            return None
        # A file that is replaced has another inode, one that is appended to another size.
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        with self._lock:
            known = self._values.pop(path, None)
            if known is not None and known[0] == stamp:
                self._values[path] = known  # the last one asked for, now
                return known[1]
        self.forget_vanished()
        value = read()
        with self._lock:
            self._values[path] = (stamp, value)
            while len(self._values) > self._kept:
                self._values.pop(next(iter(self._values)))  # the one not asked for the longest
        return value

    def forget_vanished(self) -> None:
        """Let go of what was read from files that are no more: it may be mapped, and the disk have
        no room for others until then."""
        with self._lock:
            for path in [path for path in self._values if not path.exists()]:
                del self._values[path]
