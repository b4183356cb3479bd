"""Several runs over each other: curves, errors, settings, and the same window of each."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.results import RunRow, differences, field_title
from core.views.compared_curves import compared_curves
from core.views.compared_errors import compared_errors
from core.views.compared_runs import Compared, chosen_baseline, read_compared
from core.views.compared_windows import compared_windows
from core.views.comparison_link import comparison_link
from core.views.quoted_frame import quoted_frame

MOST_COMPARED = 10
SETTING = ""  # a column beside those of the runs, none of which is called so
CHANGED = "background-color: rgba(219, 111, 23, 0.22)"  # seen on light and on dark


@st.fragment
def comparison(rows: Sequence[RunRow]) -> None:
    """The first MOST_COMPARED of the rows; the one chosen as the baseline first."""
    if len(rows) > MOST_COMPARED:
        st.caption(f"The first {MOST_COMPARED} of {len(rows):,} selected runs are compared.")
        rows = rows[:MOST_COMPARED]
    in_order = read_compared(rows)
    if not in_order:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        runs = chosen_baseline(in_order)
        if len(runs) > 1:
            comparison_link([item.run.id for item in runs])
    measure = compared_curves(runs)
    compared_errors(runs, measure)
    if len(runs) > 1:
        _settings(runs)
        compared_windows(runs)


def _settings(runs: Sequence[Compared]) -> None:
    st.subheader("What differs", anchor=False)
    different = differences([item.config for item in runs])
    if not different:
        st.caption("Nothing: their settings are the same.")
        return
    named = {field_title(field).replace(".", ": "): values for field, values in different.items()}
    frame = pd.DataFrame.from_dict(named, orient="index", columns=[item.label for item in runs])
    frame = quoted_frame(frame.rename_axis(SETTING).reset_index())
    st.dataframe(
        frame.style.apply(_changes, axis=1),
        hide_index=True,
        column_config={SETTING: st.column_config.TextColumn("Setting", width=190)},
        alt="The settings in which the chosen runs differ",
    )
    st.caption("Coloured: other than the baseline, which comes first.")


def _changes(row: pd.Series) -> list[str]:
    """Styles of a row: its name, the baseline's value, and the others' values."""
    return ["", "", *(CHANGED if value != row.iloc[1] else "" for value in row.iloc[2:])]
