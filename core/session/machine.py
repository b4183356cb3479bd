"""The runs of this machine: where they are kept, and the queue that trains them."""

import os
import threading
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from core.config import ExperimentConfig
from core.results import RunTable
from core.resumption import resumes_unasked
from core.runner import LocalRunner, detect_slots
from core.runs import RunNotFound, RunStore, RunUnreadable
from core.session.pages import PROJECT, import_what_pages_need

AHEAD_SECONDS = 2.0  # after the start, when the first page is out and no worker comes yet


def runs_folder() -> Path:
    return _resolved(os.environ.get("LAB_RUNS") or str(PROJECT / ".lab"))


@cache  # each look at the disk lets other visitors' threads go first
def _resolved(folder: str) -> Path:
    return Path(folder).resolve()


def store() -> RunStore:
    """All runs on the disk."""
    return _store(str(runs_folder()))


@cache  # asked for a dozen times in a rerun; Streamlit's own cache takes longer
def _store(folder: str) -> RunStore:
    return RunStore(Path(folder))


def runner() -> LocalRunner:
    """The queue of this process. It re-attaches from disk, so a cleared cache loses nothing."""
    return _runner(str(runs_folder()))


@st.cache_resource(show_spinner=False)
def _runner(folder: str) -> LocalRunner:
    resumes = resumes_unasked(os.environ)
    local = LocalRunner(_store(folder), slots=detect_slots(), resumes=resumes)
    local.start()
    return local


def run_table() -> RunTable:
    """The table of runs of this process, which reads a run's small files once."""
    return _run_table(str(runs_folder()))


@cache  # a thread that reads ahead has no session, which Streamlit's own cache misses aloud
def _run_table(folder: str) -> RunTable:
    return RunTable(_store(folder))


def work_ahead() -> None:
    """Do soon what else the first to open a page would wait for: imports, and the table of runs."""

    def work() -> None:
        import_what_pages_need()
        with suppress(OSError):  # the page Runs will say what is the matter
            run_table().rows()

    ahead = threading.Timer(AHEAD_SECONDS, work)
    ahead.daemon = True
    ahead.start()


def run_config(run_id: str) -> ExperimentConfig | None:
    """The configuration of a run, which never changes; None where it cannot be read."""
    return _run_config(run_id, str(store().root))


@lru_cache(maxsize=20_000)  # more than a store has runs; Streamlit's own cache takes longer
def _run_config(run_id: str, folder: str) -> ExperimentConfig | None:
    try:
        return ExperimentConfig.model_validate(_store(folder).open(run_id).config())
    except (RunNotFound, RunUnreadable, ValidationError):
        return None
