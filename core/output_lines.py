"""`outputs.jsonl`: where the normalized output of a few fixed windows lies, epoch by epoch.

A line a recorded epoch: `{"epoch": n, "windows": w}` and the lists over channels named in
STATISTICS, in normalized units. Lines are appended as they come, so that a kill may leave the last
one torn: readers skip it, the next line replaces it.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core import durable

FILE = "outputs.jsonl"
MOST_RECORDED = 200  # epochs, about
STATISTICS = (
    *("minimum", "maximum"),  # of the output
    *("target_minimum", "target_maximum"),
    *("at_low", "at_high"),  # share of outputs at an end of the activation's range
    *("target_at_low", "target_at_high"),
    "slope",  # mean slope of the activation there / its steepest
    "spread",  # standard deviation of the output / that of the target
)


def is_recorded(epoch: int, epochs: int) -> bool:
    """Whether an epoch, counted from 1, is recorded: at most about MOST_RECORDED are.

    So are, besides, the last one trained, which only the end of a training tells.
    """
    return epoch in (1, epochs) or epoch % -(-epochs // MOST_RECORDED) == 0


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add an epoch's line, on the disk when this returns; after an OSError the file is as it was.

    A line torn by an earlier kill is cut off first.
    """
    content = path.read_bytes() if path.exists() else b""
    text = json.dumps(dict(line)) + "\n"
    durable.append(path, text.encode(), content.rfind(b"\n") + 1)


def keep_lines(path: Path, is_kept: Callable[[int], bool]) -> None:
    """Publish the file, if there is one, anew with the lines of some epochs."""
    if path.exists():
        kept = [line for line in read_lines(path) if is_kept(line["epoch"])]
        durable.put_bytes(path, "".join(json.dumps(line) + "\n" for line in kept).encode())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, none where there is no file. Raises OSError."""
    return parse_lines(path.read_bytes()) if path.exists() else []


def parse_lines(content: bytes) -> list[dict[str, Any]]:
    """The lines of a file's bytes, without a torn last line or one that is no such record."""
    lines = []
    for text in content[: content.rfind(b"\n") + 1].splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if _is_whole(line):
            lines.append(line)
    return lines


def _is_whole(line: Any) -> bool:
    if not isinstance(line, dict) or not _is_count(line.get("epoch")):
        return False
    lists = [line.get(name) for name in STATISTICS]
    return (
        _is_count(line.get("windows"))
        and all(isinstance(values, list) for values in lists)
        and len({len(values) for values in lists}) == 1
        and all(_is_number(value) for values in lists for value in values)
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
