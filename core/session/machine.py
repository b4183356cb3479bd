"""The runs of this machine: where they are kept, the queue that trains them, and finding them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from core.config import ExperimentConfig
from core.runner import LocalRunner, detect_slots
from core.runs import Run, RunNotFound, RunStore, RunSummary, RunUnreadable
from core.session.pages import PROJECT


def runs_folder() -> Path:
    return Path(os.environ.get("LAB_RUNS", PROJECT / ".lab")).resolve()


def store() -> RunStore:
    """All runs on the disk."""
    return _store(str(runs_folder()))


@st.cache_resource(show_spinner=False)
def _store(folder: str) -> RunStore:
    return RunStore(Path(folder))


def runner() -> LocalRunner:
    """The queue of this process. It re-attaches from disk, so a cleared cache loses nothing."""
    return _runner(str(runs_folder()))


@st.cache_resource(show_spinner=False)
def _runner(folder: str) -> LocalRunner:
    local = LocalRunner(_store(folder), slots=detect_slots())
    local.start()
    return local


def submit(config: ExperimentConfig) -> str:
    """Put a run in the queue and return its id."""
    return runner().submit(config.model_dump(mode="json"), name=config.name)


def run_config(run_id: str) -> ExperimentConfig | None:
    """The configuration of a run, which never changes; None where it cannot be read."""
    return _run_config(run_id, str(store().root))


@st.cache_resource(show_spinner=False, max_entries=5000)
def _run_config(run_id: str, folder: str) -> ExperimentConfig | None:
    try:
        return ExperimentConfig.model_validate(_store(folder).open(run_id).config())
    except (RunNotFound, RunUnreadable, ValidationError):
        return None


def runs_of(configs: Sequence[ExperimentConfig]) -> list[RunSummary | None]:
    """The newest run of each configuration, whatever its name; one that failed only if no other
    is; None where there is none."""
    known = _newest(str(store().root)).by_experiment()
    return [known.get(config.identity()) for config in configs]


class _Newest:
    """The run to show of each experiment; worked out anew when a run has changed."""

    def __init__(self, folder: str):
        self._folder = folder
        self._known: tuple[tuple[RunSummary, ...], dict[str, RunSummary]] = ((), {})

    def by_experiment(self) -> Mapping[str, RunSummary]:
        listing = _store(self._folder).listing()
        if listing is not self._known[0]:
            found: dict[str, RunSummary] = {}
            # Good ones last, each in its order, so that they replace the others.
            for item in sorted(listing, key=lambda run: run.state not in ("failed", "cancelled")):
                if text := _run_experiment(item.id, self._folder):
                    found[text] = item
            self._known = (listing, found)
        return self._known[1]


@st.cache_resource(show_spinner=False)
def _newest(folder: str) -> _Newest:
    return _Newest(folder)


def latest_run(config: ExperimentConfig) -> Run | None:
    """As `runs_of`, of one configuration, to be opened."""
    (found,) = runs_of([config])
    return store().open(found.id) if found else None


@st.cache_resource(show_spinner=False, max_entries=5000)
def _run_experiment(run_id: str, folder: str) -> str:
    known = _run_config(run_id, folder)
    return known.identity() if known else ""
