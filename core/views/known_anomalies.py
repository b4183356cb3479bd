"""Known anomalies in the windows of a run: those of one, and how well the errors tell them."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.charts.run_words import SERIES, TITLES
from core.number_text import agreeing, number_text, share_text
from core.results import StoredWindows, kept_with_first
from core.signals.recording import Anomaly
from core.views.window_place import RunData, run_data
from core.window_anomalies import roc_auc, windows_with, within_window


@dataclass(frozen=True)
class _Told:
    """How the errors of a part tell the windows with a known anomaly from the others."""

    held: int  # windows with one
    auc: float  # NaN where all or none hold one
    worst: int | None  # index of the kept one with the largest error; None where none is kept


def anomalies_in(data: RunData | None, part: str, position: int) -> list[Anomaly]:
    """Those of one window, in its own time steps, from 0."""
    if data is None or not data.anomalies:
        return []
    first, mine = data.split.first_steps(part, position), dict(data.split.parts())[part]
    return within_window(data.anomalies, int(first), mine.window_length)


def known_anomalies(run_id: str, windows: StoredWindows, part: str, measure: str) -> None:
    """How many windows hold one, whether their errors are the larger ones, and a way to the worst;
    nothing where none is known."""
    data = run_data(run_id, part, windows)
    if data is None or not data.anomalies:
        return
    told = _told(windows, run_id, part, measure)
    if told is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(told_text(told.held, windows.windows, told.auc, SERIES[part], TITLES[measure]))
        if told.worst is not None:
            st.button(
                "Worst with an anomaly",
                key="worst-known",
                on_click=_show,
                args=(told.worst,),
            )


def _show(index: int) -> None:
    st.session_state["window_index"] = index


def told_text(held: int, windows: int, auc: float, part: str, title: str) -> str:
    """What the errors by one measure say of the windows with a known anomaly."""
    of_all = f"of {windows:,} {part} {agreeing(windows, 'window', 'windows')}"
    if held == 0:
        return f"None {of_all} holds a known anomaly."
    text = f"{held:,} {of_all} {agreeing(held, 'holds', 'hold')} a known anomaly"
    if held == windows:
        return f"{text}, so that there are no others to compare with."
    its, other = agreeing(held, "its", "their"), agreeing(windows - held, "other", "others")
    return (
        f"{text}; {its} {title} is the larger one in {share_text(auc)} of all pairs with the "
        f"{other} (ROC AUC {number_text(auc)})."
    )


@kept_with_first  # by the run's id: what is kept for these windows must not hold on to its data
def _told(windows: StoredWindows, run_id: str, part: str, measure: str) -> _Told | None:
    data = run_data(run_id, part, windows)
    if data is None:  # removed just now
        return None
    length = windows.original.shape[1]
    first_steps = data.split.first_steps(part, np.arange(windows.windows))
    is_held = windows_with(data.anomalies, first_steps, length)
    errors = windows.window_errors(measure)
    kept = np.flatnonzero(is_held[windows.positions])
    worst = int(kept[np.argmax(errors[windows.positions[kept]])]) if len(kept) else None
    return _Told(int(is_held.sum()), roc_auc(errors, is_held), worst)
