"""NPY files, mapped into memory and never copied, and the headers of arrays in them."""

import io
import math
import struct
import tokenize
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.config import ReadOptions
from core.signals.readers.arrays import (
    COMPLEX_PARTS,
    array_recording,
    check_dtype,
    numbered_channels,
    plan_axes,
)
from core.signals.readers.file_outline import FileOutline
from core.signals.recording import DataError, Recording

_UNREADABLE = (
    *(ValueError, TypeError, SyntaxError, tokenize.TokenError, struct.error),
    *(RecursionError, MemoryError, OverflowError, KeyError),
)
_LONGEST_HEADER = 1 << 16  # bytes; NumPy's own are of some hundred


@dataclass(frozen=True)
class Header:
    """What an array claims to be."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    offset: int  # of the data, from the start of the array's file

    @property
    def values_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize  # of Python integers: no overflow


def read_header(stream: BinaryIO) -> Header:
    """The header of one NPY stream, before anything of its size is allocated."""
    try:
        version = np.lib.format.read_magic(stream)
        form = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}.get(version)
        if form is None:
            raise DataError(f"NPY version {version} is unknown; save it again with NumPy.")
        raw = stream.read(struct.calcsize(form))
        (length,) = struct.unpack(form, raw)
        if length > _LONGEST_HEADER:
            raise DataError(
                f"The array's header claims to be {length:,} bytes long; at most "
                f"{_LONGEST_HEADER:,} are read. The file is damaged: save it again."
            )
        text = io.BytesIO(raw + stream.read(length))
        # Versions 2 and 3 differ in the encoding of field names only.
        wide = np.lib.format.read_array_header_2_0
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else wide
        shape, fortran_order, dtype = read(text)
    except DataError:
        raise
    except _UNREADABLE as error:
        raise _damaged_header() from error
    if any(length < 0 for length in shape):
        raise DataError(f"The header claims a negative length. Received: shape={shape}")
    return Header(tuple(map(int, shape)), fortran_order, dtype, stream.tell())


def _damaged_header() -> DataError:
    return DataError(
        "The array's header cannot be read: it should name descr, fortran_order and shape. The "
        "file is damaged: save it again with NumPy."
    )


def check_size(header: Header, size: int) -> None:
    """Raises DataError when `size` bytes do not hold what the header claims."""
    if header.values_bytes > size - header.offset:
        raise DataError(
            f"The header claims the shape {header.shape} of {header.dtype}, "
            f"{header.values_bytes:,} bytes, but there are only {size - header.offset:,}. "
            "The file is cut off or damaged: save it again."
        )


def _choice(dtype: np.dtype, variable: str) -> tuple[str, np.dtype]:
    """The field of a structured type, or the part of complex numbers, that was chosen, with its
    type; an empty text and the type itself where nothing fits."""
    if dtype.names and variable in dtype.names:
        return variable, dtype[variable]
    if dtype.kind == "c" and variable in COMPLEX_PARTS:
        return variable, np.dtype(np.float64)
    return "", dtype


def read_npy(path: Path, options: ReadOptions, name: str) -> Recording:
    """An NPY file as a Recording whose values are a read-only map of the file.

    It is copied only where the type (float16, bool, long double, big-endian) or missing values ask
    for it. A field of dates beside the chosen one is the time axis. Raises DataError.
    """
    with path.open("rb") as stream:
        header = read_header(stream)
    check_size(header, path.stat().st_size)
    chosen, dtype = _choice(header.dtype, options.variable)
    check_dtype(dtype, options.variable)
    plan_axes(header.shape, options.axes)
    mapped = np.memmap(
        path,
        dtype=header.dtype,
        mode="r",
        offset=header.offset,
        shape=header.shape,
        order="F" if header.fortran_order else "C",
    )
    array = mapped
    if chosen:
        array = COMPLEX_PARTS[chosen](mapped) if header.dtype.kind == "c" else mapped[chosen]
    return array_recording(
        np.asarray(array), options, name=name, times=_times(mapped) if chosen else None
    )


def _times(mapped: np.ndarray) -> tuple[str, np.ndarray] | None:
    """The first field of dates of a structured array `(time_steps,)`, with its name."""
    if mapped.ndim != 1:
        return None
    fields = mapped.dtype.names or ()
    return next(((f, np.asarray(mapped[f])) for f in fields if mapped.dtype[f].kind == "M"), None)


def outline_npy(path: Path, options: ReadOptions, name: str) -> FileOutline:
    with path.open("rb") as stream:
        header = read_header(stream)
    parts = COMPLEX_PARTS if header.dtype.kind == "c" else header.dtype.names or ()
    chosen, dtype = _choice(header.dtype, options.variable)
    base = FileOutline(
        format="NPY",
        shape=header.shape,
        variables=dict.fromkeys(parts, header.shape),
        variable=chosen,
    )
    return with_axes(base, header.shape, dtype, options)


def with_axes(
    base: FileOutline, shape: tuple[int, ...], dtype: np.dtype, options: ReadOptions
) -> FileOutline:
    """The outline of an array with what its axes are taken for, or why it cannot be used."""
    try:
        check_dtype(dtype, options.variable)
        axes, shape, notes = plan_axes(shape, options.axes)
    except DataError as error:
        return replace(base, problem=str(error))
    return replace(
        base,
        axes=axes,
        layout="windows" if len(shape) == 3 else "wide",
        channels=base.channels or numbered_channels(shape[-1]),
        notes=(*base.notes, *notes),
    )
