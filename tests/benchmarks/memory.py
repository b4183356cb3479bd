"""The greatest memory that processes take while something goes on."""

import threading
from collections.abc import Callable
from pathlib import Path

import psutil

MEGABYTE = 1_000_000
_SECONDS = 0.01  # between two looks


def anonymous_bytes(pid: int) -> int:
    """Memory of a process and of all that it started, without what is a mere map of a file."""
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_status(process.pid, ("RssAnon", "RssShmem")) for process in processes)


def resident_bytes(pid: int) -> int:
    """Memory of a process alone, with the pages of files that it has mapped."""
    return _status(pid, ("VmRSS",))


class PeakMemory:
    """Watches a process from `start()` to `stop()`: `before` is the first look, `peak` the most.

    size: of a process, in bytes.
    """

    def __init__(self, pid: int, size: Callable[[int], int]):
        self.before = self.peak = 0
        self._pid, self._size = pid, size
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def is_watching(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self.before = self.peak = self._size(self._pid)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_SECONDS):
            self.peak = max(self.peak, self._size(self._pid))


def _status(pid: int, fields: tuple[str, ...]) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (OSError, ValueError):
        return 0
    values = (line.split() for line in lines if line.partition(":")[0] in fields)
    return sum(1024 * int(words[1]) for words in values)
