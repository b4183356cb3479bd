"""Files of lines that are only added to, of which a view reads each line once."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


class GrowingFiles:
    """Keeps the records of the files asked for last. Safe for threads."""

    def __init__(self, kept: int, parse: Callable[[bytes, Sequence[Any]], list[Any]]):
        """parse: the records of whole lines, and of what file they are: the records before them."""
        self._kept, self._parse = kept, parse
        self._known: dict[Path, tuple[int, int, tuple[Any, ...]]] = {}  # inode, bytes read, records
        self._lock = threading.Lock()

    def get(self, path: Path) -> Sequence[Any]:
        """The records up to the last whole line; none without a file. Raises OSError.

        A file that was replaced or cut is read anew; a torn last line is left for the next time.
        """
        with self._lock:
            inode, done, records = self._known.pop(path, (0, 0, ()))
            try:
                with open(path, "rb") as file:
                    found = os.fstat(file.fileno())
                    if found.st_ino != inode or found.st_size < done:
                        done, records = 0, ()
                    if found.st_size > done:
                        file.seek(done)
                        content = file.read()
                        if whole := content[: content.rfind(b"\n") + 1]:
                            records = (*records, *self._parse(whole, records))
                            done += len(whole)
            except FileNotFoundError:
                return ()
            self._known[path] = (found.st_ino, done, records)
            while len(self._known) > self._kept:
                self._known.pop(next(iter(self._known)))  # the one not asked for the longest
            return records
