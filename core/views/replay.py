"""A few windows epoch by epoch: how their reconstructions came to be."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import session
from core.charts.reconstruction import overlay_spec, window_table
from core.charts.replay import replay_curve_spec, replay_curve_table
from core.charts.run_words import SERIES, TITLES, time_title, unique_labels
from core.config import ExperimentConfig
from core.number_text import agreeing
from core.results import PARTS, Replay, Results, replay_errors, replay_range, unit_of
from core.runs import Run, RunNotFound, RunUnreadable
from core.signals.recording import DataError
from core.views.legend import legend
from core.views.stored import replay_of

TICK_SECONDS = 0.25  # an epoch, while it plays
LIVE_SECONDS = 2.0  # between looks for another epoch of a run that trains
MOST_CHANNELS = 4  # at once
_PLAYING = "replay_playing"  # session key: the id of the run that plays
_INDEX = "replay_index"  # session key: of the epoch in view, among those recorded


@dataclass(frozen=True)
class Words:
    """What the charts are labelled with, and what is said below them."""

    channel_names: Sequence[str] = ()
    unit: str = ""
    sampling_rate_hz: float | None = None
    kept_epoch: int | None = None  # whose weights the run ended with

    @classmethod
    def of_results(cls, results: Results) -> "Words":
        rate = results.sampling_rate_hz
        return cls(results.channel_names, results.unit, rate, results.kept_epoch)

    @classmethod
    def of_data(cls, config: ExperimentConfig | None) -> "Words":
        """Of a run without results; numbers instead of names where its data are gone."""
        if config is None:
            return cls()
        with suppress(DataError, OSError):
            known = session.recording(config.data)
            return cls(known.channel_names, known.unit, known.sampling_rate_hz)
        return cls()

    def labels(self, channels: int) -> list[str]:
        if len(self.channel_names) == channels:
            return unique_labels(self.channel_names)
        return [f"channel {c + 1}" for c in range(channels)]


def replay(run: Run, words: Words, measure: str = "mae", is_active: bool = False) -> None:
    """Nothing where no epoch was recorded.

    is_active: the run trains, so that epochs are added; the last one is followed.
    """
    is_playing = st.session_state.get(_PLAYING) == run.id
    seconds = TICK_SECONDS if is_playing else LIVE_SECONDS if is_active else None
    # A timer ends only when the whole page is drawn anew, so each is told whether it plays.
    st.fragment(_replay, run_every=seconds)(run, words, measure, is_playing)


def _replay(run: Run, words: Words, measure: str, is_timed: bool) -> None:
    state = st.session_state
    if (state.get(_PLAYING) == run.id) != is_timed:
        st.rerun()
    try:
        recorded = replay_of(run)
    except RunNotFound:
        st.rerun()
    except RunUnreadable as error:
        session.show_fault(error)
        return
    if recorded is None or not len(recorded) or not len(recorded.positions):
        return
    last = len(recorded) - 1
    _begin(run.id, last)
    if is_timed:
        _advance(last)
    st.subheader("How it learned", anchor=False)
    window, index = _controls(run.id, recorded)
    _draw(run.id, recorded, window, index, words, measure)
    if is_timed and index == last:
        state.pop(_PLAYING, None)
        st.rerun()


def _begin(run_id: str, last: int) -> None:
    """A run is first seen at its last epoch; who looks at the last one sees a newer one come."""
    state = st.session_state
    is_new = state.get("replay_run") != run_id
    if is_new or (state[_INDEX] == state["replay_last"] and state.get(_PLAYING) != run_id):
        state[_INDEX] = last
    state["replay_run"], state["replay_last"] = run_id, last
    state[_INDEX] = min(state[_INDEX], last)


def _advance(last: int) -> None:
    state = st.session_state
    if not state.pop("replay_fresh", False):
        state[_INDEX] = min(last, state[_INDEX] + 1)


def _controls(run_id: str, recorded: Replay) -> tuple[int, int]:
    """Which window, and which recorded epoch; the slider follows the play."""
    last = len(recorded) - 1
    is_playing = st.session_state.get(_PLAYING) == run_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        window = st.selectbox(
            "Window",
            range(len(recorded.positions)),
            index=int(np.argmax(recorded.part)),  # the first of validation
            format_func=lambda w: window_name(recorded, w),
            key=f"replay-window-{run_id}",
            width=220,
        )
        st.button(
            "Pause" if is_playing else "Play",
            key="replay_play",
            icon=f":material/{'pause' if is_playing else 'play_arrow'}:",
            disabled=last == 0,
            on_click=_pause if is_playing else _play,
            args=(run_id, last),
            width=110,
        )
        if last > 0:
            _epoch_slider(recorded, is_playing)
    return window, st.session_state[_INDEX]


def window_name(recorded: Replay, window: int) -> str:
    part = SERIES[PARTS[int(recorded.part[window])]]
    return f"{part}, window {int(recorded.positions[window]) + 1:,}"


def _play(run_id: str, last: int) -> None:
    """From the epoch in view; from the first if it is the last."""
    state = st.session_state
    state[_PLAYING] = run_id
    if state[_INDEX] >= last:
        state[_INDEX], state["replay_fresh"] = 0, True


def _pause(run_id: str, last: int) -> None:
    st.session_state.pop(_PLAYING, None)


def _epoch_slider(recorded: Replay, is_playing: bool) -> None:
    """Another widget while it plays, which only shows.

    The browser answers each tick with the epoch it was shown last. That may be an old one by now,
    and must not count as a choice of the visitor's.
    """
    key = "replay_shown" if is_playing else "replay_slider"
    st.session_state[key] = int(st.session_state[_INDEX])
    st.select_slider(
        "Epoch",
        range(len(recorded)),
        format_func=lambda i: f"{recorded.epochs[i]:,}",
        key=key,
        on_change=None if is_playing else _slid,
        disabled=is_playing,
        width="stretch",
    )


def _slid() -> None:
    if _PLAYING not in st.session_state:
        st.session_state[_INDEX] = st.session_state["replay_slider"]


def _draw(
    run_id: str, recorded: Replay, window: int, index: int, words: Words, measure: str
) -> None:
    labels = words.labels(recorded.original.shape[2])
    channels = min(MOST_CHANNELS, len(labels))
    ranges, errors = _course(run_id, len(recorded), window, channels, measure, recorded)
    epoch = int(recorded.epochs[index])
    error = session.measured(float(errors[index]), unit_of(measure, words.unit))
    st.markdown(f"**Epoch {epoch:,}** · {TITLES[measure]} of this window {error}")
    legend("original", "reconstruction")
    for channel in range(channels):
        if channel % 2 == 0:  # a row of its own for each pair: on a phone they stack in order
            columns = st.columns(2) if channels > 1 else [st.container()]
        table = window_table(
            recorded.original[window, :, channel],
            recorded.reconstruction[index, window, :, channel],
            words.sampling_rate_hz,
        )
        columns[channel % 2].vega_lite_chart(
            table,
            overlay_spec(
                labels[channel],
                words.unit,
                time_title(words.sampling_rate_hz),
                ranges[channel],
                alone=True,
            ),
            key=f"replay-{channel}",
            alt=f"{labels[channel]}: original, and reconstruction after an epoch",
        )
    st.vega_lite_chart(
        replay_curve_table(recorded.epochs, errors, index),
        replay_curve_spec(measure, words.unit, int(recorded.epochs[-1])),
        key="replay-curve",
        alt="Error of this window by epoch",
    )
    _notes(recorded, channels, words.kept_epoch)


def _notes(recorded: Replay, channels: int, kept_epoch: int | None) -> None:
    notes = []
    if kept_epoch:
        notes.append(
            "Each epoch with the weights it ended with. The run kept those of epoch "
            f"{kept_epoch:,}, of which the results above are."
        )
    if recorded.original.shape[2] > channels:
        notes.append(f"The first {channels} of {recorded.original.shape[2]:,} channels.")
    if recorded.epochs[-1] > len(recorded):
        are = agreeing(len(recorded), "is", "are")
        notes.append(f"{len(recorded):,} of {recorded.epochs[-1]:,} epochs {are} recorded.")
    if notes:
        st.caption(" ".join(notes))


@st.cache_data(show_spinner=False, max_entries=256)
def _course(
    run_id: str, records: int, window: int, channels: int, measure: str, _recorded: Replay
) -> tuple[list[tuple[float, float]], np.ndarray]:
    """The scale of each channel over all epochs, and the window's error in each."""
    ranges = [replay_range(_recorded, window, channel) for channel in range(channels)]
    return ranges, replay_errors(_recorded, window, measure)
