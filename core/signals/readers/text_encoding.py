"""The encoding of a text table, judged from its first bytes."""

import codecs
import re

from core.number_text import count_text
from core.signals.recording import DataError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LINE_END = re.compile(r"\r\n|\r|\n")


def detect_encoding(head: bytes, whole: bool) -> tuple[str, list[str]]:
    """The encoding of a text from its first bytes, and a note where it is a guess."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding, []
    nul = head.find(b"\0")
    if nul >= 0:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.3 * len(head) / 2 and min(even, odd) < 0.1 * max(even, odd):
            encoding = "utf-16-le" if odd > even else "utf-16-be"
            return encoding, [f"The text was read as {encoding.upper()}, without a mark saying so."]
        raise nul_error(len(LINE_END.findall(head[:nul].decode("latin-1"))) + 1)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return "cp1252", [latin1_note(beyond_ascii(head), whole)]
    return "utf-8", []


def beyond_ascii(text: bytes) -> int:
    return len(text) - len(text.translate(None, bytes(range(128, 256))))


def latin1_note(count: int, whole: bool = True) -> str:
    least = "" if whole else "At least "
    are = "is" if count == 1 else "are"
    return (
        f"{least}{count_text(count, 'character')} {are} not UTF-8: the text was read as Latin-1, "
        "Windows' kind (1252); check the names."
    )


def nul_error(line: int) -> DataError:
    return DataError(
        f"Line {line} holds a NUL byte: the file is damaged or no text. Export it again."
    )
