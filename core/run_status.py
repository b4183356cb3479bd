"""The states of a run, what `status.json` says of it, and the errors about both."""

import errno
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core import durable

STATUS_VERSION = 1
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
REST_STATES = frozenset({"paused", "interrupted"})  # somebody may resume the run
TRAINED = "trained_seconds"  # key of a status: how long the run had trained before it last began to
SINCE = "training_since"  # key of a status: when it last began to; ISO 8601
_GIVEN_UP = (errno.EINVAL, errno.ELOOP)  # a status.json that is no file will never be one
DAMAGED, NEWER = "damaged", "newer"  # listed as states, never written
_STATUS_BYTES = 1_000_000  # more than this is no status file


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


def changed(status: Status, changes: Mapping[str, Any]) -> Status:
    """A copy with fields changed; a key that is no field goes to `extra`."""
    known = {key: value for key, value in changes.items() if key in _FIELDS}
    unknown = {key: value for key, value in changes.items() if key not in _FIELDS}
    return replace(status, **known, extra=status.extra | unknown)


def trained_seconds(status: Status, now: datetime) -> float:
    """How long a run has trained until now, before and after it was paused or interrupted."""
    before = status.extra.get(TRAINED)
    seconds = float(before) if isinstance(before, int | float) else 0.0
    if since := training_since(status):
        with suppress(TypeError, ValueError):  # not a time, or one without a zone
            seconds += max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    return seconds


def training_since(status: Status) -> str:
    """When a run last began to train, as its status says; empty for one that does not train."""
    return str(status.extra.get(SINCE) or status.started) if status.state == "running" else ""


def status_bytes(status: Status) -> bytes:
    """The bytes of a `status.json`. Raises RunUnreadable rather than give unreadable ones."""
    known = {name: getattr(status, name) for name in _FIELDS}
    data = durable.json_bytes(status.extra | known | {"version": STATUS_VERSION})
    parse_status(data)
    return data


def parse_status(data: bytes) -> Status:
    """The status of the bytes of a `status.json`. Raises RunUnreadable."""
    try:
        content = json.loads(data)
        version = content.pop("version")
        if not isinstance(version, int):
            raise TypeError(f"version is {version!r}")
        if version > STATUS_VERSION:
            raise _newer(version, content)
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


def _newer(version: int, content: dict[str, Any]) -> RunUnreadable:
    """The error for a later format, with what of it can still be listed."""
    name, sequence = content.get("name"), content.get("sequence")
    return RunUnreadable(
        f"This run was made by a newer version of the lab (format {version}, this one "
        f"reads up to {STATUS_VERSION}). It is left as it is.",
        NEWER,
        name if isinstance(name, str) else "",
        sequence if isinstance(sequence, int) else 0,
    )


def read_status(folder: Path) -> Status:
    """The status of a run folder. Raises RunUnreadable; RunNotFound if there is no folder."""
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
    return parse_status(data)


def may_pass(error: RunUnreadable) -> bool:
    """Whether a status that cannot be read is whole, such as one without permission."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno not in _GIVEN_UP
