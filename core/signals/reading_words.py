"""What passes between the app and a process that reads a file for it: lines of JSON.

The process may be in the hands of the file it reads, so what it answers is checked like any input;
it is never unpickled.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.config import ReadOptions
from core.signals.readers.file_outline import FileOutline
from core.signals.reading_limits import ReadingLimits

MOST_ANSWER_BYTES = 64 * 2**20
IDLE_EXIT = 75  # the exit code of a process that waited too long for a file


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadingJob(_Words):
    """A file to read and where to store what is in it."""

    path: Path
    name: str  # as the visitor calls it
    options: ReadOptions
    folder: Path  # of the stored recordings
    temporary: str  # the name of the temporary folder in it, which the app removes
    limits: ReadingLimits
    is_visitors: bool = False  # a visitor of a public demo brought the file


class ReadingAnswer(_Words):
    """What came of it: a stored recording, or a problem in words; an outline where there is one."""

    outline: FileOutline | None = None
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    notes: tuple[str, ...] = ()  # of the recording as this file was read
    problem: str = ""
    is_out_of_memory: bool = False
