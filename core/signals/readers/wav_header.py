"""What the header of a WAV file claims, compared with the file."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.number_text import count_text
from core.signals.readers.limits import MAX_CHANNELS
from core.signals.recording import DataError

READ = "WAV with PCM of 8 to 32 bits or floats is read, and FLAC: export it as one of these."
_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_LEFT_TO_THE_LIBRARY = (2, 0x11, 0x31, 0x40, 0x50, 0x55, 0x64)  # ADPCM, GSM, G.72x, MPEG
_CODECS = {
    0x92: "Dolby AC-3",
    0xFF: "AAC",
    0x160: "WMA",
    0x161: "WMA",
    0x162: "WMA",
    0x2000: "Dolby AC-3",
    0xF1AC: "FLAC",
}
_MOST_CHUNKS = 1000


@dataclass(frozen=True)
class _Claims:
    codec: int
    channels: int
    rate: int
    align: int  # bytes of a time step
    bits: int
    data_bytes: int
    data_start: int


def check_wav(path: Path) -> list[str]:
    """Notes on a length that differs from the file's. Raises DataError on what cannot be read.

    Big-endian and 64-bit relatives of WAV, and some codecs, are left to the library.
    """
    with path.open("rb") as stream:
        if stream.read(12)[:4] != b"RIFF":
            return []
        claims = _read_claims(stream)
    if claims is None:
        raise DataError("The audio is damaged or cut off within its header. Export it again.")
    if claims.codec in _LEFT_TO_THE_LIBRARY:
        return []
    _check_format(claims)
    there = (path.stat().st_size - claims.data_start) // claims.align
    claimed = claims.data_bytes // claims.align
    if claims.data_bytes == 0xFFFFFFFF and there:  # written to a pipe: the length unknown
        return [f"The header does not know the length: {count_text(there, 'time step')} were read."]
    if claimed > there:
        return [f"The header claims {claimed:,} time steps, {there:,} are there: it was cut off."]
    return []


def _read_claims(stream: BinaryIO) -> _Claims | None:
    """The chunks up to the data; None where the file ends before them."""
    form = None
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            return None
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind == b"data":
            return form and _Claims(*form, size, stream.tell())
        start = stream.tell()
        if kind == b"fmt ":
            form = _read_format(stream.read(min(size, 40)))
        stream.seek(start + size + size % 2)
    return None


def _read_format(chunk: bytes) -> tuple[int, int, int, int, int] | None:
    if len(chunk) < 16:
        return None
    codec, channels, rate, _, align, bits = struct.unpack("<HHIIHH", chunk[:16])
    if codec == _EXTENSIBLE and len(chunk) >= 26:
        codec = int.from_bytes(chunk[24:26], "little")
    return codec, channels, rate, align, bits


def _check_format(claims: _Claims) -> None:
    if claims.codec not in (_PCM, _FLOAT, _A_LAW, _MU_LAW):
        codec = _CODECS.get(claims.codec, f"codec 0x{claims.codec:04X}")
        raise DataError(f"The audio is packed as {codec}, which is not read. {READ}")
    if not 1 <= claims.channels <= MAX_CHANNELS:
        raise DataError(
            f"The header claims {count_text(claims.channels, 'channel')}; 1 to {MAX_CHANNELS:,} "
            "are read. The file may be damaged: export it again."
        )
    if claims.rate < 1:
        raise DataError("The header claims a sampling rate of 0 Hz. Export it again.")
    wanted = claims.channels * ((claims.bits + 7) // 8)
    if claims.align != wanted or not wanted:
        raise DataError(
            f"The header is inconsistent: a time step of {count_text(claims.channels, 'channel')} "
            f"with {claims.bits} bits each takes {claims.align} bytes by its word, and should be "
            f"{wanted}. Export it again."
        )
