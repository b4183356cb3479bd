"""What a public demo tells its visitors, and how they take back what they brought."""

import streamlit as st

from core.number_text import agreeing, count_text, number_text
from core.public import PublicSettings
from core.retention import Removed
from core.session import retention
from core.session.words import literal

_SURE = "forget_sure"


def visit_notice(settings: PublicSettings) -> None:
    """Who sees what a visitor brings, how long it is kept, and the way to remove it."""
    with st.popover("Public demo", icon=":material/public:", key="visit", width="stretch"):
        st.markdown(
            f"What you upload and train here is kept for **{hours_text(settings.keep_hours)}**. "
            "Other visitors do not see it. Whoever has the link to a run sees that run and its "
            "data; only you, in this browser, can change it."
        )
        st.caption(
            f"Files up to {settings.max_upload_mb:,} MB, "
            f"{count_text(settings.max_epochs, 'epoch')}, "
            f"{count_text(settings.max_run_minutes, 'minute')} a run, "
            f"{count_text(settings.max_runs_per_visitor, 'run')} at once. A lab of your own has no "
            "such limits."
        )
        is_sure = st.checkbox("All my uploads and runs, for good", key=_SURE)
        st.button(
            "Delete my data and runs",
            key="forget_all",
            icon=":material/delete_forever:",
            disabled=not is_sure,
            on_click=_forget_all,
            help="Removes them from this machine at once, after a tick above.",
        )


def hours_text(hours: float) -> str:
    unit, number = ("day", hours / 24) if hours >= 48 else ("hour", hours)
    return f"{number_text(number)} {agreeing(number, unit, f'{unit}s')}"


def _forget_all() -> None:
    st.toast(removed_text(retention.forget_all()), icon=":material/delete_forever:")
    st.query_params.clear()
    st.session_state[_SURE] = False


def removed_text(removed: Removed) -> str:
    """What a removal did, in words."""
    runs, files = count_text(len(removed.runs), "run"), len(removed.recordings)
    said = f"Removed: {runs}, {count_text(files, 'recording')}."
    if stopping := len(removed.stopping):
        stops = agreeing(stopping, "it stops", "they stop")
        said += f" {stopping} in training: removed as soon as {stops}."
    if removed.problems:
        said += f" Some could not be removed: {literal(removed.problems[0], 300)}. Try again."
    return said
