"""What is known of a run, gathered from its folder for a diagnosis."""

import os
from collections.abc import Sequence

import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.diagnosis import Evidence, Finding, diagnose, gather
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.views.stored import baselines_of, history_of, outputs_of, results_of

_FILES = ("history.csv", "outputs.jsonl", "baselines.json", "results.json")

Stamp = tuple[int, int, int]


def findings_of(run: Run, status: Status) -> Sequence[Finding]:
    """The findings of a run; worked out anew when one of its files or its state has changed."""
    config = session.run_config(run.id)
    if config is None:  # damaged, or of another version
        return ()
    stamps = tuple(_stamp(run, name) for name in _FILES)
    return _findings(run.id, status.state, stamps, run, status, config)


@st.cache_resource(show_spinner=False, max_entries=200)
def _findings(
    run_id: str,
    state: str,
    stamps: tuple[Stamp, ...],
    _run: Run,
    _status: Status,
    _config: ExperimentConfig,
) -> Sequence[Finding]:
    return tuple(diagnose(_config, evidence_of(_run, _status, _config)))


def _stamp(run: Run, name: str) -> Stamp:
    try:
        found = os.stat(run.folder / name)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def evidence_of(run: Run, status: Status, config: ExperimentConfig) -> Evidence:
    """All there is; what is missing or damaged is left out."""
    results = _readable(results_of, run) if not status.is_active else None
    return gather(
        config,
        status,
        history=history_of(run).rows,
        outputs=_readable(outputs_of, run) or (),
        known=results or _readable(baselines_of, run),
        data=lambda: session.recording(config.data),
    )


def _readable(read, run: Run):
    try:
        return read(run)
    except (RunNotFound, RunUnreadable, OSError):
        return None
