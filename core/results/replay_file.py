"""`replay.npz` and `replay.f32` of a run: a few windows' reconstructions, epoch by epoch."""

import zipfile
from dataclasses import dataclass

import numpy as np

from core import replay
from core.results.reconstruction_file import map_npz
from core.runs import Run, RunNotFound, RunUnreadable


@dataclass(frozen=True)
class Replay:
    """A few fixed windows, and what the model made of them in each recorded epoch."""

    part: np.ndarray  # (windows,): 0 train, 1 validation
    positions: np.ndarray  # (windows,): within their part
    original: np.ndarray  # (windows, window_length, channels), original units
    epochs: np.ndarray  # (epochs,), int, counted from 1
    reconstruction: np.ndarray  # (epochs, windows, window_length, channels), mapped from the disk

    def __len__(self) -> int:
        return len(self.epochs)


def read_replay(run: Run) -> Replay | None:
    """The recorded reconstructions; None while there are none. Raises RunUnreadable, RunNotFound.

    A torn last record is ignored.
    """
    try:
        windows = map_npz(run.folder / replay.WINDOWS_FILE)
        part, positions, original = (windows[name] for name in ("part", "positions", "original"))
        if original.ndim != 3 or {part.shape, positions.shape} != {original.shape[:1]}:
            raise ValueError("the shapes of its arrays do not fit each other")
        records = replay.map_records(run.folder / replay.RECORDS_FILE, original.shape)
    except FileNotFoundError:
        if not run.folder.is_dir():
            raise RunNotFound(run.id) from None
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunUnreadable(f"This run's replay.npz is damaged: {error}") from error
    return Replay(part, positions, original, *records)
