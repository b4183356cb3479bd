"""A run's checkpoints while it trains, and taking it up where the newest whole one left it."""

import hashlib
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import checkpoints, durable
from core.checkpoints import Checkpoint, CheckpointDamaged
from core.config import ExperimentConfig
from core.run_folder import Run
from core.steps import VERSION as STEPS_VERSION
from core.training import Training

_SETTINGS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "OMP_NUM_THREADS",
)


class AllDamaged(ValueError):
    """A run has checkpoints, and none can be used; the message says why and what to do."""


class TrainingRecord:
    """The history and the checkpoints of a training, in its run folder. Raises OSError.

    rows: of the history so far; notes: sentences on how the run was taken up.
    """

    def __init__(self, run: Run, training: Training):
        self._run = run
        self._training = training
        self._course = course_hash(training.config)
        self._circumstances = circumstances()
        self._began = time.monotonic()
        self._seconds_before = 0.0
        self.rows: list[dict[str, float]] = []
        self.notes: list[str] = []

    @property
    def seconds(self) -> float:
        """Spent on the training, in this process and those before."""
        return self._seconds_before + time.monotonic() - self._began

    def take_up(self) -> bool:
        """Put the training where its newest whole checkpoint left it; False if there is none.

        Damaged ones that are newer are removed. Raises AllDamaged.
        """
        damaged: dict[Path, str] = {}
        for path in checkpoints.listed(self._run.folder):
            try:
                found = checkpoints.load(path)
                if found.course != self._course:
                    raise CheckpointDamaged("it is of another configuration")
                self._training.restore(found.state)
            except ValueError as error:
                damaged[path] = str(error)
                continue
            self._go_on_from(found, damaged)
            return True
        if damaged:
            raise AllDamaged(_all_damaged_sentence(damaged))
        self._run.replace_history([])  # of a run that was ended before its first checkpoint
        return False

    def _go_on_from(self, found: Checkpoint, damaged: dict[Path, str]) -> None:
        with self._run.writing():
            for path in damaged:
                durable.remove(path)
        self._seconds_before = found.seconds
        self.rows = list(found.rows)
        sentence = f"Taken up {place_text(found.state.done, found.state.batch)}."
        if damaged:
            why = next(iter(damaged.values()))
            sentence += f" The newest checkpoint was damaged ({why}); this is the one before."
        then, now = found.circumstances, self._circumstances
        changed = [
            f"{name} {then.get(name, 'not set')} → {now.get(name, 'not set')}"
            for name in {**then, **now}
            if then.get(name) != now.get(name)
        ]
        if changed:
            sentence += f" The last digits may differ: {', '.join(changed)}."
        self.notes = [*found.notes, sentence]
        self._run.replace_history(self.rows)

    def add(self, row: dict[str, float]) -> None:
        """An epoch's row of the history."""
        self._run.append_history(row)
        self.rows.append(row)

    def save(self) -> None:
        """A checkpoint of where the training stands; none of its very begin."""
        state = self._training.state()
        if state.done or state.batch:
            checkpoint = Checkpoint(
                state=state,
                rows=self.rows,
                course=self._course,
                circumstances=self._circumstances,
                seconds=self.seconds,
                notes=self.notes,
            )
            checkpoints.save(self._run.folder, checkpoint, self._run.writing)


def place_text(done: int, batch: int) -> str:
    """Where a training stands, in words."""
    if batch:
        return f"in epoch {done + 1}, after {batch} batch{'es' * (batch > 1)} of it"
    return f"after epoch {done}" if done else "before its first epoch"


def _all_damaged_sentence(damaged: dict[Path, str]) -> str:
    why = "; ".join(f"{path.name}: {reason}" for path, reason in damaged.items())
    return (
        f"No checkpoint of this run can be used ({why[:500]}). Its folder is left as it is. "
        "Start it anew: its configuration can be opened in the form."
    )


def course_hash(config: ExperimentConfig) -> str:
    """SHA-256 of all that decides what each epoch does."""
    return hashlib.sha256(config.course().encode()).hexdigest()


def circumstances() -> dict[str, Any]:
    """What may change the last digits of a training besides its configuration."""
    backend = keras.backend.backend()
    known: dict[str, Any] = {
        "Keras": keras.__version__,
        "back end": f"{backend} {_version(backend)}",
        "numpy": np.__version__,
        "steps of this app": STEPS_VERSION,
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
    }
    return known | {name: os.environ[name] for name in _SETTINGS if name in os.environ}


def _version(backend: str) -> str:
    names = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "torch": ("torch",), "jax": ("jax",)}
    for name in names.get(backend, ()):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "?"
