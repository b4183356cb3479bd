"""NPZ archives: several NPY arrays packed in a ZIP file."""

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config import ReadOptions
from core.signals.readers.arrays import (
    COMPLEX_PARTS,
    array_recording,
    check_dtype,
    is_time_axis,
    largest_array,
    plan_axes,
)
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import MAX_MEMBERS, check_unpacked
from core.signals.readers.numpy_reader import Header, check_size, read_header, with_axes
from core.signals.recording import DataError, Recording

_RATE_NAMES = ("sampling_rate_hz", "sampling_rate", "sample_rate", "fs", "sr")
_NAME_NAMES = ("channel_names", "channels", "names")
_MOST_DIRECTORY_BYTES = 1 << 22  # of a thousand members with names of any sensible length
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError)


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    header: Header
    part: str = ""  # of complex numbers

    @property
    def usable(self) -> bool:
        return self.header.dtype.kind in "fiub" and 1 <= len(self.header.shape) <= 4

    @property
    def choosable(self) -> bool:
        return self.usable or bool(self.part)


def _open(path: Path) -> zipfile.ZipFile:
    """The archive, with a directory of a size that can be read at once."""
    with path.open("rb") as stream:
        stream.seek(-min(path.stat().st_size, 65_557), 2)  # the end record, its comment at most
        tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > _MOST_DIRECTORY_BYTES:
        count = int.from_bytes(tail[end + 10 : end + 12], "little")
        raise DataError(
            f"The NPZ archive's directory lists too much ({count:,} members or more); at most "
            f"{MAX_MEMBERS:,} members are read."
        )
    try:
        return zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise DataError(
            "The NPZ archive's directory is damaged or cut off. Save the file again."
        ) from error


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, _Member]:
    """The arrays of an NPZ by their clean names; nothing but headers is unpacked."""
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if not infos:
        raise DataError("The NPZ archive holds no arrays. Save it again.")
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"The NPZ archive holds {len(infos):,} members; at most {MAX_MEMBERS:,}.")
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
        header = _header(archive, info, label)
        members[label] = _Member(info, header)
        if header.dtype.kind == "c":
            members |= {f"{label}, {part}": _Member(info, header, part) for part in COMPLEX_PARTS}
    return members


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> Header:
    try:
        with archive.open(info) as stream:
            header = read_header(stream)
        if header.dtype.hasobject:  # of no known length, and never read
            return header
        check_size(header, info.file_size)
    except DataError as error:
        raise DataError(f"Member {label!r}: {error}") from error
    except _DAMAGED as error:
        raise _damaged(label) from error
    beyond = info.file_size - header.offset - header.values_bytes
    if beyond:
        raise DataError(
            f"The member {label!r} holds {beyond:,} bytes more than its array. The file is "
            "damaged: save it again."
        )
    return header


def _damaged(label: str) -> DataError:
    return DataError(f"The member {label!r} is damaged or cut off. Save the file again.")


def _check_overlaps(infos: list[zipfile.ZipInfo], size: int) -> None:
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end or info.header_offset + info.compress_size > size:
            raise DataError(
                f"The member {clean_name(info.filename)!r} overlaps another or reaches past the "
                "end of the file. The file is damaged or built to harm: save it again."
            )
        end = info.header_offset + 30 + len(info.filename) + info.compress_size


def _choose(archive, members: dict[str, _Member], options: ReadOptions) -> tuple[str, list[str]]:
    described = [f"{label} {member.header.shape}" for label, member in members.items()]
    if options.variable:
        if options.variable not in members:
            raise DataError(
                f"There is no array {options.variable!r}. There are: {listed(described)}"
            )
        return options.variable, []
    usable = {label: member.header.shape for label, member in members.items() if member.usable}
    if not usable:
        raise DataError(f"No array holds signals. There are: {listed(described)}")
    if len(usable) == 1:
        return next(iter(usable)), []
    chosen, which = largest_array(usable, lambda label: _load(archive, label, members[label]))
    return chosen, [f"Of {len(members)} arrays {which} was taken. There are: {listed(described)}."]


def _load(archive: zipfile.ZipFile, label: str, member: _Member) -> np.ndarray:
    check_unpacked(member.header.values_bytes, f"The array {label!r}")
    try:
        with archive.open(member.info) as stream:  # reads no more than the size declared
            array = np.lib.format.read_array(stream, allow_pickle=False)
            stream.read(1)  # the end, where the checksum is compared
    except _DAMAGED as error:
        raise _damaged(label) from error
    return COMPLEX_PARTS[member.part](array) if member.part else array


def _dtype(member: _Member) -> np.dtype:
    return np.dtype(np.float64) if member.part else member.header.dtype


def _times(archive, members, chosen: str, steps: int) -> tuple[str, np.ndarray] | None:
    """The first array of as many dates or times as there are time steps, with its name."""
    for label, member in members.items():
        shape = member.header.shape
        if member.header.dtype.kind == "M" and shape == (steps,):
            return label, _load(archive, label, member)
        if (
            label != chosen
            and member.usable
            and math.prod(shape) == steps
            and is_time_axis(label, shape, lambda label: _load(archive, label, members[label]))
        ):
            return label, _load(archive, label, member).reshape(-1)
    return None


def _companions(archive, members, channels: int) -> tuple[float | None, tuple[str, ...] | None]:
    """A sampling rate and channel names saved beside the array, by their usual names."""
    rate = names = None
    for label, member in members.items():
        header, key = member.header, label.lower()
        small = header.values_bytes <= 1 << 22
        if key in _RATE_NAMES and math.prod(header.shape) == 1 and header.dtype.kind in "fiu":
            value = float(_load(archive, label, member).reshape(()))
            rate = value if math.isfinite(value) and value > 0 else None
        elif (
            key in _NAME_NAMES
            and header.shape == (channels,)
            and header.dtype.kind == "U"
            and small
        ):
            names = tuple(clean_name(str(text)) for text in _load(archive, label, member))
            names = names if all(names) and len(set(names)) == len(names) else None
    return rate, names


def _channels(shape: tuple[int, ...], options: ReadOptions) -> int:
    """How many an array has as it would be read; 0 where it would not."""
    try:
        return plan_axes(shape, options.axes)[1][-1]
    except DataError:
        return 0


def read_npz(path: Path, options: ReadOptions, name: str) -> Recording:
    """One array of an NPZ archive: `options.variable`, or the only one, or the largest.

    Scalars named `fs` or `sampling_rate_hz` and texts named `channel_names` beside it are used.
    Raises DataError, for archives that would unpack to too much before they are unpacked.
    """
    with _open(path) as archive:
        members = _members(archive, path.stat().st_size)
        chosen, notes = _choose(archive, members, options)
        check_dtype(_dtype(members[chosen]))
        _, shape, _ = plan_axes(members[chosen].header.shape, options.axes)
        rate, names = _companions(archive, members, shape[-1])
        array = _load(archive, chosen, members[chosen])
        times = _times(archive, members, chosen, shape[0]) if len(shape) == 2 else None
    return array_recording(
        array,
        options,
        name=name,
        channel_names=names,
        sampling_rate_hz=rate,
        times=times,
        notes=tuple(notes),
    )


def outline_npz(path: Path, options: ReadOptions, name: str) -> FileOutline:
    with _open(path) as archive:
        members = _members(archive, path.stat().st_size)
        shapes = {
            label: member.header.shape for label, member in members.items() if member.choosable
        }
        try:
            chosen, notes = _choose(archive, members, options)
        except DataError as error:
            return FileOutline(format="NPZ", variables=shapes, problem=str(error))
        channels = _channels(members[chosen].header.shape, options)
        rate, names = _companions(archive, members, channels)
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
    return with_axes(base, header.shape, _dtype(members[chosen]), options)
