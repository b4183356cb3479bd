"""The runs of this machine: where they are kept, and the queue that trains them."""

import gc
import os
import threading
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from pydantic import ValidationError

from core.config import ExperimentConfig
from core.results import RunTable
from core.resumption import resumes_unasked
from core.runner import LocalRunner, detect_slots
from core.runs import RunNotFound, RunStore, RunUnreadable
from core.session.once import once
from core.session.pages import PROJECT, import_what_pages_need

AHEAD_SECONDS = 2.0  # after the start, where no page was drawn before: no worker comes yet

_first_page = threading.Event()
_making_the_table = threading.Lock()


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
    """The queue of this process."""
    return _runner(str(runs_folder()))


@once
def _runner(folder: str) -> LocalRunner:
    resumes = resumes_unasked(os.environ)
    local = LocalRunner(_store(folder), slots=detect_slots(), resumes=resumes)
    local.start()
    return local


def run_table() -> RunTable:
    """The table of runs of this process, which reads a run's small files once."""
    with _making_the_table:  # or a page has another than the thread that reads ahead
        return _run_table(str(runs_folder()))


@cache  # a thread that reads ahead has no session, which Streamlit's own cache misses aloud
def _run_table(folder: str) -> RunTable:
    return RunTable(_store(folder))


def work_ahead() -> None:
    """Once the first page is out, do what else the next would wait for: imports, and the table of
    runs."""

    def work() -> None:
        _first_page.wait(AHEAD_SECONDS)
        try:
            import_what_pages_need()
            with suppress(OSError):  # the page Runs will say what is the matter
                run_table().rows()
        finally:
            keep_from_the_collector()

    threading.Thread(target=work, name="working ahead", daemon=True).start()


def a_page_is_out() -> None:
    """Called after each page."""
    _first_page.set()


def keep_from_the_collector() -> None:
    """Let it collect again, which a server does without until here, but not look at what is there:
    walking the objects of pandas and Altair each time took two thirds of a rerun."""
    gc.freeze()
    gc.enable()


def run_config(run_id: str) -> ExperimentConfig | None:
    """The configuration of a run, which never changes; None where it cannot be read."""
    return _run_config(run_id, str(store().root))


@lru_cache(maxsize=20_000)  # more than a store has runs; Streamlit's own cache takes longer
def _run_config(run_id: str, folder: str) -> ExperimentConfig | None:
    try:
        return ExperimentConfig.model_validate(_store(folder).open(run_id).config())
    except (RunNotFound, RunUnreadable, ValidationError):
        return None
