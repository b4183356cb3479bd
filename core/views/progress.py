"""How far a run in work has come, as shares and in words."""

from collections.abc import Mapping

from core import session
from core.number_text import number_text
from core.results import duration_text
from core.runs import Status

TRAINING_SHARE = 0.85  # of an epoch's time; the rest is validation


def has_begun(progress: Mapping) -> bool:
    """Whether the first step is done."""
    return "epoch" in progress


def fractions(progress: Mapping, epochs: int) -> tuple[float, float]:
    """How much of all epochs, and of the present pass over the windows, is done."""
    phase = progress.get("phase")
    if phase == "reconstructing":
        return 1.0, progress.get("share", 1.0)
    batches = progress.get("batches") or 0
    within = min(1.0, progress.get("batch", 0) / batches) if batches else 0.0
    epoch_share = (
        TRAINING_SHARE + (1 - TRAINING_SHARE) * within
        if phase == "validating"
        else TRAINING_SHARE * within
    )
    done = (max(1, progress.get("epoch", 1)) - 1 + epoch_share) / max(1, epochs)
    return min(1.0, done), within


def epoch_text(status: Status, progress: Mapping, epochs: int) -> str:
    if status.state == "queued":
        return "Waiting for its turn"
    if not has_begun(progress):
        return "Getting ready"
    left = progress.get("eta_seconds")
    text = f"Epoch {progress['epoch']:,} of {progress.get('epochs', epochs):,}"
    return text + (f" · {duration_text(left)} left" if left is not None else "")


def batch_text(status: Status, progress: Mapping, unit: str) -> str:
    if status.state == "queued":
        return "It starts when a place is free"
    phase = str(progress.get("phase", "Starting Keras in a process of its own"))
    text = session.literal(phase[:1].upper() + phase[1:])
    if "batches" in progress:
        text += f" · batch {progress.get('batch', 0):,} of {progress['batches']:,}"
    if "seconds_per_batch" in progress:
        text += f" · {1000 * progress['seconds_per_batch']:,.0f} ms a batch"
    if "loss" in progress:
        text += f" · loss {number_text(progress['loss'])}"
    if "mae" in progress:
        text += f" · MAE {session.literal(number_text(progress['mae'], unit))}"
    return text
