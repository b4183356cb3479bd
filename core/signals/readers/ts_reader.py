"""The .ts format of the UEA and UCR archives: one window a line, `:` between channels."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.config import ReadOptions
from core.signals.readers.arrays import numbered_channels, picked_channels
from core.signals.readers.channel_names import clean_name, listed
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import MAX_CHANNELS, check_time_steps
from core.signals.readers.missing import without_gaps
from core.signals.recording import DataError, Recording

_MOST_CUT = 4  # windows are cut to the shortest only while it is at least 1/4 of the longest


@dataclass
class _Header:
    fields: dict[str, str] = field(default_factory=dict)  # lower-case tag: the text after it
    classes: tuple[str, ...] = ()
    comment_lines: int = 0

    @property
    def labelled(self) -> bool:
        return bool(self.classes) or self.fields.get("targetlabel", "false").lower() == "true"


def _read_header(lines) -> _Header:
    """Everything up to `@data`; `lines` yields (line number, text) and stands behind it then."""
    header = _Header()
    for number, line in lines:
        text = line.strip()
        if not text or text.startswith(("#", "%")):
            header.comment_lines += bool(text)
            continue
        if not text.startswith("@"):
            raise DataError(
                f"Line {number} comes before any @data line: {text[:40]!r}. A .ts file has a line "
                "@data before its values."
            )
        tag, _, rest = text[1:].partition(" ")
        tag = tag.lower()
        if tag == "data":
            return header
        header.fields[tag] = rest.strip()
        if tag == "classlabel":
            wanted, *classes = rest.split() or ["false"]
            header.classes = tuple(classes) if wanted.lower() == "true" else ()
            if wanted.lower() == "true" and not classes:
                raise DataError(f"Line {number}: @classLabel true names no classes. List them.")
        if tag == "timestamps" and rest.strip().lower() == "true":
            raise DataError(
                f"Line {number}: windows with time stamps are not read. Export plain values."
            )
    raise DataError("There is no @data line: the file is cut off, or no .ts file.")


def _open(path: Path):
    return path.open(encoding="utf-8-sig", errors="replace", newline=None)


def _parse_window(number: int, text: str, header: _Header) -> tuple[list[np.ndarray], str]:
    parts = text.split(":")
    label = parts.pop().strip() if header.labelled else ""
    if header.classes and label not in header.classes:
        raise DataError(
            f"Line {number}: the label {label[:40]!r} is none of {listed(header.classes)}. Correct "
            "it, or add it to @classLabel."
        )
    gaps = header.fields.get("missing", "false").lower() == "true"
    channels = []
    for index, part in enumerate(parts, start=1):
        if "?" in part and not gaps:
            raise DataError(
                f"Line {number}, channel {index}: a value is missing (?), though the file does "
                "not say @missing true. Complete it, or say so."
            )
        cells = part.replace("?", "nan").split(",")
        try:
            channels.append(np.array(cells, dtype=np.float64))
        except ValueError:
            raise DataError(_no_number(number, index, cells)) from None
    return channels, label


def _no_number(number: int, index: int, cells: list[str]) -> str:
    """Which cell of a channel is at fault."""
    for cell in cells:
        try:
            float(cell)
        except ValueError:
            return (
                f"Line {number}, channel {index}: {clean_name(cell)[:40]!r} is no number. Correct "
                "it, or write ? and @missing true."
            )
    return f"Line {number}, channel {index}: the values cannot be read. Correct the line."


def read_ts(path: Path, options: ReadOptions, name: str) -> Recording:
    """All windows as float64 `(windows, window_length, channels)`; labels `class`, `(windows,)`.

    Windows of unequal length are cut to the shortest, with a note. Raises DataError with the line.
    """
    windows, labels, notes = [], [], []
    with _open(path) as stream:
        lines = enumerate(stream, start=1)
        header = _read_header(lines)
        for number, line in lines:
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            channels, label = _parse_window(number, text, header)
            if windows and len(channels) != len(windows[0]):
                raise DataError(
                    f"Line {number} has {len(channels)} channels, the first window "
                    f"{len(windows[0])}. Correct the line."
                )
            windows.append(channels)
            labels.append(label)
    if not windows:
        raise DataError("There are no windows after @data.")
    if not 1 <= len(windows[0]) <= MAX_CHANNELS:
        raise DataError(f"A window has {len(windows[0])} channels; 1 to {MAX_CHANNELS} are read.")
    length, longest = _common_length(windows)
    if length != longest:
        notes.append(
            f"The windows have {length} to {longest} time steps: {_longer(windows, length)} of "
            f"{len(windows)} windows were cut to the shortest, {length}."
        )
    check_time_steps(len(windows) * length)
    values = np.empty((len(windows), length, len(windows[0])))
    for index, channels in enumerate(windows):
        for channel, part in enumerate(channels):
            values[index, :, channel] = part[:length]
    names = numbered_channels(values.shape[2])
    if options.channels is not None:
        picked = picked_channels(names, options.channels)
        values, names = values[..., picked], tuple(names[index] for index in picked)
    values, repaired, missing = without_gaps(values, names, options.missing)
    wanted = options.label_columns is None or "class" in options.label_columns
    return Recording(
        values=values,
        channel_names=names,
        name=name,
        sampling_rate_hz=options.sampling_rate_hz,
        labels={"class": np.array(labels)} if header.labelled and wanted else {},
        missing=missing,
        notes=(*notes, *repaired),
    )


def _longer(windows: list[list[np.ndarray]], length: int) -> int:
    return sum(any(len(part) > length for part in channels) for channels in windows)


def _common_length(windows: list[list[np.ndarray]]) -> tuple[int, int]:
    lengths = [len(part) for channels in windows for part in channels]
    shortest, longest = min(lengths), max(lengths)
    if shortest < 2 or shortest * _MOST_CUT < longest:
        raise DataError(
            f"The windows have {shortest} to {longest} time steps: cutting all to the shortest "
            "would lose most of the data. Leave the short ones out, or pad them."
        )
    return shortest, longest


def outline_ts(path: Path, options: ReadOptions, name: str) -> FileOutline:
    with _open(path) as stream:
        lines = enumerate(stream, start=1)
        header = _read_header(lines)
        rows = ((n, text.strip()) for n, text in lines)
        first = next(((n, text) for n, text in rows if text and not text.startswith("#")), None)
        if first is None:
            raise DataError("There are no windows after @data.")
        channels, _ = _parse_window(*first, header)
    labels = ("class",) if header.labelled else ()
    return FileOutline(
        format="TS",
        comment_lines=header.comment_lines,
        layout="windows",
        label_columns=labels,
        channels=numbered_channels(len(channels)),
        notes=(f"Classes: {listed(header.classes)}.",) if header.classes else (),
    )
