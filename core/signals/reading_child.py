"""One disposable process, as the app sees it: started, given its file, heard, and gone."""

import logging
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = (sys.executable, "-m", "core.signals.reading_process")
_KEPT_OF_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH")
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve memory ahead
    "MALLOC_ARENA_MAX": "4",  # with fewer, threads that parse wait for each other
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),  # what is let go of is used again, not asked for anew
    "MALLOC_TRIM_THRESHOLD_": str(1 << 26),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_KEPT_OF_ERRORS = 4096
_LOOK_SECONDS = 0.5  # how often to look whether it has ended while something holds its output open

_log = logging.getLogger(__name__)


class TooMuchSaid(Exception):
    """The process wrote more than any answer has."""


class ReadingChild:
    """A process of its own session, which ends with all that it started."""

    def __init__(self, command: Sequence[str] = COMMAND):
        kept = {name: os.environ[name] for name in _KEPT_OF_ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=kept | _ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._errors = b""
        self._may_kill = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._reap, name=f"reading-{self.pid}", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def give(self, job: bytes) -> None:
        """Write the one line. Its input stays open: its end means that the app has gone."""
        with suppress(OSError):  # it has just ended: hearing says how
            self._process.stdin.write(job + b"\n")
            self._process.stdin.flush()

    def hear(self, seconds: float, most_bytes: int) -> tuple[bytes, int | None]:
        """What it writes until it ends, and its exit code; None if it was ended for its time.

        Raises TooMuchSaid; the process has ended then, too.
        """
        deadline = time.monotonic() + seconds
        heard = bytearray()
        with selectors.DefaultSelector() as selector:
            for pipe in (self._process.stdout, self._process.stderr):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map() and time.monotonic() < deadline:
                ready = selector.select(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
                if not ready and self.has_ended:
                    break
                for key, _ in ready:
                    chunk = os.read(key.fd, 1 << 16)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is self._process.stderr:
                        self._errors = (self._errors + chunk)[-_KEPT_OF_ERRORS:]
                    else:
                        heard += chunk
                if len(heard) > most_bytes:
                    self.end()
                    raise TooMuchSaid
        in_time = self._ended.wait(max(0.0, deadline - time.monotonic()))
        self.end()
        return bytes(heard), self._process.returncode if in_time else None

    def end(self) -> None:
        """End it and all that it started, wait for that, and let go of the pipes."""
        with self._may_kill:
            if not self.has_ended:
                self._kill_group()
        self._ended.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                pipe.close()

    def log_end(self, name: str) -> None:
        """Leave for whoever runs this how a process ended that gave no answer."""
        last = self._errors.decode(errors="replace").strip().rpartition("\n")[2]
        _log.warning("Reading %r ended with %s: %s", name, self._process.returncode, last)

    def _reap(self) -> None:
        """Wait for its end, so that it leaves neither an entry of a dead process nor children.

        The group is killed before the entry is freed: until then its number is nobody else's.
        """
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._may_kill:
            self._kill_group()
            self._process.wait()
            self._ended.set()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
