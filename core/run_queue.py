"""The queued runs of a store: found when something changed, and taken fairly between owners."""

import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence

from core import disk
from core.runs import RunStore, RunSummary

UNREAD_SECONDS = 5.0  # until a run is looked at again whose status could not be read


class FolderRefused(Exception):
    """A run that cannot be started at the moment, since its folder cannot be written."""

    def __init__(self, run_id: str, error: OSError):
        text = disk.fault_text(error)
        super().__init__(f"A run waits, since its folder {run_id[:8]}… cannot be written: {text}.")


class RunQueue:
    """What waits to be trained. Belongs to the scheduling thread, but for `look_soon`."""

    def __init__(self, store: RunStore):
        self._store = store
        self._waiting: list[RunSummary] = []
        self._served: dict[str | None, int] = {}  # owner: when last served, in runs
        self._root_time: int | None = None
        self._list_at: float | None = 0.0  # monotonic; None: only when the runs folder changes

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def look_soon(self) -> None:
        """List the store at the next look, whatever the time of its folder says."""
        self._list_at = 0.0

    def look(self) -> Sequence[RunSummary]:
        """All runs of the store if something may have come or gone since the last look, or []."""
        now, root_time = time.monotonic(), os.stat(self._store.root).st_mtime_ns
        if root_time != self._root_time:
            # Two changes in one tick of the file system's clock leave the same time: once more.
            self._root_time, self._list_at = root_time, now + 0.05
        elif self._list_at is not None and now >= self._list_at:
            self._list_at = None  # before the look: what is submitted during it sets it anew
        else:
            return []
        summaries = self._store.list()  # exact: nobody would ask again
        if self._store.has_unread:
            self._list_at = min(self._list_at or math.inf, now + UNREAD_SECONDS)
        for summary in summaries:  # turns taken before this runner began count as well
            turn = summary.extra.get("turn")
            if isinstance(turn, int):
                self._served[summary.owner] = max(turn, self._served.get(summary.owner, 0))
        self._waiting = [summary for summary in summaries if summary.state == "queued"]
        return summaries

    def first(self, active: Mapping[str | None, int]) -> RunSummary:
        """The run whose turn it is; `active` counts the runs of each owner that are training."""
        return next_in_turn(self._waiting, active, self._served)

    def remove(self, summary: RunSummary) -> None:
        self._waiting.remove(summary)

    def next_turn(self) -> int:
        """The number of the next turn; kept in the status of the run that takes it."""
        return max(self._served.values(), default=0) + 1

    def note_served(self, owner: str | None) -> None:
        self._served[owner] = self.next_turn()

    def clear(self) -> None:
        self._waiting.clear()


def next_in_turn(
    queue: Iterable[RunSummary], active: Mapping[str | None, int], served: Mapping[str | None, int]
) -> RunSummary:
    """The run to start next: fewest active of its owner, then longest unserved, then order."""
    return min(
        queue,
        key=lambda run: (active.get(run.owner, 0), served.get(run.owner, 0), run.sequence, run.id),
    )
