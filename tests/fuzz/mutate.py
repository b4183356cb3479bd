"""Damage done to a file: by bits, by numbers that matter, by pieces, and by its own structure."""

import random
import re
import struct
import zlib

_NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31)
_NUMBERS += (2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
_WORDS = {  # what means something in such a file, or nearly does
    "csv": b'nan inf -inf 1e400 1e-400 0x1p3 1_000 1,5 \'\' "" " ; , \t \r \r\n \n # NA true '
    b"25:61 2020-01-01 9007199254740993 99999999999999999999 \xff \xe9 \xef\xbb\xbf \xff\xfe "
    b"-0 +1 .5 5. =cmd",
    "ts": b"@data @missing true @classLabel @timeStamps nan inf 1e999 ? : :: , ,, \n # \xff up",
    "npy": b"<f8 >f4 |O8 |V8 <c16 <M8[s] <U1000000 True False (), (0,) (-1,) (1,2,3) 'descr' "
    b"None 1e9 99999999999999999999 <f16 |S0 <i8 <f2 |b1 [('a','<f8')] fortran_order",
    "edf": b"-1 0 1 99999999 -9999999 1e99 nan inf 1e-9 EDF+D EDF+C BIOSEMI 0.5 \x14 \x00",
}
_OPTIONS = {  # of reading, now and then another than what is detected
    "separator": ("comma", "semicolon", "tab", "space", "pipe"),
    "decimal": ("point", "comma"),
    "thousands": ("comma", "point", "space", "apostrophe"),
    "header": ("yes", "no"),
    "comment": ("", "%", "//"),
    "layout": ("wide", "long", "windows"),
    "time_column": (None, "time", "x", "column 1"),
    "label_columns": ((), ("state",), ("x",)),
    "channels": (("x",), ("a", "b"), ("channel 2", "channel 1"), ()),
    "variable": ("x", "real part", "when", "complex, phase"),
    "axes": ("channels_last", "channels_first"),
    "sampling_rate_hz": (5.0, 10.0, 1e12),
    "missing": ("previous", "zero", "error"),
}
_MOST_BYTES = 1 << 20


class Mutator:
    """Damages files of one kind; the same seed gives the same damage."""

    def __init__(self, kind: str, seeds: list[bytes], seed: int):
        self._kind, self._seeds = kind, seeds
        self._random = random.Random(f"{kind} {seed}")
        self._words = _WORDS.get(kind, b"").split(b" ") if kind in _WORDS else []
        self._generic = [
            self._flip,
            self._byte,
            self._number,
            self._delete,
            self._repeat,
            self._splice,
            self._swap,
            self._fill,
        ]
        self._own = {
            "npz": [self._in_archive],
            "mat": [self._word_aligned, self._in_packed],
            "wav": [self._word_aligned],
            "flac": [self._head],
            "parquet": [self._footer, self._footer],
            "edf": [self._field, self._head],
            "npy": [self._head, self._header_number],
        }.get(kind, [self._digits])

    def next(self) -> bytes:
        """A damaged file."""
        content = bytearray(self._random.choice(self._seeds))
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 5))):
            ways = [*self._generic, *self._own * 3, *([self._word] * 3 if self._words else [])]
            content = self._random.choice(ways)(content) or bytearray(16)
        if self._random.random() < 0.1:
            content = content[: self._random.randrange(1, len(content) + 1)]
        return bytes(content[:_MOST_BYTES])

    def options(self) -> dict:
        """How the file is to be read: mostly as detected."""
        if self._random.random() < 0.7:
            return {}
        fields = self._random.sample(sorted(_OPTIONS), self._random.choice((1, 1, 2, 3)))
        return {name: self._random.choice(_OPTIONS[name]) for name in fields}

    def _place(self, content: bytearray) -> int:
        """Somewhere, more often near the start or the end, where headers and footers are."""
        near = min(len(content), 512)
        where = self._random.random()
        if where < 0.35:
            return self._random.randrange(near)
        if where < 0.6:
            return len(content) - 1 - self._random.randrange(near)
        return self._random.randrange(len(content))

    def _flip(self, content: bytearray) -> bytearray:
        content[self._place(content)] ^= 1 << self._random.randrange(8)
        return content

    def _byte(self, content: bytearray) -> bytearray:
        content[self._place(content)] = self._random.randrange(256)
        return content

    def _number(self, content: bytearray, place: int | None = None) -> bytearray:
        """A number that matters over the bytes that are there."""
        place = self._place(content) if place is None else place
        width = self._random.choice((1, 2, 4, 4, 8))
        number = self._random.choice(_NUMBERS) + self._random.choice((-1, 0, 0, 1))
        order = self._random.choice(("little", "little", "big"))
        content[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, order)
        return content

    def _delete(self, content: bytearray) -> bytearray:
        start = self._place(content)
        del content[start : start + self._random.choice((1, 2, 4, 8, 64, 512))]
        return content

    def _repeat(self, content: bytearray) -> bytearray:
        start, length = self._place(content), self._random.choice((1, 4, 16, 128, 1024))
        piece = content[start : start + length]
        return content[:start] + piece * self._random.choice((2, 3, 50)) + content[start:]

    def _splice(self, content: bytearray) -> bytearray:
        """The start of one file and the end of another."""
        other = self._random.choice(self._seeds)
        return content[: self._place(content)] + other[self._place(bytearray(other)) :]

    def _swap(self, content: bytearray) -> bytearray:
        one, two, length = self._place(content), self._place(content), self._random.choice((4, 16))
        content[one : one + length], content[two : two + length] = (
            content[two : two + length],
            content[one : one + length],
        )
        return content

    def _fill(self, content: bytearray) -> bytearray:
        start, length = self._place(content), self._random.choice((2, 4, 8, 32, 256))
        content[start : start + length] = self._random.choice((b"\0", b"\xff", b"A")) * length
        return content

    def _word(self, content: bytearray) -> bytearray:
        place, word = self._place(content), self._random.choice(self._words)
        over = len(word) if self._random.random() < 0.5 else 0
        return content[:place] + word + content[place + over :]

    def _digits(self, content: bytearray) -> bytearray:
        """Another number in the place of one in a text."""
        found = list(re.finditer(rb"[0-9.]+", content))
        if not found:
            return self._byte(content)
        match = self._random.choice(found)
        new = self._random.choice([str(n).encode() for n in _NUMBERS] + self._words)
        return content[: match.start()] + new + content[match.end() :]

    def _head(self, content: bytearray) -> bytearray:
        content[self._random.randrange(min(len(content), 128))] = self._random.randrange(256)
        return content

    def _header_number(self, content: bytearray) -> bytearray:
        """Another length or shape in the text of an NPY header."""
        found = [m for m in re.finditer(rb"\d+", content[:200]) if m.start() > 9]
        if not found:
            return self._head(content)
        match = self._random.choice(found)
        new = str(self._random.choice(_NUMBERS)).encode()
        return content[: match.start()] + new + content[match.end() :]

    def _field(self, content: bytearray) -> bytearray:
        """One field of eight characters in an EDF header."""
        start = self._random.randrange(96, max(97, min(len(content), 768) - 8)) // 8 * 8
        word = self._random.choice([*self._words, *(str(n).encode() for n in _NUMBERS)])[:8]
        content[start : start + 8] = word.ljust(8)
        return content

    def _word_aligned(self, content: bytearray) -> bytearray:
        place = self._place(content) // 4 * 4
        if self._random.random() < 0.5:
            return self._number(content, place)
        content[place : place + 4] = struct.pack("<I", self._random.randrange(20))
        return content

    def _footer(self, content: bytearray) -> bytearray:
        """Something within a Parquet footer, whose length stays right."""
        length = int.from_bytes(content[-8:-4], "little")
        start = len(content) - 8 - length
        if start < 4:
            return self._byte(content)
        footer = content[start:-8]
        change = self._random.choice(
            (self._byte, self._flip, self._number, self._repeat, self._delete)
        )
        footer = change(footer or bytearray(16))
        return content[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"

    def _in_packed(self, content: bytearray) -> bytearray:
        """Damage within the first packed variable of a MATLAB file, packed again."""
        if len(content) < 144 or content[128:132] != b"\x0f\0\0\0":
            return self._word_aligned(content)
        length = int.from_bytes(content[132:136], "little")
        try:
            inner = bytearray(zlib.decompress(bytes(content[136 : 136 + length]))) or bytearray(8)
        except zlib.error:
            return self._byte(content)
        change = self._random.choice((self._word_aligned, self._number, self._byte, self._delete))
        packed = zlib.compress(bytes(change(inner)))
        return content[:132] + struct.pack("<I", len(packed)) + packed + content[136 + length :]

    def _in_archive(self, content: bytearray) -> bytearray:
        """Something near the signature of one of a ZIP file's parts."""
        found = [m.start() for m in re.finditer(rb"PK[\x01\x03\x05][\x02\x04\x06]", content)]
        if not found:
            return self._byte(content)
        place = min(self._random.choice(found) + self._random.randrange(60), len(content) - 1)
        if self._random.random() < 0.5:
            return self._number(content, place)
        content[place] = self._random.randrange(256)
        return content
