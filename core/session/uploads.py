"""A file of the visitor's, kept for this session so that it can be read again in another way."""

import contextlib
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from core.config import DataConfig, ReadOptions
from core.disk import fault_text
from core.session import visitor
from core.session.drafts import change, part, value
from core.session.first_cut import first_cut
from core.session.machine import store
from core.session.once import once
from core.session.sources import open_files, open_source
from core.signals.readers.signatures import is_packed
from core.signals.reading import FileRead, FileReader
from core.signals.reading_limits import ReadingLimits, limits_for
from core.signals.recording import DataError, Recording
from core.signals.store import load
from core.upload_folder import file_folder, own_folder

UPLOADER = "uploader"  # the key of the widget that takes a file begins so

_UPLOAD = "upload"
_BESIDE = "upload_beside"  # SHA-256 of the draft's data since the upload came or was last taken
_TAKEN = "upload_taken"  # token of the upload that the draft's data came from
_CUT = "upload_cut"  # the token of the upload that was cut last, with the length of its own windows
_READING = "reading"
_FILES_READ = "files_read"  # SHA-256 of a recording: (token, name) of the file first read with it
_WIDGET = "uploader_key"


@dataclass(frozen=True)
class Upload:
    """A file as it came."""

    token: str
    name: str  # as the visitor calls it; never used as a path
    folder: tempfile.TemporaryDirectory | None  # goes with the session; None: it was refused
    problem: str = ""  # why it was

    @property
    def path(self) -> Path | None:
        return Path(self.folder.name) / "upload" if self.folder else None


@dataclass(frozen=True)
class Reading:
    """What came of reading an upload with certain options."""

    token: str
    options: ReadOptions
    result: FileRead
    same_as: str = ""  # the name of another file of this session that held the same recording


def keep_upload() -> None:
    """Callback of the uploader: keep the file that came, to be read as detected."""
    came = st.session_state[uploader_key()]
    if came is not None:
        st.session_state[_UPLOAD] = _kept(came)
        _empty_in_memory(came)
        st.session_state[_BESIDE] = value("data.sha256")
        fresh = {"data.anomalies": [], "data.anomaly_count": 0}  # of what was generated before
        change(fresh | {"data.reading": ReadOptions().model_dump(mode="json")})
        open_files()


def _kept(came: UploadedFile) -> Upload:
    """The file that came on the disk; without a copy of it where there is no room for one."""
    token, name = secrets.token_hex(8), came.name[-200:]
    try:
        visitor.check_file(came.size)
        with visitor.room_for(came.size):
            return Upload(token, name, _on_disk(came))
    except DataError as error:
        return Upload(token, name, None, str(error))
    except OSError as error:
        return Upload(token, name, None, f"{name}: it cannot be kept here: {fault_text(error)}.")


def _on_disk(stream: BinaryIO) -> tempfile.TemporaryDirectory:
    """A folder that holds a copy. Raises OSError, and leaves nothing then."""
    folder = file_folder(_uploads(str(store().root)), visitor.owner())
    try:
        stream.seek(0)
        with (Path(folder.name) / "upload").open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError:
        folder.cleanup()
        raise
    return folder


@once
def _uploads(root: str) -> Path:
    return own_folder(Path(root))


def _empty_in_memory(came: UploadedFile) -> None:
    """Let go of the bytes of a file that is on the disk by now; the widget goes on to name it."""
    if context := get_script_run_ctx():
        emptied = UploadedFileRec(came.file_id, came.name, came.type, b"")
        context.uploaded_file_mgr.add_file(context.session_id, emptied)
    came.truncate(0)  # and not closed: Streamlit copies it


def upload() -> Upload | None:
    """The file in hand, which took the place of the one before.

    None once a run or a link has put another recording into the draft, or the file is gone; one
    that was refused is in hand, too, until another comes.
    """
    kept = st.session_state.get(_UPLOAD)
    is_in_hand = st.session_state.get(_BESIDE) == value("data.sha256")
    if kept is None or not is_in_hand:
        return None
    return kept if kept.problem or kept.path.exists() else None


def is_refused() -> bool:
    """Whether the file in hand is one of which nothing was taken."""
    kept = upload()
    return kept is not None and st.session_state.get(_TAKEN) != kept.token


def drop_upload() -> None:
    """Let go of the file in hand, of what it was read as, and of its copy in the widget."""
    kept = st.session_state.pop(_UPLOAD, None)
    if kept is not None and kept.folder is not None:
        kept.folder.cleanup()
    in_widget, context = st.session_state.get(uploader_key()), get_script_run_ctx()
    if in_widget is not None and context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, in_widget.file_id)
    for key in (_BESIDE, _TAKEN, _READING, _FILES_READ):
        st.session_state.pop(key, None)
    st.session_state[_WIDGET] = uploader_key(1)


def uploader_key(later: int = 0) -> str:
    """The key of the widget that takes a file; another one once its file was dropped."""
    last = st.session_state.get(_WIDGET, UPLOADER)
    number = int(last.removeprefix(UPLOADER) or 0) + later
    return f"{UPLOADER}{number or ''}"


def last_reading() -> Reading | None:
    """What came of the last upload, as it was last read."""
    return st.session_state.get(_READING)


def reading_notes(found: Recording, data: DataConfig) -> tuple[str, ...]:
    """What was detected, changed or left out when the recording of `data` was read.

    As this session read it: those that are stored are of whoever brought the same values first,
    and may name what is in that file alone. On a public demo no others are shown of a file.
    """
    last = last_reading()
    if data.source == "file" and last is not None and last.result.sha256 == data.sha256:
        return last.result.notes
    return found.notes if data.source != "file" or visitor.public() is None else ()


def take_upload() -> None:
    """Make the upload the draft's data, read with the draft's options, while uploads are open.

    To be called before anything that shows the data is drawn.
    """
    place = st.empty()  # always there, so that what follows keeps its place on the page
    kept, data, before = upload(), part("data"), last_reading()
    if open_source() != "file" or kept is None or data is None:
        return
    with place, st.spinner("Reading the file…"):
        reading = _read(kept, data.reading)
    sha256 = reading.result.sha256
    if reading is not before and sha256:
        chosen = {"data.source": "file", "data.name": kept.name, "data.sha256": sha256}
        change(chosen | _first_cut(kept, sha256))
        st.session_state[_BESIDE], st.session_state[_TAKEN] = sha256, kept.token


def _first_cut(kept: Upload, sha256: str) -> dict[str, int]:
    """Draft changes that cut what was just read to begin with: not again where it was but read in
    another way, nor where a link or a run brought the same recording with its cut."""
    with contextlib.suppress(DataError):  # a tab has just deleted it
        shape = load(sha256, store().data_folder).values.shape
        cut, before = (kept.token, *shape[1:-1]), st.session_state.get(_CUT)
        st.session_state[_CUT] = cut
        if cut != before and sha256 != value("data.sha256"):
            return first_cut(shape)
    return {}


def prepare_for_upload() -> None:
    """Have a process ready that reads the next file, while the visitor looks for it."""
    _reader().prepare()


def _read(kept: Upload, options: ReadOptions) -> Reading:
    """Read the file and store the recording; once for each pair of a file and options."""
    last = last_reading()
    if last is not None and last.token == kept.token and last.options == options:
        return last
    result = FileRead(None, problem=kept.problem) if kept.problem else _allowed(kept, options)
    known = st.session_state.setdefault(_FILES_READ, {})
    token, name = known.setdefault(result.sha256, (kept.token, kept.name))
    is_again = bool(result.sha256) and token != kept.token
    reading = Reading(kept.token, options, result, name if is_again else "")
    st.session_state[_READING] = reading
    return reading


def _allowed(kept: Upload, options: ReadOptions) -> FileRead:
    """What came of reading the file, within what a public demo takes."""
    result, mine = FileRead(None), visitor.owner()
    try:
        visitor.check_file(kept.path.stat().st_size)
        os.utime(kept.path)  # it is kept so long after it was last read
        place = store().data_folder
        result = _reader().read(
            kept.path, options, name=kept.name, folder=place, is_visitors=mine is not None
        )
        if result.sha256:
            visitor.take_in(result.sha256, mine)
    except DataError as error:
        return replace(result, sha256="", problem=str(error))
    except OSError as error:  # a tab has just deleted it, or the disk is at fault
        said = f"{kept.name}: it cannot be read here: {fault_text(error)}."
        return replace(result, sha256="", problem=said)
    return result


@once
def _reader() -> FileReader:
    """One for all visitors, who wait for each other's files."""
    return FileReader(limits=_limits, room=visitor.room_for)


def _limits(path: Path) -> ReadingLimits:
    size = path.stat().st_size
    return limits_for(size, visitor.limit("max_values"), is_packed(path))
