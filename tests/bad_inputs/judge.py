"""Reads a bad file in another process and compares what came with what should come."""

import contextlib
import json
import re
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config import ReadOptions
from core.signals.reading import FileRead, FileReader
from tests.bad_inputs.case import MIB, Case

ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 30  # seconds for a start, and on a busy machine
# What no message may hold: names of classes and modules of the libraries beneath.
_INNER = re.compile(
    r"Traceback|object at 0x|\b\w+(?:Error|Exception)\b|\b(?:pyarrow|scipy|h5py|edfio|pandas)\b"
)


class Reading:
    """A process that reads files, started when one is asked for and again after it died."""

    def __init__(self, module: str = "tests.bad_inputs.child"):
        self._command = [sys.executable, "-m", module]
        self._process: subprocess.Popen | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with this object

    def ask(self, request: dict, seconds: float) -> dict:
        if self._process is None:
            self._errors.truncate(0)
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        started = time.monotonic()
        ready, _, _ = select.select([self._process.stdout], [], [], seconds + _PATIENCE)
        line = self._process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        code = self._process.wait() if ready else None
        self.close()
        what = "died" if ready else "hung"
        seconds = time.monotonic() - started
        return {"outcome": what, "message": self._said(), "code": code, "seconds": seconds}

    def _said(self) -> str:
        """Where the process was, by what it left on its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")[:4000]

    def close(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


@dataclass(frozen=True)
class Verdict:
    got: str  # E, R, W, OK, or what went wrong
    sentence: str
    faults: tuple[str, ...]


def judge(case: Case, reading: Reading, folder: Path, app: FileReader | None = None) -> Verdict:
    """Make the file, read it, remove it. With `app`, it is read in the app's own way too."""
    path = folder / "input"
    try:
        case.make(path)
        request = {"path": str(path), "name": case.file, "options": dict(case.options)}
        request |= {"then": dict(case.then), "limits": dict(case.limits)}
        result = reading.ask(request, case.most_seconds)
        faults = list(_faults(case, result))
        if app is not None and not case.limits and not case.then:
            options = ReadOptions(**case.options)
            read = app.read(path, options, name=case.file, folder=folder / "data")
            faults += _app_faults(case, result, read)
    finally:
        path.unlink(missing_ok=True)
    return Verdict(_got(case, result), _sentence(result), tuple(faults))


def _app_faults(case: Case, result: dict, read: FileRead):
    """Where the app's own reading process came to something else."""
    if case.may_crash:
        return
    if result["outcome"] == "recording" and not read.sha256:
        yield f"the app refuses it: {read.problem}"
    if result["outcome"] == "refused" and read.problem != result["message"]:
        yield f"the app says: {read.problem or 'nothing'}"


def _sentence(result: dict) -> str:
    if result["outcome"] in ("died", "hung"):
        return ""
    if not result["message"] and "outline" in result:
        return result["outline"].get("problem") or "read without remarks"
    return result["message"]


def _got(case: Case, result: dict) -> str:
    if result["outcome"] == "refused":
        return case.expected if case.expected in "ER" else "E"
    if result["outcome"] == "recording":
        return "OK" if case.expected == "OK" else "W" if result["message"] else "OK"
    return result["outcome"]


def _faults(case: Case, result: dict):
    """Everything in which the result differs from what is expected."""
    if result["outcome"] in ("died", "hung"):
        if not (case.may_crash and result["outcome"] == "died"):
            yield f"the reading process {result['outcome']}"
        return
    wanted = "refused" if case.expected in "ER" else "recording"
    if result["outcome"] != wanted:
        yield f"{result['outcome']} instead of {wanted}"
    if not re.search(case.says, result["message"], re.S):
        yield f"the message lacks {case.says!r}"
    if _INNER.search(result["message"]):
        yield f"the message speaks of {_INNER.search(result['message'])[0]}"
    if wanted == "refused" and len(result["message"]) > 700:
        yield f"the message has {len(result['message'])} characters"
    if result["seconds"] > case.most_seconds:
        yield f"it took {result['seconds']:.1f} s"
    if result["grown"] > case.most_mib * MIB:
        yield f"memory grew by {result['grown'] / MIB:.0f} MiB"
    if case.most_read and result["read"] > case.most_read:
        yield f"{result['read']:,} bytes were read"
    if result["outcome"] == "recording":
        yield from _recording_faults(case, result)
    yield from _outline_faults(case, result["outline"])


def _recording_faults(case: Case, result: dict):
    if not result["finite"]:
        yield "values that are not finite"
    if case.expected == "W" and not result["message"]:
        yield "no warning"
    if case.values is not None and (
        result["values"] is None or not np.array_equal(result["values"], case.values)
    ):
        yield f"the values are {str(result['values'])[:200]}"
    if case.names and tuple(result["names"]) != case.names:
        yield f"the channels are {result['names']}"
    if case.labels and tuple(result["labels"]) != case.labels:
        yield f"the labels are {result['labels']}"
    if case.has_time is not None and result["has_time"] != case.has_time:
        yield "a time axis" if result["has_time"] else "no time axis"


def _outline_faults(case: Case, outline: dict):
    for field, wanted in case.shows.items():
        got = outline.get(field)
        if json.loads(json.dumps(wanted)) != got:
            yield f"the outline says {field}={got!r}"
