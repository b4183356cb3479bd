"""The runs of this machine: where they are kept, the queue that trains them, and finding them."""

import os
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from core.config import ExperimentConfig
from core.runner import LocalRunner, detect_slots
from core.runs import Run, RunNotFound, RunStore, RunUnreadable
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


def latest_run(config: ExperimentConfig) -> Run | None:
    """The newest run of a configuration, whatever its name; one that failed only if no other is."""
    wanted, runs = _experiment_text(config), store()
    folder = str(runs.root)
    found = [item for item in runs.list() if _run_experiment(item.id, folder) == wanted]
    good = [item for item in found if item.state not in ("failed", "cancelled")]
    return runs.open((good or found)[-1].id) if found else None


@st.cache_resource(show_spinner=False, max_entries=5000)
def _run_experiment(run_id: str, folder: str) -> str:
    known = _run_config(run_id, folder)
    return _experiment_text(known) if known else ""


def _experiment_text(config: ExperimentConfig) -> str:
    """A configuration but for its name, as text: equal also across a reload of the modules."""
    return config.model_dump_json(exclude={"name"})
