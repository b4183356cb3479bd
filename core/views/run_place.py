"""Where a run that came to rest goes on, in words."""

from pathlib import Path

from core import checkpoints
from core.run_end import RESUME_HINT


def goes_on(folder: Path, epochs: int | None, said: str = "") -> str:
    """Where a paused or interrupted run goes on.

    epochs: how many it has in all, if known; said: the sentence before, which may name the place.
    """
    found = checkpoints.describe(folder)
    if found is None:
        return "It has no checkpoint yet, so that it begins with its first epoch."
    done, batch = found
    if epochs is not None and done >= epochs:
        return "All its epochs are done: it goes on with measuring what they have reached."
    place = f"in epoch {done + 1}, after {batch} batch" if batch else f"after epoch {done}."
    if place in said:
        return "It goes on from there."
    if batch:
        return f"It goes on within epoch {done + 1:,}, after {batch:,} of its batches."
    return f"It goes on with epoch {done + 1:,}."


def told_reason(reason: str) -> str:
    """A run's reason without the general hint, where `goes_on` says it more precisely."""
    return reason.replace(RESUME_HINT, "").strip()


def says_where(reason: str) -> bool:
    """Whether the worker itself has said where the run goes on."""
    return any(words in reason for words in ("goes on", "go on from", "begin anew"))
