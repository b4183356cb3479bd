"""One run in training, watched: its process is stopped when asked, and its end gets a reason.

A worker writes the state and the reason itself when it can; what stands here is for the ends that
it could not write, such as a kill for lack of memory.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.processes import WorkerProcess, is_alive, last_line, modified_time, send_signal
from core.run_folder import Run
from core.run_status import RunNotFound, RunUnreadable, Status, TransitionRefused

CANCELLED_EXIT = 3
RESUME_HINT = "It can be started again, from its first epoch."


@dataclass(frozen=True)
class Patience:
    """How many seconds a worker has until SIGTERM, from then to SIGKILL, and without a change."""

    cancel_seconds: float
    kill_seconds: float
    hang_seconds: float


class RunWatch:
    """A run in training, and what the runner knows of its process.

    `worker` is None if the run was started by a runner before this one, or by the command line.
    """

    def __init__(self, run: Run, status: Status, worker: WorkerProcess | None, patience: Patience):
        self.run = run
        self.owner = status.owner
        self.pid, self.identity = status.pid, status.pid_started
        self.slot: int | None = status.extra.get("slot")  # None: not started by a runner
        self._worker = worker
        self._patience = patience
        self._oom_kills = oom_kills()
        self._exit_code: int | None = None
        self._stop_since: float | None = None  # when cancel was first seen
        self._signals_sent = 0
        self._end_reason = ""  # why this watch ended it, if not for cancel
        self._traces: tuple[int, ...] = ()
        self._last_trace = 0.0

    def close(self) -> None:
        """Let go of the process; it goes on if it is still alive."""
        if self._worker is not None:
            self._worker.close()

    def is_gone(self) -> bool:
        """Whether the process has ended."""
        if self._worker is not None:
            self._exit_code = self._worker.poll()
            return self._exit_code is not None
        if self._exit_code is None:
            try:  # a child of this process whose runner was dropped: learn its end, leave no zombie
                pid, wait_status = os.waitpid(self.pid, os.WNOHANG)
                if pid == self.pid:
                    self._exit_code = os.waitstatus_to_exitcode(wait_status)
            except ChildProcessError:
                pass
        return self._exit_code is not None or not is_alive(self.pid, self.identity)

    def stop_if_asked(self) -> None:
        """Give a worker that should stop its time, then SIGTERM, then SIGKILL."""
        now = time.monotonic()
        self._end_if_hung(now)
        if self._stop_since is None:
            removed = not self.run.folder.is_dir()  # it would only write into the void
            if removed or self.run.cancel_requested():
                self._stop_since = now
            return
        if self._signals_sent == 0 and self._is_finishing(now):
            self._stop_since = now  # it has heeded the wish, and saves what it has reached
        waited = now - self._stop_since
        patience = self._patience
        if self._signals_sent == 0 and waited >= patience.cancel_seconds:
            self._signal(signal.SIGTERM)
            self._signals_sent = 1
        elif self._signals_sent == 1 and waited >= patience.cancel_seconds + patience.kill_seconds:
            self._signal(signal.SIGKILL)
            self._signals_sent = 2

    def _is_finishing(self, now: float) -> bool:
        """Whether the worker is past its last epoch and still makes progress."""
        moved = now - self._last_trace < self._patience.cancel_seconds
        return moved and self.run.progress().get("phase") == "reconstructing"

    def _end_if_hung(self, now: float) -> None:
        """End a worker whose files no longer change, by this process's clock, not the wall's."""
        hang_seconds = self._patience.hang_seconds
        if now - self._last_trace < min(1.0, hang_seconds / 4) and self._traces:
            return
        names = (".", "history.csv", "log.txt")
        traces = tuple(modified_time(self.run.folder / name) for name in names)
        if traces != self._traces:
            self._traces, self._last_trace = traces, now
        elif now - self._last_trace > hang_seconds and not self._end_reason:
            self._end_reason = (
                f"The worker showed no sign of life for {hang_seconds:g} seconds and was "
                f"ended. {RESUME_HINT}"
            )
            self._signal(signal.SIGKILL)  # a stopped one heeds no other

    def _signal(self, number: int) -> None:
        send_signal(self.pid, self.identity, number)

    def record_end(self) -> None:
        """Give the run of a worker that is gone its state, unless the worker did."""
        try:
            status = self.run.status()
        except (RunNotFound, RunUnreadable):
            return  # nothing left to write to
        if status.state in ("starting", "running"):
            state, reason = self._judge()
        elif self.run.cancel_requested() and not status.is_final and status.state != "queued":
            state, reason = "cancelled", "Cancelled."  # SIGTERM made it leave as interrupted
        else:
            return
        finish_dead(self.run, state, reason)

    def _judge(self) -> tuple[str, str]:
        """The state and reason of a run whose worker went without a word."""
        code = self._exit_code
        if self.run.cancel_requested() or code == CANCELLED_EXIT:
            forced = "; the worker did not answer and was ended" if self._signals_sent else ""
            return "cancelled", f"Cancelled{forced}."
        if self._end_reason:
            return "interrupted", self._end_reason
        if code is None:
            return "interrupted", f"The worker process is gone. {RESUME_HINT}"
        if code < 0:
            return self._judge_signal(-code)
        said = last_line(self.run.log_tail())
        if not said and self._worker is not None:
            said = self._worker.last_error()
        if code == 0:
            return "failed", "The worker ended without a result. " + said
        return "failed", said or f"The worker failed with exit code {code} and left no message."

    def _judge_signal(self, number: int) -> tuple[str, str]:
        if number == signal.SIGKILL:
            if oom_kills() > self._oom_kills:
                return "interrupted", (
                    "The process was killed for lack of memory (out of memory). Make the batch "
                    "or the model smaller, or free memory, before you resume the run."
                )
            return "interrupted", (
                f"The process was killed, probably for lack of memory or by hand. {RESUME_HINT}"
            )
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            return "interrupted", f"The process was asked to end ({name}). {RESUME_HINT}"
        return "failed", f"The process crashed ({name}). Its last lines are in log.txt."


def finish_dead(run: Run, state: str, reason: str) -> None:
    """Record the end of a run whose process is gone, unless somebody was faster."""
    # Not found or unreadable: there is nothing left to write to.
    with suppress(TransitionRefused, RunNotFound, RunUnreadable):
        run.transition(state, reason[:2000].strip())


def oom_kills() -> int:
    """How often this machine has killed a process for lack of memory since it started."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
