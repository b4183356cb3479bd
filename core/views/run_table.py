"""The table of runs: searched, in pages, its rows to be selected."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from core.charts.run_words import labelled
from core.results import RunRow, run_csv, unit_of
from core.views.quoted_frame import quoted_frame
from core.views.run_state import STATES

_SELECTED = "runs_selected"  # ids
PAGE_ROWS = 500
MOST_ROWS = 11  # that are all in sight; more are scrolled
COLUMNS = {
    "name": st.column_config.TextColumn("Name", width="medium"),
    "validation_mae": st.column_config.NumberColumn(
        "MAE",
        format="%.4g",
        width=80,
        help="Mean absolute error on validation, in the data's own units.",
    ),
    "floor_mae": st.column_config.NumberColumn(
        "Floor",
        format="%.4g",
        width=80,
        help="No model with this output and normalization has a lower MAE on validation.",
    ),
    "state": st.column_config.TextColumn("State", width=92),
    "activation": st.column_config.TextColumn("Output"),
    "normalization": st.column_config.TextColumn("Normalization"),
    "data": st.column_config.TextColumn("Data"),
    "validation_mse": st.column_config.NumberColumn(
        "MSE", format="%.4g", width=80, help="Mean squared error on validation, in squared units."
    ),
    "unit": st.column_config.TextColumn("Unit", width="small"),
    "epochs": st.column_config.NumberColumn("Epochs", format="%d", width="small"),
    "best_epoch": st.column_config.NumberColumn("Best epoch", format="%d", width="small"),
    "seconds": st.column_config.NumberColumn("Time (s)", format="%.1f", width="small"),
    "created": st.column_config.DatetimeColumn("Created", format="YYYY-MM-DD HH:mm"),
    "reason": st.column_config.TextColumn("Reason", width="large"),
}
_MEASURED = {"validation_mae": "mae", "floor_mae": "mae", "validation_mse": "mse"}


def searched(rows: Sequence[RunRow]) -> Sequence[RunRow]:
    """The rows that fit the search and the states chosen above the table."""
    present = {row.state for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="runs_search",
            placeholder="Name, data, normalization, output",
            width=320,
        )
        wanted = st.pills(
            "State",
            [state for state in STATES if state in present],
            selection_mode="multi",
            format_func=lambda state: STATES[state][0],
            key="runs_states",
        )
        words = text.lower().split()
        if words or wanted:
            rows = [
                row for row in rows if (not wanted or row.state in wanted) and _holds(row, words)
            ]
        _download(rows)  # not at the right: there, the table's own tools cover it
    return rows


def _holds(row: RunRow, words: Sequence[str]) -> bool:
    text = f"{row.name} {row.data} {row.normalization} {row.activation} {row.id}".lower()
    return all(word in text for word in words)


def selected(rows: Sequence[RunRow], opened: Sequence[str] = ()) -> list[RunRow]:
    """Draw a page of the rows; returns those that are selected: at first the `opened` ones."""
    number = _page_number(len(rows))
    shown = rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    ids = [row.id for row in shown]
    kept = opened or st.session_state.get(
        _SELECTED, ()
    )  # of the table as it was: rows move, and go
    event = st.dataframe(
        quoted_frame(_frame(shown)),
        column_config=_columns({row.unit for row in shown}),
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [n for n, run in enumerate(ids) if run in kept]}},
        key=f"runs-{crc32(' '.join(ids).encode()):08x}",
        height="content" if len(shown) <= MOST_ROWS else 420,
        alt="The runs and what they reached",
    )
    chosen = [shown[i] for i in event.selection.rows if i < len(shown)]
    st.session_state[_SELECTED] = tuple(row.id for row in chosen)
    return chosen


def _download(rows: Sequence[RunRow]) -> None:
    """A button that takes the table along, with all its columns."""
    st.download_button(
        "Table",
        data=lambda: run_csv(rows),
        file_name="runs.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="The runs found, with all columns, as CSV.",
        key="runs_csv",
    )


def _page_number(rows: int) -> int:
    pages = -(-rows // PAGE_ROWS)
    if pages == 1:
        return 1
    if st.session_state.get("runs_page", 1) > pages:  # the search has left fewer
        st.session_state["runs_page"] = pages
    number = st.pagination(pages, key="runs_page")
    st.caption(f"{rows:,} runs, {PAGE_ROWS} on a page, newest first; search to narrow them.")
    return number


def _columns(units: set[str]) -> dict[str, Any]:
    """The columns, with the unit that all of the rows share, where they share one."""
    if len(units) > 1:
        return COLUMNS
    unit = next(iter(units), "")
    shared = {
        name: COLUMNS[name] | {"label": labelled(COLUMNS[name]["label"], unit_of(measure, unit))}
        for name, measure in _MEASURED.items()
    }
    return COLUMNS | shared


def _frame(rows: Sequence[RunRow]) -> pd.DataFrame:
    frame = pd.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS})
    frame["state"] = [STATES[row.state][0] for row in rows]
    frame["created"] = pd.to_datetime(frame["created"], errors="coerce", utc=True)
    return frame
