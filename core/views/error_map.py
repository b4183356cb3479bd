"""The map of errors by channel and time step, and the windows that are worst at a place of it."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import streamlit as st

from core import session
from core.charts.errors import MOST_BARS
from core.charts.run_words import TITLES, time_title, time_unit, window_time
from core.charts.step_errors import CLICKED, cell_edges, place_of, step_error_frame, step_error_spec
from core.number_text import count_text, number_text
from core.results import Place, Results, StoredWindows, kept_with_first, unit_of, worst_at
from core.views.shown_channels import show_channel

# Session keys
_PLACE = "place"  # a run's id and a place
_PICKED = "place_picked"  # the same of the cell clicked last, while it is the one that is chosen
_TURN = "place_turn"  # changes when a click on the cell clicked last must count again


def chosen_place(run_id: str, windows: StoredWindows) -> Place | None:
    """The place of this run that was chosen on the map or beside it."""
    known_run, place = st.session_state.get(_PLACE, ("", None))
    if known_run != run_id:
        return None
    return place.within(*windows.original.shape[1:])


def error_map(
    run_id: str, windows: StoredWindows, part: str, results: Results, measure: str, labels: list
) -> None:
    """The map, a choice of the same place by keyboard, and the worst windows there."""
    place = chosen_place(run_id, windows)
    rate = results.sampling_rate_hz
    channels = min(len(labels), MOST_BARS)
    key = _chart_key(run_id)
    st.vega_lite_chart(
        _table(windows, measure, tuple(labels), rate, place),
        step_error_spec(measure, results.unit, time_title(rate), part, channels),
        key=key,
        on_select=lambda: _clicked(run_id, key, windows),
        alt="Error by channel and time step of the window",
    )
    if len(labels) > channels:
        st.caption(f"The {channels} channels with the largest errors of {len(labels):,}.")
    _by_keyboard(run_id, windows, labels, measure, place)
    if place is not None:
        _worst_windows(run_id, windows, place, results, measure, labels)


@kept_with_first
def _table(
    windows: StoredWindows,
    measure: str,
    labels: tuple[str, ...],
    rate: float | None,
    place: Place | None,
) -> pa.Table:
    return pa.Table.from_pandas(
        step_error_frame(windows, measure, labels, rate, place), preserve_index=False
    )


def _chart_key(run_id: str) -> str:
    """The key of the map.

    A browser sends a click only if it selects another cell than before. So the map begins anew
    once the cell that was clicked last is not the chosen place any more.
    """
    state = st.session_state
    if _PICKED in state and state[_PICKED] != state.get(_PLACE):
        del state[_PICKED]
        state[_TURN] = state.get(_TURN, 0) + 1
    return f"by-step-{run_id}-{state.get(_TURN, 0)}"


def _clicked(run_id: str, key: str, windows: StoredWindows) -> None:
    for cell in st.session_state[key].selection.get(CLICKED) or ():
        place = place_of(int(cell["row"]), int(cell["cell"]), windows.original.shape[1])
        _choose(run_id, place)
        st.session_state[_PICKED] = st.session_state[_PLACE]


def _choose(run_id: str, place: Place) -> None:
    st.session_state[_PLACE] = (run_id, place)


def _by_keyboard(
    run_id: str, windows: StoredWindows, labels: list, measure: str, place: Place | None
) -> None:
    """The same choice as a click: a channel, and a stretch of the window."""
    length = windows.original.shape[1]
    state = st.session_state
    state["place_channel"] = place.channel if place else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Worst windows at channel",
            range(min(len(labels), windows.original.shape[2])),
            format_func=labels.__getitem__,
            key="place_channel",
            placeholder="Choose a channel, or click the map",
            on_change=_channel_chosen,
            args=(run_id, windows, measure, place),
            width=300,
        )
        if place is None:
            return
        state["place_steps"] = (place.start + 1, place.stop)  # the first and the last
        st.slider(
            "from time step to time step",
            1,
            length,
            key="place_steps",
            on_change=_steps_chosen,
            args=(run_id, place),
            width=360,
        )
        st.button("Clear", key="place_clear", on_click=state.pop, args=(_PLACE, None))


def _channel_chosen(
    run_id: str, windows: StoredWindows, measure: str, before: Place | None
) -> None:
    """A channel is looked at where it was before, or first where its error is largest."""
    channel = st.session_state["place_channel"]
    if channel is None:
        st.session_state.pop(_PLACE, None)
    elif before is not None:
        _choose(run_id, Place(channel, before.start, before.stop))
    else:
        errors = np.asarray(windows.step_errors(measure)[:, channel], dtype=np.float64)
        edges = cell_edges(len(errors))
        means = np.add.reduceat(errors, edges[:-1]) / np.diff(edges)
        _choose(run_id, place_of(channel, int(np.argmax(means)), len(errors)))


def _steps_chosen(run_id: str, place: Place) -> None:
    first, last = st.session_state["place_steps"]
    _choose(run_id, Place(place.channel, first - 1, last))


def _worst_windows(
    run_id: str,
    windows: StoredWindows,
    place: Place,
    results: Results,
    measure: str,
    labels: Sequence[str],
) -> None:
    """A button for each of the worst kept windows, which shows it in the viewer above."""
    found = worst_windows(windows, place, measure)
    unit = unit_of(measure, results.unit)
    kept = "" if windows.is_whole else f" of the {len(windows):,} kept windows"
    st.caption(
        f"The {count_text(len(found), 'window')} with the largest {TITLES[measure]} "
        f"of {session.literal(labels[place.channel])} {stretch_text(place, results)}{kept}. "
        "Choose one to see it above, with the stretch marked."
    )
    shown = st.session_state.get("window_index")
    with st.grid(5, min_column_width=150):
        for rank, (index, error) in enumerate(found):
            position = int(windows.positions[index])
            with st.container(gap="xsmall"):
                st.button(
                    f"Window {position + 1:,}",
                    key=f"worst-here-{rank}",
                    type="primary" if index == shown else "secondary",
                    width="stretch",
                    on_click=_show,
                    args=(run_id, index, place.channel),
                )
                whole = float(windows.window_errors(measure)[position])
                st.caption(
                    session.literal(f"{number_text(error, unit)} there", 80)
                    + "  \n"
                    + session.literal(f"{number_text(whole, unit)} in all", 80)
                )


@kept_with_first
def worst_windows(windows: StoredWindows, place: Place, measure: str) -> list[tuple[int, float]]:
    return worst_at(windows, place, measure)


def stretch_text(place: Place, results: Results) -> str:
    """Where a place lies in the window, in words."""
    rate = results.sampling_rate_hz
    steps = f"in time steps {place.start + 1:,} to {place.stop:,}"
    if place.stop - place.start == 1:
        steps = f"at time step {place.stop:,}"
    if rate:
        first, last = window_time(place.start, rate), window_time(place.stop, rate)
        steps += f" ({number_text(first)} to {number_text(last, time_unit(rate)[0])})"
    return steps


def _show(run_id: str, index: int, channel: int) -> None:
    st.session_state["window_index"] = index
    show_channel(run_id, channel)
