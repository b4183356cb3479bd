"""The end of a run: what it was, and writing that of one whose process is gone into its folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core import disk
from core.processes import last_line, modified_time, process_identity
from core.run_folder import Run
from core.run_status import RunNotFound, RunUnreadable, Status, TransitionRefused, may_pass

RESUME_HINT = "It can be resumed: it goes on from its last checkpoint."
OUT_OF_MEMORY = (
    "The process was killed for lack of memory (out of memory). Make the batch or the model "
    "smaller, or free memory, before you resume the run."
)
PAUSED_WORD = "Paused: "  # begins the last line of a worker that could not write its state
EXIT_CODES = {"finished": 0, "failed": 1, "cancelled": 3, "interrupted": 4, "paused": 5}
MEMORY = {"cause": "memory"}  # of the status of a run that is not to be resumed without asking
_MEMORY_WORDS = "did not suffice"  # of a worker of an earlier version, which told no cause


@dataclass(frozen=True)
class End:
    """What becomes of a run that trains no more; `changes` go into its status.

    process: id and identity of the one that has ended. A run that another has taken up since is
    none of this end's; None: whoever had it.
    """

    state: str
    reason: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    process: tuple[int | None, str] | None = None


class Endings:
    """Ends that are not yet in the folders of their runs. Belongs to the scheduling thread.

    A disk may be full for hours: each is tried again, and none holds up the others.
    """

    def __init__(self):
        self._waiting: dict[str, tuple[Run, End]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._waiting

    def add(self, run: Run, end: End) -> None:
        self._waiting[run.id] = (run, end)

    def reason(self, run_id: str) -> str:
        """Why a run has ended that does not say so itself, or an empty text. For any thread."""
        known = self._waiting.get(run_id)
        return known[1].reason if known else ""

    def record(self) -> str:
        """Write down what can be written; returns what stands in the way of the others."""
        problem = ""
        for run_id, (run, end) in list(self._waiting.items()):
            try:
                finish_dead(run, end)
            except OSError as error:
                problem = (
                    f"A run has ended, but this cannot be written into its folder "
                    f"{run_id[:8]}…: {disk.fault_text(error)}. It is tried again all the time."
                )
            else:
                del self._waiting[run_id]
        return problem

    def clear(self) -> None:
        self._waiting.clear()


def finish_dead(run: Run, end: End) -> None:
    """Record the end of a run whose process is gone, unless somebody was faster. Raises OSError.

    What the worker has recorded beside its results, before it could write the state, comes first.
    """
    state, reason = end.state, end.reason
    try:
        if run.status().state in ("starting", "running"):
            state, reason = run.outcome() or (state, reason)
        run.transition(state, reason[:2000].strip(), of_process=end.process, **end.changes)
    except (TransitionRefused, RunNotFound):
        pass  # somebody was faster, or there is nothing left to write to
    except RunUnreadable as error:
        if may_pass(error):
            raise error.__cause__ from None


def found_dead(run: Run, status: Status) -> End:
    """The end of a run whose worker went while no app was watching."""
    if says_pause(run):
        end = End("paused", last_line(run.log_tail()))
    else:
        text = f"The worker process ended while no app was watching. {RESUME_HINT}"
        end = lost(run, oom_kills_before(status), text)
    return replace(end, process=(status.pid, status.pid_started))


def lost(run: Run, oom_kills_then: int, text: str) -> End:
    """Interrupted, for lack of memory if the machine has killed for that meanwhile."""
    if oom_kills() > oom_kills_then:
        return End("interrupted", OUT_OF_MEMORY, MEMORY)
    return End("interrupted", text)


def ended_for_memory(status: Status) -> bool:
    """Whether the run ended for lack of memory, which it would do again."""
    return status.extra.get("cause") == MEMORY["cause"] or _MEMORY_WORDS in status.reason


def says_pause(run: Run) -> bool:
    """Whether a worker that could no longer write its state has said so; not one before it."""
    begun = modified_time(run.folder / "status.json")
    is_recent = modified_time(run.folder / "log.txt") >= begun
    return is_recent and last_line(run.log_tail()).startswith(PAUSED_WORD)


def memory_mark() -> dict[str, Any]:
    """For the status of a run that starts: how often this machine had killed by then."""
    return {"oom_kills": [process_identity(os.getpid()).partition(":")[0], oom_kills()]}


def oom_kills_before(status: Status) -> int:
    """The count of `memory_mark`; of now if there is none or the machine has started since."""
    mark = status.extra.get("oom_kills")
    if isinstance(mark, list) and len(mark) == 2 and isinstance(mark[1], int):
        boot, count = mark
        if boot == process_identity(os.getpid()).partition(":")[0]:
            return count
    return oom_kills()


def oom_kills() -> int:
    """How often this machine has killed a process for lack of memory since it started."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0
