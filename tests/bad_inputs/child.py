"""The process that reads bad files: it may die of them, and is started again.

A line of JSON comes in for each file, a line goes out: what came of it, how much was read, how far
memory grew. `python -m tests.bad_inputs.child`.
"""

import faulthandler
import hashlib
import json
import resource
import sys
import time
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.config import NormalizationConfig, ReadOptions, WindowsConfig, choices
from core.normalization import fit_normalization
from core.signals.readers import limits, outline, read_recording
from core.signals.reading_words import ReadingAnswer
from core.signals.recording import DataError, Recording
from core.windows import split_windows

_ROOM_BYTES = 6 << 30  # of addresses beyond those in use: an array's room is not yet its memory
_MOST_LISTED = 2000


def read_bytes() -> int:
    """How many bytes this process has asked the system to read so far."""
    return int(_proc("io", "rchar"))


def peak_bytes() -> int:
    return int(_proc("status", "VmHWM").split()[0]) << 10


def address_bytes() -> int:
    return int(_proc("status", "VmSize").split()[0]) << 10


def _proc(file: str, key: str) -> str:
    for line in Path(f"/proc/self/{file}").read_text().splitlines():
        name, _, text = line.partition(":")
        if name == key:
            return text.strip()
    raise KeyError(key)


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def limited_addresses():
    """Within it, what asks for far too much memory is refused by the system."""
    most = address_bytes() + _ROOM_BYTES
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def lowered(wanted: dict):
    before = {name: getattr(limits, name) for name in wanted}
    for name, value in wanted.items():
        setattr(limits, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(limits, name, value)


def answer(request: dict) -> dict:
    path, name = Path(request["path"]), request["name"]
    options = ReadOptions(**request.get("options", {}))
    result: dict = {"outcome": "refused", "message": ""}
    forget_peak()
    memory, read = peak_bytes(), read_bytes()
    started, worked = time.monotonic(), time.process_time()
    with limited_addresses(), lowered(request.get("limits", {})), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = outline(path, options, name=name)
            said = ReadingAnswer(outline=found).model_dump_json()  # as the app hears it
            ReadingAnswer.model_validate_json(said)
            result["outline"] = _outlined(found)
        except DataError as error:
            result["outline"] = {"problem": str(error)}
        except Exception as error:
            result["outline"] = {"problem": ""}
            result["fault"] = f"outline: {type(error).__name__}: {error}"
        try:
            recording = read_recording(path, options, name=name)
            result |= described(recording)
            afterwards(recording, request.get("then", {}))
        except DataError as error:
            result |= {"outcome": "refused", "message": str(error), "cause": unforeseen(error)}
        except Exception as error:
            result["fault"] = f"{type(error).__name__}: {error}"
    if "fault" in result:
        result |= {"outcome": "fault", "message": result["fault"]}
    recording = None
    result["seconds"] = time.monotonic() - started
    result["worked"] = time.process_time() - worked
    result["read"] = read_bytes() - read
    result["grown"] = peak_bytes() - memory
    return result


def unforeseen(error: DataError) -> str:
    """Of an error that no reader put into words: what was raised beneath, and where."""
    cause = error.__cause__
    if cause is None or isinstance(cause, DataError | MemoryError):
        return ""
    frames = traceback.extract_tb(cause.__traceback__)
    own = [frame for frame in frames if "/readers/" in frame.filename]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return f"{type(cause).__name__} at {place}: {str(cause)[:200]}"


def _outlined(found) -> dict:
    fields = {name: value for name, value in vars(found).items() if name != "preview"}
    fields["rates"] = {f"{rate:g}": names for rate, names in found.rates.items()}
    fields["variables"] = dict(found.variables)
    return fields


def described(recording: Recording) -> dict:
    values = recording.values
    listed = values.tolist() if values.size <= _MOST_LISTED else None
    digest = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
    return {
        "outcome": "recording",
        "message": " ".join(recording.notes),
        "finite": bool(np.isfinite(values).all()),
        "values": listed,
        "sha256": digest,
        "dtype": str(values.dtype),
        "shape": values.shape,
        "names": recording.channel_names,
        "labels": list(recording.labels),
        "has_time": recording.time is not None,
        "rate": recording.sampling_rate_hz,
        "title": recording.name,
    }


def afterwards(recording: Recording, then: dict) -> None:
    """What the app does next with a recording: cut it, and scale it in every way."""
    if "window_length" not in then:
        return
    config = WindowsConfig(window_length=then["window_length"], stride=then["window_length"])
    train = split_windows(recording.values, config).train
    for method in choices(NormalizationConfig.model_fields["method"].annotation):
        scaling = fit_normalization(NormalizationConfig(method=method), train)
        scaled = scaling.transform(train.take(np.arange(len(train))))
        if not np.isfinite(scaled).all():
            raise ArithmeticError(f"{method} gives values that are not finite")


def main() -> None:
    faulthandler.enable()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
