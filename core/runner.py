"""The queue on this machine: one process a run, a warm spare, cancel, pause, re-attach at start.

A worker is `python -m core worker`: it imports Keras, prints the line `ready`, reads one line
from its standard input (the absolute run folder), trains that run and exits: 0 finished,
3 cancelled, 1 failed, having written state and reason itself. At the end of its input it exits
at once. It has a session of its own, so that it outlives the app; its app may be gone by the
time it prints `ready`, so it must take a broken pipe lightly.

The runner keeps nothing that the run folders do not say, but for the queue's order among owners:
a runner that starts again finds the workers of the one before. Of several runners on one runs
folder one schedules, the one that holds the lock; the others hand in and cancel, and one of them
takes over when it is gone.
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from core.meters import visible_gpus
from core.runs import Run, RunNotFound, RunStore, RunSummary, RunUnreadable, TransitionRefused

PROJECT_ROOT = Path(__file__).resolve().parent.parent
WORKER_COMMAND = (sys.executable, "-m", "core", "worker")
CANCELLED_EXIT = 3
IDLE_SECONDS = 0.5  # between two looks at the runs folder when nothing is going on
LONGEST_SPARE_DELAY_SECONDS = 300.0

_log = logging.getLogger(__name__)


class Runner(Protocol):
    """What the app needs of whatever trains its runs: this machine, or a cluster.

    The run folders are the record: a runner only moves runs from state to state.
    """

    def start(self) -> None:
        """Begin to take runs from the queue; calling it again does nothing."""

    def stop(self) -> None:
        """Take no more runs; those that are running go on."""

    def submit(self, config: Mapping[str, Any], *, name: str, owner: str | None = None) -> str:
        """Put a run in the queue and return its id."""

    def cancel(self, run_id: str) -> None:
        """End a run for good, soon; nothing happens if it has ended. Raises RunNotFound."""

    def pause(self, run_id: str) -> None:
        """Let a run stop at a checkpoint; nothing happens if it has ended. Raises RunNotFound."""

    def resume(self, run_id: str) -> None:
        """Put a paused or interrupted run back in the queue. Raises TransitionRefused."""

    def states(self) -> dict[str, str]:
        """Every run's id and state, in the order of creation."""


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


def detect_slots() -> int:
    """How many runs this machine trains at a time: one a graphics processor, or one."""
    return max(1, len(visible_gpus()))


class _Worker:
    """A process of ours that trains, or waits to."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], slot: int):
        self.slot = slot
        self.is_ready = False
        self.source_time = _source_time()
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

    def hand_over(self, folder: Path) -> None:
        """Write the one line. Raises OSError if the process has ended."""
        self.process.stdin.write(os.fsencode(folder) + b"\n")
        self.process.stdin.close()  # flushes

    def poll(self) -> int | None:
        """The exit code once it has ended; hears `ready`, and keeps its output pipe empty."""
        while chunk := self.process.stdout.read(65_536):
            if not self.is_ready:
                self._heard = (self._heard + chunk)[-65_536:]
                self.is_ready = b"ready" in self._heard.split(b"\n")[:-1]
        return self.process.poll()

    def last_error(self) -> str:
        """The last line of what it wrote before it had a log to write to."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 4096))
        return _last_line(self._errors.read(4096).decode(errors="replace"))

    def close(self) -> None:
        """Let go of the pipes; a worker that waits for its line reads the end and exits."""
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            with suppress(OSError):  # a line that never left
                pipe.close()


@dataclass
class _Watch:
    """A run in training, and what the runner knows of its process."""

    run: Run
    owner: str | None
    pid: int
    identity: str
    slot: int | None  # None: not started by a runner
    worker: _Worker | None  # None: started by a runner before this one, or by the command line
    oom_kills: int
    exit_code: int | None = None
    stop_since: float | None = None  # when cancel was first seen
    signals_sent: int = 0
    end_reason: str = ""  # why this runner ended it, if not for cancel
    traces: tuple[int, ...] = ()
    last_trace: float = 0.0


class LocalRunner:
    """Trains the queued runs of a store on this machine, `slots` at a time.

    Between owners it is fair: whoever has the fewest runs in training comes next, then whoever
    was served longest ago; within an owner the order of creation holds. The times are in
    seconds; `hang_seconds` without a sign of life (a changed file) ends a worker.
    """

    def __init__(
        self,
        store: RunStore,
        *,
        slots: int = 1,
        spare: bool = True,
        command: Sequence[str] | None = None,
        poll_seconds: float = 0.1,
        spare_delay_seconds: float = 3.0,
        cancel_seconds: float = 10.0,
        kill_seconds: float = 5.0,
        hang_seconds: float = 1800.0,
    ):
        if slots < 1:
            raise ValueError(f"slots must be at least 1. Received: {slots}")
        self.store = store
        self.slots = slots
        self._command = tuple(command or WORKER_COMMAND)
        self._wants_spare = spare
        self._poll_seconds = poll_seconds
        self._spare_delay_seconds = spare_delay_seconds
        self._cancel_seconds = cancel_seconds
        self._kill_seconds = kill_seconds
        self._hang_seconds = hang_seconds
        self._gpus = visible_gpus()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lead_lock: int | None = None
        # What follows belongs to the scheduling thread alone.
        self._queue: list[RunSummary] = []
        self._watches: dict[str, _Watch] = {}
        self._served: dict[str | None, int] = {}  # owner: when last served, in runs
        self._hand_over_failures: Counter[str] = Counter()
        self._spare: _Worker | None = None
        self._spare_due = 0.0
        self._spare_deaths = 0
        self._root_time: int | None = None
        self._list_at: float | None = 0.0  # monotonic; None: only when the runs folder changes
        self._problem = ""

    # The calls of Runner

    def submit(self, config: Mapping[str, Any], *, name: str, owner: str | None = None) -> str:
        run = self.store.create(config, name=name, owner=owner)
        self._look_soon()
        return run.id

    def cancel(self, run_id: str) -> None:
        self._stop_run(self.store.open(run_id), "cancelled", "Cancelled.")

    def pause(self, run_id: str) -> None:
        self._stop_run(self.store.open(run_id), "paused", "Paused.")

    def resume(self, run_id: str) -> None:
        self.store.open(run_id).transition("queued")
        self._look_soon()

    def states(self) -> dict[str, str]:
        return {summary.id: summary.state for summary in self.store.list()}

    def start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="run queue", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more runs; workers go on, the idle spare ends, another runner may take over."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def is_leading(self) -> bool:
        """Whether this runner is the one that schedules its runs folder."""
        return self._lead_lock is not None

    @property
    def problem(self) -> str:
        """Why the queue is stuck at the moment, such as a full disk, or an empty text."""
        return self._problem

    @property
    def spare_is_ready(self) -> bool:
        """Whether the next run starts without waiting for the imports."""
        spare = self._spare
        return spare is not None and spare.is_ready

    def _look_soon(self) -> None:
        self._list_at = 0.0
        self._wake.set()

    def _stop_run(self, run: Run, state: str, reason: str) -> None:
        """To `state` at once if no worker has the run, by a wish to its worker otherwise."""
        while True:
            status = run.status()
            if status.is_final or status.state == state:
                return
            if status.state in ("starting", "running"):
                if state == "paused":
                    run.request_pause()
                else:
                    run.request_cancel()
                    if not is_alive(status.pid, status.pid_started):  # nobody would heed it
                        self._finish_dead(run, state, reason)
                self._wake.set()
                return
            if status.state == "interrupted" and state == "paused":
                return
            try:
                run.transition(state, reason)
            except TransitionRefused:  # its state changed under our hands: look again
                continue
            self._wake.set()
            return

    # The scheduling thread

    def _note_problem(self, error: Exception) -> None:
        problem = f"The queue is stuck and tries again: {error or type(error).__name__}"
        if problem != self._problem:
            _log.error(problem, exc_info=error)
        self._problem = problem

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                pause = 1.0
                try:
                    if self._take_lead():
                        self._step()
                        self._problem = ""
                        busy = self._watches or self._queue
                        pause = self._poll_seconds if busy else IDLE_SECONDS
                    self._wake.wait(pause)
                except Exception as error:  # a full disk, say: the queue must outlive it
                    self._note_problem(error)
                    self._stopping.wait(pause)
                self._wake.clear()
        finally:
            self._leave()

    def _take_lead(self) -> bool:
        if self._lead_lock is not None:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC  # a worker must not inherit the lock
        descriptor = os.open(self.store.root / ".runner.lock", flags, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._lead_lock = descriptor
        self._list_at = 0.0
        self.store.clean()
        return True

    def _leave(self) -> None:
        if self._spare is not None:
            self._end_spare()
        for watch in self._watches.values():
            if watch.worker is not None:
                watch.worker.close()
        self._watches.clear()
        self._queue.clear()
        if self._lead_lock is not None:
            os.close(self._lead_lock)
            self._lead_lock = None

    def _step(self) -> None:
        self._watch_workers()
        self._look_for_runs()
        self._dispatch()
        self._keep_spare()

    def _look_for_runs(self) -> None:
        """List the store if something came or went; adopt runs that this runner did not start."""
        now, root_time = time.monotonic(), os.stat(self.store.root).st_mtime_ns
        if root_time != self._root_time:
            # Two changes in one tick of the file system's clock leave the same time: once more.
            self._root_time, self._list_at = root_time, now + 0.05
        elif self._list_at is not None and now >= self._list_at:
            self._list_at = None  # before the look: what is submitted during it sets it anew
        else:
            return
        summaries = self.store.list()
        self._queue = [summary for summary in summaries if summary.state == "queued"]
        for summary in summaries:
            if summary.state in ("starting", "running") and summary.id not in self._watches:
                self._adopt(summary)

    def _adopt(self, summary: RunSummary) -> None:
        run = self.store.open(summary.id)
        status = run.status()  # the list may be older than its end
        if status.state not in ("starting", "running"):
            return
        if not is_alive(status.pid, status.pid_started):
            self._finish_dead(
                run,
                "interrupted",
                "The worker process ended while no app was watching. "
                "Resume the run to go on from its last checkpoint.",
            )
            return
        slot = status.extra.get("slot")
        self._watches[run.id] = _Watch(
            run, status.owner, status.pid, status.pid_started, slot, None, _oom_kills()
        )

    def _watch_workers(self) -> None:
        trouble: OSError | None = None
        for run_id, watch in list(self._watches.items()):
            if self._is_gone(watch):
                try:
                    self._record_end(watch)
                except OSError as error:  # a full disk, say: watch the others all the same
                    trouble = error
                    continue
                if watch.worker is not None:
                    watch.worker.close()
                del self._watches[run_id]
            else:
                self._stop_if_asked(watch)
        if trouble is not None:
            raise trouble

    def _is_gone(self, watch: _Watch) -> bool:
        if watch.worker is not None:
            watch.exit_code = watch.worker.poll()
            return watch.exit_code is not None
        if watch.exit_code is None:
            try:  # a child of this process whose runner was dropped: learn its end, leave no zombie
                pid, wait_status = os.waitpid(watch.pid, os.WNOHANG)
                if pid == watch.pid:
                    watch.exit_code = os.waitstatus_to_exitcode(wait_status)
            except ChildProcessError:
                pass
        return watch.exit_code is not None or not is_alive(watch.pid, watch.identity)

    def _stop_if_asked(self, watch: _Watch) -> None:
        """Give a worker that should stop its time, then SIGTERM, then SIGKILL."""
        now = time.monotonic()
        self._end_if_hung(watch, now)
        if watch.stop_since is None:
            removed = not watch.run.folder.is_dir()  # it would only write into the void
            if removed or watch.run.cancel_requested():
                watch.stop_since = now
            return
        waited = now - watch.stop_since
        if watch.signals_sent == 0 and waited >= self._cancel_seconds:
            send_signal(watch.pid, watch.identity, signal.SIGTERM)
            watch.signals_sent = 1
        elif watch.signals_sent == 1 and waited >= self._cancel_seconds + self._kill_seconds:
            send_signal(watch.pid, watch.identity, signal.SIGKILL)
            watch.signals_sent = 2

    def _end_if_hung(self, watch: _Watch, now: float) -> None:
        """End a worker whose files no longer change, by this process's clock, not the wall's."""
        if now - watch.last_trace < min(1.0, self._hang_seconds / 4) and watch.traces:
            return
        folder = watch.run.folder
        traces = tuple(_time_of(folder / name) for name in (".", "history.csv", "log.txt"))
        if traces != watch.traces:
            watch.traces, watch.last_trace = traces, now
        elif now - watch.last_trace > self._hang_seconds and not watch.end_reason:
            watch.end_reason = (
                f"The worker showed no sign of life for {self._hang_seconds:g} seconds and was "
                "ended. Resume the run to go on from its last checkpoint."
            )
            send_signal(watch.pid, watch.identity, signal.SIGKILL)  # a stopped one heeds no other

    def _record_end(self, watch: _Watch) -> None:
        """Give the run of a worker that is gone its state, unless the worker did."""
        try:
            status = watch.run.status()
        except (RunNotFound, RunUnreadable):
            return  # nothing left to write to
        if status.state in ("starting", "running"):
            state, reason = self._judge(watch)
        elif watch.run.cancel_requested() and not status.is_final and status.state != "queued":
            state, reason = "cancelled", "Cancelled."  # SIGTERM made it leave as interrupted
        else:
            return
        self._finish_dead(watch.run, state, reason)

    def _judge(self, watch: _Watch) -> tuple[str, str]:
        """The state and reason of a run whose worker went without a word."""
        code = watch.exit_code
        if watch.run.cancel_requested() or code == CANCELLED_EXIT:
            forced = "; the worker did not answer and was ended" if watch.signals_sent else ""
            return "cancelled", f"Cancelled{forced}."
        if watch.end_reason:
            return "interrupted", watch.end_reason
        resume = "Resume the run to go on from its last checkpoint."
        if code is None:
            return "interrupted", f"The worker process is gone. {resume}"
        if code == -signal.SIGKILL:
            if _oom_kills() > watch.oom_kills:
                return "interrupted", (
                    "The process was killed for lack of memory (out of memory). Make the batch "
                    "or the model smaller, or free memory, before you resume the run."
                )
            return "interrupted", (
                f"The process was killed, probably for lack of memory or by hand. {resume}"
            )
        if code < 0:
            name = _signal_name(-code)
            if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                return "interrupted", f"The process was asked to end ({name}). {resume}"
            return "failed", f"The process crashed ({name}). Its last lines are in log.txt."
        said = _last_line(watch.run.log_tail())
        if not said and watch.worker is not None:
            said = watch.worker.last_error()
        if code == 0:
            return "failed", "The worker ended without a result. " + said
        return "failed", said or f"The worker failed with exit code {code} and left no message."

    def _finish_dead(self, run: Run, state: str, reason: str) -> None:
        # Refused: somebody was faster, or there is nothing left to write to.
        with suppress(TransitionRefused, RunNotFound, RunUnreadable):
            run.transition(state, reason[:2000].strip())

    def _free_slots(self) -> list[int]:
        taken = {watch.slot for watch in self._watches.values()}
        free = [slot for slot in range(self.slots) if slot not in taken]
        return free[: max(0, self.slots - len(self._watches))]

    def _dispatch(self) -> None:
        while self._queue and (free := self._free_slots()):
            summary = next_in_turn(
                self._queue, Counter(watch.owner for watch in self._watches.values()), self._served
            )
            try:
                run = self.store.open(summary.id)
                if run.status().state != "queued":  # cancelled since it was listed
                    self._queue.remove(summary)
                    continue
            except (RunNotFound, RunUnreadable):
                self._queue.remove(summary)
                continue
            worker = self._worker_for(free)
            try:
                run.transition(
                    "starting", pid=worker.pid, pid_started=worker.identity, slot=worker.slot
                )
            except (RunNotFound, RunUnreadable, TransitionRefused):  # cancelled just now
                self._queue.remove(summary)
                self._put_back(worker)
                continue
            except BaseException:
                self._put_back(worker)
                raise
            self._queue.remove(summary)
            try:
                worker.hand_over(run.folder)
            except OSError:
                self._hand_over_failed(run, summary, worker)
                continue
            self._served[summary.owner] = max(self._served.values(), default=0) + 1
            self._watches[run.id] = _Watch(
                run,
                summary.owner,
                worker.pid,
                worker.identity,
                worker.slot,
                worker,
                _oom_kills(),
                last_trace=time.monotonic(),
            )
            self._spare_due = time.monotonic() + self._spare_delay_seconds

    def _hand_over_failed(self, run: Run, summary: RunSummary, worker: _Worker) -> None:
        """The worker died before it had its run: once more with another one, then give up."""
        worker.process.kill()
        worker.process.wait()
        said = worker.last_error()
        worker.close()
        self._hand_over_failures[run.id] += 1
        if self._hand_over_failures[run.id] < 2:
            run.transition("queued")
            self._list_at = 0.0
        else:
            self._finish_dead(run, "failed", said or "The worker process could not be started.")

    def _worker_for(self, free: list[int]) -> _Worker:
        """The spare, if it waits for one of these slots and its program is still the same."""
        spare = self._spare
        if spare is not None and spare.poll() is None and spare.slot in free:
            if _source_time() == spare.source_time:
                self._spare = None
                return spare
            self._end_spare()
        return self._new_worker(free[0])

    def _new_worker(self, slot: int) -> _Worker:
        environment = dict(os.environ)
        if self._gpus:
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as the driver's library counts
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[slot % len(self._gpus)]
        return _Worker(self._command, environment, slot)

    def _put_back(self, worker: _Worker) -> None:
        if self._spare is None and self._wants_spare:
            self._spare = worker
        else:
            _end_idle(worker)

    def _keep_spare(self) -> None:
        """One spare, but not while a run begins: its imports would compete for the cores."""
        if not self._wants_spare:
            return
        now = time.monotonic()
        if self._spare is not None:
            if self._spare.poll() is None:
                if self._spare.is_ready:
                    self._spare_deaths = 0
                return
            _log.warning("The spare worker ended: %s", self._spare.last_error() or "no message")
            self._spare.close()
            self._spare = None
            self._spare_deaths += 1  # a broken installation must not start one a second
            delay = self._spare_delay_seconds * 2**self._spare_deaths
            self._spare_due = now + min(LONGEST_SPARE_DELAY_SECONDS, delay)
        if now < self._spare_due:
            return
        free = self._free_slots()
        longest_busy = next((watch.slot or 0 for watch in self._watches.values()), 0)
        self._spare = self._new_worker(free[0] if free else longest_busy % self.slots)

    def _end_spare(self) -> None:
        spare, self._spare = self._spare, None
        _end_idle(spare)


def next_in_turn(
    queue: Iterable[RunSummary], active: Mapping[str | None, int], served: Mapping[str | None, int]
) -> RunSummary:
    """The run to start next: fewest active of its owner, then longest unserved, then order."""
    return min(
        queue,
        key=lambda run: (active.get(run.owner, 0), served.get(run.owner, 0), run.sequence, run.id),
    )


def _end_idle(worker: _Worker) -> None:
    """End a worker that has no run: by the end of its input, by force if it is deep in imports."""
    worker.close()
    try:
        worker.process.wait(0.5)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:1000] if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _time_of(path: Path) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _source_time() -> int:
    """When the program that a worker runs was last edited, in nanoseconds since 1970."""
    return max(_time_of(path) for path in (PROJECT_ROOT / "core").rglob("*.py"))


def _oom_kills() -> int:
    """How often this machine has killed a process for lack of memory since it started."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
