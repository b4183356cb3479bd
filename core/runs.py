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

import contextlib
import math
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import durable, store_changes
from core.experiment_mark import mark
from core.run_folder import Run
from core.run_status import (
    ACTIVE_STATES,
    DAMAGED,
    NEWER,
    RunNotFound,
    RunSummary,
    RunUnreadable,
    Status,
    TransitionRefused,
    changed,
    may_pass,
    read_status,
    status_bytes,
)

RUN_ID = re.compile(r"[0-9a-f]{32}")
NAME_LENGTH = 200
_OWNER = "owner"  # a file of a visitor's run
LOOK_SECONDS = 10.0  # after which changes are looked for that nobody noted


def utc_now() -> datetime:
    return datetime.now(UTC)


class RunStore:
    """A runs folder. Safe for threads, and for any number of processes on one machine."""

    def __init__(self, root: str | os.PathLike[str], *, now: Callable[[], datetime] = utc_now):
        self.root = Path(root).absolute()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno, f"The runs folder cannot be made ({error.strerror})", str(self.root)
            ) from error
        self._now = now
        self._cache: dict[str, tuple[tuple[int, ...], RunSummary]] = {}
        self._listing: tuple[RunSummary, ...] = ()
        self.has_unread = False  # whether the last look could not read all that may be whole
        self._listed = -math.inf  # when the listing was last known to be true
        self._looked = -math.inf  # when all runs were last looked at
        self._noted: tuple[int, int] | None = None  # the changes noted by then
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
        prepare: Callable[[Path], None] = lambda folder: None,
        **changes: Any,
    ) -> Run:
        """A new run: there whole, or (after an OSError or a kill) not at all.

        `prepare` may put more into its folder before anybody sees it.
        A process that trains a run itself creates it as `starting`, with its `pid` and
        `pid_started` as `changes`, so that no runner takes it from the queue.
        """
        run_id = secrets.token_hex(16)
        place, hidden = self.root / run_id, self.root / f".new-{run_id}"
        content = durable.json_bytes(dict(config))
        name = check_name(name)
        with durable.locked(self.root / ".lock"):
            status = Status(
                state=state,
                sequence=self._next_sequence(),
                name=name,
                created=self._now().isoformat(timespec="milliseconds"),
                owner=owner,
            )
            data = status_bytes(changed(status, mark(config) | changes))
            try:
                hidden.mkdir()
                durable.write_file(hidden / ".lock", b"")
                durable.write_file(hidden / "config.json", content)
                durable.write_file(hidden / "status.json", data)
                if owner is not None:  # known also if the status is damaged one day
                    durable.write_file(hidden / _OWNER, owner.encode())
                prepare(hidden)
                durable.sync_tree(hidden)
                durable.rename(hidden, place)
                durable.sync_path(self.root)
            except BaseException:
                with contextlib.suppress(OSError):  # it may be there already
                    durable.rename(place, hidden)
                durable.remove(hidden)
                raise
            finally:
                store_changes.note(self.root)
        return self.open(run_id)

    def _next_sequence(self) -> int:
        """One more than any before; if the counter file is lost, the runs themselves tell."""
        path = self.root / ".sequence"
        try:
            last = int(path.read_text())
        except (OSError, ValueError):
            last = max((summary.sequence for summary in self.list()), default=0)
        durable.put_bytes(path, str(last + 1).encode())
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
        with run.locked():
            try:
                state = run.status().state
            except RunUnreadable as error:
                if error.state == NEWER:
                    raise TransitionRefused(str(error)) from error
                state = DAMAGED
            if state in ACTIVE_STATES:
                raise TransitionRefused(f"The run is {state}: cancel it first, then delete it.")
            trash = self.root / f".trash-{run_id}-{secrets.token_hex(4)}"
            durable.rename(run.folder, trash)
            store_changes.note(self.root)
            durable.sync_path(self.root)
        durable.remove(trash)

    def rename(self, run_id: str, name: str) -> Status:
        """Give a run another name, whatever its state. Raises ValueError for too long a name."""
        return self.open(run_id).update(name=check_name(name))

    def clean(self) -> None:
        """Remove what a kill in the middle of `create` or `delete` left behind."""
        with durable.locked(self.root / ".lock"):  # so that no `.new-` folder is in the making
            for pattern in (".new-*", ".trash-*", ".tmp-*"):
                for leftover in self.root.glob(pattern):
                    durable.remove(leftover)

    def list(self) -> list[RunSummary]:
        """All runs in the order of their creation, damaged ones (whose order is lost) first."""
        with self._cache_lock:
            self._look()
            return list(self._listing)

    def listing(self, max_age_seconds: float = 0.0) -> tuple[RunSummary, ...]:
        """The runs of `list`; the very same tuple as before while none of them has changed.

        Asks only whether a change was noted, by any process, and not even that if it did so no
        longer than `max_age_seconds` ago; what was changed by hand is seen within LOOK_SECONDS.
        """
        with self._cache_lock:
            now = time.monotonic()
            if now - self._listed > max_age_seconds:
                noted = store_changes.noted(self.root)
                is_known = noted is not None and noted == self._noted
                if not is_known or now - self._looked > LOOK_SECONDS:
                    self._look()
                self._listed = now
            return self._listing

    def _look(self) -> None:
        """Bring the cached lines and the listing up to date.

        Reads a status.json only if it changed since the last look: one `lstat` a run otherwise.
        """
        noted, seen = store_changes.noted(self.root), {}  # first: the look may miss later changes
        with os.scandir(self.root) as entries:
            for entry in entries:
                if RUN_ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    item = self._summary(entry.name, entry.path)
                    if item is not None:
                        seen[entry.name] = item
        self.has_unread = any(not key for key, _ in seen.values())
        if seen != self._cache:
            summaries = (summary for _, summary in seen.values())
            self._listing = tuple(sorted(summaries, key=lambda run: (run.sequence, run.id)))
        self._cache, self._noted = seen, noted
        self._looked = time.monotonic()

    def _summary(self, run_id: str, folder: str) -> tuple[tuple[int, ...], RunSummary] | None:
        """The cached line of a run while its file is the same, after a key of the file: an empty
        one if it could not be read for now. None if the run is gone."""
        try:
            found = os.lstat(f"{folder}/status.json")
            # A replaced file has another inode, so that two writes in one clock tick differ too.
            key = (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
        except FileNotFoundError:
            key = (0,)
        except OSError:
            key = ()
        cached = self._cache.get(run_id)
        if cached is not None and key and cached[0] == key:
            return cached
        try:
            summary = RunSummary(id=run_id, **vars(read_status(Path(folder))))
        except RunNotFound:
            return None
        except RunUnreadable as error:
            if may_pass(error) and key != (0,):  # too many open files, say
                key = ()
            summary = RunSummary(
                id=run_id,
                state=error.state,
                reason=str(error),
                name=error.name,
                sequence=error.sequence,
                owner=_noted_owner(Path(folder)),
            )
        return key, summary


def _noted_owner(folder: Path) -> str | None:
    """Whose run it is that cannot say so itself; None for one of the machine's owner."""
    try:
        return (folder / _OWNER).read_text() or None
    except (OSError, ValueError):
        return None


def check_name(name: str) -> str:
    """The name without outer blanks. Raises ValueError if it is longer than NAME_LENGTH."""
    name = name.strip()
    if len(name) > NAME_LENGTH:
        raise ValueError(
            f"a run's name can have up to {NAME_LENGTH} characters. Received: {len(name)}"
        )
    return name
