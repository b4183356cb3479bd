"""Choosing a window: the part, and the index of a kept window, which several widgets show."""

from collections.abc import Mapping

import streamlit as st

from core.charts.run_words import NAMES, SERIES
from core.results import PARTS, StoredWindows

Parts = Mapping[str, StoredWindows]


def window_choice(run_id: str, parts: Parts, measure: str) -> tuple[str, int]:
    """Which part's which kept window is shown; all ways to choose it share one number."""
    _begin(run_id, parts, measure)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Part",
            ["validation", "train"],
            format_func=SERIES.get,
            key="part",
            required=True,
            on_change=_choose_part,
            args=(parts, measure),
        )
        part = st.session_state["part"]
        windows = parts[part]
        last = len(windows) - 1
        step = {"on_click": _step, "disabled": last == 0}
        st.button("Previous", key="previous", shortcut="Left", args=(-1, windows), **step)
        st.button("Next", key="next", shortcut="Right", args=(1, windows), **step)
        for name, error in (("best", "lowest"), ("median", "median"), ("worst", "highest")):
            st.button(
                name.capitalize(),
                key=name,
                on_click=_go_to,
                args=(windows.landmark(name, measure), windows),
                help=f"The window with the {error} {NAMES[measure].lower()}.",
            )
        st.number_input(
            "Window",
            key="window_number",
            step=1,
            width=130,
            on_change=_number_chosen,
            args=(windows,),
        )
    if last > 0:
        st.slider(
            "Window",
            1,
            last + 1,
            key="window_slider",
            label_visibility="collapsed",
            on_change=_slider_moved,
            args=(windows,),
        )
    return part, st.session_state["window_index"]


def _begin(run_id: str, parts: Parts, measure: str) -> None:
    """Start at the window of the address, or at the median one; keep the widgets in step."""
    state = st.session_state
    if state.get("window_run") != run_id:
        state["window_run"] = run_id
        part = st.query_params.get("part")
        state["window_part"] = part if part in PARTS else "validation"
        windows = parts[state["window_part"]]
        number = st.query_params.get("window", "")
        known = number.isdecimal() and len(number) < 10 and 1 <= int(number) <= windows.windows
        state["window_index"] = (
            windows.nearest(int(number) - 1) if known else windows.landmark("median", measure)
        )
    windows = parts[state["window_part"]]
    state["window_index"] = min(state["window_index"], len(windows) - 1)
    state["part"] = state["window_part"]
    state["window_number"] = int(windows.positions[state["window_index"]]) + 1
    state["window_slider"] = state["window_index"] + 1


def _go_to(index: int, windows: StoredWindows) -> None:
    st.session_state["window_index"] = min(max(0, index), len(windows) - 1)


def _step(step: int, windows: StoredWindows) -> None:
    _go_to((st.session_state["window_index"] + step) % len(windows), windows)


def _slider_moved(windows: StoredWindows) -> None:
    _go_to(st.session_state["window_slider"] - 1, windows)


def _number_chosen(windows: StoredWindows) -> None:
    """The kept window nearest to the number; from a kept one, a step leads to its neighbour."""
    number = st.session_state["window_number"]
    if number is None:
        return
    before = st.session_state["window_index"]
    index = windows.nearest(number - 1)
    step = number - 1 - int(windows.positions[before])
    if index == before and abs(step) == 1:
        index = before + step
    _go_to(index, windows)


def _choose_part(parts: Parts, measure: str) -> None:
    part = st.session_state["part"]
    st.session_state["window_part"] = part
    _go_to(parts[part].landmark("median", measure), parts[part])
