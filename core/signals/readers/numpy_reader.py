"""NumPy's own files: NPY, mapped into memory and never copied, and NPZ."""

import math
import struct
import tokenize
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.config import ReadOptions
from core.signals.readers.arrays import array_recording, check_dtype, numbered_channels, plan_axes
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import MAX_MEMBERS, check_unpacked
from core.signals.recording import DataError, Recording

_RATE_NAMES = ("sampling_rate_hz", "sampling_rate", "sample_rate", "fs", "sr")
_NAME_NAMES = ("channel_names", "channels", "names")


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    offset: int  # of the data, from the start of the array's file

    @property
    def values_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize  # of Python integers: no overflow


def _read_header(stream: BinaryIO) -> _Header:
    """The header of one NPY stream, before anything of its size is allocated."""
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            read = np.lib.format.read_array_header_1_0
        elif version in ((2, 0), (3, 0)):  # they differ in the encoding of field names only
            read = np.lib.format.read_array_header_2_0
        else:
            raise DataError(f"NPY version {version} is unknown; save it again with NumPy.")
        shape, fortran_order, dtype = read(stream)
    except DataError:
        raise
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, struct.error) as error:
        raise DataError(
            f"The array's header cannot be read ({error}). The file is damaged: save it again."
        ) from error
    except (RecursionError, MemoryError, OverflowError, KeyError) as error:
        raise DataError("The array's header is damaged: save the file again.") from error
    if any(length < 0 for length in shape):
        raise DataError(f"The header claims a negative length. Received: shape={shape}")
    return _Header(tuple(shape), fortran_order, dtype, stream.tell())


def _check_size(header: _Header, size: int) -> None:
    if header.values_bytes > size - header.offset:
        raise DataError(
            f"The header claims the shape {header.shape} of {header.dtype}, "
            f"{header.values_bytes:,} bytes, but there are only {size - header.offset:,}. "
            "The file is cut off or damaged: save it again."
        )


def _field(dtype: np.dtype, variable: str) -> str:
    """The field of a structured type that was chosen, or an empty text."""
    return variable if dtype.names and variable in dtype.names else ""


def read_npy(path: Path, options: ReadOptions, name: str) -> Recording:
    """An NPY file as a Recording whose values are a read-only map of the file.

    It is copied only where the type (float16, bool, long double, big-endian) or missing values ask
    for it. Raises DataError.
    """
    with path.open("rb") as stream:
        header = _read_header(stream)
    _check_size(header, path.stat().st_size)
    chosen = _field(header.dtype, options.variable)
    dtype = header.dtype[chosen] if chosen else header.dtype
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
    array = mapped[chosen] if chosen else mapped
    return array_recording(np.asarray(array), options, name=name)


def outline_npy(path: Path, options: ReadOptions, name: str) -> FileOutline:
    with path.open("rb") as stream:
        header = _read_header(stream)
    fields = dict.fromkeys(header.dtype.names or (), header.shape)
    chosen = _field(header.dtype, options.variable)
    base = FileOutline(format="NPY", shape=header.shape, variables=fields, variable=chosen)
    return _with_axes(base, header, chosen, options)


def _with_axes(base: FileOutline, header: _Header, field: str, options: ReadOptions) -> FileOutline:
    try:
        check_dtype(header.dtype[field] if field else header.dtype, options.variable)
        axes, shape, notes = plan_axes(header.shape, options.axes)
    except DataError as error:
        return replace(base, problem=str(error))
    return replace(
        base,
        axes=axes,
        layout="windows" if len(shape) == 3 else "wide",
        channels=base.channels or numbered_channels(shape[-1]),
        notes=(*base.notes, *notes),
    )


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    header: _Header

    @property
    def usable(self) -> bool:
        return self.header.dtype.kind in "fiub" and 1 <= len(self.header.shape) <= 4


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, _Member]:
    """The arrays of an NPZ by their clean names; nothing but headers is unpacked."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if not infos:
        raise DataError("The NPZ archive holds no arrays. Save it again.")
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"The NPZ archive holds {len(infos):,} members; at most {MAX_MEMBERS}.")
    _check_overlaps(infos, size)
    members: dict[str, _Member] = {}
    for info in infos:
        if not info.filename.endswith(".npy"):
            raise DataError(
                f"The member {clean_name(info.filename)!r} is no NumPy array (.npy). An NPZ file "
                "holds only arrays: save it with numpy.savez."
            )
        label = clean_name(info.filename.removesuffix(".npy")) or "array"
        if label in members:
            raise DataError(f"The member {label!r} occurs twice. Save the file again.")
        if info.flag_bits & 1:
            raise DataError(f"The member {label!r} is encrypted. Save it without a password.")
        try:
            with archive.open(info) as stream:
                header = _read_header(stream)
        except DataError as error:
            raise DataError(f"Member {label!r}: {error}") from error
        members[label] = _Member(info, header)
    return members


def _check_overlaps(infos: list[zipfile.ZipInfo], size: int) -> None:
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end or info.header_offset + info.compress_size > size:
            raise DataError(
                f"The member {clean_name(info.filename)!r} overlaps another or reaches past the "
                "end of the file. The file is damaged or built to harm: save it again."
            )
        end = info.header_offset + 30 + len(info.filename) + info.compress_size


def _choose(members: dict[str, _Member], options: ReadOptions) -> tuple[str, list[str]]:
    described = [f"{label} {member.header.shape}" for label, member in members.items()]
    if options.variable:
        if options.variable not in members:
            raise DataError(
                f"There is no array {options.variable!r}. There are: {listed(described)}"
            )
        return options.variable, []
    usable = [label for label, member in members.items() if member.usable]
    if not usable:
        raise DataError(f"No array holds signals. There are: {listed(described)}")
    largest = max(usable, key=lambda label: math.prod(members[label].header.shape))
    if len(usable) == 1:
        return largest, []
    return largest, [
        f"Of {len(members)} arrays the largest, {largest!r}, was taken. There are: "
        f"{listed(described)}."
    ]


def _load(archive: zipfile.ZipFile, label: str, member: _Member) -> np.ndarray:
    check_unpacked(member.header.values_bytes, f"The array {label!r}")
    try:
        _check_size(member.header, member.info.file_size)
    except DataError as error:
        raise DataError(f"Member {label!r}: {error}") from error
    with archive.open(member.info) as stream:  # reads no more than the size declared
        return np.lib.format.read_array(stream, allow_pickle=False)


def _companions(archive, members, chosen) -> tuple[float | None, tuple[str, ...] | None]:
    """A sampling rate and channel names saved beside the array, by their usual names."""
    rate = names = None
    channels = members[chosen].header.shape[-1:]
    for label, member in members.items():
        header, key = member.header, label.lower()
        small = header.values_bytes <= 1 << 22
        if key in _RATE_NAMES and math.prod(header.shape) == 1 and header.dtype.kind in "fiu":
            value = float(_load(archive, label, member).reshape(()))
            rate = value if math.isfinite(value) and value > 0 else None
        elif key in _NAME_NAMES and header.shape == channels and header.dtype.kind == "U" and small:
            names = tuple(clean_name(str(text)) for text in _load(archive, label, member))
            names = names if all(names) and len(set(names)) == len(names) else None
    return rate, names


def read_npz(path: Path, options: ReadOptions, name: str) -> Recording:
    """One array of an NPZ archive: `options.variable`, or the only one, or the largest.

    Scalars named `fs` or `sampling_rate_hz` and texts named `channel_names` beside it are used.
    Raises DataError, for archives that would unpack to too much before they are unpacked.
    """
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, path.stat().st_size)
        chosen, notes = _choose(members, options)
        check_dtype(members[chosen].header.dtype)
        axes, _, _ = plan_axes(members[chosen].header.shape, options.axes)
        rate, names = _companions(archive, members, chosen)
        array = _load(archive, chosen, members[chosen])
    return array_recording(
        array,
        options,
        name=name,
        channel_names=names if axes == "channels_last" else None,
        sampling_rate_hz=rate,
        notes=tuple(notes),
    )


def outline_npz(path: Path, options: ReadOptions, name: str) -> FileOutline:
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, path.stat().st_size)
        shapes = {label: member.header.shape for label, member in members.items() if member.usable}
        try:
            chosen, notes = _choose(members, options)
        except DataError as error:
            return FileOutline(format="NPZ", variables=shapes, problem=str(error))
        rate, names = _companions(archive, members, chosen)
    header = members[chosen].header
    base = FileOutline(
        format="NPZ",
        variables=shapes,
        variable=chosen,
        shape=header.shape,
        channels=names or (),
        sampling_rate_hz=rate,
        notes=tuple(notes),
    )
    return _with_axes(base, header, "", options)
