"""Starts the processes that train, one of them ahead of need: Keras takes seconds to import.

On the CPU a worker whose run has ended in good order is the next spare.
"""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.backends import preferred
from core.processes import WorkerProcess

LONGEST_SPARE_DELAY_SECONDS = 300.0
MOST_ORDERS = 30  # that a worker prepares or trains: each new model costs TensorFlow up to 25 MB

_log = logging.getLogger(__name__)


class WorkerPool:
    """Gives out worker processes and keeps the spare. Belongs to the scheduling thread.

    `gpus` are the indices of the graphics processors; a worker sees the one of its slot.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        gpus: Sequence[str],
        wants_spare: bool,
        spare_delay_seconds: float,
    ):
        self.spare: WorkerProcess | None = None
        self.last_went_on = not gpus  # whether the last worker did after its run
        self._backend = preferred()  # of Keras in the spare: that of the run before
        self._command = command
        self._gpus = gpus
        self._wants_spare = wants_spare
        self._spare_delay_seconds = spare_delay_seconds
        self._spare_deaths = 0
        self._fatal: Mapping[str, Any] | None = None  # what the last spare that died had to prepare
        self.postpone_spare()  # at the start too: the first page comes first

    def take(self, free: Sequence[int], backend: str) -> WorkerProcess:
        """The spare, if it waits for one of these slots with this back end and its program is
        still the same."""
        self._backend = backend
        self._bury_dead_spare()
        if (spare := self.spare) is not None and spare.slot in free:
            if spare.is_current and spare.backend == backend:
                self.spare = None
                return spare
            self.end_spare()
        return self._start(free[0])

    def run_is_over(self, worker: WorkerProcess | None) -> None:
        """Of a run's worker, or None if that has ended with it.

        One that goes on has imported already what a new one would have to, and keeps the steps
        that it has traced.
        """
        self.last_went_on = worker is not None
        if worker is not None:
            self.keep_or_end(worker)

    def keep_or_end(self, worker: WorkerProcess) -> None:
        """A worker without a run becomes the spare, or ends."""
        self._bury_dead_spare()
        is_better = self.spare is None or (worker.is_ready and not self.spare.is_ready)
        if self._wants_spare and is_better and worker.orders < MOST_ORDERS:
            self.end_spare()
            self.spare = worker
        else:
            worker.end_idle()

    def keep_spare(self, slot: int) -> None:
        """See that there is a spare, by and by; `slot` is the one that a new one waits for."""
        if not self._wants_spare:
            return
        self._bury_dead_spare()
        if self.spare is None:
            if time.monotonic() >= self._spare_due:
                self.spare = self._start(slot)
        elif self.spare.is_ready:
            self._spare_deaths = 0

    def _bury_dead_spare(self) -> None:
        if self.spare is None or self.spare.poll() is None:
            return
        _log.warning("The spare worker ended: %s", self.spare.last_error() or "no message")
        self.note_death(self.spare)
        self.spare.close()
        self.spare = None
        self._spare_deaths += 1  # a broken installation must not start one a second
        delay = self._spare_delay_seconds * 2**self._spare_deaths
        self._spare_due = time.monotonic() + min(LONGEST_SPARE_DELAY_SECONDS, delay)

    def note_death(self, worker: WorkerProcess) -> None:
        """A worker died without a run: what it prepared is not asked of the next."""
        self._fatal = worker.order or self._fatal

    def prepare_spare(self, order: Mapping[str, Any], backend: str) -> None:
        """Let the spare prepare a run, once, if it is there and does nothing."""
        spare = self.spare
        if spare is None or order in (spare.order, self._fatal) or spare.backend != backend:
            return
        if spare.poll() is not None or not spare.is_waiting or not spare.is_current:
            return
        if spare.orders < MOST_ORDERS:
            spare.prepare(order)
        else:
            self.end_spare()  # and a new one comes, which is asked again

    def postpone_spare(self) -> None:
        """No new spare for a while, as when a run begins: its imports compete for the cores."""
        self._spare_due = time.monotonic() + self._spare_delay_seconds

    def end_spare(self) -> None:
        spare, self.spare = self.spare, None
        if spare is not None:
            spare.end_idle()

    def _start(self, slot: int) -> WorkerProcess:
        environment = dict(os.environ) | {"KERAS_BACKEND": self._backend}
        if self._gpus:
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as the driver's library counts
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[slot % len(self._gpus)]
        return WorkerProcess(self._command, environment, slot)
