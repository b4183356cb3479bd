"""One bad input: how to make it, and what should come of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# E: refused with a message. R: refused before the whole file is read. W: read, with a warning.
# OK: read as its clean twin is.
Expected = Literal["E", "R", "W", "OK"]
MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """A bad file and its expectation; all that the child process needs is plain data.

    `says` is a pattern: of the message of E and R, of the joined notes of W. What is empty or None
    is not looked at.
    """

    number: str  # its line in the list; a letter after it where a line has several
    name: str
    file: str  # what the visitor calls it; the suffix says the format
    make: Callable[[Path], None]
    expected: Expected
    says: str = ""
    values: Sequence | None = None  # expected of W and OK
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    has_time: bool | None = None
    shows: Mapping[str, object] = field(default_factory=dict)  # fields of the outline
    options: Mapping[str, object] = field(default_factory=dict)  # of ReadOptions
    then: Mapping[str, object] = field(default_factory=dict)  # what is done with the recording
    limits: Mapping[str, int] = field(default_factory=dict)  # lowered for this case
    most_read: int = 0  # bytes that R may read; 0: any
    most_mib: int = 200  # that memory may grow by
    most_seconds: float = 20.0
    may_crash: bool = False  # a library may die of it: the reading process is there for that
    slow: bool = False

    @property
    def id(self) -> str:
        return f"{self.number}-{self.name.replace(' ', '-')}"


def holding(content: str | bytes, encoding: str = "utf-8") -> Callable[[Path], None]:
    """A maker of a file with this content."""
    content = content if isinstance(content, bytes) else content.encode(encoding)
    return lambda path: path.write_bytes(content) and None


def built(content: Callable[[], bytes]) -> Callable[[Path], None]:
    """A maker of a file whose content takes long to make: it is made when the case is run."""
    return lambda path: path.write_bytes(content()) and None


def sparse(head: bytes, size: int) -> Callable[[Path], None]:
    """A maker of a file that claims a size and occupies no more of the disk than its head."""

    def make(path: Path) -> None:
        with path.open("wb") as stream:
            stream.write(head)
            stream.truncate(size)

    return make


def repeating(head: bytes, piece: bytes, times: int) -> Callable[[Path], None]:
    """A maker of a long file, written piece by piece."""

    def make(path: Path) -> None:
        block = piece * max(1, MIB // len(piece))
        with path.open("wb") as stream:
            stream.write(head)
            for _ in range(times // max(1, MIB // len(piece))):
                stream.write(block)

    return make


def bad(file: str, number: str, name: str, content, expected: Expected, says="", values=None, **k):
    """A case whose content is bytes, or a maker of a file."""
    made = content if callable(content) else holding(content)
    return Case(number, name, file, made, expected, says, values, **k)
