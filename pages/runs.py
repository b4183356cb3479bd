"""All runs: find, compare, rename, delete, and go on from one of them."""

from collections.abc import Sequence

import streamlit as st

from core import session
from core.results import RunRow
from core.views.comparison import comparison
from core.views.comparison_link import rows_of_the_address
from core.views.run_actions import run_actions
from core.views.run_state import SHOWABLE
from core.views.run_table import searched, selected
from core.views.stored import run_rows


def page() -> None:
    st.title("Runs")
    if rows := run_rows():
        show(rows)
    else:
        st.info("There are no runs yet. Each run you train is listed here, with its errors.")
        st.page_link(session.page("train"), label="Set up a run", icon=":material/model_training:")


def show(rows: Sequence[RunRow]) -> None:
    rows, opened = rows_of_the_address(rows)
    found = searched(rows)
    chosen = selected(found, opened) if found else []
    if not found:
        st.caption("No run matches. Clear the search or the states.")
    run_actions(chosen)
    readable = [row for row in chosen if row.state in SHOWABLE]
    if readable:
        comparison(readable)
    elif found:
        st.caption("Select runs in the table to compare their error curves and settings.")


session.open_page()
page()
