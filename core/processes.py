"""Processes that outlive the app: which is which, whether it is alive, and those that train.

A process id alone says nothing, since the system gives it to somebody else later; with its
identity beside it, a worker is found again after a restart and no stranger is ever signalled.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil

PREPARE = "prepare "  # begins a line to a worker that is no run folder, which begins with a slash
DONE = "done "  # begins the line of a worker whose run has ended, and which waits for another one
PROJECT_ROOT = Path(__file__).resolve().parent.parent


def process_identity(pid: int | None) -> str:
    """A text that no later process with the same id can have; empty if the process has ended.

    On Linux it counts from the machine's start, so that a clock that is set changes nothing
    (psutil's create_time follows the clock, and would declare living workers dead).
    """
    if pid is None or pid <= 0:
        return ""
    try:
        if not sys.platform.startswith("linux"):
            process = psutil.Process(pid)
            ended = process.status() == psutil.STATUS_ZOMBIE
            return "" if ended else repr(process.create_time())
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        state, *rest = text[text.rindex(")") + 2 :].split()  # the name before it may hold anything
        return "" if state in "ZX" else f"{_boot_id()}:{rest[18]}"
    except (OSError, ValueError, IndexError, psutil.Error):
        return ""


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far; 0 if that cannot be known."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def resident_bytes() -> int:
    """Memory that this process occupies."""
    return psutil.Process().memory_info().rss


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def is_alive(pid: int | None, identity: str) -> bool:
    """Whether the very process that had this id and identity still runs."""
    return bool(identity) and process_identity(pid) == identity


def send_signal(pid: int, identity: str, number: int) -> bool:
    """Signal the process if it is still the one of that identity; a stranger is left alone."""
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError):  # an older kernel, or not Linux
        handle = None
    try:
        if not is_alive(pid, identity):
            return False
        if handle is None:
            os.kill(pid, number)
        else:  # the handle means the process that was just looked at, whatever happens now
            signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        if handle is not None:
            os.close(handle)
    return True


class WorkerProcess:
    """A process of ours that trains, or waits to. The protocol stands in core/runner.py."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], slot: int):
        self.slot = slot
        self.backend = environment.get("KERAS_BACKEND", "")  # which it has imported
        self.is_ready = False  # to train: what it prepares comes to an end by itself
        self.is_waiting = False  # and does nothing
        self.done_code: int | None = None  # as an exit code; its run is over, and it lives on
        self.order: Mapping[str, Any] | None = None  # what it was last asked to prepare
        self.orders = 0  # how many there were, runs among them
        self.source_time = source_time()
        self._heard = b""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self.process = subprocess.Popen(
                command,
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except BaseException:
            self._errors.close()
            raise
        os.set_blocking(self.process.stdout.fileno(), False)
        self.pid = self.process.pid
        self.identity = process_identity(self.pid)

    @property
    def is_current(self) -> bool:
        """Whether the program is still the one that this process has imported."""
        return self.source_time == source_time()

    def hand_over(self, folder: Path) -> None:
        """Give it a run. Raises OSError if the process has ended."""
        self.is_waiting, self.done_code, self.order = False, None, None
        self.orders += 1
        self.process.stdin.write(os.fsencode(folder) + b"\n")
        self.process.stdin.flush()

    def prepare(self, order: Mapping[str, Any]) -> None:
        """Let it prepare a run, while it waits for one: see `prepare` in core/preparation.py."""
        self.is_waiting = False
        self.order = order
        self.orders += 1
        with suppress(OSError):  # it has ended, which `poll` will tell
            self.process.stdin.write(f"{PREPARE}{json.dumps(order)}\n".encode())
            self.process.stdin.flush()

    def poll(self) -> int | None:
        """The exit code once it has ended; hears `ready` and `done`, and keeps its pipe empty."""
        while chunk := self.process.stdout.read(65_536):
            *lines, self._heard = (self._heard + chunk)[-65_536:].split(b"\n")
            for line in lines:
                if line == b"ready":
                    self.is_ready = self.is_waiting = True
                elif line.startswith(DONE.encode()):
                    self.done_code = int(line.removeprefix(DONE.encode()))
        return self.process.poll()

    def last_error(self) -> str:
        """The last line of what it wrote before it had a log to write to."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        return last_line(self._errors.read(4096).decode(errors="replace"))

    def close(self) -> None:
        """Let go of the pipes; a worker that waits for its line reads the end and exits."""
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            with suppress(OSError):  # a line that never left
                pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end_idle(self) -> None:
        """End one without a run: by the end of its input, by force if deep in imports."""
        self.close()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.kill()


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:1000] if lines else ""


def modified_time(path: str | os.PathLike[str]) -> int:
    """In nanoseconds since 1970; 0 if there is no such file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def source_time() -> int:
    """When the program that a worker runs was last edited, in nanoseconds since 1970."""
    return max(
        modified_time(os.path.join(folder, name))
        for folder, _, names in os.walk(PROJECT_ROOT / "core")
        for name in names
        if name.endswith(".py")
    )
