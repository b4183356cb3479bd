"""One run in training, watched: its process is stopped when asked, and its end gets a reason.

A worker writes the state and the reason itself when it can; what stands here is for the ends that
it could not write, such as a kill for lack of memory.
"""

import os
import signal
import time
from dataclasses import dataclass, replace

from core import gpu_faults
from core.processes import (
    WorkerProcess,
    cpu_seconds,
    is_alive,
    last_line,
    modified_time,
    send_signal,
)
from core.run_end import (
    PAUSED_WORD,
    RESUME_HINT,
    End,
    lost,
    oom_kills_before,
    says_pause,
)
from core.run_folder import Run
from core.run_status import RunNotFound, RunUnreadable, Status, may_pass

CANCELLED_EXIT, INTERRUPTED_EXIT, PAUSED_EXIT, UNWRITABLE_EXIT = 3, 4, 5, 6
_IDLE_SHARE = 0.02  # of one core: a worker that uses less does nothing


@dataclass(frozen=True)
class Patience:
    """How many seconds a worker has: until SIGTERM, from then to SIGKILL, and without a change.

    Without a change: `stall_seconds` if it uses no processor time either (stopped, or waiting
    for what never comes), `hang_seconds` if it does.
    """

    cancel_seconds: float
    kill_seconds: float
    stall_seconds: float
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
        self._oom_kills = oom_kills_before(status)
        self._exit_code: int | None = None
        self._stop_since: float | None = None  # when cancel was first seen
        self._signals_sent = 0
        self._end_reason = ""  # why this watch ended it, if not for cancel
        self._traces: tuple[int, ...] = ()
        self._last_trace = 0.0
        self._cpu_seconds = 0.0  # that it had used by then

    @property
    def is_adopted(self) -> bool:
        """Whether a runner before this one, or the command line, has started the run."""
        return self._worker is None

    def close(self) -> None:
        """Let go of the process; it goes on if it is still alive."""
        if self._worker is not None:
            self._worker.close()

    def release(self, in_order: bool) -> WorkerProcess | None:
        """The worker, if it is done with the run and lives on; let go of it otherwise.

        in_order: nobody has to write how the run ended.
        """
        worker = self._worker
        is_done = worker is not None and worker.done_code is not None
        if in_order and is_done and worker.poll() is None:
            return worker
        self.close()
        return None

    def died_before(self) -> WorkerProcess | None:
        """The worker, if it has ended before it read the run: not of that run's doing."""
        worker = self._worker
        if worker is None or worker.poll() is None or not worker.has_unread_run:
            return None
        return worker

    def is_over(self) -> bool:
        """Whether the process has ended, or is done with this run."""
        if self._worker is not None:
            self._exit_code = self._worker.poll()
            if self._exit_code is None:
                self._exit_code = self._worker.done_code
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
        patience = self._patience
        quiet = now - self._last_trace
        if self._traces and quiet < min(1.0, patience.stall_seconds / 4):
            return
        names = (".", "history.csv", "log.txt")
        traces = tuple(modified_time(self.run.folder / name) for name in names)
        if traces != self._traces:
            self._traces, self._last_trace = traces, now
            self._cpu_seconds = cpu_seconds(self.pid)
            return
        if self._end_reason or quiet <= patience.stall_seconds:
            return
        used = cpu_seconds(self.pid) - self._cpu_seconds
        if quiet > patience.hang_seconds or used < _IDLE_SHARE * quiet:
            self._end_reason = (
                f"The worker showed no sign of life for {quiet:.3g} seconds and was ended. "
                f"{RESUME_HINT}"
            )
            self._signal(signal.SIGKILL)  # a stopped one heeds no other

    def _signal(self, number: int) -> None:
        send_signal(self.pid, self.identity, number)

    def end(self) -> End | None:
        """What becomes of the run now that its worker is gone; None if the worker has said it, or
        another process has taken the run up since."""
        end = self._end()
        return end and replace(end, process=(self.pid, self.identity))

    def _end(self) -> End | None:
        try:
            status = self.run.status()
        except RunNotFound:
            return None  # nothing left to write to
        except RunUnreadable as error:
            return self._judge() if may_pass(error) else None
        if (status.pid, status.pid_started) != (self.pid, self.identity):
            return None
        if status.state in ("starting", "running"):
            return self._judge()
        if self.run.cancel_requested() and not status.is_final and status.state != "queued":
            return End("cancelled", "Cancelled.")  # SIGTERM made it leave as interrupted
        return None

    def _judge(self) -> End:
        """The end of a run whose worker went without a word."""
        code = self._exit_code
        said = last_line(self.run.log_tail())
        if self.run.cancel_requested() or code == CANCELLED_EXIT:
            forced = "; the worker did not answer and was ended" if self._signals_sent else ""
            return End("cancelled", f"Cancelled{forced}.")
        if self._end_reason:
            return End("interrupted", self._end_reason)
        if code in (PAUSED_EXIT, UNWRITABLE_EXIT) or (code is None and says_pause(self.run)):
            if not said.startswith(PAUSED_WORD):  # not even its log could be written
                said = f"{PAUSED_WORD}its folder could not be written. {RESUME_HINT}"
            return End("paused", said)
        if code is None:
            return lost(self.run, self._oom_kills, f"The worker process is gone. {RESUME_HINT}")
        if code < 0:
            return self._judge_signal(-code)
        if code == INTERRUPTED_EXIT:
            return End("interrupted", f"The worker was told to end. {RESUME_HINT}")
        if not said and self._worker is not None:
            said = self._worker.last_error()
        if explained := gpu_faults.explain(self.run.log_tail(4096)):
            return End(*explained)
        if code == 0:
            return End("failed", f"The worker ended without a result. {said}")
        said = said or f"The worker failed with exit code {code} and left no message."
        return End("failed", said)

    def _judge_signal(self, number: int) -> End:
        if number == signal.SIGKILL:
            text = f"The process was killed, probably for lack of memory or by hand. {RESUME_HINT}"
            return lost(self.run, self._oom_kills, text)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            text = f"The process was asked to end ({name}). {RESUME_HINT}"
            return End("interrupted", text)
        if explained := gpu_faults.explain(self.run.log_tail(4096)):
            return End(*explained)
        return End("failed", f"The process crashed ({name}). Its last lines are in log.txt.")
