"""What the header of an EDF claims, checked before any library believes it."""

import math
from pathlib import Path

from core.number_text import count_text
from core.signals.readers.channel_names import clean_name
from core.signals.readers.limits import MAX_CHANNELS
from core.signals.recording import DataError

_FIELDS = {  # of a signal: bytes before it in those of one signal, and its length
    "physical minimum": (104, 8),
    "physical maximum": (112, 8),
    "digital minimum": (120, 8),
    "digital maximum": (128, 8),
    "values per record": (216, 8),
}
_MOST_VALUES = 10**8  # in one record


def check_edf_header(path: Path) -> list[str]:
    """Notes on a length that differs from the file's. Raises DataError naming the field."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(256)
        header_bytes = _whole(head[184:192], "header's length")
        records = _whole(head[236:244], "number of records")
        seconds = _number(head[244:252], "length of a record")
        count = _whole(head[252:256], "number of signals")
        if not 1 <= count <= MAX_CHANNELS:
            raise _damaged(f"the number of signals is {count}")
        if header_bytes != 256 * (count + 1) or header_bytes > size:
            raise _damaged(f"{count} signals do not fit a header of {header_bytes} bytes")
        if records < -1 or not 0 <= seconds <= 1e9:
            raise _damaged(f"it claims {records:,} records of {seconds:g} s")
        fields = stream.read(header_bytes - 256)
    record_values = sum(_check_signal(fields, index, count, seconds) for index in range(count))
    if record_values > _MOST_VALUES:
        raise _damaged(f"a record would hold {record_values:,} values")
    if size == header_bytes:
        raise DataError("The EDF file ends after its header. Export the recording again.")
    there = (size - header_bytes) // (2 * record_values)
    if not there:
        raise DataError("The EDF file is cut off within its first record. Export it again.")
    if records > there:
        return [f"The header claims {count_text(records, 'record')}, the file holds {there:,}."]
    return []


def _check_signal(fields: bytes, index: int, count: int, seconds: float) -> int:
    """How many values a signal has in a record."""
    found = {}
    for what, (before, length) in _FIELDS.items():
        start = before * count + length * index
        text = fields[start : start + length]
        read = _number if what.startswith("physical") else _whole
        found[what] = read(text, f"{what} of signal {index + 1}")
    low, high = found["digital minimum"], found["digital maximum"]
    if low >= high:
        raise _damaged(f"the digital range of signal {index + 1} is {low} to {high}")
    values = found["values per record"]
    if values < 1:
        raise _damaged(f"signal {index + 1} has {values} values per record")
    label = fields[16 * index : 16 * index + 16].decode("latin-1").strip()
    if seconds == 0 and not label.endswith("Annotations"):
        raise _damaged("a record lasts 0 s")
    return values


def _whole(text: bytes, what: str) -> int:
    number = _number(text, what)
    if not number.is_integer():
        raise _unreadable(text, what)
    return int(number)


def _number(text: bytes, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _unreadable(text, what) from None
    if not math.isfinite(number):
        raise _unreadable(text, what)
    return number


def _unreadable(text: bytes, what: str) -> DataError:
    return _damaged(f"the {what} reads {clean_name(text.decode('latin-1'))!r}")


def _damaged(why: str) -> DataError:
    return DataError(f"The EDF header is damaged: {why}. Export the recording again.")
