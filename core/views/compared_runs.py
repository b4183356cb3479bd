"""The runs that are compared, each with its label, its colour and what it left behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import session
from core.charts.run_words import unique_labels
from core.results import Results, RunRow, StoredWindows
from core.runs import Run, RunNotFound, RunUnreadable
from core.views.curves import Lines, lines_of, lines_of_results
from core.views.stored import History, history_of, reconstruction_of, results_of


@dataclass(frozen=True)
class Compared:
    """A run beside others."""

    label: str  # used once
    colour: int  # its number in the palette
    row: RunRow
    run: Run
    config: Mapping[str, Any]  # as stored, perhaps of another version
    history: History
    results: Results | None  # None while there are none

    @property
    def lines(self) -> Lines:
        """Its `floor`, `pca` and `constant`, as far as they are known."""
        return lines_of_results(self.results) if self.results else lines_of(self.run)


def read_compared(rows: Sequence[RunRow]) -> list[Compared]:
    """The runs of the rows, without those that are gone or damaged by now."""
    compared = []
    labels = unique_labels([row.name or "without a name" for row in rows], 40)
    for label, row in zip(labels, rows, strict=True):
        try:
            run = session.store().open(row.id)
            config, results = run.config(), results_of(run)
        except (RunNotFound, RunUnreadable):
            continue
        colour = len(compared)
        compared.append(Compared(label, colour, row, run, config, history_of(run), results))
    return compared


def kept_windows(item: Compared) -> Mapping[str, StoredWindows] | None:
    """The windows of each part that a run kept; None without any in one of them."""
    try:
        parts = reconstruction_of(item.run) if item.results else None
    except (RunNotFound, RunUnreadable):
        return None
    return parts if parts and all(len(windows) for windows in parts.values()) else None


def chosen_baseline(runs: Sequence[Compared]) -> list[Compared]:
    """All runs, the one first that the others are measured by: it is chosen here."""
    if len(runs) < 2:
        return list(runs)
    by_id = {item.run.id: item for item in runs}
    if st.session_state.get("runs_baseline") not in by_id:
        st.session_state["runs_baseline"] = runs[0].run.id
    chosen = st.selectbox(
        "Baseline",
        list(by_id),
        format_func=lambda run_id: by_id[run_id].label,
        key="runs_baseline",
        help="What the other runs are measured by; its curve is drawn thicker.",
        width=320,
    )
    return [by_id[chosen], *(item for item in runs if item.run.id != chosen)]
