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
    """A process of ours that trains, or waits to: `python -m core worker`.

    To it, a line each on its standard input, until that ends, and the worker with it:
        prepare JSON   build the model of a run that may come
        /RUN_FOLDER    train this run, with its log.txt for all output
    From it, on its standard output:
        ready          before it reads a line, the first time with Keras imported
        done CODE      a run has ended, and the worker reads on; CODE as if it had exited
    Otherwise it exits after a run: 0 finished, 1 failed, 3 cancelled, 4 interrupted, 5 paused,
    having written state and reason itself; 6 if it could not, with the reason as the last line of
    log.txt. It has a session of its own, so that it outlives the app; the app may be gone by the
    time it prints something, so it must take a broken pipe lightly.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], slot: int):
        self.slot = slot
        self.backend = environment.get("KERAS_BACKEND", "")  # which it has imported
        self.is_ready = False  # to train: what it prepares comes to an end by itself
        self.done_code: int | None = None  # as an exit code; its run is over, and it lives on
        self.order: Mapping[str, Any] | None = None  # what it was last asked to prepare
        self.orders = 0  # how many there were, runs among them
        self._owed = 1  # times `ready`, until it reads what was written last
        self._has_run = False
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

    @property
    def is_waiting(self) -> bool:
        """Whether it does nothing."""
        return self._owed == 0 and not self._has_run

    @property
    def has_unread_run(self) -> bool:
        """Whether it has yet to read the run that it was given: what it does is not of that run."""
        return self._owed > 0 and self._has_run

    def hand_over(self, folder: Path) -> None:
        """Give it a run. Raises OSError if the process has ended."""
        self._has_run, self.done_code = True, None
        self.orders += 1
        self.process.stdin.write(os.fsencode(folder) + b"\n")
        self.process.stdin.flush()

    def prepare(self, order: Mapping[str, Any]) -> None:
        """Let it prepare a run, while it waits for one: see `prepare` in core/preparation.py."""
        self.order = order
        self.orders += 1
        self._owed += 1
        with suppress(OSError):  # it has ended, which `poll` will tell
            self.process.stdin.write(f"{PREPARE}{json.dumps(order)}\n".encode())
            self.process.stdin.flush()

    def poll(self) -> int | None:
        """The exit code once it has ended; hears `ready` and `done`, and keeps its pipe empty."""
        while chunk := self.process.stdout.read(65_536):
            *lines, self._heard = (self._heard + chunk)[-65_536:].split(b"\n")
            for line in lines:
                if line == b"ready":
                    self.is_ready = True
                    self._owed -= 1
                elif line.startswith(DONE.encode()):
                    self.done_code = int(line.removeprefix(DONE.encode()))
                    self._has_run, self.order = False, None  # what it had prepared is gone, too
                    self._owed += 1
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
