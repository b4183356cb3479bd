"""What a browser session holds: the only place that names session keys and caches.

The draft is the experiment being edited: a nested dict shaped like `ExperimentConfig`, which may be
invalid while it is typed. Widgets are bound to its fields, so that no edit is lost when a page is
left or a widget is hidden, and everything that reads the draft reads one truth.
"""

import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.config import DataConfig, ExperimentConfig, explain, flatten, with_changes
from core.runner import LocalRunner, detect_slots
from core.runs import RunStore
from core.signals.recording import Recording
from core.signals.store import open_recording
from core.windows import Split, split_windows

PROJECT = Path(__file__).resolve().parent.parent

_SHELL = "shell_active"
_DRAFT = "draft"
_REVISION = "draft_revision"  # changes when the draft is set from outside the widgets
_OPENED_LINK = "opened_link"

PAGES = {
    "start": ("Start", ":material/home:", "What this is, and the question that began it."),
    "data": ("Data", ":material/show_chart:", "Upload or generate a recording, and cut it."),
    "output": ("Output", ":material/tune:", "Match the output activation to the data's range."),
    "train": ("Train", ":material/model_training:", "Set up the model and train it."),
    "reconstructions": (
        "Reconstructions",
        ":material/ssid_chart:",
        "One run: what the model gives back, window by window, and its errors.",
    ),
    "runs": ("Runs", ":material/table_rows:", "All runs, and their error curves compared."),
}


# The shell: navigation around every page, also when a page's own address is opened first


def page(stem: str) -> Any:
    """The Streamlit page object of a page, for links and switches."""
    title, icon, text = PAGES[stem]
    path = PROJECT / "pages" / f"{stem}.py"
    return st.Page(path, title=title, icon=icon, url_path=stem, default=stem == "start", help=text)


def run_shell() -> None:
    """Run the page the address names, inside the navigation. Called by app.py alone."""
    current = st.navigation([page(stem) for stem in PAGES])
    _warm_up()
    st.session_state[_SHELL] = True
    try:
        current.run()
    finally:
        st.session_state[_SHELL] = False


def open_page() -> None:
    """First call of every page.

    Streamlit runs a file of `pages/` alone, without app.py, when its address is the first one that
    is opened after a start. Registering the pages and running again brings the whole shell.
    """
    if not st.session_state.get(_SHELL):
        st.navigation([page(stem) for stem in PAGES])
        st.rerun()


@st.cache_resource(show_spinner=False)
def _warm_up() -> None:
    """Once per process: import what charts need, then keep the collector away from it.

    Streamlit collects garbage after every script run; walking the objects of pandas and Altair
    each time took two thirds of a rerun.
    """
    import altair
    import pandas  # noqa: F401

    altair.data_transformers.disable_max_rows()
    runner()
    gc.collect()
    gc.freeze()


# The runs and the data of this machine


def runs_folder() -> Path:
    return Path(os.environ.get("LAB_RUNS", PROJECT / ".lab")).resolve()


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    return RunStore(runs_folder())


@st.cache_resource(show_spinner=False)
def runner() -> LocalRunner:
    """The queue of this process. It re-attaches from disk, so a cleared cache loses nothing."""
    local = LocalRunner(store(), slots=detect_slots())
    local.start()
    return local


@st.cache_resource(show_spinner="Reading the data…", max_entries=8)
def _recording(data_json: str, folder: str) -> Recording:
    return open_recording(DataConfig.model_validate_json(data_json), Path(folder))


def recording(data: DataConfig) -> Recording:
    """The recording of a configuration, memory-mapped and shared. Raises DataError."""
    return _recording(data.model_dump_json(), str(store().data_folder))


def split(config: ExperimentConfig) -> Split:
    """Training and validation windows of a configuration. Raises DataError."""
    return split_windows(recording(config.data).values, config.windows, config.training.seed)


# The draft


def draft() -> dict[str, Any]:
    return st.session_state.setdefault(_DRAFT, ExperimentConfig().model_dump(mode="json"))


def value(path: str) -> Any:
    """A draft field by its dotted name: `model.dropout`."""
    return flatten(draft())[path]


def change(changes: Mapping[str, Any]) -> None:
    """Set draft fields from outside their widgets; the widgets show them in the next run."""
    st.session_state[_DRAFT] = with_changes(draft(), changes)
    st.session_state[_REVISION] = st.session_state.get(_REVISION, 0) + 1


def load(config: ExperimentConfig) -> None:
    """Replace the draft by a configuration: from a link, a preset, or a run."""
    change(config.model_dump(mode="json"))


def problems() -> dict[str, str]:
    """Each faulty draft field, dotted, with what is wrong."""
    try:
        ExperimentConfig.model_validate(draft())
    except ValidationError as error:
        return explain(error)
    return {}


def experiment() -> ExperimentConfig | None:
    """The draft as a configuration; None while a field is faulty."""
    return None if problems() else ExperimentConfig.model_validate(draft())


def part(name: str) -> Any:
    """One valid part of the draft (`data`, `windows`, ...), whatever the others are; or None."""
    kind = ExperimentConfig.model_fields[name].annotation
    try:
        return kind.model_validate(draft()[name])
    except ValidationError:
        return None


def bound(
    widget: Callable[..., Any],
    label: str,
    path: str,
    *,
    to_widget: Callable[[Any], Any] = lambda stored: stored,
    from_widget: Callable[[Any], Any] = lambda shown: shown,
    optional: bool = False,
    **arguments: Any,
) -> Any:
    """Draw a widget for a draft field, with the field's fault under it. Returns the field's value.

    to_widget, from_widget translate between the stored value and what the widget shows.
    """
    key = f"{path}@{st.session_state.get(_REVISION, 0)}"

    def keep() -> None:
        shown = st.session_state[key]
        if shown is not None or optional:  # an emptied field keeps what it had
            st.session_state[_DRAFT] = with_changes(draft(), {path: from_widget(shown)})

    if key not in st.session_state:
        st.session_state[key] = to_widget(value(path))
    widget(label, key=key, on_change=keep, **arguments)
    fault = problems().get(path)
    if fault:
        st.caption(f":red[{fault}]")
    return value(path)


# Links


def link(stem: str, query: Mapping[str, str]) -> str:
    """The address of a page with a query, as the visitor's browser knows this server."""
    from urllib.parse import urlencode, urlsplit

    here = urlsplit(st.context.url or "http://localhost:8501/")
    base = here.path.rstrip("/")
    for known in PAGES:  # an address ends in the page's name, on any page but the first
        base = base.removesuffix(f"/{known}")
    path = base + ("/" if stem == "start" else f"/{stem}")
    return f"{here.scheme}://{here.netloc}{path}?{urlencode(query)}"


def open_link() -> dict[str, str] | None:
    """Fill the draft from the address, once for each address. Returns faults, or None if unread.

    An empty dict means the configuration was opened.
    """
    query = st.query_params.to_dict()
    if "v" not in query or st.session_state.get(_OPENED_LINK) == query:
        return None
    st.session_state[_OPENED_LINK] = query
    try:
        load(ExperimentConfig.from_query(query))
    except ValidationError as error:
        return explain(error)
    return {}
