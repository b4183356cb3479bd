"""What a public demo removes: old runs and data, and what a visitor wants to be gone.

A run is removed some hours after it came to rest, never while it waits or trains, and only if a
visitor made it: runs of the machine's owner stay. A recording is removed when no run refers to it
and nobody has used it for as long, or at once if those who had it have deleted it; one that the
machine's owner brought stays. A file as it came goes as long after it was last read. Apps that
share a runs folder take turns.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core import durable
from core.config import DataConfig
from core.disk import fault_text
from core.number_text import count_text
from core.public import PublicSettings
from core.run_status import (
    DAMAGED,
    NEWER,
    RunNotFound,
    RunSummary,
    RunUnreadable,
    TransitionRefused,
    may_pass,
)
from core.runs import RunStore
from core.signals.recording import DataError
from core.signals.store import (
    delete,
    is_visitors,
    last_used,
    made_of,
    origin,
    recording_key,
    stored_bytes,
    stored_keys,
)
from core.sweep_times import SteadyClock, TrainedTimes
from core.upload_folder import remove_files_of, remove_left, remove_old
from core.visits import Visits

SWEEP_SECONDS = 60.0
UNWANTED = "unwanted"  # key of a status: its owner wants the run to be gone as soon as it ends
NOTE = "note"  # key of a status: a sentence shown with the reason

_log = logging.getLogger(__name__)


@dataclass
class Removed:
    """What was removed, and what could not be."""

    runs: list[str] = field(default_factory=list)  # ids
    recordings: list[str] = field(default_factory=list)  # keys
    kept_recordings: list[str] = field(default_factory=list)  # others' runs need them
    stopping: list[str] = field(default_factory=list)  # ids; removed as soon as they have ended
    problems: list[str] = field(default_factory=list)  # why others could not be


class Sweeper:
    """Removes what is old, now and then, in a thread of its own."""

    def __init__(
        self,
        store: RunStore,
        visits: Visits,
        settings: PublicSettings,
        cancel: Callable[[str], None],
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self._store, self._visits, self._settings, self._cancel = store, visits, settings, cancel
        self._now, self._trained = now, TrainedTimes(monotonic)
        self._clock = SteadyClock(now, monotonic, settings.keep_hours * 3600)
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._loop, name="sweep", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.sweep()
            except Exception:  # the store cannot be listed, say
                _log.exception("The sweep of old runs and data failed and is tried again")
            self._stopping.wait(SWEEP_SECONDS)

    def sweep(self) -> Removed:
        """Remove what is old now; nothing while another app does it."""
        lock = durable.try_lock(self._store.root / ".sweep.lock")
        if lock is None:
            return Removed()
        try:
            removed = Removed()
            self._stop_long_runs()
            self._remove_runs(removed)
            remove_left(self._store.root)
            remove_old(self._store.root, self._is_recent)
            self._remove_recordings(removed)
            return removed
        finally:
            os.close(lock)

    def _stop_long_runs(self) -> None:
        now, minutes = datetime.fromtimestamp(self._now(), UTC), self._settings.max_run_minutes
        runs = [run for run in self._store.list() if not run.is_final]
        trained = self._trained.look(runs, now)
        for run in runs:
            is_theirs = run.state == "running" and run.owner
            if is_theirs and trained[run.id] > minutes * 60:
                most = count_text(minutes, "minute")
                said = f"This public demo stops a run after {most} of training."
                with _whatever_becomes_of(f"run {run.id}"):
                    self._store.open(run.id).update(**{NOTE: said})
                    self._cancel(run.id)

    def _remove_runs(self, removed: Removed) -> None:
        for run in self._store.list():
            if run.owner and not run.is_active:
                with _whatever_becomes_of(f"run {run.id}"):
                    if _is_unwanted(run) or self._is_old(run):
                        self._store.delete(run.id)
                        removed.runs.append(run.id)

    def _is_old(self, run: RunSummary) -> bool:
        if run.state == NEWER or (run.state == DAMAGED and self._store.has_unread):
            return False  # it may be whole
        try:
            rested = datetime.fromisoformat(run.ended or run.created).timestamp()
        except ValueError:  # it cannot say so: since nothing in its folder has changed
            rested = (self._store.root / run.id).stat().st_mtime
        return not self._is_recent(rested)

    def _is_recent(self, moment: float) -> bool:
        return self._clock.now() - moment < self._settings.keep_hours * 3600

    def _remove_recordings(self, removed: Removed) -> None:
        folder = self._store.data_folder
        try:
            used = keys_in_use(self._store)
        except RunUnreadable as error:
            _log.warning("No recording is removed: what a run needs is not known. %s", error)
            return
        granted: dict[str, list[tuple[str, float]]] = {}
        for owner, key, moment in self._visits.grants():
            granted.setdefault(key, []).append((owner, moment))
        for key in sorted({*stored_keys(folder), *granted} - used):
            moments = [moment for _, moment in granted.get(key, ())]
            is_deleted = bool(moments) and not any(moments)
            if not is_deleted and any(map(self._is_recent, [*moments, last_used(key, folder)])):
                continue
            with _whatever_becomes_of(f"recording {key}"):
                if is_ours(key, folder):  # granted or not: an app may be killed amid
                    removed.recordings += remove_recording(key, folder)
                for owner, _ in granted.get(key, ()):
                    self._visits.revoke(owner, key)


@contextlib.contextmanager
def _whatever_becomes_of(what: str) -> Iterator[None]:
    """Others are swept even if this one is gone by now, or its folder at fault: that is logged."""
    try:
        yield
    except (RunNotFound, RunUnreadable, TransitionRefused):
        pass  # removed or resumed by someone just now
    except OSError as error:
        _log.warning("The sweep could not take %s, and will try again: %s", what, error)


@contextlib.contextmanager
def _noted(removed: Removed) -> Iterator[None]:
    """A fault is one of what is removed; the next comes all the same."""
    try:
        yield
    except (OSError, RunUnreadable) as error:
        removed.problems.append(why_kept(error))


def why_kept(error: OSError | RunUnreadable) -> str:
    """What stands in the way of removing something, within a sentence."""
    if isinstance(error, OSError):
        return fault_text(error)
    return "the settings of a run cannot be read just now, so what it needs is not known"


def _is_unwanted(run: RunSummary) -> bool:
    return bool(run.extra.get(UNWANTED))


def keys_in_use(store: RunStore, without: Iterable[str] = ()) -> set[str]:
    """The keys of the recordings that runs refer to, but for the runs `without`.

    Raises RunUnreadable for a run that cannot be read for the moment: what it needs is not known.
    """
    left_out, used = set(without), set()
    for run in store.list():
        if run.id not in left_out:
            try:
                used |= _keys_of(store.open(run.id).config()["data"])
            except RunUnreadable as error:
                if may_pass(error):
                    raise
            except (RunNotFound, KeyError):
                continue
    return used - {""}


def _keys_of(data: Any) -> set[str]:
    """The keys that a run's configuration of its data names."""
    try:
        config = DataConfig.model_validate(data)
    except ValidationError:  # of another version: a file's key is one in any
        key = data.get("sha256") if isinstance(data, dict) else None
        return {key} if isinstance(key, str) else set()
    return {config.file_key, recording_key(config)}


def is_ours(key: str, folder: Path) -> bool:
    """Whether a recording is a demo's to remove: a visitor's, or one that can be made again. What
    the machine's owner brought stays, also where a visitor brings the same."""
    return is_visitors(key, folder) or origin(key, folder) is not None


def remove_recording(key: str, folder: Path) -> list[str]:
    """Remove a recording and what was made of it. Returns the keys of those that were there."""
    gone = []
    for doomed in (*made_of(key, folder), key):
        try:
            delete(doomed, folder)
        except DataError:
            continue  # not there: never stored, or removed by someone else
        gone.append(doomed)
    return gone


def make_room(store: RunStore, lacking_bytes: int) -> list[str]:
    """Remove recordings that can be made again and that no run uses, the longest unused first,
    until so many bytes are gone; none if all would not do. Returns the keys of those removed."""
    try:
        folder, used = store.data_folder, keys_in_use(store)
    except RunUnreadable as error:
        _log.warning("No room is made: what a run needs is not known. %s", error)
        return []
    keys = [key for key in stored_keys(folder) if key not in used and origin(key, folder)]
    sizes = {key: stored_bytes(key, folder) for key in keys}
    gone: list[str] = []
    if sum(sizes.values()) < lacking_bytes:
        return gone
    for key in sorted(keys, key=lambda key: last_used(key, folder)):
        if sum(sizes[known] for known in gone) >= lacking_bytes:
            break
        with _whatever_becomes_of(f"recording {key}"):
            gone += remove_recording(key, folder)
    return gone


def forget_upload(store: RunStore, visits: Visits | None, owner: str | None, key: str) -> Removed:
    """Remove an uploaded recording for good, unless a run or another visitor needs it, or it is
    the machine's owner's and a visitor has brought the same.

    Where a visitor's run needs it, the sweep removes it right after the last such run. Raises as
    `keys_in_use`, and OSError.
    """
    removed = Removed()
    own_runs = [run.id for run in store.list() if run.owner is None]  # of the machine's owner
    if visits is not None and owner is not None and key in keys_in_use(store, without=own_runs):
        visits.expire(owner, key)
        removed.kept_recordings.append(key)
        return removed
    is_kept = key in keys_in_use(store)
    if visits is not None:
        is_kept |= bool(visits.holders(key) - {owner}) or not is_ours(key, store.data_folder)
    if is_kept:
        removed.kept_recordings.append(key)
    else:
        removed.recordings += remove_recording(key, store.data_folder)
    if visits is not None and owner is not None:
        visits.revoke(owner, key)  # last: after a kill before it the sweep goes on
    return removed


def forget_visitor(
    store: RunStore, visits: Visits, owner: str, cancel: Callable[[str], None]
) -> Removed:
    """Remove all runs, files and recordings of a visitor; runs in work are cancelled, then removed.

    What stands in the way of one, such as a full disk, is noted, and the others go.
    """
    removed = Removed()
    remove_files_of(store.root, owner)
    for run in store.list():
        if run.owner == owner:
            with _noted(removed):
                _forget_run(store, run, cancel, removed)
    for key in [known for holder, known, _ in visits.grants() if holder == owner]:
        with _noted(removed):
            is_stopping = removed.stopping and key in keys_in_use(store)
            gone = forget_upload(store, visits, owner, key)
            removed.recordings += gone.recordings
            removed.kept_recordings += [] if is_stopping else gone.kept_recordings
    return removed


def _forget_run(
    store: RunStore, run: RunSummary, cancel: Callable[[str], None], removed: Removed
) -> None:
    try:
        if run.is_active:
            store.open(run.id).update(**{UNWANTED: True})
            cancel(run.id)
        store.delete(run.id)
    except TransitionRefused:
        removed.stopping.append(run.id)
    except (RunNotFound, RunUnreadable):
        return
    else:
        removed.runs.append(run.id)
