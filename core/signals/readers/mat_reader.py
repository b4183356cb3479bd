"""MATLAB files: versions 4 to 7 by SciPy, version 7.3 (an HDF5 file) by h5py.

SciPy crashes the interpreter on some damaged files: read what strangers send in a process that
may die.
"""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import scipy.io

from core.config import ReadOptions
from core.signals.readers.arrays import array_recording, numbered_channels, plan_axes
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import check_unpacked
from core.signals.recording import DataError, Recording

_NUMERIC = {"double": 8, "single": 4, "logical": 1} | {
    f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)
}
_RATE_NAMES = ("fs", "sampling_rate_hz", "sampling_rate", "sample_rate", "srate", "samplerate")


@dataclass(frozen=True)
class _Variable:
    key: str  # in the file
    shape: tuple[int, ...]
    kind: str  # MATLAB's class, or why it cannot be used
    item_bytes: int  # 0: not usable

    @property
    def usable(self) -> bool:
        return self.item_bytes > 0 and math.prod(self.shape) > 1


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(520)
    return head[:8] == b"\x89HDF\r\n\x1a\n" or head[512:520] == b"\x89HDF\r\n\x1a\n"


def _variables(path: Path) -> dict[str, _Variable]:
    found = _hdf5_variables(path) if _is_hdf5(path) else _classic_variables(path)
    if not found:
        raise DataError("The file holds no variables. Save it again with MATLAB's save.")
    return found


def _classic_variables(path: Path) -> dict[str, _Variable]:
    try:
        listing = scipy.io.whosmat(str(path))
    except NotImplementedError as error:
        raise DataError("The file claims to be MATLAB 7.3 but is no HDF5 file.") from error
    except Exception as error:  # its parser raises whatever the damaged bytes lead to
        raise DataError(
            f"The MATLAB file is damaged or cut off ({error}). Save it again."
        ) from error
    return {
        clean_name(key): _Variable(key, tuple(map(int, shape)), kind, _NUMERIC.get(kind, 0))
        for key, shape, kind in listing
        if not key.startswith("__")
    }


def _hdf5_variables(path: Path) -> dict[str, _Variable]:
    found = {}
    with h5py.File(path, "r") as file:
        for key in file:
            label = clean_name(key)
            if key.startswith("#"):  # MATLAB's own store of cell contents
                continue
            if not isinstance(file.get(key, getlink=True), h5py.HardLink):
                found[label] = _Variable(key, (), "a link, which is not followed", 0)
                continue
            item = file[key]
            if not isinstance(item, h5py.Dataset):
                found[label] = _Variable(key, (), "struct", 0)
            elif item.external or item.is_virtual:
                found[label] = _Variable(key, (), "stored in another file, not followed", 0)
            else:
                kind = item.attrs.get("MATLAB_class", b"")
                kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
                numeric = item.dtype.kind in "fiub" and kind in ("", *_NUMERIC)
                empty = item.shape is None or "MATLAB_empty" in item.attrs
                usable = numeric and not empty
                # MATLAB counts its axes from the other end: shapes appear turned round in HDF5.
                shape = (item.shape or ())[::-1]
                size = item.dtype.itemsize if usable else 0
                found[label] = _Variable(key, shape, kind or str(item.dtype), size)
    return found


def _choose(variables: dict[str, _Variable], options: ReadOptions) -> tuple[str, list[str]]:
    usable = {label: item for label, item in variables.items() if item.usable}
    described = listed([f"{label} {item.shape}" for label, item in usable.items()]) or "none"
    if options.variable:
        if options.variable in usable:
            return options.variable, []
        item = variables.get(options.variable)
        fault = "does not exist" if item is None else f"holds no array of numbers ({item.kind})"
        raise DataError(f"The variable {options.variable!r} {fault}. Usable are: {described}")
    if not usable:
        kinds = listed([f"{label} ({item.kind})" for label, item in variables.items()])
        raise DataError(
            f"No variable is an array of real numbers. There are: {kinds}. Save the signals as a "
            "plain matrix (time by channels)."
        )
    largest = max(usable, key=lambda label: math.prod(usable[label].shape))
    if len(usable) == 1:
        return largest, []
    return largest, [f"Of the variables {described} the largest, {largest!r}, was taken."]


def _load(path: Path, variable: _Variable) -> np.ndarray:
    """The array as MATLAB shows it."""
    check_unpacked(math.prod(variable.shape) * variable.item_bytes, f"{variable.key!r}")
    if _is_hdf5(path):
        with h5py.File(path, "r") as file:
            return file[variable.key][()].T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names and the like, seen in whosmat already
        try:
            array = scipy.io.loadmat(str(path), variable_names=[variable.key])[variable.key]
        except Exception as error:  # its parser raises whatever the damaged bytes lead to
            raise DataError(
                f"The variable {variable.key!r} is damaged or cut off ({error}). Save it again."
            ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"The variable {variable.key!r} is no plain array. Save it as a full matrix."
        )
    return array


def _rate(path: Path, variables: dict[str, _Variable]) -> float | None:
    """A sampling rate saved beside the signals, by its usual names."""
    for label, item in variables.items():
        if label.lower() in _RATE_NAMES and item.item_bytes and math.prod(item.shape) == 1:
            value = float(_load(path, item).reshape(()))
            return value if math.isfinite(value) and value > 0 else None
    return None


def _without_unit_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """MATLAB knows no vectors: (1, n) and (n, 1) are one channel."""
    return (max(shape),) if len(shape) == 2 and 1 in shape else shape


def read_mat(path: Path, options: ReadOptions, name: str) -> Recording:
    """One variable of a MATLAB file: `options.variable`, or the only array, or the largest.

    Raises DataError, and lists the usable variables where the choice is at fault.
    """
    variables = _variables(path)
    chosen, notes = _choose(variables, options)
    shape = _without_unit_axes(variables[chosen].shape)
    plan_axes(shape, options.axes)
    rate = _rate(path, variables)
    array = _load(path, variables[chosen])
    if array.shape != variables[chosen].shape:
        raise DataError(f"The variable {chosen!r} is damaged: its size is not the one declared.")
    return array_recording(
        array.reshape(shape), options, name=name, sampling_rate_hz=rate, notes=tuple(notes)
    )


def outline_mat(path: Path, options: ReadOptions, name: str) -> FileOutline:
    variables = _variables(path)
    shapes = {label: item.shape for label, item in variables.items() if item.usable}
    form = "MATLAB 7.3" if _is_hdf5(path) else "MATLAB"
    try:
        chosen, notes = _choose(variables, options)
        axes, shape, found = plan_axes(_without_unit_axes(shapes[chosen]), options.axes)
    except DataError as error:
        return FileOutline(format=form, variables=shapes, problem=str(error))
    return FileOutline(
        format=form,
        layout="windows" if len(shape) == 3 else "wide",
        channels=numbered_channels(shape[-1]),
        variables=shapes,
        variable=chosen,
        axes=axes,
        shape=shapes[chosen],
        sampling_rate_hz=_rate(path, variables),
        notes=(*notes, *found),
    )
