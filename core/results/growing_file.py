"""Files of lines that are only added to, of which a view reads each line once."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_COMPARED = 256  # bytes before those that are new, by which it is known to be the same file


class GrowingFiles:
    """Keeps the records of the files asked for last. Safe for threads."""

    def __init__(self, kept: int, parse: Callable[[bytes, Sequence[Any]], list[Any]]):
        """parse: the records of whole lines, and of what file they are: the records before them."""
        self._kept, self._parse = kept, parse
        # Of each: inode, bytes read, the last of them, records.
        self._known: dict[Path, tuple[int, int, bytes, tuple[Any, ...]]] = {}
        self._lock = threading.Lock()

    def get(self, path: Path) -> Sequence[Any]:
        """The records up to the last whole line; none without a file. Raises OSError.

        A file that was replaced or cut is read anew; a torn last line is left for the next time.
        """
        with self._lock:
            inode, done, last, records = self._known.pop(path, (0, 0, b"", ()))
            try:
                with open(path, "rb") as file:
                    found = os.fstat(file.fileno())
                    file.seek(done - len(last))  # a new file may have the inode of a removed one
                    if found.st_ino != inode or file.read(len(last)) != last:
                        done, last, records = 0, b"", ()
                        file.seek(0)
                    content = file.read() if found.st_size > done else b""
                    if whole := content[: content.rfind(b"\n") + 1]:
                        records = (*records, *self._parse(whole, records))
                        done, last = done + len(whole), whole[-_COMPARED:]
            except FileNotFoundError:
                return ()
            self._known[path] = (found.st_ino, done, last, records)
            while len(self._known) > self._kept:
                self._known.pop(next(iter(self._known)))  # the one not asked for the longest
            return records
