"""Reading files that nobody need trust: each in a process of its own, which ends with it.

A library that parses files can crash, hang, or take all memory on some of them. So the app parses
nothing itself: it asks `FileReader.read`, which answers in words whatever becomes of the process.
"""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from core.config import ReadOptions
from core.signals.readers.channel_names import clean_name
from core.signals.readers.file_outline import FileOutline
from core.signals.reading_child import COMMAND, ReadingChild, TooMuchSaid
from core.signals.reading_limits import GIB, ReadingLimits, limits_for
from core.signals.reading_words import IDLE_EXIT, MOST_ANSWER_BYTES, ReadingAnswer, ReadingJob
from core.signals.recording import DataError
from core.signals.store import temporary_name

AT_ONCE = 2
WAIT_SECONDS = 120.0
REST_SECONDS = 5.0  # after a file: its statistics and floors are worked out in them, on all cores
_SMALLER = "Cut the file into parts, or save it as an NPY file, which is read in place."


@dataclass(frozen=True)
class FileRead:
    """What came of a file."""

    outline: FileOutline | None
    sha256: str = ""  # the key of the stored recording; empty if there is none
    problem: str = ""  # why not, in words that name the file
    notes: tuple[str, ...] = ()  # what was detected, changed or left out


class FileReader:
    """Reads files for all visitors, `at_once` at a time; the others wait their turn.

    command: what to start, for tests. room: held while a file is read, for the bytes that may be
    stored of it; may raise DataError.
    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        limits: Callable[[Path], ReadingLimits] = lambda path: limits_for(path.stat().st_size),
        room: Callable[[int], AbstractContextManager[None]] = nullcontext,
        at_once: int = AT_ONCE,
        wait_seconds: float = WAIT_SECONDS,
        rest_seconds: float = REST_SECONDS,
    ):
        self._command = command
        self._limits, self._room = limits, room
        self._turns = threading.BoundedSemaphore(at_once)
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._spare: ReadingChild | None = None
        self._rest_seconds, self._rested = rest_seconds, 0.0
        self._later: threading.Timer | None = None

    def prepare(self) -> None:
        """Have a process wait for a file, where none does: its imports take a second.

        Not at once where a file has just been read, but some seconds later. It goes by itself when
        no file comes for some minutes.
        """
        with self._lock:
            if self._later is not None or not (self._spare is None or self._spare.has_ended):
                return
            self._end_spare()
            if (seconds := self._rested - time.monotonic()) > 0:
                self._later = threading.Timer(seconds, self._prepare_late)
                self._later.daemon = True
                self._later.start()
            else:
                self._spare = ReadingChild(self._command)

    def _prepare_late(self) -> None:
        with self._lock:
            self._later, self._rested = None, 0.0
        self.prepare()

    def close(self) -> None:
        """End the process that waits."""
        with self._lock:
            if self._later is not None:
                self._later.cancel()
                self._later = None
            self._end_spare()

    def read(
        self,
        path: Path,
        options: ReadOptions,
        *,
        name: str,
        folder: Path,
        is_visitors: bool = False,
    ) -> FileRead:
        """Read a file and store its recording in the data folder `folder`.

        is_visitors: whether a visitor of a public demo brought it. Never raises for the file's
        sake, nor for want of memory, time or space.
        """
        shown = clean_name(name) or "file"
        began = time.monotonic()
        if not self._turns.acquire(timeout=self._wait_seconds):
            waited = time.monotonic() - began
            return FileRead(
                None,
                problem=f"{shown}: other files have been read for {waited:.0f} s, and this one "
                "did not get its turn. Load it again in a minute.",
            )
        try:
            job = ReadingJob(
                path=path,
                name=name.encode("utf-8", "replace").decode(),  # JSON has no lone surrogates
                options=options.model_dump(),
                folder=folder,
                temporary=temporary_name(),
                limits=self._limits(path),
                is_visitors=is_visitors,
            )
            with self._room(job.limits.stored_bytes):
                return self._read(job, shown)
        except DataError as error:
            return FileRead(None, problem=str(error))
        except OSError as error:
            return FileRead(None, problem=f"{shown}: it could not be read here ({_why(error)}).")
        finally:
            self._turns.release()

    def _read(self, job: ReadingJob, shown: str) -> FileRead:
        child = self._take()
        try:
            child, heard, code = self._ask(child, job)
        except TooMuchSaid:
            child.log_end(shown)
            return FileRead(None, problem=f"{shown}: {_crashed('it wrote without end')}")
        finally:
            child.end()
            shutil.rmtree(job.folder / job.temporary, ignore_errors=True)
            self._rested = time.monotonic() + self._rest_seconds
        answer = _understood(heard) if code == 0 else None
        if answer is None:
            child.log_end(shown)
            return FileRead(None, problem=f"{shown}: {_ended(code, job.limits)}")
        if answer.is_out_of_memory:
            return FileRead(answer.outline, problem=f"{shown}: {_no_memory(job.limits)}")
        if not answer.sha256 and not answer.problem:
            return FileRead(None, problem=f"{shown}: {_crashed('it gave no answer')}")
        return FileRead(answer.outline, answer.sha256, answer.problem, answer.notes)

    def _ask(self, child: ReadingChild, job: ReadingJob) -> tuple[ReadingChild, bytes, int | None]:
        line = job.model_dump_json().encode()
        child.give(line)
        heard, code = child.hear(job.limits.seconds, MOST_ANSWER_BYTES)
        if code == IDLE_EXIT and not heard:  # the spare went just when it was needed
            child = ReadingChild(self._command)
            child.give(line)
            heard, code = child.hear(job.limits.seconds, MOST_ANSWER_BYTES)
        return child, heard, code

    def _take(self) -> ReadingChild:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and not spare.has_ended:
            return spare
        if spare is not None:
            spare.end()
        return ReadingChild(self._command)

    def _end_spare(self) -> None:
        if self._spare is not None:
            self._spare.end()
            self._spare = None


def _understood(heard: bytes) -> ReadingAnswer | None:
    """The answer; None for anything else, since a file may have taken the process over."""
    try:
        return ReadingAnswer.model_validate_json(heard)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _ended(code: int | None, limits: ReadingLimits) -> str:
    """Why a process gave no answer, and what to do, for a sentence after the file's name."""
    if code is None or code == -signal.SIGALRM:
        return f"reading it took longer than {limits.seconds:.0f} s and was ended. {_SMALLER}"
    if code == -signal.SIGXCPU:
        return (
            f"reading it took more than {limits.processor_seconds} s of processor time and was "
            f"ended. {_SMALLER}"
        )
    if code == -signal.SIGKILL:
        return (
            "the process that read it was ended from outside, most likely because the machine ran "
            f"out of memory. Try again. If it happens again: {_SMALLER[0].lower()}{_SMALLER[1:]}"
        )
    if code < 0:
        return _crashed(
            signal.Signals(-code).name if -code in signal.valid_signals() else str(code)
        )
    return _crashed("it gave no answer")


def _no_memory(limits: ReadingLimits) -> str:
    return f"reading it takes more than {limits.memory_bytes / GIB:.1f} GiB of memory. {_SMALLER}"


def _crashed(how: str) -> str:
    return (
        f"the process that read it crashed ({how}); nothing else was touched. The file is damaged, "
        "or made to do harm: export it again from where it comes from."
    )


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
