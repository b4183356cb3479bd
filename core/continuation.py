"""Training a run further: a new run that begins where another has ended.

The other is left as it is. The new one has the same configuration but for more epochs (and another
patience, where early stopping had ended it), takes over checkpoint, history and records, and ends
as a run would that had been asked for so many epochs at first.
"""

import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import checkpoints, durable, output_lines, replay
from core.config import ExperimentConfig
from core.number_text import count_text
from core.run_folder import Run
from core.run_history import parse_rows
from core.run_status import TransitionRefused
from core.runs import RunStore

_TAKEN_OVER = ("baselines.json", output_lines.FILE, replay.WINDOWS_FILE, replay.RECORDS_FILE)
_STATES = ("finished", "cancelled")


def why_not_further(run: Run) -> str:
    """Why a run cannot be trained further, in a sentence; empty if it can."""
    state = run.status().state
    if state not in _STATES:
        return f"The run is {state}: only a finished or a cancelled one can be trained further."
    if _newest(run) is None:
        return (
            "The run has no checkpoint to go on from: it ended before its first epoch, or it was "
            "trained by a version of the lab that kept none."
        )
    return ""


def train_further(
    store: RunStore,
    run_id: str,
    *,
    epochs: int,
    patience: int | None = None,
    name: str = "",
    owner: str | None = None,
) -> Run:
    """Put a run in the queue that goes on from a finished or cancelled one. `epochs`: in all.

    patience: another one, None for the same; name: the other's with the epochs, if empty. Raises
    TransitionRefused with a sentence if it cannot be, pydantic.ValidationError for numbers beyond
    the limits, OSError.
    """
    run = store.open(run_id)
    if why := why_not_further(run):
        raise TransitionRefused(why)
    checkpoint = _newest(run)
    done = checkpoints.place(checkpoint)[0]
    if epochs <= done:
        raise TransitionRefused(
            f"The run has trained {count_text(done, 'epoch')}: ask for more than that in all. "
            f"Received: {epochs}"
        )
    changes: dict[str, Any] = {"training.epochs": epochs}
    if patience is not None:
        changes["training.patience"] = patience
    config = ExperimentConfig.model_validate(run.config()).replace(changes)
    _check_patience(config, checkpoint)
    title = name.strip() or f"{run.status().name[:150]}, {epochs} epochs"
    return store.create(
        config.model_dump(mode="json"),
        name=title,
        owner=owner,
        prepare=lambda folder: _take_over(run.folder, checkpoint, folder),
        continues=run.id,
    )


def _newest(run: Run) -> Path | None:
    """The newest checkpoint after at least one epoch; where a run was cancelled, in the next."""
    path = checkpoints.newest(run.folder)
    return path if path is not None and checkpoints.place(path)[0] else None


def _check_patience(config: ExperimentConfig, checkpoint: Path) -> None:
    """Refuse what would have stopped already. Raises TransitionRefused."""
    patience = config.training.patience
    try:
        state = checkpoints.load(checkpoint).state
        rows = parse_rows((checkpoint / "history.csv").read_bytes())
    except checkpoints.CheckpointDamaged as error:
        raise TransitionRefused(f"The run's checkpoint is damaged: {error}.") from error
    except OSError as error:
        raise TransitionRefused(
            f"The run's checkpoint cannot be read just now: {error.strerror}. Try again."
        ) from error
    idle = longest_idle([row["val_loss"] for row in rows])
    idle = max(idle, state.done - state.best_epoch)
    if patience and idle >= patience:
        raise TransitionRefused(
            f"The run would have stopped already: for {count_text(idle, 'epoch')} its validation "
            f"loss has not fallen. Choose a patience above {idle}, or 0 for none. "
            f"Received: {patience}"
        )


def longest_idle(losses: Sequence[float]) -> int:
    """For how many epochs in a row, at the most, a loss has not fallen below its least before."""
    best, since, longest = math.inf, 0, 0
    for loss in losses:
        since = 0 if loss < best else since + 1
        best, longest = min(best, loss), max(longest, since)
    return longest


def _take_over(source: Path, checkpoint: Path, folder: Path) -> None:
    """Copy what a worker needs to go on; a checkpoint's files never change, and can be shared."""
    shutil.copytree(checkpoint, folder / checkpoint.name, copy_function=_link_or_copy)
    shutil.copyfile(checkpoint / "history.csv", folder / "history.csv")
    for name in _TAKEN_OVER:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    durable.sync_tree(folder)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
