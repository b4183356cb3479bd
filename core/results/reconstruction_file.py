"""`reconstruction.npz` of a run, whose arrays are mapped from the disk, not read.

Showing one window of a large run costs one window.
"""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.results.errors_file import PARTS
from core.runs import Run, RunNotFound, RunUnreadable

_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True, eq=False)
class StoredWindows:
    """The windows of one part that were kept, with the errors of all of them.

    Equal to itself alone: what is worked out from it is cached.
    """

    positions: np.ndarray  # (kept,), rising
    original: np.ndarray  # (kept, window_length, channels), original units
    reconstruction: np.ndarray  # (kept, window_length, channels)
    window_mae: np.ndarray  # (windows,): of all windows, not only the kept ones
    window_mse: np.ndarray  # (windows,)
    step_mae: np.ndarray  # (window_length, channels)
    step_mse: np.ndarray  # (window_length, channels)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def windows(self) -> int:
        return len(self.window_mae)

    @property
    def is_whole(self) -> bool:
        """Whether every window was kept."""
        return len(self) == self.windows

    def window_errors(self, measure: str) -> np.ndarray:
        return self.window_mae if measure == "mae" else self.window_mse

    def step_errors(self, measure: str) -> np.ndarray:
        return self.step_mae if measure == "mae" else self.step_mse

    def rank(self, index: int, measure: str) -> int:
        """How many of all windows have a smaller error than a kept one."""
        errors = self._ranked_errors(measure)
        return int(np.count_nonzero(errors < errors[self.positions[index]]))

    def _ranked_errors(self, measure: str) -> np.ndarray:
        """The errors of all windows; one that is not a number counts as the largest."""
        errors = self.window_errors(measure)
        return np.where(np.isnan(errors), np.inf, errors)

    def nearest(self, position: int) -> int:
        """The index of the kept window nearest to a position."""
        return int(np.argmin(np.abs(self.positions.astype(np.int64) - position)))

    def landmark(self, name: str, measure: str) -> int:
        """The index of the `best`, `median` or `worst` kept window, by an error measure."""
        errors = self._ranked_errors(measure)
        kept = errors[self.positions]
        if name == "median":
            with np.errstate(invalid="ignore"):
                apart = np.abs(kept - np.median(errors))
            return int(np.argmin(np.where(np.isnan(apart), 0.0, apart)))  # two infinite errors
        return int(np.argmin(kept) if name == "best" else np.argmax(kept))


def read_reconstruction(run: Run) -> dict[str, StoredWindows] | None:
    """The kept windows of each part; None while there are none. Raises RunUnreadable."""
    path = run.folder / "reconstruction.npz"
    try:
        arrays = map_npz(path)
        parts = {
            part: StoredWindows(
                **{
                    name: arrays[f"{part}_{name}"]
                    for name in StoredWindows.__dataclass_fields__  # in the file as in the class
                }
            )
            for part in PARTS
        }
        for part, windows in parts.items():
            _check(part, windows)
    except FileNotFoundError:
        if not run.folder.is_dir():
            raise RunNotFound(run.id) from None
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunUnreadable(f"This run's reconstruction.npz is damaged: {error}") from error
    return parts


def _check(part: str, windows: StoredWindows) -> None:
    kept, length, channels = windows.original.shape
    shapes = (windows.reconstruction.shape, windows.positions.shape, windows.step_mae.shape)
    if shapes != (windows.original.shape, (kept,), (length, channels)):
        raise ValueError(f"the shapes of the {part} part do not fit each other")
    if kept and not 0 <= windows.positions.min() <= windows.positions.max() < windows.windows:
        raise ValueError(f"the {part} part names windows that are not there")


def map_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an uncompressed `.npz`, mapped read-only from the disk.

    `numpy.load` would read a member whole; a stored member is a plain `.npy` inside the file. All
    arrays share one map: each has a file descriptor.
    """
    arrays, whole = {}, np.memmap(path, np.uint8, "r")
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{member.filename} is compressed")
            file.seek(member.header_offset)
            header = file.read(_LOCAL_HEADER_BYTES)
            name_length = int.from_bytes(header[26:28], "little")
            extra_length = int.from_bytes(header[28:30], "little")
            file.seek(name_length + extra_length, 1)
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(file)
            if dtype.hasobject:
                raise ValueError(f"{member.filename} holds objects, not numbers")
            if file.tell() + math.prod(shape) * dtype.itemsize > whole.size:
                raise ValueError(f"{member.filename} is cut off")
            order = "F" if fortran_order else "C"
            arrays[member.filename.removesuffix(".npy")] = (
                np.ndarray(shape, dtype, whole, file.tell(), order=order)
                if math.prod(shape)
                else np.zeros(shape, dtype)
            )
    return arrays
