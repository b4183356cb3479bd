"""The queue on this machine: one process at a run, a warm spare, cancel, pause, re-attach at start.

The runner keeps nothing that the run folders do not say: a runner that starts again finds the
workers of the one before, and whose turn it is. Of several runners on one runs
folder one schedules, the one that holds the lock; the others hand in and cancel, and one of them
takes over when it is gone.
"""

import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core import disk, durable
from core.backends import of_run
from core.meters import visible_gpus
from core.processes import WorkerProcess, is_alive
from core.resumption import resume, resume_interrupted
from core.run_end import End, Endings, finish_dead, found_dead, memory_mark
from core.run_queue import FolderRefused, RunQueue
from core.run_watch import Patience, RunWatch
from core.runs import (
    Run,
    RunNotFound,
    RunStore,
    RunSummary,
    RunUnreadable,
    Status,
    TransitionRefused,
)
from core.worker_pool import WorkerPool

# -u: what a full disk did not take of its log must not be tried again as the process exits, which
# then loses its exit code.
WORKER_COMMAND = (sys.executable, "-u", "-m", "core", "worker")
IDLE_SECONDS = 0.5  # between two looks at the runs folder when nothing is going on
SETTLED_SECONDS = 0.4  # for which nobody has changed the setup that the spare prepares for

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

    def expect(self, config: Mapping[str, Any]) -> None:
        """The next run may be of this configuration: what can be done before it, may be."""

    def states(self) -> dict[str, str]:
        """Every run's id and state, in the order of creation."""


def detect_slots() -> int:
    """How many runs this machine trains at a time: one a graphics processor, or one."""
    return max(1, len(visible_gpus()))


class LocalRunner:
    """Trains the queued runs of a store on this machine, `slots` at a time.

    Between owners it is fair: whoever has the fewest runs in training comes next, then whoever
    was served longest ago; within an owner the order of creation holds. The times are in
    seconds; `hang_seconds` without a changed file end a worker, `stall_seconds` one that uses no
    processor time either. `resumes` says whether interrupted runs that it finds when it begins
    are put back in the queue.
    """

    def __init__(
        self,
        store: RunStore,
        *,
        slots: int = 1,
        spare: bool = True,
        command: Sequence[str] | None = None,
        poll_seconds: float = 0.2,
        spare_delay_seconds: float = 3.0,
        cancel_seconds: float = 10.0,
        kill_seconds: float = 5.0,
        stall_seconds: float = 300.0,
        hang_seconds: float = 1800.0,
        resumes: bool = False,
    ):
        if slots < 1:
            raise ValueError(f"slots must be at least 1. Received: {slots}")
        self.store = store
        self.slots = slots
        self._poll_seconds = poll_seconds
        self._patience = Patience(
            cancel_seconds, kill_seconds, min(stall_seconds, hang_seconds), hang_seconds
        )
        self._resumes = resumes
        self._pool = WorkerPool(
            tuple(command or WORKER_COMMAND),
            gpus=visible_gpus(),
            wants_spare=spare,
            spare_delay_seconds=spare_delay_seconds,
        )
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lead_lock: int | None = None
        # What follows belongs to the scheduling thread alone.
        self._queue = RunQueue(store)
        self._watches: dict[str, RunWatch] = {}
        self._endings = Endings()
        self._is_resuming = self._resumes
        self._tried_again: set[str] = set()  # runs whose worker had died before it had them
        self._problem = ""
        self._expected: tuple[Mapping[str, Any], float] | None = None  # and since when

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
        resume(self.store.open(run_id))
        self._look_soon()

    def expect(self, config: Mapping[str, Any]) -> None:
        if self._expected is None or self._expected[0] != config:
            self._expected = (config, time.monotonic())

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

    def unrecorded_end(self, run_id: str) -> str:
        """Why a run has ended whose folder cannot be written at the moment, or an empty text."""
        return self._endings.reason(run_id)

    @property
    def spare_is_ready(self) -> bool:
        """Whether the next run starts without waiting for the imports."""
        spare = self._pool.spare
        return spare is not None and spare.is_ready

    def _look_soon(self) -> None:
        self._queue.look_soon()
        self._wake.set()

    def _stop_run(self, run: Run, state: str, reason: str) -> None:
        """To `state` at once if no worker has the run, by a wish to its worker otherwise."""
        while True:
            status = run.status()
            if status.is_final or status.state == state:
                return
            if status.state in ("starting", "running"):
                run.request_pause() if state == "paused" else run.request_cancel()
                if not is_alive(status.pid, status.pid_started):  # nobody would heed it
                    process = status.pid, status.pid_started
                    finish_dead(run, End(state, reason, process=process))
                elif run.status().state not in ("starting", "running"):
                    continue  # perhaps too late for its worker, which may have gone on
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
        text = disk.fault_text(error) if isinstance(error, OSError) else str(error)
        problem = f"The queue is stuck and tries again: {text or type(error).__name__}."
        if problem != self._problem:
            _log.error(problem, exc_info=error)
        self._problem = problem

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                pause = 10 * self._poll_seconds
                try:
                    if self._take_lead():
                        self._problem = self._step()
                        if not self._problem:
                            pause = self._pause()
                    self._wake.wait(pause)
                except Exception as error:  # a full disk, say: the queue must outlive it
                    self._note_problem(error)
                    self._stopping.wait(pause)
                self._wake.clear()
        finally:
            self._leave()

    def _pause(self) -> float:
        """Until the next look, which takes from those who train: seldom while nobody waits."""
        if self._queue:
            return self._poll_seconds
        return 2 * self._poll_seconds if self._watches else IDLE_SECONDS

    def _take_lead(self) -> bool:
        if self._lead_lock is not None:
            return True
        self._lead_lock = durable.try_lock(self.store.root / ".runner.lock")
        if self._lead_lock is None:
            return False
        self._queue.look_soon()
        self._is_resuming = self._resumes
        self.store.clean()
        return True

    def _leave(self) -> None:
        self._pool.end_spare()
        for watch in self._watches.values():
            watch.close()
        self._watches.clear()
        self._endings.clear()  # the next runner finds them anew
        self._queue.clear()
        if self._lead_lock is not None:
            os.close(self._lead_lock)
            self._lead_lock = None

    def _step(self) -> str:
        """One look at everything; returns why the queue waits, or an empty text."""
        self._watch_workers()
        self._look_for_runs()
        problem = self._endings.record()
        self._resume_interrupted()
        if full := disk.room_problem(self.store.root):
            return f"{problem} {full}".strip()
        problem = self._dispatch() or problem
        # A spare would only take cores from those who train, where these go on with the queue.
        if self._free_slots() or (self._queue and not self._pool.last_went_on):
            self._pool.keep_spare(self._next_slot())
        self._prepare_spare()
        return problem

    def _prepare_spare(self) -> None:
        """Let the spare prepare for the setup in hand, unless it would take cores from a run."""
        if self._expected is None or self._queue or self._watches:
            return
        config, since = self._expected
        if time.monotonic() - since >= SETTLED_SECONDS:
            order = {"config": config, "data_folder": str(self.store.root / "data")}
            self._pool.prepare_spare(order, config["training"]["backend"])

    def _look_for_runs(self) -> None:
        """Fill the queue if something came or went; adopt runs that this runner did not start."""
        for summary in self._queue.look():
            known = summary.id in self._watches or summary.id in self._endings
            if summary.state in ("starting", "running") and not known:
                self._adopt(summary)

    def _resume_interrupted(self) -> None:
        """Once for the runs that an app before this one has left, when their ends are recorded."""
        if self._is_resuming:
            resume_interrupted(self.store)  # raises OSError: tried again at the next step
            self._is_resuming = bool(self._endings)
            self._look_for_runs()

    def _adopt(self, summary: RunSummary) -> None:
        try:
            run = self.store.open(summary.id)
            status = run.status()  # the list may be older than its end
        except RunNotFound:
            return
        except RunUnreadable:  # perhaps for the moment
            self._queue.look_soon()
            return
        if status.state not in ("starting", "running"):
            return
        if is_alive(status.pid, status.pid_started):
            self._watches[run.id] = RunWatch(run, status, None, self._patience)
        else:
            self._endings.add(run, found_dead(run, status))

    def _watch_workers(self) -> None:
        for run_id, watch in list(self._watches.items()):
            if not watch.is_over():
                watch.stop_if_asked()
                continue
            end = watch.end()
            if end is None:
                self._queue.look_soon()  # another process may have taken it up
            elif worker := watch.died_before():
                self._try_again(watch.run, worker, end)
            else:
                self._endings.add(watch.run, end)
                self._is_resuming |= self._resumes and watch.is_adopted
            self._pool.run_is_over(watch.release(in_order=end is None))
            del self._watches[run_id]

    def _free_slots(self) -> list[int]:
        taken = {watch.slot for watch in self._watches.values()}
        free = [slot for slot in range(self.slots) if slot not in taken]
        return free[: max(0, self.slots - len(self._watches))]

    def _next_slot(self) -> int:
        """The slot that is free, or the one that has been busy for the longest."""
        longest_busy = next((watch.slot or 0 for watch in self._watches.values()), 0)
        return next(iter(self._free_slots()), longest_busy % self.slots)

    def _dispatch(self) -> str:
        """Start queued runs while there are slots; returns why one could not be started."""
        problem = ""
        while self._queue and (free := self._free_slots()):
            active = Counter(watch.owner for watch in self._watches.values())
            summary = self._queue.first(active)
            try:
                run = self.store.open(summary.id)
                is_queued = run.status().state == "queued"  # not cancelled since it was listed
                if is_queued and run.id not in self._watches:  # whose end brings another look
                    self._start(run, free)
            except (RunNotFound, TransitionRefused):
                pass  # removed or cancelled just now: the next one
            except RunUnreadable:  # perhaps for the moment
                self._queue.look_soon()
            except FolderRefused as error:  # one folder may not hold up the queue
                problem = str(error)
                self._queue.look_soon()
            self._queue.remove(summary)
        return problem

    def _start(self, run: Run, free: list[int]) -> None:
        worker = self._pool.take(free, of_run(run.folder))
        try:
            status = self._claim(run, worker)
        except BaseException:  # cancelled, or a full disk: the worker is as good as before
            self._pool.keep_or_end(worker)
            raise
        try:
            worker.hand_over(run.folder)
        except OSError:
            worker.kill()
            said = worker.last_error() or "The worker process could not be started."
            worker.close()
            self._try_again(run, worker, End("failed", said))
            return
        self._queue.note_served(status.owner)
        self._watches[run.id] = RunWatch(run, status, worker, self._patience)
        self._pool.postpone_spare()

    def _claim(self, run: Run, worker: WorkerProcess) -> Status:
        process = {"pid": worker.pid, "pid_started": worker.identity, "slot": worker.slot}
        process["turn"] = self._queue.next_turn()
        try:
            return run.transition("starting", **process, **memory_mark())
        except OSError as error:
            status = run.status()
            if (status.state, status.pid) == ("starting", worker.pid):
                return status  # it is written, and only not forced to the disk
            raise FolderRefused(run.id, error) from error

    def _try_again(self, run: Run, worker: WorkerProcess, end: End) -> None:
        """The worker died before it had its run: once more with another one, then this end."""
        self._pool.note_death(worker)
        self._queue.look_soon()  # also for the case that the disk is full just now
        if run.cancel_requested():  # meanwhile: to wait again would forget it
            self._endings.add(run, End("cancelled", "Cancelled."))
        elif run.pause_requested():
            self._endings.add(run, End("paused", "Paused."))
        elif run.id in self._tried_again:
            self._endings.add(run, end)
        else:
            run.transition("queued")
            self._tried_again.add(run.id)
