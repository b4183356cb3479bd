"""Which source of data is open on the page Data; going back to one brings back what it held."""

from typing import Any

import streamlit as st

from core.session.drafts import change, draft, revision, value
from core.session.first_cut import first_cut
from core.signals.samples import SAMPLES

_LAST = "last_of_source"
_CHOICE = ("data.source", "data.name", "data.sha256")
_CUT = ("windows.window_length", "windows.stride")
_FIRST_GENERATOR = dict(zip(_CHOICE, ("generator", "sines", ""), strict=True))


def source_key() -> str:
    """The key of the widget that chooses the source."""
    return f"source@{revision()}"


def open_source() -> str | None:
    """The source that is open; it need not be the one of the draft's data."""
    return st.session_state.get(source_key())


def open_files() -> None:
    """Callback: keep the uploads open, whatever the source of the draft's data is."""
    st.session_state[source_key()] = "file"


def begin_source() -> None:
    """Remember what the draft's source holds, and its cut, and open that source at first."""
    now = draft()["data"]["source"]
    _remembered()[now] = {path: value(path) for path in (*_CHOICE, *_CUT)}
    st.session_state.setdefault(source_key(), now)


def switch_source() -> None:
    """Callback: use what the source just opened held before, where it held something."""
    wanted = open_source()
    known = _remembered().get(wanted)
    if wanted == "generator" and known is None:
        known = _FIRST_GENERATOR
    if known is not None:
        change(known)


def use_sample(name: str) -> None:
    """Callback: make a sample the draft's data."""
    chosen = dict(zip(_CHOICE, ("sample", name, ""), strict=True))
    change(chosen | first_cut(SAMPLES[name].shape))


def forget_file() -> None:
    """Leave the file in use, which is removed, for the first generator, without its anomalies."""
    _remembered().pop("file", None)
    if draft()["data"]["source"] == "file":
        change(_FIRST_GENERATOR | {"data.anomalies": [], "data.anomaly_count": 0})
        open_files()


def _remembered() -> dict[str, dict[str, Any]]:
    return st.session_state.setdefault(_LAST, {})
