"""Who the visitor is, and what a visitor may see, use and change where strangers share the app.

Without LAB_PUBLIC the lab is private: there are no owners, and everything is everybody's.

A visitor is told by a random cookie that the browser sends along (see `core.web`), so that a
reload or another tab is the same visitor; without one, by a random secret of the session. Runs
hold its salted hash. An id of a run has 128 random bits: who has it was given the link, and may
look at the run and at the data it was trained on. Only its owner may change it.
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.admission import Disk, check_shape, check_upload, coming_bytes
from core.config import DataConfig
from core.public import SWITCH, PublicSettings, variable
from core.retention import forget_upload, make_room
from core.runs import RunNotFound, RunSummary, RunUnreadable
from core.session import machine
from core.session.links import linked_runs
from core.session.once import once
from core.signals.recording import DataError
from core.signals.store import load, note_use, recording_key
from core.visits import Visits
from core.web import secret_in

LINKS_HELD = 200  # of a session; the links opened first are forgotten first

_VARIABLES = (SWITCH, *map(variable, PublicSettings.model_fields))
_SECRET = "visitor_secret"
_LINKS = "visitor_links"  # ids of the runs whose links this session has opened, in that order
_USED_SECONDS = 300.0  # a recording in use is noted as used no more often than this


def public() -> PublicSettings | None:
    """The settings of a public demo; None in a private lab."""
    if not os.environ.get(SWITCH):  # asked for a hundred times in a rerun
        return None
    return _settings(tuple(map(os.environ.get, _VARIABLES)))


@lru_cache(maxsize=8)
def _settings(given: tuple[str | None, ...]) -> PublicSettings | None:
    """Worked out anew when one of the variables has changed: it is asked for all the time."""
    return PublicSettings.from_environment(os.environ)


def limit(field: str, otherwise: int | None = None) -> int | None:
    """What a widget allows: a limit of the public demo, or what a private lab has."""
    settings = public()
    return otherwise if settings is None else getattr(settings, field)


def owner() -> str | None:
    """The owner of what this visitor makes: a salted hash; None in a private lab."""
    if public() is None:
        return None
    return _owner(str(machine.store().root), _secret())


@lru_cache(maxsize=10_000)
def _owner(folder: str, secret: str) -> str:
    return visits().owner(secret)


def _secret() -> str:
    """The secret of the visitor: the cookie that came when the session began, or a random one."""
    if _SECRET not in st.session_state:
        came = secret_in(st.context.headers.get_all("Cookie"))
        st.session_state[_SECRET] = came or secrets.token_urlsafe(32)
    return st.session_state[_SECRET]


def visits() -> Visits:
    return _visits(str(machine.store().root))


@once
def _visits(folder: str) -> Visits:
    return Visits(machine.store().root)


# Runs


def hold_links() -> None:
    """Remember the runs of the page's address: who has the link may see them."""
    if public() is None:
        return
    held = st.session_state.setdefault(_LINKS, {})
    for run_id in {st.query_params.get("run", ""), *linked_runs()[:LINKS_HELD]} - {"", *held}:
        with suppress(RunNotFound):
            held[machine.store().open(run_id).id] = None
    while len(held) > LINKS_HELD:
        held.pop(next(iter(held)))


def forget_links() -> None:
    st.session_state.pop(_LINKS, None)


def is_mine(run: RunSummary) -> bool:
    """Whether this visitor made a run; all runs of a private lab are everybody's."""
    return public() is None or run.owner == owner()


def visible(runs: Iterable[RunSummary]) -> list[RunSummary]:
    """The runs that this visitor made or holds the link of, in their order."""
    if public() is None:
        return list(runs)
    mine, held = owner(), st.session_state.get(_LINKS, ())
    return [run for run in runs if run.owner == mine or run.id in held]


def may_change(run_id: str) -> bool:
    """Whether this visitor may cancel, pause, resume, rename, delete or train a run further."""
    if public() is None:
        return True
    try:
        return machine.store().open(run_id).status().owner == owner()
    except (RunNotFound, RunUnreadable):
        return False


# Data


def disk() -> Disk:
    return _disk(str(machine.store().root))


@once
def _disk(folder: str) -> Disk:
    return Disk(
        Path(folder),
        lambda lacking: make_room(machine.store(), lacking),
        lambda: coming_bytes(machine.store()),
    )


def check_disk(more_bytes: int) -> None:
    """Raises DataError where a public demo has no room for so much more, besides what the runs
    that wait or train may write."""
    if (settings := public()) is not None:
        disk().check(settings, more_bytes)


def room_for(more_bytes: int) -> AbstractContextManager[None]:
    """Holds room for so many bytes while they are being stored. Raises DataError, when it is
    entered, where a public demo has none."""
    settings = public()
    return nullcontext() if settings is None else disk().room(settings, more_bytes)


def check_file(size_bytes: int) -> None:
    """Raises DataError for a file that is larger than a public demo takes."""
    if (settings := public()) is not None:
        check_upload(size_bytes, settings)


def take_in(key: str, mine: str | None) -> None:
    """Note that a stored recording is the visitor's `mine`; one that is too large for a public demo
    is removed again. Raises DataError.

    Looks at nothing of the session: where its tab is gone by now, that would end the script with
    the recording stored, and nobody's.
    """
    settings = public()
    if settings is None or mine is None:
        return
    visits().grant(mine, key)
    try:
        check_shape(load(key, machine.store().data_folder).values.shape, settings)
    except DataError:
        forget_upload(machine.store(), visits(), mine, key)
        raise


def grant(key: str) -> None:
    """Note that this visitor has uploaded or trained with a recording."""
    mine = owner()
    if mine is not None:
        visits().grant(mine, key)


def check_use(data: DataConfig) -> None:
    """Raises DataError for a file's recording that this visitor has neither uploaded nor holds the
    link of a run with; the same as for one that is not there."""
    mine = owner()
    if mine is None or data.source != "file":
        return
    if data.sha256 not in visits().keys(mine) and data.sha256 not in _keys_of_runs():
        raise DataError(
            f"The data of the file {data.name!r} is not in the data folder of this machine. "
            "Upload the file again."
        )


def _keys_of_runs() -> set[str]:
    configs = (machine.run_config(run.id) for run in visible(machine.store().listing(0.5)))
    return {config.data.file_key for config in configs if config is not None} - {""}


def note_data(data: DataConfig) -> None:
    """Keep a recording that this visitor has in hand from being removed as old."""
    if public() is not None:
        mine = visits().keys(owner() or "")
        _note_data(recording_key(data), str(machine.store().data_folder))
        if data.file_key in mine:
            _note_grant(owner() or "", data.file_key)


@st.cache_resource(show_spinner=False, ttl=_USED_SECONDS, max_entries=1000)
def _note_data(key: str, folder: str) -> None:
    note_use(key, machine.store().data_folder)


@st.cache_resource(show_spinner=False, ttl=_USED_SECONDS, max_entries=1000)
def _note_grant(mine: str, key: str) -> None:
    with suppress(OSError):  # where nothing can be written nothing is removed
        visits().grant(mine, key)
