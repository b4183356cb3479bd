"""One run and its folder: what it is, what it has done, and what it is asked to do."""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import durable, store_changes
from core.run_history import append_row, parse_rows, rows_text
from core.run_status import (
    ACTIVE_STATES,
    ALLOWED,
    FINAL_STATES,
    REST_STATES,
    SINCE,
    STATES,
    TRAINED,
    RunNotFound,
    RunUnreadable,
    Status,
    TransitionRefused,
    changed,
    read_status,
    status_bytes,
    trained_seconds,
)


class Run:
    """One run and its folder. Get one from `RunStore.create` or `RunStore.open`.

    Once a worker has been let through as `by_pid`, this object writes for that worker alone, and
    only as long as the run is its own: a worker that was stopped, declared dead and wakes up
    again gets TransitionRefused from whatever it writes, and changes nothing.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]):
        self.id = folder.name
        self.folder = folder
        self._now = now
        self._worker: tuple[int, str] | None = None  # process id and identity
        self._is_writing = False

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
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise RunUnreadable(f"This run's config.json cannot be read: {why}.") from error
        except (ValueError, RecursionError) as error:
            raise RunUnreadable(f"This run's config.json is damaged: {error}") from error
        if not isinstance(content, dict):
            raise RunUnreadable("This run's config.json is damaged: it holds no fields.")
        return content

    def status(self) -> Status:
        """Raises RunUnreadable for a damaged or newer folder, RunNotFound for a removed one."""
        return read_status(self.folder)

    @property
    def is_active(self) -> bool:
        """Queued, starting or running."""
        return self.status().is_active

    def transition(
        self,
        state: str,
        reason: str = "",
        *,
        by_pid: int | None = None,
        of_process: tuple[int | None, str] | None = None,
        after: Collection[str] = ACTIVE_STATES | REST_STATES,
        **changes: Any,
    ) -> Status:
        """Go to another state; `changes` are fields of Status, or new keys kept in `extra`.

        after: the states that the run may be in, of those that the other may follow at all.
        With `by_pid` only the worker named in the status is let through: one that was declared
        dead and wakes up again must not write. With `of_process` (its id and identity) the run
        must be that one's still. Raises TransitionRefused; the first final state stays, however
        many threads and processes try.
        """
        if state not in ALLOWED:
            raise ValueError(f"state must be one of {', '.join(STATES)}. Received: {state!r}")
        with self.locked():
            status = self.status()
            if status.state not in after or state not in ALLOWED[status.state]:
                raise TransitionRefused(f"The run is {status.state}: it cannot become {state}.")
            if of_process not in (None, (status.pid, status.pid_started)):
                raise TransitionRefused(f"The run belongs to process {status.pid} now.")
            if by_pid is not None:
                if status.state == "starting":  # this call makes it the worker's
                    self._worker = None
                self._let_through(status, by_pid)
            moment = self._now()
            now = moment.isoformat(timespec="milliseconds")
            timely: dict[str, Any] = {"ended": now if state not in ACTIVE_STATES else ""}
            if state == "running":
                timely |= {"started": status.started or now, SINCE: now}
            if status.state == "running":
                until = self._last_sign(moment) if state == "interrupted" else moment
                timely[TRAINED] = round(trained_seconds(status, until), 3)
            if state == "queued":  # a fresh start: no worker, and no old wish to stop
                timely |= {"pid": None, "pid_started": ""}
                for marker in ("cancel", "pause"):
                    (self.folder / marker).unlink(missing_ok=True)
            if state == "starting":  # no worker is alive: what is left of a killed one can go
                for leftover in self.folder.glob(".tmp-*"):
                    durable.remove(leftover)
                durable.remove(self.folder / "results.json")  # its outcome is of an earlier start
            status = self._put_status(status, {"state": state, "reason": reason} | timely | changes)
            if by_pid is not None:
                self._worker = by_pid, status.pid_started
        if state == "queued":
            os.utime(self.folder.parent)  # a runner in another process looks at this time
        return status

    def _last_sign(self, now: datetime) -> datetime:
        """When a worker last wrote its progress, or another file: the machine may have been off."""
        return min(now, datetime.fromtimestamp(self.folder.stat().st_mtime, UTC))

    def update(self, **changes: Any) -> Status:
        """Change fields of the status but the state, such as `name` or `device`."""
        if "state" in changes:
            raise ValueError("update() leaves the state alone; use transition().")
        with self.locked():
            status = self.status()
            if self._worker is not None:
                self._let_through(status, self._worker[0], is_ending=False)
            return self._put_status(status, changes)

    def _put_status(self, status: Status, changes: dict[str, Any]) -> Status:
        status = changed(status, changes)
        try:
            durable.put_bytes(self.folder / "status.json", status_bytes(status))
        finally:  # after an error it may be in place all the same
            store_changes.note(self.folder.parent)
        return status

    def _let_through(self, status: Status, pid: int, *, is_ending: bool = True) -> None:
        """Raise TransitionRefused unless the run is still this worker's."""
        if not (is_ending or status.is_active):
            raise TransitionRefused(f"The run is {status.state}: its worker must not write.")
        known = self._worker or (pid, status.pid_started)
        if known != (status.pid, status.pid_started) or status.pid != pid:
            raise TransitionRefused(
                f"The run belongs to process {status.pid} now, not to process {pid}."
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around each write of a worker, which keeps the run from changing hands meanwhile.

        Raises TransitionRefused if it has changed hands. Does nothing for a Run that is no
        worker's; may stand within itself, but no change of the status may stand within it.
        """
        if self._worker is None or self._is_writing:
            yield
            return
        with self.locked():
            self._let_through(self.status(), self._worker[0], is_ending=False)
            self._is_writing = True
            try:
                yield
            finally:
                self._is_writing = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from changing the status. Raises RunNotFound for a removed folder."""
        try:
            with durable.locked(self.folder / ".lock"):
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
        with self.writing():
            append_row(self.folder / "history.csv", row)

    def replace_history(self, rows: list[Mapping[str, float]]) -> None:
        """Publish the history anew, as of a checkpoint: later epochs are trained once more."""
        data = rows_text(rows).encode()
        self.publish_bytes("history.csv", data)

    def history(self) -> list[dict[str, float]]:
        """A dict a finished epoch, ints and floats as they were given; no torn last line."""
        try:
            return parse_rows((self.folder / "history.csv").read_bytes())
        except FileNotFoundError:
            return []

    def publish(self, name: str, writer: Callable[[Path], None]) -> Path:
        """Let `writer` make a file or a folder at a temporary path, then put it in place whole.

        The temporary name ends in `name`, for writers that look at the suffix. A file replaces
        the one before it; a folder needs a name of its own (OSError otherwise).
        """
        if not name or Path(name).name != name or name.startswith("."):
            raise ValueError(f"name must be a plain file name. Received: {name!r}")
        durable.put(self.folder / name, writer, guard=self.writing)
        return self.folder / name

    def publish_bytes(self, name: str, data: bytes) -> Path:
        return self.publish(name, lambda path: durable.write_file(path, data))

    def publish_json(self, name: str, value: Any) -> Path:
        return self.publish_bytes(name, durable.json_bytes(value))

    def write_progress(self, progress: Mapping[str, Any]) -> None:
        """Replace `progress.json`; not synced, since it only matters while the worker lives."""
        data = durable.json_bytes(dict(progress))
        with self.writing():
            durable.put_bytes(self.folder / "progress.json", data, synced=False)

    def progress(self) -> dict[str, Any]:
        """What the worker last wrote with `write_progress`, or {}."""
        try:
            content = json.loads((self.folder / "progress.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def outcome(self) -> tuple[str, str] | None:
        """The final state and the reason that a worker records with its results, or None.

        They are written last, just before the state: a worker that died between has ended so.
        """
        try:
            found = json.loads((self.folder / "results.json").read_bytes())["outcome"]
            state, reason = found["state"], found["reason"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        if state not in FINAL_STATES or not isinstance(reason, str):
            return None
        return state, reason

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
        durable.write_file(self.folder / "cancel", b"")

    def cancel_requested(self) -> bool:
        return os.path.lexists(self.folder / "cancel")

    def request_pause(self) -> None:
        durable.write_file(self.folder / "pause", b"")

    def pause_requested(self) -> bool:
        return os.path.lexists(self.folder / "pause")
