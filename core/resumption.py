"""Interrupted runs at the start of the app: offered to the visitor, or resumed without asking."""

from collections.abc import Mapping
from contextlib import suppress

from core.run_end import ended_for_memory
from core.run_folder import Run
from core.run_status import REST_STATES, RunNotFound, RunUnreadable, Status, TransitionRefused
from core.runs import RunStore

VARIABLE = "LAB_RESUME"
CHOICES = ("ask", "auto")
MOST_RESUMES = 3  # of a run without anybody's asking; a run that kills its machine must end


def resumes_unasked(environment: Mapping[str, str]) -> bool:
    """What LAB_RESUME says. Raises ValueError for a value that is no choice."""
    value = environment.get(VARIABLE, "").strip().lower() or "ask"
    if value not in CHOICES:
        raise ValueError(
            f"{VARIABLE} must be {' or '.join(map(repr, CHOICES))}. "
            f"Received: {environment[VARIABLE]!r}"
        )
    return value == "auto"


def resume(run: Run) -> None:
    """Put a paused or interrupted run back in the queue, as somebody asks.

    Raises TransitionRefused, also for a run that another has resumed just now; OSError.
    """
    run.transition("queued", after=REST_STATES, auto_resumes=0, cause="")


def resume_interrupted(store: RunStore) -> int:
    """Put the interrupted runs back in the queue, in their order; returns how many.

    Raises OSError; those that were put back before it stay so.
    """
    count = 0
    for summary in store.list():
        if may_be_resumed_unasked(summary):
            with suppress(RunNotFound, RunUnreadable, TransitionRefused):
                run = store.open(summary.id)
                run.transition("queued", after={"interrupted"}, auto_resumes=_resumes(summary) + 1)
                count += 1
    return count


def may_be_resumed_unasked(status: Status) -> bool:
    """Not one that ran out of memory: it would do so again."""
    if status.state != "interrupted" or ended_for_memory(status):
        return False
    return _resumes(status) < MOST_RESUMES


def _resumes(status: Status) -> int:
    count = status.extra.get("auto_resumes", 0)
    return count if isinstance(count, int) else MOST_RESUMES
