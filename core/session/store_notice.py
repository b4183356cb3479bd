"""What is said on every page when the runs folder cannot be written."""

import streamlit as st

from core import disk
from core.session.machine import store

VIEW_ONLY = (
    "View only: the runs folder of this machine cannot be written. What is there can be looked "
    "at; nothing can be started, changed or deleted until it is writable again."
)


def store_problem() -> str:
    """Why no run can be started here at the moment, or an empty text."""
    folder = store().root
    return disk.room_problem(folder) if disk.is_writable(folder) else VIEW_ONLY


def show_store_notice() -> None:
    """A banner while the runs folder is read-only or its disk is full."""
    if problem := store_problem():
        icon = ":material/lock:" if problem == VIEW_ONLY else ":material/hard_disk:"
        st.warning(problem, icon=icon)
