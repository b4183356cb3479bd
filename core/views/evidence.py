"""What is known of a run, gathered from its folder for a diagnosis."""

import os
from collections.abc import Sequence

import streamlit as st

from core import session
from core.architecture import describe_architecture
from core.config import ExperimentConfig
from core.diagnosis import Evidence, Finding, diagnose
from core.results import Baselines, Results
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.signals.recording import DataError
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
    known: Results | Baselines | None = results or _readable(baselines_of, run)
    names, unit = _names(results, config)
    return Evidence(
        history=history_of(run).rows,
        outputs=_readable(outputs_of, run) or (),
        floor=known.floor if known else None,
        constant=known.constant if known else None,
        pca=known.pca if known else None,
        channel_names=names,
        unit=unit,
        state=status.state,
        compression_ratio=_compression(results, config, len(names)),
        is_over=status.is_final,
        **_of_results(results),
        reason=status.reason,
    )


def _readable(read, run: Run):
    try:
        return read(run)
    except (RunNotFound, RunUnreadable, OSError):
        return None


def _of_results(results: Results | None) -> dict:
    if results is None:
        return {}
    extremes = ("output_low", "output_high", "target_low", "target_high")
    of_channels = ("channel_errors", "channel_constants", "channel_floors")
    names = ("errors", *of_channels, *extremes)
    return {name: getattr(results, name) for name in names}


def _names(results: Results | None, config: ExperimentConfig) -> tuple[tuple[str, ...], str]:
    """The channels and the unit: of the results, else of the data, where they can be read."""
    if results is not None:
        return results.channel_names, results.unit
    try:
        recording = session.recording(config.data)
    except (DataError, OSError):
        return (), ""
    return tuple(recording.channel_names), recording.unit


def _compression(results: Results | None, config: ExperimentConfig, channels: int) -> float | None:
    if results is not None:
        return results.compression_ratio
    if not channels:
        return None
    length = config.windows.window_length
    return describe_architecture(config.model, length, channels).compression_ratio
