"""Several runs over each other: their error curves, and where their settings differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core import session
from core.charts.curves import comparison_frame, comparison_spec
from core.charts.run_words import TITLES, unique_labels
from core.results import RunRow, differences
from core.runs import RunNotFound, RunUnreadable
from core.views.stored import History, history_of

MOST_COMPARED = 10

Configs = Mapping[str, Mapping[str, Any]]  # by the label of a run


def comparison(rows: Sequence[RunRow]) -> None:
    """Curves and settings of the first MOST_COMPARED of the rows."""
    if len(rows) > MOST_COMPARED:
        st.caption(f"The first {MOST_COMPARED} of {len(rows):,} selected runs are compared.")
        rows = rows[:MOST_COMPARED]
    histories, configs = _read(rows)
    if _curves(rows, histories) and len(configs) > 1:
        _settings(configs)


def _read(rows: Sequence[RunRow]) -> tuple[dict[str, History], Configs]:
    """Histories and configurations by labels, without runs that are gone or damaged by now."""
    histories, configs = {}, {}
    labels = unique_labels([row.name or "without a name" for row in rows], 40)
    for label, row in zip(labels, rows, strict=True):
        try:
            run = session.store().open(row.id)
            configs[label] = run.config()
        except (RunNotFound, RunUnreadable):
            continue
        histories[label] = history_of(run)
    return histories, configs


def _curves(rows: Sequence[RunRow], histories: Mapping[str, History]) -> bool:
    """Returns whether there are any."""
    st.subheader("Error curves", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Error",
            ["mae", "mse"],
            format_func=TITLES.get,
            default="mae",
            key="runs_measure",
            required=True,
        )
        log = st.toggle("Logarithmic", key="runs_log")
    epochs = max((history.epochs for history in histories.values()), default=0)
    if not epochs:
        st.caption("None of these runs has finished an epoch yet.")
        return False
    units = {row.unit for row in rows}
    unit = units.pop() if len(units) == 1 else ""
    st.vega_lite_chart(
        comparison_frame({label: item.rows for label, item in histories.items()}, measure, log),
        comparison_spec(measure, unit, tuple(histories), epochs, log),
        key="comparison",
        alt="Errors of the chosen runs by epoch",
    )
    if len({row.data for row in rows}) > 1:
        st.caption("These runs are of different data: their errors have different scales.")
    return True


def _settings(configs: Configs) -> None:
    st.subheader("What differs", anchor=False)
    different = differences(list(configs.values()))
    if not different:
        st.caption("Nothing: their settings are the same.")
        return
    frame = pd.DataFrame.from_dict(different, orient="index", columns=list(configs))
    st.dataframe(
        frame.rename_axis("Setting").reset_index(),
        hide_index=True,
        column_config={"Setting": st.column_config.TextColumn(width=190)},
        alt="The settings in which the chosen runs differ",
    )
