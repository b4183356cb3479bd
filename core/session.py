"""What a browser session holds: the only place that names session keys and caches.

The draft is the experiment being edited: a nested dict shaped like `ExperimentConfig`, which may be
invalid while it is typed. Widgets are bound to its fields, so that no edit is lost when a page is
left or a widget is hidden, and everything that reads the draft reads one truth.
"""

import gc
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import streamlit as st
from pydantic import ValidationError

from core.charts.activations import activation_spec, picture_frame, target_values, value_range
from core.charts.signals import Envelope
from core.config import (
    DataConfig,
    ExperimentConfig,
    NormalizationConfig,
    ReadOptions,
    WindowsConfig,
    explain,
    flatten,
    with_changes,
)
from core.metrics import ChannelSummary, summarize_channels
from core.normalization import Normalization, fit_normalization
from core.output_range import ACTIVATIONS, ErrorFloor, error_floor
from core.runner import LocalRunner, detect_slots
from core.runs import Run, RunNotFound, RunStore, RunSummary, RunUnreadable
from core.signals.readers import FileOutline, outline, read_recording
from core.signals.recording import DataError, Recording
from core.signals.store import open_recording, recording_key, save
from core.windows import Split, Windows, split_windows

if TYPE_CHECKING:
    import pandas as pd

PROJECT = Path(__file__).resolve().parent.parent
APP_TITLE = "Signal autoencoder lab"

_SHELL = "shell_active"
_DRAFT = "draft"
_REVISION = "draft_revision"  # changes when the draft is set from outside the widgets
_OPENED_LINK = "opened_link"
_LINK_FAULTS = "link_faults"
_UPLOAD = "upload"
_READING = "reading"

METHODS = {
    "none": "None",
    "minmax": "Min-max to 0…1",
    "minmax_symmetric": "Min-max to −1…1",
    "standard": "Standard (z-score)",
    "robust": "Robust (quartiles)",
    "maxabs": "Largest magnitude",
    "log1p": "Log(1 + |x|)",
}
SCOPES = {"global": "all channels together", "channel": "per channel", "window": "per window"}

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
    current = _navigate()
    st.set_page_config(page_title=f"{current.title} · {APP_TITLE}")
    _warm_up()
    _show_link()
    st.session_state[_SHELL] = True
    try:
        current.run()
        if not st.context.is_embedded:
            _draw_sidebar()
    finally:
        st.session_state[_SHELL] = False


def _show_link() -> None:
    """Open a link with a configuration and say what it did; a fault stays while it is there."""
    faults = open_link()
    if faults == {}:
        st.toast("The experiment of the link is open.", icon=":material/link:")
    if faults is not None:
        st.session_state[_LINK_FAULTS] = faults
    if st.session_state.get(_LINK_FAULTS) and "v" in st.query_params:
        st.error("This link does not fit, so nothing was changed:", icon=":material/link_off:")
        for field, message in list(st.session_state[_LINK_FAULTS].items())[:10]:
            st.text(f"{field}: {message}"[:300])


def _draw_sidebar() -> None:
    """The experiment in hand in a few words, on every page."""
    data, model, scaling = part("data"), part("model"), part("normalization")
    lines = [f"Data: {literal(data.name, 40)}" if data else ":red[Data: has a fault]"]
    if scaling:
        per = "" if scaling.method == "none" else f", {SCOPES[scaling.scope]}"
        lines.append(f"Normalization: {METHODS[scaling.method].lower()}{per}")
    if model:
        lines.append(f"Output: {ACTIVATIONS[model.output_activation].title}")
    active = sum(summary.is_active for summary in store().list())
    with st.sidebar:
        st.caption("**Experiment in hand**  \n" + "  \n".join(lines))
        if active:
            st.caption(f":material/progress_activity: {active} run{'s' * (active > 1)} in work")


def open_page() -> None:
    """First call of every page.

    Streamlit runs a file of `pages/` alone, without app.py, when its address is the first one that
    is opened after a start. Registering the pages and running again brings the whole shell.
    """
    if not st.session_state.get(_SHELL):
        _navigate()
        st.rerun()


def _navigate() -> Any:
    """Register the pages. The icon comes first: the browser would fetch a page's from the web."""
    st.set_page_config(page_icon=_icon(), layout="wide")
    position = "hidden" if st.context.is_embedded else "sidebar"
    return st.navigation([page(stem) for stem in PAGES], position=position)


@st.cache_resource(show_spinner=False)
def _icon() -> Any:
    """A sine on a rounded square, as an image of 64 x 64 pixels."""
    from PIL import Image

    y, x = np.mgrid[0:64, 0:64]
    curve = np.abs(y - 32 + 17 * np.sin((x - 6) * 2 * np.pi / 52)) < 6.5
    corner = np.hypot(
        np.maximum(np.abs(x - 31.5) - 19.5, 0), np.maximum(np.abs(y - 31.5) - 19.5, 0)
    )
    icon = np.zeros((64, 64, 4), np.uint8)
    icon[corner < 12] = (36, 99, 159, 255)
    icon[(corner < 12) & curve & (x > 5) & (x < 58)] = (255, 255, 255, 255)
    return Image.fromarray(icon)


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


def data_key() -> str:
    """The key of the draft's data; empty while a field of it is faulty."""
    data = part("data")
    return recording_key(data) if data else ""


def draft_split() -> Split | None:
    """The draft's training and validation windows; None while a field is faulty.

    Raises DataError.
    """
    data, windows, training = part("data"), part("windows"), part("training")
    if data is None or windows is None:
        return None
    return split_windows(recording(data).values, windows, training.seed if training else 0)


def boundary() -> int | None:
    """The first validation time step of the draft's recording, where it has such."""
    try:
        parts = draft_split()
    except DataError:
        return None
    return parts.boundary if parts else None


# What a page computes from the data, once for each data key: arrays are never hashed


@st.cache_resource(show_spinner="Measuring the channels…", max_entries=16)
def _summaries(key: str, _values: np.ndarray) -> list[ChannelSummary]:
    return summarize_channels(_values)


def summaries(data: DataConfig) -> list[ChannelSummary]:
    """Statistics and histogram of each channel. Raises DataError."""
    return _summaries(recording_key(data), recording(data).values)


@st.cache_resource(show_spinner=False, max_entries=512)
def _envelope(key: str, channel: int, _values: np.ndarray) -> Envelope:
    return Envelope(_values[:, channel])


def envelope(data: DataConfig, channel: int) -> Envelope:
    """One channel of a recording, ready to be drawn over any range. Raises DataError."""
    return _envelope(recording_key(data), channel, recording(data).values)


@st.cache_resource(show_spinner=False, max_entries=32)
def _normalization(key: tuple[str, ...], _method: NormalizationConfig, _train: Windows) -> Any:
    return fit_normalization(_method, _train)


def normalization(
    data: DataConfig, windows: WindowsConfig, method: NormalizationConfig, seed: int = 0
) -> tuple[Normalization, Split]:
    """The normalization fitted to the training part, and the split. Raises DataError."""
    parts = split_windows(recording(data).values, windows, seed)
    key = (recording_key(data), windows.model_dump_json(), method.model_dump_json(), str(seed))
    return _normalization(key, method, parts.train), parts


@st.cache_resource(show_spinner="Working out the error floor…", max_entries=256)
def _floors(key: tuple[str, ...], activation: str, _fit: Normalization, _parts: Split) -> Any:
    train, validation = _parts.train, _parts.validation
    return error_floor(_fit, activation, train), error_floor(_fit, activation, validation)


def floors(config: ExperimentConfig) -> tuple[ErrorFloor, ErrorFloor]:
    """The error floors of the training and the validation part. Raises DataError."""
    return _floors(_key(config), config.model.output_activation, *_fitted(config))


def _fitted(config: ExperimentConfig) -> tuple[Normalization, Split]:
    seed = config.training.seed
    return normalization(config.data, config.windows, config.normalization, seed)


def _key(config: ExperimentConfig) -> tuple[str, ...]:
    """All that decides the normalized windows."""
    return (
        recording_key(config.data),
        config.windows.model_dump_json(),
        config.normalization.model_dump_json(),
        str(config.training.seed),
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def _targets(key: tuple[str, ...], channel: int | None, _fit: Normalization, _parts: Split) -> Any:
    return target_values(_fit, _parts, channel)


@st.cache_resource(show_spinner=False, max_entries=256)
def _picture(key: tuple[str, ...], channel: int | None, activation: str, _values: Any) -> Any:
    frame = picture_frame(_values, activation)
    inputs = frame["x"].dropna()
    low, high = value_range(_values, activation)
    ends = (float(inputs.min()), float(inputs.max()))
    return frame, activation_spec(activation, low, high, *ends)


def activation_picture(
    config: ExperimentConfig, channel: int | None = None
) -> tuple["pd.DataFrame", dict[str, Any]]:
    """The output activation over the targets' histogram: data and chart. Raises DataError."""
    fit, parts = _fitted(config)
    key = _key(config)
    values = _targets(key, channel, fit, parts)
    return _picture(key, channel, config.model.output_activation, values)


def deviation(data: DataConfig) -> float:
    """The standard deviation of all values, in original units. Raises DataError."""
    measured = summaries(data)
    return float(np.sqrt(np.mean([s.standard_deviation**2 for s in measured])))


# A file of the visitor's


@dataclass(frozen=True)
class Upload:
    """A file as it came, kept for this session so that it can be read again in another way."""

    token: str
    name: str  # as the visitor calls it; never used as a path
    folder: tempfile.TemporaryDirectory  # goes with the session

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / "upload"


@dataclass(frozen=True)
class Reading:
    """What came of reading an upload with certain options."""

    token: str
    options: ReadOptions
    outline: FileOutline | None
    sha256: str = ""  # of the stored recording; empty if it cannot be read
    problem: str = ""


def keep_upload(name: str, stream: BinaryIO) -> Upload:
    """Put an uploaded file on the disk, in place of the one before."""
    folder = tempfile.TemporaryDirectory(prefix="lab-upload-", ignore_cleanup_errors=True)
    kept = Upload(secrets.token_hex(8), name[-200:], folder)
    stream.seek(0)
    with kept.path.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    st.session_state[_UPLOAD] = kept
    return kept


def upload() -> Upload | None:
    return st.session_state.get(_UPLOAD)


def last_reading() -> Reading | None:
    """What came of the last upload, as it was last read."""
    return st.session_state.get(_READING)


def read_upload(options: ReadOptions) -> Reading | None:
    """Read the kept upload with these options and store the recording; once for each pair."""
    kept = upload()
    if kept is None:
        return None
    last = st.session_state.get(_READING)
    if last is not None and last.token == kept.token and last.options == options:
        return last
    found = None
    try:
        found = outline(kept.path, options, name=kept.name)
        loaded = read_recording(kept.path, options, name=kept.name)
        reading = Reading(kept.token, options, found, save(loaded, store().data_folder))
    except DataError as error:
        reading = Reading(kept.token, options, found, problem=str(error))
    st.session_state[_READING] = reading
    return reading


# Runs of a configuration


@st.cache_resource(show_spinner=False, max_entries=5000)
def _run_config(run_id: str, folder: str) -> ExperimentConfig | None:
    try:
        return ExperimentConfig.model_validate(store().open(run_id).config())
    except (RunNotFound, RunUnreadable, ValidationError):
        return None


def run_config(run_id: str) -> ExperimentConfig | None:
    """The configuration of a run, which never changes; None where it cannot be read."""
    return _run_config(run_id, str(store().root))


def submit(config: ExperimentConfig) -> str:
    """Put a run in the queue and return its id."""
    return runner().submit(config.model_dump(mode="json"), name=config.name)


@st.cache_resource(show_spinner=False, max_entries=5000)
def _run_experiment(run_id: str, folder: str) -> str:
    known = run_config(run_id)
    return _experiment_text(known) if known else ""


def _experiment_text(config: ExperimentConfig) -> str:
    """A configuration but for its name, as text: equal also across a reload of the modules."""
    return config.model_dump_json(exclude={"name"})


def latest_run(config: ExperimentConfig) -> Run | None:
    """The newest run of a configuration, whatever its name; one that failed only if no other is."""
    wanted, folder = _experiment_text(config), str(store().root)
    found: list[RunSummary] = [
        summary for summary in store().list() if _run_experiment(summary.id, folder) == wanted
    ]
    good = [item for item in found if item.state not in ("failed", "cancelled")]
    return store().open((good or found)[-1].id) if found else None


# Text that came from outside


def show_fault(error: Exception | str) -> None:
    """An error in words, shown as it is: it may quote names of the visitor's."""
    st.error(literal(str(error), 700), icon=":material/error:")


_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~=^&@\"'])")


def literal(text: str, limit: int = 60) -> str:
    """A name from a file or a visitor, so that Markdown shows it as it is, shortened."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    plain = plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
    return _MARKS.sub(r"\\\1", plain) or "(no name)"


# The draft


def draft() -> dict[str, Any]:
    return st.session_state.setdefault(_DRAFT, ExperimentConfig().model_dump(mode="json"))


def value(path: str) -> Any:
    """A draft field by its dotted name: `model.dropout`."""
    return flatten(draft())[path]


def revision() -> int:
    """Changes when the draft is set from outside its widgets; part of their keys."""
    return st.session_state.get(_REVISION, 0)


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
    then: Callable[[Any], Mapping[str, Any]] = lambda stored: {},
    **arguments: Any,
) -> Any:
    """Draw a widget for a draft field, with the field's fault under it. Returns the field's value.

    to_widget, from_widget translate between the stored value and what the widget shows; `then`
    gives further changes that follow from a new value.
    """
    key = f"{path}@{st.session_state.get(_REVISION, 0)}"

    def keep() -> None:
        shown = st.session_state[key]
        if shown is not None or optional:  # an emptied field keeps what it had
            stored = from_widget(shown)
            st.session_state[_DRAFT] = with_changes(draft(), {path: stored, **then(stored)})

    if key not in st.session_state:
        st.session_state[key] = to_widget(value(path))
    arguments = _with_room(arguments, st.session_state[key])
    widget(label, key=key, on_change=keep, **arguments)
    fault = problems().get(path)
    if fault:
        st.caption(f":red[{fault}]")
    return value(path)


def _with_room(arguments: dict[str, Any], shown: Any) -> dict[str, Any]:
    """Widget arguments that allow the value a link or a run brought: core has the last word."""
    if isinstance(shown, int | float):
        for bound_name, wider in (("min_value", min), ("max_value", max)):
            if arguments.get(bound_name) is not None:
                limit = wider(arguments[bound_name], shown)
                arguments = arguments | {bound_name: type(shown)(limit)}
    if "options" in arguments:
        options = list(arguments["options"])
        wanted = shown if isinstance(shown, list | tuple) else [shown]
        missing = [item for item in wanted if item not in options]
        arguments = arguments | {"options": options + missing} if missing else arguments
    return arguments


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
