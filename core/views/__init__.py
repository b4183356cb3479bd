"""What several pages draw: a run's state, its live view, its curves, its headline, a copy button.

Beside session.py the only module of core that imports Streamlit. Drawing changes nothing; what is
changed is changed in a callback of a true click.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence

import streamlit as st

from core import session
from core.charts import results as charts
from core.config import ExperimentConfig
from core.meters import read_meters
from core.results import (
    PARTS,
    PartErrors,
    Results,
    RunTable,
    StoredWindows,
    duration_text,
    number_text,
    read_reconstruction,
    read_results,
    unit_of,
    verdict,
)
from core.runs import Run, RunNotFound, RunSummary, RunUnreadable, Status, TransitionRefused
from core.signals.recording import DataError

TICK_SECONDS = 1.0
CHEAP_VALUES = 40_000_000  # a floor over more values is not worked out just to be drawn
TRAINING_SHARE = 0.85  # of an epoch's time; the rest is validation
QUEUE_SHOWN = 8
DOUBLE_CLICK_SECONDS = 2.0

STATES = {  # state: word, colour, icon
    "queued": ("waiting", "gray", ":material/hourglass_empty:"),
    "starting": ("starting", "blue", ":material/play_circle:"),
    "running": ("training", "blue", ":material/play_circle:"),
    "paused": ("paused", "orange", ":material/pause_circle:"),
    "finished": ("finished", "green", ":material/check_circle:"),
    "cancelled": ("cancelled", "gray", ":material/cancel:"),
    "failed": ("failed", "red", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/power_off:"),
    "damaged": ("damaged", "red", ":material/broken_image:"),
    "newer": ("newer", "orange", ":material/update:"),
}
ADVICE = {
    "failed": "Change what the reason names and start it again; nothing else is affected.",
    "cancelled": "What its finished epochs have reached is kept. It can be set up and run again.",
    "interrupted": "Its worker ended before the run did. It can be put in the queue again.",
    "paused": "It goes on from its last checkpoint when it is put in the queue again.",
}
NO_RUN = (
    "There is no run with this link. It may have been deleted, or the address was not copied whole."
)

_STARTED = "started_run"  # (configuration as JSON, run id, clock) of this session's last start
_START_PROBLEM = "start_problem"


# A button that copies a text

_COPY = st.components.v2.component(
    "copy_button",
    html="""<button type="button" id="copy">
<i id="icon" aria-hidden="true"></i>
<span id="label" aria-live="polite"></span></button>""",
    css="""
button {
  display: inline-flex; align-items: center; gap: 0.5rem;
  font-family: var(--st-font); font-size: calc(0.875 * var(--st-base-font-size)); line-height: 1.6;
  color: var(--st-text-color); background: transparent; cursor: pointer; white-space: nowrap;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
  min-height: 2.5rem; padding: 0.25rem 0.75rem;
}
button:hover, button:focus-visible {
  color: var(--st-primary-color); border-color: var(--st-primary-color); outline: none;
}
i { position: relative; width: 1.05em; height: 1.15em; }
i::before, i::after {
  content: ""; position: absolute; width: 0.7em; height: 0.8em;
  border: 1.5px solid currentColor; border-radius: 2px; box-sizing: border-box;
}
i::before { top: 0; left: 0; clip-path: polygon(0 0, 100% 0, 100% 30%, 40% 30%, 40% 100%, 0 100%); }
i::after { bottom: 0; right: 0; }
i.done::before { border: 0; }
i.done::after {
  width: 0.4em; height: 0.8em; right: 0.3em; bottom: 0.2em; transform: rotate(45deg);
  border-width: 0 2px 2px 0; border-radius: 0;
}
""",
    js="""
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("#copy")
  const label = parentElement.querySelector("#label")
  const icon = parentElement.querySelector("#icon")
  label.textContent = data.label
  button.title = data.text
  const fallback = () => {
    const area = document.createElement("textarea")
    area.value = data.text
    area.style.position = "fixed"
    area.style.opacity = "0"
    document.body.appendChild(area)
    area.select()
    const copied = document.execCommand("copy")
    area.remove()
    return copied
  }
  button.onclick = async () => {
    let copied = false
    try {
      await navigator.clipboard.writeText(data.text)
      copied = true
    } catch {
      copied = fallback()
    }
    label.textContent = copied ? "Copied" : "Press Ctrl+C"
    icon.classList.toggle("done", copied)
    if (!copied) window.prompt("Copy this link:", data.text)
    setTimeout(() => {
      label.textContent = data.label
      icon.classList.remove("done")
    }, 1800)
  }
}
""",
)


def copy_button(text: str, label: str, key: str) -> None:
    """A button that puts a text on the clipboard, in the browser alone."""
    _COPY(data={"text": text, "label": label}, key=key, width="content", height="content")


# Runs


def find_run(run_id: str) -> tuple[Run, Status] | None:
    """A run that can be read; otherwise a sentence is shown, with a way on."""
    try:
        run = session.store().open(run_id)
        return run, run.status()
    except RunNotFound:
        st.warning(NO_RUN, icon=":material/link_off:")
    except RunUnreadable as error:
        st.error(session.literal(str(error), 400), icon=":material/broken_image:")
    if not is_embedded():
        st.page_link(session.page("runs"), label="See all runs", icon=":material/table_rows:")
    return None


def is_embedded() -> bool:
    return bool(st.context.is_embedded)


def state_badge(state: str) -> str:
    word, colour, icon = STATES[state]
    return f":{colour}-badge[{icon} {word}]"


def display_name(name: str) -> str:
    """A run's name as Markdown that shows it literally."""
    return session.literal(name, 80) if name.strip() else "Run without a name"


def default_name(config: ExperimentConfig) -> str:
    """What a run is called if its owner does not say."""
    method = config.normalization.method
    return f"{config.data.name}, {method}, {config.model.output_activation}"[:120]


@st.cache_resource(show_spinner=False, max_entries=256)
def _results(run_id: str, folder: str, changed: int) -> Results | None:
    return read_results(session.store().open(run_id))


def results_of(run: Run) -> Results | None:
    """The results of a run, read once; None while there are none. Raises RunUnreadable."""
    try:
        changed = (run.folder / "results.json").stat().st_mtime_ns
    except OSError:
        return None
    return _results(run.id, str(run.folder), changed)


def unit_and_floor(config: ExperimentConfig | None) -> tuple[str, PartErrors | None]:
    """The unit of a configuration's data and its error floor, where they cost little to know."""
    if config is None:
        return "", None
    try:
        recording = session.recording(config.data)
        parts = session.split(config)
        values = recording.values.size
        if config.normalization.scope == "window":
            values = sum(len(part) for part in (parts.train, parts.validation))
            values *= config.windows.window_length * recording.channels
        if values > CHEAP_VALUES:
            return recording.unit, None
        floors = dict(zip(PARTS, session.floors(config), strict=True))
    except (DataError, OSError):
        return "", None
    return recording.unit, {
        part: {"mae": floor.mae, "mse": floor.mse} for part, floor in floors.items()
    }


def open_in_draft(run_id: str, name: str) -> None:
    """Load a run's configuration into the draft and go to the Train page."""
    config = session.run_config(run_id)
    if config is not None:
        session.load(config.model_copy(update={"name": name[:120]}))
        st.switch_page(session.page("train"))


def cancel(run_id: str) -> None:
    with contextlib.suppress(RunNotFound, RunUnreadable, TransitionRefused):
        session.runner().cancel(run_id)
    _active.clear()


def resume(run_id: str) -> None:
    with contextlib.suppress(RunNotFound, RunUnreadable, TransitionRefused):
        session.runner().resume(run_id)
    _active.clear()


def start(config: ExperimentConfig) -> None:
    """Put a run in the queue and its id in the address. A second click finds the first's run."""
    text = config.to_json()
    if (run_id := running_twin(config)) is None:
        name = config.name.strip() or default_name(config)
        try:
            run_id = session.runner().submit(config.model_dump(mode="json"), name=name)
        except OSError as error:
            st.session_state[_START_PROBLEM] = f"The run could not be stored: {error}"
            return
        st.session_state[_STARTED] = (text, run_id, time.monotonic())
        _active.clear()
    st.query_params.from_dict({"run": run_id})


def running_twin(config: ExperimentConfig) -> str | None:
    """The run this session has just started from this very configuration, while it is active."""
    text, run_id, clock = st.session_state.get(_STARTED, ("", "", 0.0))
    if text != config.to_json():
        return None
    if time.monotonic() - clock < DOUBLE_CLICK_SECONDS:
        return run_id
    try:
        return run_id if session.store().open(run_id).is_active else None
    except (RunNotFound, RunUnreadable):
        return None


def last_started() -> str | None:
    """The run this session started last, if it is still active."""
    _, run_id, _ = st.session_state.get(_STARTED, ("", "", 0.0))
    try:
        return run_id if run_id and session.store().open(run_id).is_active else None
    except (RunNotFound, RunUnreadable):
        return None


def start_problem() -> str:
    """Why the last start failed, once."""
    return st.session_state.pop(_START_PROBLEM, "")


# The live view


def live(run: Run) -> None:
    """A run's state and curves as it goes, drawn anew each second until it comes to rest."""
    config = session.run_config(run.id)
    unit, floor = unit_and_floor(config)
    epochs = config.training.epochs if config else 1
    st.fragment(_live, run_every=TICK_SECONDS)(run.id, epochs, unit, floor)


def _live(run_id: str, epochs: int, unit: str, floor: PartErrors | None) -> None:
    try:
        run = session.store().open(run_id)
        status = run.status()
    except (RunNotFound, RunUnreadable):
        st.rerun()
    if not status.is_active:
        st.rerun()
    progress, history = run.progress(), run.history()
    _live_head(run_id, status, run.cancel_requested())
    fraction, batch_fraction = _fractions(progress, epochs)
    st.progress(fraction, text=_epoch_text(status, progress, epochs))
    st.progress(batch_fraction, text=_batch_text(status, progress, unit))
    curves(history, epochs, unit, floor)
    _meters(status.pid)
    if not is_embedded():
        _queue(run_id)


def _live_head(run_id: str, status: Status, is_stopping: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        device = f" · on {session.literal(status.device, 80)}" if status.device else ""
        st.markdown(f"{state_badge(status.state)} **{display_name(status.name)}**{device}")
        if not is_embedded():
            st.space("stretch")
            st.button(
                "Cancelling…" if is_stopping else "Cancel",
                icon=":material/stop_circle:",
                key=f"cancel-{run_id}",
                on_click=cancel,
                args=(run_id,),
                disabled=is_stopping,
                help="What the finished epochs have reached is kept.",
            )
    if problem := session.runner().problem:
        st.warning(session.literal(problem, 300))


def _fractions(progress: Mapping, epochs: int) -> tuple[float, float]:
    """How much of all epochs, and of the present pass over the windows, is done."""
    phase = progress.get("phase")
    if phase == "reconstructing":
        return 1.0, 1.0
    batches = progress.get("batches") or 0
    within = min(1.0, progress.get("batch", 0) / batches) if batches else 0.0
    epoch_share = (
        TRAINING_SHARE + (1 - TRAINING_SHARE) * within
        if phase == "validating"
        else TRAINING_SHARE * within
    )
    done = (max(1, progress.get("epoch", 1)) - 1 + epoch_share) / max(1, epochs)
    return min(1.0, done), within


def _epoch_text(status: Status, progress: Mapping, epochs: int) -> str:
    if status.state == "queued":
        return "Waiting for its turn"
    if "epoch" not in progress:
        return "Getting ready"
    left = progress.get("eta_seconds")
    text = f"Epoch {progress['epoch']:,} of {progress.get('epochs', epochs):,}"
    return text + (f" · {duration_text(left)} left" if left is not None else "")


def _batch_text(status: Status, progress: Mapping, unit: str) -> str:
    if status.state == "queued":
        return "It starts when a place is free"
    phase = str(progress.get("phase", "Starting Keras in a process of its own"))
    text = session.literal(phase[:1].upper() + phase[1:])
    if "batches" in progress:
        text += f" · batch {progress.get('batch', 0):,} of {progress['batches']:,}"
    if "seconds_per_batch" in progress:
        text += f" · {1000 * progress['seconds_per_batch']:,.0f} ms a batch"
    if "loss" in progress:
        text += f" · loss {number_text(progress['loss'])}"
    if "mae" in progress:
        text += f" · MAE {session.literal(number_text(progress['mae'], unit))}"
    return text


def _meters(pid: int | None) -> None:
    """How busy the machine is; the run's own part of it in words."""
    meters = read_meters(pid)
    own = f", this run {meters.process_cpu_percent:.0f} % of a core" if pid else ""
    own_memory = f", this run {meters.process_memory_bytes / 2**30:.1f} GB" if pid else ""
    columns = st.columns(2 + len(meters.gpus[:2]))
    columns[0].progress(
        _share(meters.cpu_percent / 100), text=f":small[Processor {meters.cpu_percent:.0f} %{own}]"
    )
    columns[1].progress(
        _share(meters.memory_used / max(1, meters.memory_total)),
        text=f":small[Memory {meters.memory_used / 2**30:.1f} of "
        f"{meters.memory_total / 2**30:.1f} GB{own_memory}]",
    )
    for column, gpu in zip(columns[2:], meters.gpus, strict=False):
        busy = f"{gpu.percent:.0f} %, " if gpu.percent is not None else ""
        column.progress(
            _share((gpu.percent or 0) / 100),
            text=f":small[{session.literal(gpu.name)} {busy}{gpu.memory_used / 2**30:.1f} of "
            f"{gpu.memory_total / 2**30:.0f} GB]",
        )


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


@st.cache_resource(show_spinner=False, ttl=2 * TICK_SECONDS, max_entries=4)
def _active(folder: str) -> list[RunSummary]:
    """Runs that train, then those that wait, in their order. Many ticks may share one look."""
    active = [item for item in session.store().list() if item.is_active]
    return sorted(active, key=lambda item: (item.state == "queued", item.sequence))


def active_runs() -> list[RunSummary]:
    return _active(str(session.store().root))


def _queue(shown: str) -> None:
    """The other runs that train or wait, in their order, each with its own way to cancel."""
    others = [item for item in active_runs() if item.id != shown]
    if not others:
        return
    st.markdown(f"**Other runs in work** ({len(others)})")
    for place, item in enumerate(others[:QUEUE_SHOWN], 1):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{place}. {state_badge(item.state)} {display_name(item.name)}")
            st.space("stretch")
            st.page_link(session.page("train"), label="Watch", query_params={"run": item.id})
            st.button(
                "Cancel",
                key=f"cancel-{item.id}",
                on_click=cancel,
                args=(item.id,),
                type="tertiary",
            )
    if len(others) > QUEUE_SHOWN:
        st.caption(f"and {len(others) - QUEUE_SHOWN:,} more, listed on the page Runs.")


def queue_alone() -> None:
    """The runs in work, where none of them is in view."""
    if active_runs():
        st.fragment(_queue, run_every=2 * TICK_SECONDS)("")


# What a run came to


def curves(
    history: Sequence[Mapping[str, float]],
    epochs: int,
    unit: str,
    floor: PartErrors | None,
    constant: PartErrors | None = None,
    log: bool = False,
) -> None:
    """Loss, MAE and MSE by epoch, side by side, with one legend."""
    known = {"floor": floor, "constant": constant}
    legend(*PARTS, *(name for name, errors in known.items() if errors is not None))
    for column, measure in zip(st.columns(3), ("loss", "mae", "mse"), strict=True):
        levels = {}
        if measure != "loss":
            levels = {
                name: errors["validation"][measure]
                for name, errors in known.items()
                if errors is not None
            }
        column.vega_lite_chart(
            charts.error_curve_frame(history, measure, epochs, log=log, **levels),
            charts.error_curve_spec(measure, unit, epochs, tuple(levels), log),
            key=f"curve-{measure}",
            alt=f"{charts.TITLES[measure]} of training and validation by epoch",
        )


def legend(*keys: str) -> None:
    """What the lines of the charts below mean; the labels are the program's own."""
    items = "".join(
        '<span style="white-space:nowrap"><span style="display:inline-block;width:1.6rem;'
        f"vertical-align:middle;border-top:3px {'dashed' if dashed else 'solid'} {colour}"
        f'"></span> {label}</span>'
        for label, colour, dashed in charts.legend(*keys)
    )
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.1rem;font-size:0.85rem;opacity:0.85">'
        f"{items}</div>"
    )


def headline(results: Results, measure: str) -> None:
    """The errors beside what is possible, in original units, and what that means."""
    unit = unit_of(measure, results.unit)
    name = charts.TITLES[measure]
    constant = results.constant["validation"][measure]
    error = results.errors["validation"][measure]
    with st.grid(4, min_column_width=150):
        st.metric(
            f"{name}, validation",
            number_text(error, unit),
            help="Over all windows the model never trained on, in the data's own units.",
        )
        st.metric(f"{name}, training", number_text(results.errors["train"][measure], unit))
        st.metric(
            "Error floor",
            number_text(results.visible_floor("validation", measure), unit),
            help="The least any model with this output activation and normalization can reach on "
            "the validation windows.",
        )
        st.metric(
            "Best constant",
            number_text(constant, unit),
            help="The error of the best constant per channel on the validation windows: what a "
            "model reaches that has learned nothing but the level.",
        )
    if text := verdict(results, measure):
        st.markdown(text)


def ended(run: Run, status: Status) -> None:
    """Why a run came to rest, and what can be done, where that needs saying."""
    if status.state == "finished":
        if status.reason:
            st.caption(session.literal(status.reason, 400))
        return
    word = STATES[status.state][0]
    text = f"This run is {word}." if status.state in ("paused", "interrupted") else ""
    reason = session.literal(status.reason, 500) if status.reason else f"The run was {word}."
    box = st.error if status.state == "failed" else st.warning
    box(f"{text} {reason} {ADVICE[status.state]}".strip(), icon=STATES[status.state][2])
    if status.state in ("paused", "interrupted") and not is_embedded():
        st.button(
            "Put it in the queue again",
            key=f"resume-{run.id}",
            icon=":material/replay:",
            on_click=resume,
            args=(run.id,),
        )


# Choosing a window: the part, and the index of a kept window, which several widgets show

SHOWABLE = frozenset(STATES) - {"damaged", "newer"}


def option_name(item: RunSummary) -> str:
    """A run in a box of choices, which shows text literally."""
    return f"{item.sequence} · {item.name or 'without a name'} · {STATES[item.state][0]}"


@st.cache_resource(show_spinner=False, max_entries=64)
def _reconstruction(run_id: str, folder: str, changed: int) -> dict[str, StoredWindows] | None:
    return read_reconstruction(session.store().open(run_id))


def reconstruction_of(run: Run) -> dict[str, StoredWindows] | None:
    """The kept windows of a run, mapped from the disk. Raises RunUnreadable."""
    try:
        changed = (run.folder / "reconstruction.npz").stat().st_mtime_ns
    except OSError:
        return None
    return _reconstruction(run.id, str(run.folder), changed)


def begin_window(run_id: str, parts: Mapping[str, StoredWindows]) -> None:
    """Start at the window of the address, or at the median one; keep the widgets in step."""
    state = st.session_state
    if state.get("window_run") != run_id:
        state["window_run"] = run_id
        part = st.query_params.get("part")
        state["window_part"] = part if part in PARTS else "validation"
        windows = parts[state["window_part"]]
        number = st.query_params.get("window", "")
        known = number.isdecimal() and 1 <= int(number[:9]) <= windows.windows
        state["window_index"] = (
            windows.nearest(int(number) - 1) if known else windows.landmark("median")
        )
    windows = parts[state["window_part"]]
    state["window_index"] = min(state["window_index"], len(windows) - 1)
    state["part"] = state["window_part"]
    state["window_number"] = int(windows.positions[state["window_index"]]) + 1
    state["window_slider"] = state["window_index"] + 1


def go_to_window(index: int, windows: StoredWindows) -> None:
    st.session_state["window_index"] = min(max(0, index), len(windows) - 1)


def step_window(step: int, windows: StoredWindows) -> None:
    go_to_window((st.session_state["window_index"] + step) % len(windows), windows)


def slider_moved(windows: StoredWindows) -> None:
    go_to_window(st.session_state["window_slider"] - 1, windows)


def number_chosen(windows: StoredWindows) -> None:
    """The kept window nearest to the number; from a kept one, a step leads to its neighbour."""
    number = st.session_state["window_number"]
    if number is None:
        return
    before = st.session_state["window_index"]
    index = windows.nearest(number - 1)
    step = number - 1 - int(windows.positions[before])
    if index == before and abs(step) == 1:
        index = before + step
    go_to_window(index, windows)


def choose_part(parts: Mapping[str, StoredWindows]) -> None:
    part = st.session_state["part"]
    st.session_state["window_part"] = part
    go_to_window(parts[part].landmark("median"), parts[part])


def window_query(run_id: str) -> dict[str, str]:
    """The window in view, for a link."""
    state = st.session_state
    if state.get("window_run") != run_id or "window_number" not in state:
        return {}
    return {"part": state["window_part"], "window": str(state["window_number"])}


@st.cache_resource(show_spinner="Reading the runs…")
def _run_table(folder: str) -> RunTable:
    return RunTable(session.store())


def run_table() -> RunTable:
    """The table of runs of this process, which reads a run's small files once."""
    return _run_table(str(session.store().root))
