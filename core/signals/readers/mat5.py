"""MATLAB files of versions 5 to 7: their variables, and the values of those that are numbers.

Every size is compared with the file before it is believed. SciPy believes them, and ends the
process on some damaged files; the tests compare with it what it can read.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.signals.recording import DataError

_HEADER_BYTES = 128
_MATRIX, _PACKED = 14, 15
_TEXTS, _WHOLES = (1, 16), (5, 6)  # types of a name, and of flags and lengths
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"} | {
    12: "i8",
    13: "u8",
}
_CLASSES = {
    1: "cell",
    2: "struct",
    3: "object",
    4: "char",
    5: "sparse",
    6: "double",
    7: "single",
    8: "int8",
    9: "uint8",
    10: "int16",
    11: "uint16",
    12: "int32",
    13: "uint32",
    14: "int64",
    15: "uint64",
    16: "function",
    17: "opaque",
}
_NUMBERS, _OPAQUE = range(6, 16), 17
_COMPLEX, _LOGICAL = 0x0800, 0x0200
_MOST_AXES = 32
_LONGEST_NAME = 4096
_MOST_VARIABLES = 100_000
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Mat5Variable:
    name: str
    kind: str  # MATLAB's class
    shape: tuple[int, ...]
    stored: np.dtype | None  # of the values in the file; None: no plain numbers
    is_complex: bool
    offset: int  # of its element in the file

    @property
    def values_bytes(self) -> int:
        item = self.stored.itemsize if self.stored else 0
        return math.prod(self.shape) * item * (2 if self.is_complex else 1)


class _Bytes:
    """What one element of the file holds, unpacked as it is read. `left` is what it may give."""

    def __init__(self, stream: BinaryIO, packed: int | None, left: int):
        self._stream, self._packed, self.left = stream, packed, left
        self._unpacker = zlib.decompressobj() if packed is not None else None

    def read(self, count: int) -> bytes | bytearray:
        """Exactly `count` bytes. Raises DataError when the element ends before them."""
        if count > self.left:
            raise _damaged("a part claims to be longer than the whole")
        self.left -= count
        content = self._stream.read(count) if self._unpacker is None else self._unpack(count)
        if len(content) < count:
            raise _damaged("it was cut off")
        return content

    def _unpack(self, count: int) -> bytearray:
        """Into one array, whose untouched part takes no memory."""
        content, got = bytearray(count), 0
        while got < count and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail
            if not packed:
                packed = self._stream.read(min(_BLOCK_BYTES, self._packed))
                self._packed -= len(packed)
                if not packed:
                    break
            try:
                piece = self._unpacker.decompress(packed, min(count - got, _BLOCK_BYTES))
            except zlib.error as error:
                raise _damaged("it cannot be unpacked") from error
            content[got : got + len(piece)] = piece
            got += len(piece)
        return content if got == count else content[:got]


def _damaged(why: str) -> DataError:
    return DataError(f"The MATLAB file is damaged: {why}. Save it again.")


def is_mat5(path: Path) -> bool:
    """Whether a file has the mark of versions 5 to 7. Version 4 has zeros at its start."""
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    return head[126:128] in (b"IM", b"MI") and 0 not in head[:4]


def mat5_variables(path: Path) -> list[Mat5Variable]:
    """All named variables. Raises DataError when the file is damaged or cut off."""
    found = []
    with path.open("rb") as stream:
        for offset in _elements(stream, path.stat().st_size):
            variable = _variable(stream, offset)
            if variable.name:
                found.append(variable)
            if len(found) > _MOST_VARIABLES:
                raise DataError(f"The file holds more than {_MOST_VARIABLES:,} variables.")
    return found


def read_mat5(path: Path, variable: Mat5Variable) -> np.ndarray:
    """The values as MATLAB shows them, of the type they are stored in. Raises DataError."""
    with path.open("rb") as stream:
        _, inner, order = _header(stream, variable.offset)
        values = _values(inner, order, variable)
        if variable.is_complex:
            values = values + 1j * _values(inner, order, variable)
    return values.reshape(variable.shape, order="F")


def _elements(stream: BinaryIO, size: int) -> Iterator[int]:
    """The offsets of the variables."""
    offset = _HEADER_BYTES
    while offset < size:
        order = _byte_order(stream)
        stream.seek(offset)
        head = stream.read(8)
        if len(head) < 8:
            raise _damaged("it was cut off")
        kind, length = struct.unpack(f"{order}II", head)
        if kind not in (_MATRIX, _PACKED):
            raise _damaged(f"there is no variable at byte {offset:,}")
        if length > size - offset - 8:
            raise _damaged(
                "a variable reaches past the end: it was cut off, or its length is wrong"
            )
        if length:
            yield offset
        offset += 8 + length + (-length % 8 if kind == _MATRIX else 0)


def _byte_order(stream: BinaryIO) -> str:
    stream.seek(126)
    return "<" if stream.read(2) == b"IM" else ">"


def _variable(stream: BinaryIO, offset: int) -> Mat5Variable:
    """The variable at an offset, as far as its header tells."""
    (name, number, flags, shape), inner, order = _header(stream, offset)
    kind, stored = _CLASSES.get(number, f"class {number}"), None
    if number in _NUMBERS:
        kind = "logical" if flags & _LOGICAL else kind
        stored = _stored_type(_tag(inner, order), order, math.prod(shape))
    return Mat5Variable(name, kind, shape, stored, bool(flags & _COMPLEX), offset)


def _header(
    stream: BinaryIO, offset: int
) -> tuple[tuple[str, int, int, tuple[int, ...]], _Bytes, str]:
    """Name, class, flags and shape of the variable at an offset; what is behind them."""
    order = _byte_order(stream)
    stream.seek(offset)
    kind, length = struct.unpack(f"{order}II", stream.read(8))
    inner = _Bytes(stream, None, length)
    if kind == _PACKED:
        inner = _Bytes(stream, length, 8)
        kind, inner.left = struct.unpack(f"{order}II", inner.read(8))
        if kind != _MATRIX:
            raise _damaged("a packed variable is none")
    flags = struct.unpack(f"{order}II", _part(inner, order, _WHOLES, 8, exactly=True))[0]
    number = flags & 0xFF
    shape: tuple[int, ...] = ()
    if number != _OPAQUE:
        axes = _part(inner, order, _WHOLES, 4 * _MOST_AXES)
        shape = struct.unpack(f"{order}{len(axes) // 4}i", axes[: len(axes) // 4 * 4])
        if len(shape) < 2 or min(shape) < 0:
            raise _damaged(f"a variable has the shape {shape}")
    name = _part(inner, order, _TEXTS, _LONGEST_NAME).decode("utf-8", "replace")
    return (name, number, flags, shape), inner, order


def _tag(inner: _Bytes, order: str) -> tuple[int, int, bytes | None]:
    """A data element's type and length; up to 4 bytes of data may be in the tag itself."""
    head = inner.read(8)
    first, length = struct.unpack(f"{order}II", head)
    if first >> 16:
        kind, length = first & 0xFFFF, first >> 16
        if length > 4:
            raise _damaged("a short part claims more than 4 bytes")
        return kind, length, head[4 : 4 + length]
    return first, length, None


def _part(
    inner: _Bytes, order: str, wanted: tuple[int, ...], most: int, *, exactly: bool = False
) -> bytes:
    """The data of a small part of a variable's header."""
    kind, length, data = _tag(inner, order)
    if kind not in wanted or length > most or (exactly and length != most):
        raise _damaged(f"a variable's header holds a part of type {kind} and {length:,} bytes")
    if data is None:
        data = inner.read(length)
        inner.read(-length % 8)
    return bytes(data)


def _stored_type(tag: tuple[int, int, bytes | None], order: str, count: int) -> np.dtype:
    """The type of `count` values, which their tag must fit."""
    kind, length, _ = tag
    if kind not in _STORED:
        raise _damaged(f"values are of the unknown type {kind}")
    dtype = np.dtype(order + _STORED[kind])
    if length != count * dtype.itemsize:
        raise _damaged(f"{length:,} bytes of values do not make {count:,} of {dtype.name}")
    return dtype


def _values(inner: _Bytes, order: str, variable: Mat5Variable) -> np.ndarray:
    """The real or the imaginary values, whichever come next, in the order of the file."""
    count = math.prod(variable.shape)
    tag = _tag(inner, order)
    dtype = _stored_type(tag, order, count)
    data = tag[2]
    if data is None:
        data = inner.read(tag[1])
        inner.read(min(-tag[1] % 8, inner.left))
    return np.frombuffer(data, dtype, count)
