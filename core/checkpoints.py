"""`checkpoint-<epochs>-<batches>/`: where a training stood, to be taken up by another process.

    arrays.npz      weights, seed generators, optimizer, best and last weights, sums of the epoch
    state.json      the numbers, the hash of the configuration, what it was trained with
    history.csv     the rows up to there
    manifest.json   the SHA-256 of the three; a checkpoint that does not fit it is damaged

A folder is published whole, by rename, and never changed. Two are kept: should the newest be
damaged, the one before is used. (Keras' own BackupAndRestore may pair new weights with old counts
when it is killed between the two files.)
"""

import hashlib
import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import durable
from core.run_history import parse_rows, rows_text
from core.training_state import TrainingState

KEPT = 2
VERSION = 1
_NAME = re.compile(r"checkpoint-(\d{6})-(\d{8})")
_FILES = ("arrays.npz", "state.json", "history.csv")
_LISTS = ("variables", "best_weights", "last_weights")
_BUFFER_BYTES = 1 << 22

Guard = Callable[[], AbstractContextManager[None]]


class CheckpointDamaged(ValueError):
    """A checkpoint that cannot be used; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that has been read and found whole."""

    state: TrainingState
    rows: list[dict[str, float]]  # of the history
    course: str  # SHA-256 of `ExperimentConfig.course()`
    circumstances: dict[str, Any]  # versions, threads: what can change the last digits
    seconds: float  # spent on the training so far
    notes: list[str]  # how it was taken up before


def listed(folder: Path) -> list[Path]:
    """The checkpoints of a run, the newest first; whether they are whole is not looked at."""
    found = [path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name)]
    return sorted((path for path in found if not path.is_symlink()), reverse=True)


def newest(folder: Path) -> Path | None:
    return next(iter(listed(folder)), None)


def describe(folder: Path) -> tuple[int, int] | None:
    """Whole epochs, and batches of the next one, of a run's newest checkpoint; None without one."""
    path = newest(folder)
    return place(path) if path else None


def place(path: Path) -> tuple[int, int]:
    """Whole epochs, and batches of the next one, as a checkpoint's name has them."""
    epochs, batches = _NAME.fullmatch(path.name).groups()
    return int(epochs), int(batches)


def save(folder: Path, checkpoint: Checkpoint, guard: Guard = nullcontext) -> Path:
    """Publish a checkpoint in a run folder, then remove those that are too many. Raises OSError.

    What is renamed or removed is so within `guard()`, which may raise to prevent it.
    """
    state = checkpoint.state
    path = folder / f"checkpoint-{state.done:06}-{state.batch:08}"
    if not path.exists():
        durable.put(path, lambda temporary: _write(temporary, checkpoint), guard=guard)
    keep(folder, KEPT, guard)
    return path


def keep(folder: Path, count: int, guard: Guard = nullcontext) -> None:
    """Remove all but the newest checkpoints, each at once for readers."""
    for old in listed(folder)[count:]:
        doomed = folder / f".tmp-{old.name}"
        with guard():
            durable.rename(old, doomed)
        durable.remove(doomed)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and check every byte of it. Raises CheckpointDamaged.

    Raises OSError where the machine fails to read it, which says nothing of the checkpoint.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_bytes())
        contents = {name: (path / name).read_bytes() for name in _FILES}
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != manifest[name]:
                raise CheckpointDamaged(f"{name} is not as it was written")
        about = json.loads(contents["state.json"])
        if about.pop("version") != VERSION:
            raise CheckpointDamaged("it is of another version of the lab")
        with np.load(io.BytesIO(contents["arrays.npz"]), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return _assemble(about, arrays, parse_rows(contents["history.csv"]))
    except CheckpointDamaged:
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise CheckpointDamaged(f"a part of it is missing: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, RecursionError) as error:
        raise CheckpointDamaged(f"{type(error).__name__}: {error}") from error
    except zipfile.BadZipFile as error:
        raise CheckpointDamaged(str(error)) from error


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    folder.mkdir()
    numbers, arrays = _taken_apart(checkpoint.state)
    about = vars(checkpoint) | {"version": VERSION, "state": numbers}
    texts = {
        "history.csv": rows_text(about.pop("rows")).encode(),
        "state.json": durable.json_bytes(about),
    }
    manifest = {"arrays.npz": _write_arrays(folder / "arrays.npz", arrays)}
    for name, data in texts.items():
        durable.write_file(folder / name, data)
        manifest[name] = hashlib.sha256(data).hexdigest()
    durable.write_file(folder / "manifest.json", durable.json_bytes(manifest))


def _write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write an NPZ file and return its SHA-256."""
    with durable.HashedFile(path) as raw, io.BufferedWriter(raw, _BUFFER_BYTES) as file:
        np.savez(file, **arrays)
        file.flush()
        return raw.sha256


def _taken_apart(state: TrainingState) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The numbers of a state, and its arrays by names of their own."""
    numbers = vars(state).copy()
    arrays = {f"sums.{name}": array for name, array in numbers.pop("sums").items()}
    for name in _LISTS:
        part = numbers.pop(name)
        arrays |= {f"{name}.{number}": array for number, array in enumerate(part or ())}
    return numbers, arrays


def _assemble(
    about: Mapping[str, Any], arrays: Mapping[str, np.ndarray], rows: list[dict[str, float]]
) -> Checkpoint:
    numbers = dict(about["state"])
    if numbers["best_loss"] is None:  # before the first epoch: JSON knows no infinity
        numbers["best_loss"] = math.inf
    parts: dict[str, Any] = {
        name: [arrays[key] for key in _in_order(arrays, name)] for name in _LISTS
    }
    for name in ("best_weights", "last_weights"):  # a model has weights; none are before epoch 1
        parts[name] = parts[name] or None
    sums = {key.removeprefix("sums."): arrays[key] for key in arrays if key.startswith("sums.")}
    state = TrainingState(**numbers, **parts, sums=sums)
    if len(rows) != state.done:
        raise CheckpointDamaged(f"its history has {len(rows)} rows after {state.done} epochs")
    others = {key: value for key, value in about.items() if key != "state"}
    return Checkpoint(state=state, rows=rows, **others)


def _in_order(arrays: Mapping[str, np.ndarray], name: str) -> list[str]:
    keys = [key for key in arrays if key.startswith(f"{name}.")]
    return sorted(keys, key=lambda key: int(key.rpartition(".")[2]))
