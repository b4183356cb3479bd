"""MATLAB files: versions 5 to 7 by `mat5`, 4 by SciPy, 7.3 (an HDF5 file) by h5py.

HDF5 crashes the interpreter on some damaged files: read what strangers send in a process that
may die.
"""

import math
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import scipy.io

from core.config import ReadOptions
from core.signals.readers.arrays import (
    COMPLEX_PARTS,
    array_recording,
    is_time_axis,
    largest_array,
    numbered_channels,
    plan_axes,
)
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import check_unpacked
from core.signals.readers.mat5 import Mat5Variable, is_mat5, mat5_variables, read_mat5
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
    element: Mat5Variable | None = None  # of versions 5 to 7
    part: str = ""  # of complex numbers: usable, but only when it is chosen

    @property
    def usable(self) -> bool:
        return self.item_bytes > 0 and math.prod(self.shape) > 1


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(520)
    return head[:8] == b"\x89HDF\r\n\x1a\n" or head[512:520] == b"\x89HDF\r\n\x1a\n"


def _variables(path: Path) -> dict[str, _Variable]:
    if _is_hdf5(path):
        found = _hdf5_variables(path)
    elif is_mat5(path):
        found = _classic_variables(path)
    else:
        found = _version4_variables(path)
    if not found:
        raise DataError("The file holds no variables. Save it again with MATLAB's save.")
    return found


def _classic_variables(path: Path) -> dict[str, _Variable]:
    found: dict[str, _Variable] = {}
    for item in mat5_variables(path):
        label = clean_name(item.name)
        size = item.stored.itemsize if item.stored else 0
        if item.is_complex and size:
            found[label] = _Variable(item.name, item.shape, "complex", 0, item)
            found |= _parts(found[label], label, 2 * size)
        else:
            found[label] = _Variable(item.name, item.shape, item.kind, size, item)
    return found


def _parts(whole: _Variable, label: str, item_bytes: int) -> dict[str, _Variable]:
    """The real numbers that complex ones can be turned to, by their labels."""
    return {
        f"{label}, {part}": replace(whole, item_bytes=item_bytes, part=part)
        for part in COMPLEX_PARTS
    }


def _version4_variables(path: Path) -> dict[str, _Variable]:
    try:
        listing = scipy.io.whosmat(str(path))
    except Exception as error:  # its parser raises whatever the damaged bytes lead to
        raise DataError("The MATLAB file is damaged or cut off. Save it again.") from error
    if any(math.prod(shape) > path.stat().st_size for _, shape, _ in listing):
        raise DataError("A variable is larger than the file, which is damaged. Save it again.")
    return {
        clean_name(key): _Variable(key, tuple(map(int, shape)), kind, _NUMERIC.get(kind, 0))
        for key, shape, kind in listing
        if not key.startswith("__")
    }


def _hdf5_variables(path: Path) -> dict[str, _Variable]:
    found = {}
    try:
        with h5py.File(path, "r") as file:
            for key in file:
                if not key.startswith("#"):  # MATLAB's own store of cell contents
                    item = found[clean_name(key)] = _hdf5_variable(file, key)
                    if item.kind == "complex":
                        found |= _parts(item, clean_name(key), 16)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # the library raises whatever the damaged bytes lead to
        raise _damaged_hdf5() from error
    return found


def _damaged_hdf5() -> DataError:
    return DataError("The MATLAB 7.3 file is damaged or cut off. Save it again.")


def _hdf5_variable(file: h5py.File, key: str) -> _Variable:
    if not isinstance(file.get(key, getlink=True), h5py.HardLink):
        return _Variable(key, (), "a link, which is not followed", 0)
    item = file[key]
    if not isinstance(item, h5py.Dataset):
        return _Variable(key, (), "struct", 0)
    if item.external or item.is_virtual:
        return _Variable(key, (), "stored in another file, not followed", 0)
    if item.chunks is not None:
        check_unpacked(
            math.prod(item.chunks) * item.dtype.itemsize, f"A part of {clean_name(key)!r}"
        )
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    numeric = item.dtype.kind in "fiub" and kind in ("", *_NUMERIC)
    usable = numeric and item.shape is not None and "MATLAB_empty" not in item.attrs
    # MATLAB counts its axes from the other end: shapes appear turned round in HDF5.
    shape = (item.shape or ())[::-1]
    if item.dtype.names == ("real", "imag") and item.dtype[0].kind == item.dtype[1].kind == "f":
        return _Variable(key, shape, "complex", 0)
    return _Variable(key, shape, kind or str(item.dtype), item.dtype.itemsize if usable else 0)


def _choose(
    path: Path, variables: dict[str, _Variable], options: ReadOptions
) -> tuple[str, list[str]]:
    usable = {label: item for label, item in variables.items() if item.usable}
    described = listed([f"{label} {item.shape}" for label, item in usable.items()]) or "none"
    if options.variable:
        if options.variable in usable:
            return options.variable, []
        item = variables.get(options.variable)
        fault = "does not exist" if item is None else f"holds no array of numbers ({item.kind})"
        raise DataError(f"The variable {options.variable!r} {fault}. Usable are: {described}")
    plain = {label: item for label, item in usable.items() if not item.part}
    if not plain:
        whole = {label: item for label, item in variables.items() if not item.part}
        kinds = listed([f"{label} ({item.kind})" for label, item in whole.items()])
        raise DataError(
            f"No variable is an array of real numbers. There are: {kinds}. Choose a part of "
            "complex numbers as the variable, or save the signals as a plain matrix (time by "
            "channels)."
        )
    if len(usable) == 1:
        return next(iter(plain)), []
    shapes = {label: item.shape for label, item in plain.items()}
    chosen, which = largest_array(shapes, lambda label: _load(path, plain[label]))
    return chosen, [f"Of the variables {described} {which} was taken."]


def _load(path: Path, variable: _Variable) -> np.ndarray:
    """The array as MATLAB shows it."""
    check_unpacked(math.prod(variable.shape) * variable.item_bytes, repr(clean_name(variable.key)))
    if _is_hdf5(path):
        try:
            with h5py.File(path, "r") as file:
                array = file[variable.key][()].T
        except MemoryError:
            raise
        except Exception as error:  # the library raises whatever the damaged bytes lead to
            raise _damaged_hdf5() from error
        if array.dtype.names:
            array = array["real"] + 1j * array["imag"]
        return _real(array, variable.part)
    if variable.element is not None:
        array = read_mat5(path, variable.element)
        return _real(array, variable.part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names and the like, seen in whosmat already
        try:
            array = scipy.io.loadmat(str(path), variable_names=[variable.key])[variable.key]
        except MemoryError:
            raise
        except Exception as error:  # its parser raises whatever the damaged bytes lead to
            raise DataError(
                f"The variable {clean_name(variable.key)!r} is damaged or cut off. Save it again."
            ) from error
    if not isinstance(array, np.ndarray):
        name = clean_name(variable.key)
        raise DataError(f"The variable {name!r} is no plain array. Save it as a full matrix.")
    return array


def _real(array: np.ndarray, part: str) -> np.ndarray:
    return COMPLEX_PARTS[part](array) if part else array


def _rate(path: Path, variables: dict[str, _Variable]) -> float | None:
    """A sampling rate saved beside the signals, by its usual names."""
    for label, item in variables.items():
        if label.lower() in _RATE_NAMES and item.item_bytes and math.prod(item.shape) == 1:
            value = float(_load(path, item).reshape(()))
            return value if math.isfinite(value) and value > 0 else None
    return None


def _times(
    path: Path, variables: dict[str, _Variable], chosen: str, steps: int
) -> tuple[str, np.ndarray] | None:
    """The first vector of as many times as there are time steps, with its name."""
    for label, item in variables.items():
        if (
            label != chosen
            and item.usable
            and math.prod(item.shape) == steps
            and is_time_axis(label, item.shape, lambda label: _load(path, variables[label]))
        ):
            return label, _load(path, item).reshape(-1)
    return None


def _without_unit_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """MATLAB knows no vectors: (1, n) and (n, 1) are one channel."""
    return (max(shape),) if len(shape) == 2 and 1 in shape else shape


def read_mat(path: Path, options: ReadOptions, name: str) -> Recording:
    """One variable of a MATLAB file: `options.variable`, or the only array, or the largest.

    Raises DataError, and lists the usable variables where the choice is at fault.
    """
    variables = _variables(path)
    chosen, notes = _choose(path, variables, options)
    shape = _without_unit_axes(variables[chosen].shape)
    _, planned, _ = plan_axes(shape, options.axes)
    rate = _rate(path, variables)
    array = _load(path, variables[chosen])
    if array.shape != variables[chosen].shape:
        raise DataError(f"The variable {chosen!r} is damaged: its size is not the one declared.")
    times = _times(path, variables, chosen, planned[0]) if len(planned) == 2 else None
    return array_recording(
        array.reshape(shape),
        options,
        name=name,
        sampling_rate_hz=rate,
        times=times,
        notes=tuple(notes),
    )


def outline_mat(path: Path, options: ReadOptions, name: str) -> FileOutline:
    variables = _variables(path)
    shapes = {label: item.shape for label, item in variables.items() if item.usable}
    form = "MATLAB 7.3" if _is_hdf5(path) else "MATLAB"
    try:
        chosen, notes = _choose(path, variables, options)
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
