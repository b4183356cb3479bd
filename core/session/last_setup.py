"""The setup in hand, kept on the disk: a reload, or a restart of the app, begins a new session.

A public demo keeps none: there, the setup of one visitor is no other's business.
"""

import logging
from contextlib import suppress
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from core import durable
from core.config import ExperimentConfig
from core.output_range import ACTIVATIONS
from core.session import visitor
from core.session.drafts import begun_with, draft, experiment, load
from core.session.machine import store
from core.session.words import literal, normalization_text

FILE = ".last_setup.json"

_SEEN = "last_setup_seen"  # the draft as it was when it was last looked at
_FOUND = "last_setup_found"  # what a session before this one left, or None

_log = logging.getLogger(__name__)


def keep_setup() -> None:
    """Called after each page: keep a setup that was changed since, and has no fault."""
    held = draft()
    if st.session_state.get(_SEEN) is held or visitor.public() is not None:
        return
    if _SEEN not in st.session_state:
        st.session_state[_FOUND] = _read()
    st.session_state[_SEEN] = held
    if held != begun_with() and (config := experiment()) is not None:
        try:
            durable.put_bytes(_path(), config.to_json().encode(), synced=False)
        except OSError as error:  # what matters more says so where it matters
            _log.warning("The setup in hand cannot be kept: %s", error)


def offer_last_setup() -> None:
    """A button that brings the last setup back, while nothing was changed in this session."""
    found = st.session_state.get(_FOUND)
    if found is not None and draft() == begun_with():
        output = ACTIVATIONS[found.model.output_activation].title
        st.button(
            "Go on with the last setup",
            key="last_setup",
            icon=":material/history:",
            width="stretch",
            on_click=load,
            args=(found,),
            help=f"{literal(found.data.name, 40)}, {normalization_text(found.normalization)}, "
            f"{output}: what was in hand before this page was opened anew.",
        )


def _read() -> ExperimentConfig | None:
    """What was kept, unless it is what each session begins with."""
    with suppress(OSError, ValidationError):
        found = ExperimentConfig.from_json(_path().read_bytes())
        return None if found.model_dump(mode="json") == begun_with() else found
    return None


def _path() -> Path:
    return store().root / FILE
