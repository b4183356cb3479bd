"""The data folder: recordings kept by key, written whole, loaded as memory maps.

    <folder>/<64 hex digits>/values.npy      as it was, C order
                             recording.json  everything small
                             time.npy, labels.npz, where there are any

Keys of files are the SHA-256 of their content; those of generators and samples, of what they are
made from. A recording never changes under its key, so processes share the folder without locks.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.config import DataConfig
from core.signals.anomalies import inject
from core.signals.generators import GENERATOR_VERSION, generate
from core.signals.recording import Anomaly, DataError, Recording
from core.signals.samples import load_sample

_FORMAT = 1
_KEY = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20  # larger writes wait for the disk's cache
_LARGE_BYTES = 1 << 24  # of values
_TEMPORARY = ".tmp-"
_ABANDONED_SECONDS = 86_400  # a temporary folder this old belongs to a process that died


def open_recording(data: DataConfig, folder: Path) -> Recording:
    """The recording that `data` describes, its values a read-only memory map of the data folder.

    A generated or a sample recording is made when it is first asked for; so is any with anomalies
    put into it; in memory alone where the folder cannot be written. Raises DataError where it
    cannot be made, and for a file that is not in the folder.
    """
    if data.source == "file" and not data.with_anomalies:
        return replace(_load_file(data, folder), name=data.name)
    key = recording_key(data)
    with contextlib.suppress(DataError):  # not there, or damaged: made again
        return load(key, folder)
    made = _make(data, folder)
    try:
        known = {"made_from": {"source": data.source, "sha256": data.sha256}}
        _publish(made, lambda: key, folder, known)
    except OSError:  # a read-only folder, a full disk: it can be looked at all the same
        made.values.flags.writeable = False
        return made
    return load(key, folder)


def recording_key(data: DataConfig) -> str:
    """The key of `data` in the data folder: equal for configurations that give equal recordings."""
    if data.source == "file" and not data.with_anomalies:
        return data.sha256
    return hashlib.sha256(_json({"version": GENERATOR_VERSION} | data.made_from())).hexdigest()


def save(
    recording: Recording, folder: Path, *, temporary: str = "", is_visitors: bool = False
) -> str:
    """Store a recording and return its key, the SHA-256 of its content.

    The content is all but `name` and `notes`: the same data under another name is stored once,
    as it first came. Labels become plain arrays: objects turn into text. `temporary` is a name by
    `temporary_name`, for a caller who removes what is left if this process is killed. Beside a new
    one stands whether a visitor of a public demo brought it.
    """
    recording = replace(recording, labels={k: _plain(v) for k, v in recording.labels.items()})
    with ThreadPoolExecutor(1, "sha256") as pool:
        hashed = pool.submit(_content_key, recording)
        try:
            # A large one is most likely new: it is written while its key is worked out.
            if recording.values.nbytes > _LARGE_BYTES or not _is_stored(hashed.result(), folder):
                known = {"is_visitors": True} if is_visitors else {}
                _publish(recording, hashed.result, folder, known, temporary=temporary)
        except OSError:
            if not _is_stored(hashed.result(), folder):
                raise
    return hashed.result()


def _is_stored(key: str, folder: Path) -> bool:
    """Whether a whole recording is there under a key."""
    try:
        load(key, folder)
    except DataError:
        return False
    return True


def temporary_name() -> str:
    """A name for a folder in the data folder that nothing else looks at."""
    return f"{_TEMPORARY}{secrets.token_hex(16)}"


def load(key: str, folder: Path) -> Recording:
    """The recording under `key`; values (and time) are read-only memory maps.

    Raises DataError for a key that is malformed or not there, and for files that do not fit
    together. The content is not hashed again: that would read all of it.
    """
    place = _place(key, folder)
    try:
        about = json.loads((place / "recording.json").read_bytes())
        if about["format"] != _FORMAT:
            raise ValueError(f"format {about['format']!r} instead of {_FORMAT}")
        values = np.load(place / "values.npy", mmap_mode="r", allow_pickle=False)
        if [values.dtype.str, list(values.shape)] != [about["dtype"], about["shape"]]:
            raise ValueError(f"values are {values.dtype.str} {values.shape}")
        times = None
        if about["has_time"]:
            times = np.load(place / "time.npy", mmap_mode="r", allow_pickle=False)
        labels = {}
        if about["labels"]:
            with np.load(place / "labels.npz", allow_pickle=False) as archive:
                labels = {name: archive[str(i)] for i, name in enumerate(about["labels"])}
        return Recording(
            values=values,
            channel_names=tuple(about["channel_names"]),
            name=about["name"],
            sampling_rate_hz=about["sampling_rate_hz"],
            unit=about["unit"],
            time=times,
            labels=labels,
            missing=tuple(about["missing"]),
            anomalies=tuple(Anomaly(**fields) for fields in about["anomalies"]),
            notes=tuple(about["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        if not place.is_dir():
            raise DataError(f"There is no recording {key[:12]}... in the data folder.") from None
        raise DataError(
            f"The stored recording {key[:12]}... is damaged: {error}. Delete it and load it again."
        ) from error


def stored_keys(folder: Path) -> tuple[str, ...]:
    """The keys of all recordings in the data folder, sorted; none for a folder not yet there."""
    try:
        return tuple(sorted(name for name in os.listdir(folder) if _KEY.fullmatch(name)))
    except FileNotFoundError:
        return ()


def delete(key: str, folder: Path) -> None:
    """Remove a recording. Whoever has it open keeps it. Raises DataError if it is not there."""
    doomed = folder / temporary_name()
    try:
        os.rename(_place(key, folder), doomed)  # at once, so that no one meets half of it
    except FileNotFoundError:
        raise DataError(f"There is no recording {key[:12]}... in the data folder.") from None
    shutil.rmtree(doomed, ignore_errors=True)


def origin(key: str, folder: Path) -> tuple[str, str] | None:
    """The source of a recording that can be made again, and the key of the file's recording that
    it was made of, if any; None for a file's own recording and for one that is not known."""
    try:
        made_from = _beside(key, folder)["made_from"]
        return str(made_from["source"]), str(made_from["sha256"])
    except (KeyError, TypeError):
        return None


def is_visitors(key: str, folder: Path) -> bool:
    """Whether a recording first came with the file of a visitor of a public demo."""
    return _beside(key, folder).get("is_visitors") is True


def _beside(key: str, folder: Path) -> dict[str, Any]:
    """What stands beside a recording; nothing where it is not there, or damaged."""
    try:
        found = json.loads((_place(key, folder) / "recording.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def made_of(key: str, folder: Path) -> tuple[str, ...]:
    """The keys of the recordings that were made of a file's recording."""
    keys = stored_keys(folder) if key else ()  # those of no file have an empty one
    return tuple(other for other in keys if (origin(other, folder) or ("", ""))[1] == key)


def last_used(key: str, folder: Path) -> float:
    """When a recording was stored or last noted as used, in seconds of the file system's clock;
    0 for one that is not there."""
    try:
        return _place(key, folder).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def stored_bytes(key: str, folder: Path) -> int:
    """What a recording takes of the disk; 0 for one that is not there."""
    try:
        with os.scandir(_place(key, folder)) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except FileNotFoundError:
        return 0


def note_use(key: str, folder: Path, at: float | None = None) -> None:
    """Count a recording as used now, or at another time of the file system's clock; where nothing
    can be written, or it has just gone, not."""
    with contextlib.suppress(OSError):
        os.utime(_place(key, folder), None if at is None else (at, at))


def _load_file(data: DataConfig, folder: Path) -> Recording:
    if not data.sha256 or data.sha256 not in stored_keys(folder):
        raise DataError(
            f"The data of the file {data.name!r} is not in the data folder of this machine. "
            "Upload the file again."
        )
    return load(data.sha256, folder)


def _make(data: DataConfig, folder: Path) -> Recording:
    if data.source == "generator":
        return generate(data)
    recording = _load_file(data, folder) if data.source == "file" else load_sample(data.name)
    if data.source == "file":
        recording = replace(recording, name=data.name)
    if data.with_anomalies:
        recording = inject(recording, data.anomalies, data.anomaly_count, data.seed)
    return recording


def _place(key: str, folder: Path) -> Path:
    if not isinstance(key, str) or not _KEY.fullmatch(key):  # before it meets a path
        raise DataError(f"A key has 64 digits 0-9 a-f. Received: {str(key)[:80]!r}")
    return folder / key


def _publish(
    recording: Recording,
    key: Callable[[], str],
    folder: Path,
    known: dict[str, Any],
    *,
    temporary: str = "",
) -> None:
    """Write the recording to a temporary folder and rename that to its key.

    Where it is there already, or another process was faster, that copy stays and this one goes.
    key: asked for when all is written. known: what is kept beside it, such as what it was made of,
    so that whoever removes a file's recording finds that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    beside = folder / (temporary or temporary_name())
    try:
        beside.mkdir()
        _write(recording, beside, known)
        for path in [*beside.iterdir(), beside]:
            _sync(path)
        place = _place(key(), folder)
        try:
            os.rename(beside, place)
        except OSError:
            if not place.is_dir():
                raise
            if not _is_stored(key(), folder):  # a damaged one is in the way
                with contextlib.suppress(DataError):  # someone else has just removed it
                    delete(key(), folder)
                with contextlib.suppress(OSError):  # someone else has just replaced it
                    os.rename(beside, place)
        _sync(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(recording: Recording, folder: Path, known: dict[str, Any]) -> None:
    values = recording.values
    with open(folder / "values.npy", "wb") as file:
        header = np.lib.format.header_data_from_array_1_0(values)
        # Always in C order, so that a window is one stretch of the file.
        np.lib.format.write_array_header_1_0(file, header | {"fortran_order": False})
        _write_blocks(file, _blocks(values), values.nbytes)
    if recording.time is not None:
        np.save(folder / "time.npy", recording.time, allow_pickle=False)
    if recording.labels:
        # Numbered, since a label may be called what cannot be the name of a member.
        members = {str(i): _plain(v) for i, v in enumerate(recording.labels.values())}
        np.savez_compressed(folder / "labels.npz", **members)
    about = _about(recording) | {
        "format": _FORMAT,
        "name": recording.name,
        "notes": recording.notes,
    }
    (folder / "recording.json").write_bytes(_json(about | known))


def _write_blocks(file: BinaryIO, blocks: Iterable[memoryview], size: int) -> None:
    """Write blocks of `size` bytes in all. Raises OSError.

    Where they are many, the disk works on those that are written while the next are copied.
    """
    if size <= _LARGE_BYTES:
        file.writelines(blocks)
        return
    with ThreadPoolExecutor(1, "sync") as pool:
        synced = pool.submit(os.fdatasync, file.fileno())
        for block in blocks:
            file.write(block)
            if synced.done():
                synced.result()
                synced = pool.submit(os.fdatasync, file.fileno())
    synced.result()


def _about(recording: Recording) -> dict[str, Any]:
    """What belongs to the content besides its arrays."""
    return {
        "dtype": recording.values.dtype.str,
        "shape": recording.values.shape,
        "channel_names": recording.channel_names,
        "sampling_rate_hz": recording.sampling_rate_hz,
        "unit": recording.unit,
        "has_time": recording.time is not None,
        "labels": tuple(recording.labels),
        "missing": recording.missing,
        "anomalies": [asdict(anomaly) for anomaly in recording.anomalies],
    }


def _content_key(recording: Recording) -> str:
    digest = hashlib.sha256(_json(_about(recording)))
    others = [] if recording.time is None else [recording.time]
    others += [_plain(label) for label in recording.labels.values()]
    for array in others:
        digest.update(_json([array.dtype.str, array.shape]))
    for array in [recording.values, *others]:
        for block in _blocks(array):
            digest.update(block)
    return digest.hexdigest()


def _blocks(array: np.ndarray) -> Iterator[memoryview]:
    """The array's bytes in C order, about a megabyte at a time, whatever its layout."""
    row_bytes = max(1, array.nbytes // max(1, len(array)))
    rows = max(1, _BLOCK_BYTES // row_bytes)
    for start in range(0, len(array), rows):
        block = np.ascontiguousarray(array[start : start + rows])
        yield memoryview(block.reshape(-1).view(np.uint8))


def _plain(label: np.ndarray) -> np.ndarray:
    """A label as an array that needs no pickle: objects as text, what is missing as ''."""
    label = np.asarray(label)
    if label.dtype.kind in "biufSUMm":
        return label
    texts = ["" if item is None or item != item else str(item) for item in label.tolist()]
    return np.array(texts, dtype=np.str_).reshape(label.shape)


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _sync(path: Path) -> None:
    """Force a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # some network file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove what processes that died while writing have left behind."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path)
