"""`replay.npz` and `replay.f32`: how the reconstructions of a few fixed windows came to be.

`replay.npz` holds the windows: `part` (windows,) of 0 train and 1 validation, `positions`
(windows,) and `original` (windows, window_length, channels), float32 in original units.
`replay.f32` is a record of float32 after the other, one a recorded epoch: the epoch's number, then
the reconstructions of these windows in original units. Records are appended as they come, so that a
kill may leave the last one torn: readers ignore it, the next record replaces it.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core import durable

WINDOWS_FILE = "replay.npz"
RECORDS_FILE = "replay.f32"
REPLAYED_WINDOWS = 6  # half of train, half of validation
REPLAYED_VALUES = 60_000  # in them, at the most
NUMBER = np.dtype("<f4")  # on every machine


def record_numbers(shape: tuple[int, ...]) -> int:
    """The numbers of a record for windows of shape `(windows, window_length, channels)`."""
    return 1 + math.prod(shape)


def publish_windows(
    folder: Path, part: np.ndarray, positions: np.ndarray, original: np.ndarray
) -> None:
    """Put `replay.npz` in place, before the first record."""
    arrays = {
        "part": np.asarray(part, np.int8),
        "positions": np.asarray(positions, np.int64),
        "original": np.asarray(original, NUMBER),
    }
    durable.put(folder / WINDOWS_FILE, lambda path: np.savez(path, **arrays))


def append_record(folder: Path, epoch: int, reconstruction: np.ndarray) -> None:
    """Add an epoch's reconstructions `(windows, window_length, channels)`, in original units.

    On the disk when this returns; after an OSError the file is as it was. A record torn by an
    earlier kill is cut off first.
    """
    path = folder / RECORDS_FILE
    record = np.concatenate([[epoch], np.ravel(reconstruction)]).astype(NUMBER).tobytes()
    size = path.stat().st_size if path.exists() else 0
    durable.append(path, record, size - size % len(record))


def map_records(path: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Epochs `(records,)` and reconstructions `(records, *shape)` of the whole records, mapped.

    shape: `(windows, window_length, channels)`. Raises FileNotFoundError.
    """
    numbers = record_numbers(shape)
    count = path.stat().st_size // (NUMBER.itemsize * numbers)
    if not count:
        return np.zeros(0, np.int64), np.zeros((0, *shape), NUMBER)
    records = np.memmap(path, NUMBER, "r", shape=(count, numbers))
    return records[:, 0].astype(np.int64), records[:, 1:].reshape(count, *shape)


def keep_records(folder: Path, shape: tuple[int, int, int], is_kept: Callable[[int], bool]) -> None:
    """Publish `replay.f32`, if there is one, anew with the records of some epochs.

    A reader's mapping of the file before stays valid.
    """
    path = folder / RECORDS_FILE
    if not path.exists():
        return
    numbers, reconstructions = map_records(path, shape)
    kept = np.array([is_kept(int(number)) for number in numbers], bool)
    records = np.c_[numbers[kept], reconstructions[kept].reshape(kept.sum(), math.prod(shape))]
    durable.put_bytes(path, records.astype(NUMBER).tobytes())


def remove(folder: Path) -> None:
    """Remove both files, as of a training that starts anew."""
    durable.remove(folder / RECORDS_FILE)
    durable.remove(folder / WINDOWS_FILE)
