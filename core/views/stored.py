"""What is known of runs and their data, kept between reruns and shared by all visitors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import output_lines, run_history, session
from core.config import ExperimentConfig
from core.normalization import Normalization
from core.results import (
    PARTS,
    Baselines,
    GrowingFiles,
    PartErrors,
    ReadOnce,
    Replay,
    Results,
    RunRow,
    StoredWindows,
    read_baselines,
    read_reconstruction,
    read_replay,
    read_results,
)
from core.runs import Run, RunSummary
from core.signals.recording import DataError

CHEAP_VALUES = 40_000_000  # a floor over more values is not worked out just to be drawn
KEPT_FILES = 200
ACTIVE_SECONDS = 2.0  # for so long many live views share one look at the runs


@dataclass(frozen=True, eq=False)
class History:
    """The finished epochs of a run. Equal to itself alone: what is drawn of it is cached."""

    rows: Sequence[Mapping[str, float]]

    @property
    def epochs(self) -> int:
        return len(self.rows)


NO_HISTORY = History(())


def history_of(run: Run) -> History:
    """The finished epochs of a run; the same object until another one is finished."""
    path = run.folder / "history.csv"

    return _files().get(path, lambda: History(_histories().get(path)[1:])) or NO_HISTORY


def results_of(run: Run) -> Results | None:
    """The results of a run; None while there are none. Raises RunUnreadable."""
    return _files().get(run.folder / "results.json", lambda: read_results(run))


def baselines_of(run: Run) -> Baselines | None:
    """What needs no model; None until the first epoch is over. Raises RunUnreadable."""
    return _files().get(run.folder / "baselines.json", lambda: read_baselines(run))


def outputs_of(run: Run) -> Sequence[Mapping[str, Any]]:
    """Where the output lay, epoch by epoch; none where nothing was recorded. Raises OSError."""
    return _output_files().get(run.folder / output_lines.FILE)


def replay_of(run: Run) -> Replay | None:
    """A few windows epoch by epoch; None while there are none. Raises RunUnreadable."""
    return _files().get(run.folder / "replay.f32", lambda: read_replay(run))


def reconstruction_of(run: Run) -> Mapping[str, StoredWindows] | None:
    """The kept windows of a run, mapped from the disk. Raises RunUnreadable."""
    return _files().get(run.folder / "reconstruction.npz", lambda: read_reconstruction(run))


def normalization_of(run_id: str) -> Normalization | None:
    """What a run's model sees of its data; None where that cannot be read."""
    path = session.store().root / run_id / "normalization.json"

    def read() -> Normalization | None:
        try:
            return Normalization.from_dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    return _files().get(path, read)


def forget_deleted() -> None:
    """Let go of the files of runs that have just been deleted."""
    _files().forget_vanished()


@st.cache_resource(show_spinner=False)
def _files() -> ReadOnce:
    return ReadOnce(KEPT_FILES)


@st.cache_resource(show_spinner=False)
def _output_files() -> GrowingFiles:
    return GrowingFiles(KEPT_FILES, lambda lines, known: output_lines.parse_lines(lines))


@st.cache_resource(show_spinner=False)
def _histories() -> GrowingFiles:
    return GrowingFiles(KEPT_FILES, run_history.parse_more)


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


def run_rows() -> Sequence[RunRow]:
    """The rows of the runs that the visitor may see, newest first."""
    rows = session.run_table().rows()
    if session.public() is None:
        return rows
    seen = {run.id for run in session.visible(session.store().listing())}
    return [row for row in rows if row.id in seen]


def active_runs() -> Sequence[RunSummary]:
    """Runs that train, then those that wait, in their order; of all visitors."""
    return _active_runs(str(session.store().root))


def forget_active_runs() -> None:
    """Look at the runs anew when they are asked for next: one has just changed."""
    _active_runs.clear()


@st.cache_resource(show_spinner=False, ttl=ACTIVE_SECONDS, max_entries=4)
def _active_runs(folder: str) -> Sequence[RunSummary]:
    active = [item for item in session.store().listing() if item.is_active]
    return sorted(active, key=lambda item: (item.state == "queued", item.sequence))
