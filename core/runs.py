"""The run folder: the record of everything about one training run.

A runs folder holds one folder a run, named by its id (32 hex digits), and the data folder beside
them. Whatever the app shows can be rebuilt from these files; no state lives only in memory.

    store = RunStore("runs")
    run = store.create(config.model_dump(mode="json"), name="First try")
    run.transition("starting", pid=os.getpid())
    run.transition("running")
    run.append_history({"epoch": 0, "loss": 9.82})
    run.transition("finished")

Every file but `history.csv` and `log.txt` is published whole: a temporary file, fsync, rename,
fsync of the folder. A full disk or a lost permission comes out as the OSError it is.
"""

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any

STATUS_VERSION = 1
RUN_ID = re.compile(r"[0-9a-f]{32}")
ALLOWED = {  # state: the states that may follow it
    "queued": ("starting", "paused", "cancelled", "failed"),
    "starting": ("running", "queued", "paused", "finished", "cancelled", "failed", "interrupted"),
    "running": ("paused", "finished", "cancelled", "failed", "interrupted"),
    "paused": ("queued", "cancelled"),
    "interrupted": ("queued", "cancelled"),
    "finished": (),
    "cancelled": (),
    "failed": (),
}
STATES = tuple(ALLOWED)
FINAL_STATES = frozenset(state for state, following in ALLOWED.items() if not following)
ACTIVE_STATES = frozenset({"queued", "starting", "running"})
DAMAGED, NEWER = "damaged", "newer"  # listed as states, never written
NAME_LENGTH = 200
_STATUS_BYTES = 1_000_000  # more than this is no status file
_COLUMN = re.compile(r'[^,"\r\n]+')


class RunNotFound(KeyError):
    """No such run; the same message whether the id is unknown or not an id at all."""

    def __init__(self, run_id: object):
        super().__init__(f"There is no run {str(run_id)[:40]} in this runs folder.")

    def __str__(self) -> str:  # KeyError would show the quotes of a repr
        return self.args[0]


class RunUnreadable(ValueError):
    """A run folder that this version cannot read; `state` is `damaged` or `newer`."""

    def __init__(self, message: str, state: str = DAMAGED, name: str = "", sequence: int = 0):
        super().__init__(message)
        self.state, self.name, self.sequence = state, name, sequence


class TransitionRefused(ValueError):
    """A state that may not follow the present one; the run is as it was."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What `status.json` says; `extra` keeps the keys that this version does not know."""

    state: str
    reason: str = ""  # a sentence a person understands
    sequence: int = 0  # the order of creation; the clock has no say in it
    name: str = ""
    created: str = ""  # ISO 8601, UTC
    started: str = ""  # when training first began
    ended: str = ""  # when it last came to rest
    pid: int | None = None  # of the worker
    pid_started: str = ""  # tells the worker from a stranger that got the same process id
    device: str = ""
    owner: str | None = None
    extra: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES


@dataclass(frozen=True, kw_only=True)
class RunSummary(Status):
    """A line of the list of runs; `state` may also be `damaged` or `newer`, `reason` says why."""

    id: str


_FIELDS = tuple(item.name for item in fields(Status) if item.name != "extra")
_TYPES = {"sequence": int, "pid": (int, type(None)), "owner": (str, type(None))}  # the rest: str


# Every write, fsync and rename of a run goes through these three, so that faults can be put here.


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)


def _rename(source: Path, target: Path) -> None:
    os.replace(source, target)


def _sync_path(path: Path) -> None:
    """Force a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _sync(descriptor)
    except OSError as error:  # some network file systems cannot sync a folder
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP)):
            raise
    finally:
        os.close(descriptor)


def _sync_tree(path: Path) -> None:
    """Force a file, or a folder and all below it, to the disk."""
    if path.is_dir():
        for inner in path.iterdir():
            _sync_tree(inner)
    _sync_path(path)


def _write_file(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        _write(descriptor, data)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _put(path: Path, writer: Callable[[Path], None], *, sync: bool = True) -> None:
    """Put a file or folder in place whole: a reader sees the old one or the new one, no part."""
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}-{path.name}")
    try:
        writer(temporary)
        if sync:
            _sync_tree(temporary)
        _rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    if sync:
        _sync_path(path.parent)


def _put_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    _put(path, lambda temporary: _write_file(temporary, data), sync=sync)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes and threads; the system frees it with its holder."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _status_bytes(status: Status) -> bytes:
    """The bytes of a `status.json`. Raises RunUnreadable rather than give unreadable ones."""
    known = {name: getattr(status, name) for name in _FIELDS}
    data = _json_bytes(status.extra | known | {"version": STATUS_VERSION})
    _parse_status(data)
    return data


def _changed(status: Status, changes: Mapping[str, Any]) -> Status:
    """A copy with fields changed; a key that is no field goes to `extra`."""
    known = {key: value for key, value in changes.items() if key in _FIELDS}
    unknown = {key: value for key, value in changes.items() if key not in _FIELDS}
    return replace(status, **known, extra=status.extra | unknown)


def _parse_status(data: bytes) -> Status:
    """The status of the bytes of a `status.json`. Raises RunUnreadable."""
    try:
        content = json.loads(data)
        version = content.pop("version")
        if not isinstance(version, int):
            raise TypeError(f"version is {version!r}")
        name, sequence = content.get("name", ""), content.get("sequence", 0)
        if version > STATUS_VERSION:
            raise RunUnreadable(
                f"This run was made by a newer version of the lab (format {version}, this one "
                f"reads up to {STATUS_VERSION}). It is left as it is.",
                NEWER,
                name if isinstance(name, str) else "",
                sequence if isinstance(sequence, int) else 0,
            )
        known = {key: content.pop(key) for key in _FIELDS if key in content}
        for key, value in known.items():
            if not isinstance(value, _TYPES.get(key, str)):
                raise TypeError(f"{key} is {value!r}")
        if known.get("state") not in STATES:
            raise ValueError(f"state is {known.get('state')!r}")
    except RunUnreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunUnreadable(
            f"This run's status.json is damaged ({type(error).__name__}: {str(error)[:200]}). "
            "The other runs are not affected; it can be deleted."
        ) from error
    return Status(**known, extra=content)


def _read_status(folder: Path) -> Status:
    path = folder / "status.json"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:  # O_NONBLOCK: a named pipe in its place must not hang the list
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a plain file")
            data = os.read(descriptor, _STATUS_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not folder.is_dir():
            raise RunNotFound(folder.name) from None
        raise RunUnreadable(
            f"This run's status.json cannot be read ({error.strerror}). "
            "The other runs are not affected."
        ) from error
    return _parse_status(data)


class Run:
    """One run and its folder. Get one from `RunStore.create` or `RunStore.open`."""

    def __init__(self, folder: Path, now: Callable[[], datetime]):
        self.id = folder.name
        self.folder = folder
        self._now = now

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    # What the run is

    def config(self) -> dict[str, Any]:
        """The configuration as it was submitted. Raises RunUnreadable."""
        try:
            content = json.loads((self.folder / "config.json").read_bytes())
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise RunNotFound(self.id) from None
            raise RunUnreadable("This run's config.json is missing.") from error
        except (ValueError, RecursionError) as error:
            raise RunUnreadable(f"This run's config.json is damaged: {error}") from error
        if not isinstance(content, dict):
            raise RunUnreadable("This run's config.json is damaged: it holds no fields.")
        return content

    def status(self) -> Status:
        """Raises RunUnreadable for a damaged or newer folder, RunNotFound for a removed one."""
        return _read_status(self.folder)

    @property
    def is_active(self) -> bool:
        """Queued, starting or running."""
        return self.status().is_active

    def transition(
        self, state: str, reason: str = "", *, by_pid: int | None = None, **changes: Any
    ) -> Status:
        """Go to another state; `changes` are fields of Status, or new keys kept in `extra`.

        With `by_pid` only the worker named in the status is let through: one that was declared
        dead and wakes up again must not write. Raises TransitionRefused; the first final state
        stays, however many threads and processes try.
        """
        if state not in ALLOWED:
            raise ValueError(f"state must be one of {', '.join(STATES)}. Received: {state!r}")
        with self._lock():
            status = self.status()
            if state not in ALLOWED[status.state]:
                raise TransitionRefused(f"The run is {status.state}: it cannot become {state}.")
            if by_pid is not None and by_pid != status.pid:
                raise TransitionRefused(
                    f"The run belongs to process {status.pid} now, not to process {by_pid}."
                )
            now = self._now().isoformat(timespec="milliseconds")
            timely: dict[str, Any] = {"ended": now if state not in ACTIVE_STATES else ""}
            if state == "running" and not status.started:
                timely["started"] = now
            if state == "queued":  # a fresh start: no worker, and no old wish to stop
                timely |= {"pid": None, "pid_started": ""}
                for marker in ("cancel", "pause"):
                    (self.folder / marker).unlink(missing_ok=True)
            if state == "starting":  # no worker is alive: what is left of a killed one can go
                for leftover in self.folder.glob(".tmp-*"):
                    _remove(leftover)
            status = self._put_status(status, {"state": state, "reason": reason} | timely | changes)
        if state == "queued":
            os.utime(self.folder.parent)  # a runner in another process looks at this time
        return status

    def update(self, **changes: Any) -> Status:
        """Change fields of the status but the state, such as `name` or `device`."""
        if "state" in changes:
            raise ValueError("update() leaves the state alone; use transition().")
        with self._lock():
            return self._put_status(self.status(), changes)

    def _put_status(self, status: Status, changes: dict[str, Any]) -> Status:
        status = _changed(status, changes)
        _put_bytes(self.folder / "status.json", _status_bytes(status))
        return status

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            with _locked(self.folder / ".lock"):
                yield
        except FileNotFoundError:
            if not self.folder.is_dir():
                raise RunNotFound(self.id) from None
            raise

    # What the run has done

    def append_history(self, row: Mapping[str, float]) -> None:
        """Add an epoch's row of numbers to `history.csv`, on the disk when this returns.

        The first row sets the columns; raises ValueError for a row with others. A line torn by
        an earlier kill is cut off first, and after an OSError the file is as it was.
        """
        path = self.folder / "history.csv"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            content = b"".join(iter(lambda: os.read(descriptor, 1 << 20), b""))
            whole = content[: content.rfind(b"\n") + 1]
            columns = whole.decode(errors="replace").split("\n", 1)[0].split(",") if whole else []
            text = _history_text(columns, [row])
            os.ftruncate(descriptor, len(whole))
            os.lseek(descriptor, 0, os.SEEK_END)
            try:
                _write(descriptor, text.encode())
                _sync(descriptor)
                if not whole:
                    _sync_path(self.folder)  # the file's name is new
            except OSError:
                os.ftruncate(descriptor, len(whole))
                raise
        finally:
            os.close(descriptor)

    def replace_history(self, rows: list[Mapping[str, float]]) -> None:
        """Publish the history anew, as of a checkpoint: later epochs are trained once more."""
        data = _history_text([], rows).encode() if rows else b""
        _put_bytes(self.folder / "history.csv", data)

    def history(self) -> list[dict[str, float]]:
        """A dict a finished epoch, ints and floats as they were given; no torn last line."""
        try:
            content = (self.folder / "history.csv").read_bytes()
        except FileNotFoundError:
            return []
        header, *lines = content[: content.rfind(b"\n") + 1].decode(errors="replace").split("\n")
        columns = header.split(",")
        rows = []
        for line in lines:
            parts = line.split(",")
            try:
                numbers = [int(part) if _is_int(part) else float(part) for part in parts]
            except ValueError:
                continue
            if len(numbers) == len(columns):
                rows.append(dict(zip(columns, numbers, strict=True)))
        return rows

    def publish(self, name: str, writer: Callable[[Path], None]) -> Path:
        """Let `writer` make a file or a folder at a temporary path, then put it in place whole.

        The temporary name ends in `name`, for writers that look at the suffix. A file replaces
        the one before it; a folder needs a name of its own (OSError otherwise).
        """
        if not name or Path(name).name != name or name.startswith("."):
            raise ValueError(f"name must be a plain file name. Received: {name!r}")
        _put(self.folder / name, writer)
        return self.folder / name

    def publish_bytes(self, name: str, data: bytes) -> Path:
        return self.publish(name, lambda path: _write_file(path, data))

    def publish_json(self, name: str, value: Any) -> Path:
        return self.publish_bytes(name, _json_bytes(value))

    def write_progress(self, progress: Mapping[str, Any]) -> None:
        """Replace `progress.json`; not synced, since it only matters while the worker lives."""
        _put_bytes(self.folder / "progress.json", _json_bytes(dict(progress)), sync=False)

    def progress(self) -> dict[str, Any]:
        """What the worker last wrote with `write_progress`, or {}."""
        try:
            content = json.loads((self.folder / "progress.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def log_tail(self, max_bytes: int = 65_536) -> str:
        """The last part of `log.txt`, or an empty text."""
        try:
            with open(self.folder / "log.txt", "rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - max_bytes))
                return log.read(max_bytes).decode(errors="replace")
        except OSError:
            return ""

    def size_bytes(self) -> int:
        """The sum of the sizes of the run's files, in bytes; files that vanish count as 0."""
        total = 0
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with suppress(FileNotFoundError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    # What the run is asked to do: a marker file each, cheap enough to look for at every batch

    def request_cancel(self) -> None:
        _write_file(self.folder / "cancel", b"")

    def cancel_requested(self) -> bool:
        return os.path.lexists(self.folder / "cancel")

    def request_pause(self) -> None:
        _write_file(self.folder / "pause", b"")

    def pause_requested(self) -> bool:
        return os.path.lexists(self.folder / "pause")


def _is_int(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _history_text(columns: list[str], rows: list[Mapping[str, float]]) -> str:
    """CSV lines of the rows, below a header if there are no columns yet."""
    lines = []
    for row in rows:
        if not columns:
            columns = [str(column) for column in row]
            faulty = [column for column in columns if not _COLUMN.fullmatch(column)]
            if faulty or not columns:
                raise ValueError(f"history columns need plain names. Received: {columns}")
            lines.append(",".join(columns))
        if set(row) != set(columns):
            raise ValueError(
                f"a history row must have the columns {', '.join(columns)}. "
                f"Received: {', '.join(map(str, row))}"
            )
        lines.append(",".join(_number_text(row[column]) for column in columns))
    return "".join(f"{line}\n" for line in lines)


def _number_text(value: float) -> str:
    if isinstance(value, Integral):
        return str(int(value))
    if not isinstance(value, Real):
        raise ValueError(f"history holds numbers. Received: {value!r}")
    return repr(float(value))  # the shortest text that reads back as exactly this number


def utc_now() -> datetime:
    return datetime.now(UTC)


class RunStore:
    """A runs folder. Safe for threads, and for any number of processes on one machine."""

    def __init__(self, root: str | os.PathLike[str], *, now: Callable[[], datetime] = utc_now):
        self.root = Path(root).absolute()
        self.root.mkdir(parents=True, exist_ok=True)
        self._now = now
        self._cache: dict[str, tuple[tuple[int, ...], RunSummary]] = {}
        self._cache_lock = threading.Lock()

    @property
    def data_folder(self) -> Path:
        """Where recordings lie, each in a folder named by its content hash."""
        return self.root / "data"

    def create(
        self,
        config: Mapping[str, Any],
        *,
        name: str,
        owner: str | None = None,
        state: str = "queued",
        **changes: Any,
    ) -> Run:
        """A new run: there whole, or (after an OSError or a kill) not at all.

        A process that trains a run itself creates it as `starting`, with its `pid` and
        `pid_started` as `changes`, so that no runner takes it from the queue.
        """
        run_id = secrets.token_hex(16)
        hidden = self.root / f".new-{run_id}"
        content = _json_bytes(dict(config))
        name = check_name(name)
        with _locked(self.root / ".lock"):
            status = Status(
                state=state,
                sequence=self._next_sequence(),
                name=name,
                created=self._now().isoformat(timespec="milliseconds"),
                owner=owner,
            )
            data = _status_bytes(_changed(status, changes))
            try:
                hidden.mkdir()
                _write_file(hidden / ".lock", b"")
                _write_file(hidden / "config.json", content)
                _write_file(hidden / "status.json", data)
                _sync_tree(hidden)
                _rename(hidden, self.root / run_id)
            except BaseException:
                _remove(hidden)
                raise
            _sync_path(self.root)
        return self.open(run_id)

    def _next_sequence(self) -> int:
        """One more than any before; if the counter file is lost, the runs themselves tell."""
        path = self.root / ".sequence"
        try:
            last = int(path.read_text())
        except (OSError, ValueError):
            last = max((summary.sequence for summary in self.list()), default=0)
        _put_bytes(path, str(last + 1).encode())
        return last + 1

    def open(self, run_id: str) -> Run:
        """Raises RunNotFound; a malformed id and a symbolic link are no runs either."""
        if not (isinstance(run_id, str) and RUN_ID.fullmatch(run_id)):
            raise RunNotFound(run_id)
        folder = self.root / run_id
        if folder.is_symlink() or not folder.is_dir():
            raise RunNotFound(run_id)
        return Run(folder, self._now)

    def delete(self, run_id: str) -> None:
        """Remove a run, all at once for readers. Raises TransitionRefused for an active one."""
        run = self.open(run_id)
        with run._lock():
            try:
                state = run.status().state
            except RunUnreadable as error:
                if error.state == NEWER:
                    raise TransitionRefused(str(error)) from error
                state = DAMAGED
            if state in ACTIVE_STATES:
                raise TransitionRefused(f"The run is {state}: cancel it first, then delete it.")
            trash = self.root / f".trash-{run_id}-{secrets.token_hex(4)}"
            _rename(run.folder, trash)
            _sync_path(self.root)
        _remove(trash)

    def rename(self, run_id: str, name: str) -> Status:
        """Give a run another name, whatever its state. Raises ValueError for too long a name."""
        return self.open(run_id).update(name=check_name(name))

    def clean(self) -> None:
        """Remove what a kill in the middle of `create` or `delete` left behind."""
        with _locked(self.root / ".lock"):  # so that no `.new-` folder is in the making
            for pattern in (".new-*", ".trash-*", ".tmp-*"):
                for leftover in self.root.glob(pattern):
                    _remove(leftover)

    def list(self) -> list[RunSummary]:
        """All runs in the order of their creation, damaged ones (whose order is lost) first.

        Reads a status.json only if it changed since the last call: one `lstat` a run otherwise.
        """
        with self._cache_lock:
            seen = {}
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if RUN_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                        item = self._summary(entry.name, entry.path)
                        if item is not None:
                            seen[entry.name] = item
            self._cache = seen
            summaries = [summary for _, summary in seen.values()]
        return sorted(summaries, key=lambda summary: (summary.sequence, summary.id))

    def _summary(self, run_id: str, folder: str) -> tuple[tuple[int, ...], RunSummary] | None:
        """The cached line of a run while its file is the same; None if the run is gone."""
        try:
            found = os.lstat(f"{folder}/status.json")
            # A replaced file has another inode, so that two writes in one clock tick differ too.
            key = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
        except OSError:
            key = ()
        cached = self._cache.get(run_id)
        if cached is not None and key and cached[0] == key:
            return cached
        try:
            status = _read_status(Path(folder))
            known = {name: getattr(status, name) for name in _FIELDS}
            summary = RunSummary(id=run_id, **known, extra=status.extra)
        except RunNotFound:
            return None
        except RunUnreadable as error:
            summary = RunSummary(
                id=run_id,
                state=error.state,
                reason=str(error),
                name=error.name,
                sequence=error.sequence,
            )
        return key, summary


def check_name(name: str) -> str:
    """The name without outer blanks. Raises ValueError if it is longer than NAME_LENGTH."""
    name = name.strip()
    if len(name) > NAME_LENGTH:
        raise ValueError(
            f"a run's name can have up to {NAME_LENGTH} characters. Received: {len(name)}"
        )
    return name
