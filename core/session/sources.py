"""Which source of data is open on the page Data; going back to one brings back what it held."""

import streamlit as st

from core.session.drafts import change, draft, revision

_LAST = "last_of_source"
_FIRST_GENERATOR = {"source": "generator", "name": "sines", "sha256": ""}


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
    """Remember what the draft's source holds, and open that source at first."""
    now = draft()["data"]
    _remembered()[now["source"]] = {name: now[name] for name in ("source", "name", "sha256")}
    st.session_state.setdefault(source_key(), now["source"])


def switch_source() -> None:
    """Callback: use what the source just opened held before, where it held something."""
    wanted = open_source()
    known = _remembered().get(wanted)
    if wanted == "generator" and known is None:
        known = _FIRST_GENERATOR
    if known is not None:
        change({f"data.{name}": stored for name, stored in known.items()})


def forget_file() -> None:
    """Leave the file in use, which is removed, for the first generator, without its anomalies."""
    _remembered().pop("file", None)
    if draft()["data"]["source"] == "file":
        fresh = _FIRST_GENERATOR | {"anomalies": [], "anomaly_count": 0}
        change({f"data.{name}": stored for name, stored in fresh.items()})
        open_files()


def _remembered() -> dict[str, dict[str, str]]:
    return st.session_state.setdefault(_LAST, {})
