"""A file of the visitor's, kept for this session so that it can be read again in another way."""

import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from core.config import ReadOptions
from core.session.drafts import change, part, value
from core.session.machine import store
from core.session.sources import open_files, open_source
from core.signals.readers import FileOutline, outline, read_recording
from core.signals.recording import DataError
from core.signals.store import save

UPLOADER = "uploader"  # the key of the widget that takes a file

_UPLOAD = "upload"
_BESIDE = "upload_beside"  # SHA-256 of the draft's data since the upload came or was last taken
_READING = "reading"


@dataclass(frozen=True)
class Upload:
    """A file as it came."""

    token: str
    name: str  # as the visitor calls it; never used as a path
    folder: tempfile.TemporaryDirectory  # goes with the session

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / "upload"


@dataclass(frozen=True)
class Reading:
    """What came of reading an upload with certain options."""

    token: str
    options: ReadOptions
    outline: FileOutline | None
    sha256: str = ""  # of the stored recording; empty if it cannot be read
    problem: str = ""


def keep_upload() -> None:
    """Callback of the uploader: keep the file that came, to be read as detected."""
    came = st.session_state[UPLOADER]
    if came is not None:
        st.session_state[_UPLOAD] = _on_disk(came.name, came)
        st.session_state[_BESIDE] = value("data.sha256")
        change({"data.reading": ReadOptions().model_dump(mode="json")})
        open_files()


def _on_disk(name: str, stream: BinaryIO) -> Upload:
    folder = tempfile.TemporaryDirectory(prefix="lab-upload-", ignore_cleanup_errors=True)
    kept = Upload(secrets.token_hex(8), name[-200:], folder)
    stream.seek(0)
    with kept.path.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return kept


def upload() -> Upload | None:
    """The file in hand, which took the place of the one before.

    None once a run or a link has put another recording into the draft.
    """
    is_in_hand = st.session_state.get(_BESIDE) == value("data.sha256")
    return st.session_state.get(_UPLOAD) if is_in_hand else None


def last_reading() -> Reading | None:
    """What came of the last upload, as it was last read."""
    return st.session_state.get(_READING)


def take_upload() -> None:
    """Make the upload the draft's data, read with the draft's options, while uploads are open.

    To be called before anything that shows the data is drawn.
    """
    kept, data, before = upload(), part("data"), last_reading()
    if open_source() != "file" or kept is None or data is None:
        return
    with st.spinner("Reading the file…"):
        reading = _read(kept, data.reading)
    if reading is not before and reading.sha256:
        change({"data.source": "file", "data.name": kept.name, "data.sha256": reading.sha256})
        st.session_state[_BESIDE] = reading.sha256


def _read(kept: Upload, options: ReadOptions) -> Reading:
    """Read the file and store the recording; once for each pair of a file and options."""
    last = last_reading()
    if last is not None and last.token == kept.token and last.options == options:
        return last
    found = None
    try:
        found = outline(kept.path, options, name=kept.name)
        loaded = read_recording(kept.path, options, name=kept.name)
        reading = Reading(kept.token, options, found, save(loaded, store().data_folder))
    except DataError as error:
        reading = Reading(kept.token, options, found, problem=str(error))
    st.session_state[_READING] = reading
    return reading
