"""What a pair cuts off the data's own windows, in original units."""

import numpy as np
import streamlit as st

from core import session
from core.charts import clipping as charts
from core.charts.run_words import SERIES, time_title, unique_labels
from core.charts.time_axis import time_axis
from core.clipped_windows import ClippedWindows, beyond
from core.config import ExperimentConfig
from core.number_text import agreeing, count_text, number_text, share_text
from core.output_range import ACTIVATIONS, ErrorFloor
from core.results import PARTS, unit_of
from core.session import CutWindow
from core.signals.recording import Recording
from core.views.output_form import pair_text
from core.windows import Split

MOST_CHANNELS = 4  # at once

_CHOSEN = "clip_window"  # what the windows are of, and "most", "typical" or a position


@st.fragment
def clipping(config: ExperimentConfig, train: ErrorFloor, validation: ErrorFloor) -> None:
    """Windows with the band that can be reached, and what of them lies beyond it."""
    st.subheader("What it clips", anchor=False)
    found = session.recording(config.data)
    floors = {"train": train, "validation": validation}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = _chosen_part(floors)
        floor = floors[part]
        channels = _chosen_channels(config, found, floor)
    clips = bool((floor.below_share + floor.above_share).any())
    st.markdown(_in_words(config, floor, part, clips))
    known = session.clipped(config, part)
    if not clips:
        typical = session.cut_window(config, part, known.typical)
        channels = [c for c in channels if _has_end_near(typical, c)]
    if not channels:
        return
    position = _chosen_window(config, part, known, clips)
    window = session.cut_window(config, part, position)
    _panels(found, channels, window)
    where = _place(found, session.split(config), part, position)
    st.caption(where + _facts(found.unit, window))
    if clips and not known.is_whole:
        st.caption(
            f"Most clipped and typical of {len(known.positions):,} windows, evenly spaced among "
            f"all {known.windows:,}; {known.clipped:,} of them "
            f"{agreeing(known.clipped, 'loses', 'lose')} something."
        )


def _chosen_part(floors: dict[str, ErrorFloor]) -> str:
    """Training, or validation where it alone is cut."""
    only = floors["train"].mae == 0 and floors["validation"].mae > 0
    return st.segmented_control(
        "Windows of",
        PARTS,
        default="validation" if only else "train",
        format_func=lambda name: SERIES[name],
        key=f"clip-part@{session.data_key()}",
        required=True,
        persist_state="session",
    )


def _in_words(config: ExperimentConfig, floor: ErrorFloor, part: str, clips: bool) -> str:
    pair = pair_text(config.normalization, config.model.output_activation)
    if not clips:
        at_end = float(floor.at_open_end_share.mean())
        near = f", but for {share_text(at_end)} that it only comes near to" if at_end > 0 else ""
        return f"Nothing: {pair} reaches every value of the {SERIES[part]} part{near}."
    share = float((floor.below_share + floor.above_share).mean())
    return (
        f"{_what_cuts(config, floor, pair)} {share_text(share)} of the {SERIES[part]} values: they "
        "lie beyond the dashed edge, which is the best a model can do there. Red is lost."
    )


def _what_cuts(config: ExperimentConfig, floor: ErrorFloor, pair: str) -> str:
    if config.normalization.clip_percentile is None:
        return f"{pair} cannot reach"
    if floor.exceeds(ACTIVATIONS[config.model.output_activation]):
        return f"{pair}, and the clipping, cut off"
    return "Clipping cuts off"


def _chosen_channels(config: ExperimentConfig, found: Recording, floor: ErrorFloor) -> list[int]:
    """The channels picked; those that lose most while none is."""
    if found.channels == 1:
        return [0]
    labels = unique_labels(found.channel_names)
    picked = st.multiselect(
        "Channels",
        range(found.channels),
        format_func=labels.__getitem__,
        placeholder=f"the {min(MOST_CHANNELS, found.channels)} that lose most",
        max_selections=MOST_CHANNELS,
        key=f"clip-channels@{session.data_key()}",
        persist_state="session",
    )
    if not picked:
        deviations = session.deviations(config)
        loss = floor.channel_mae / np.where(deviations > 0, deviations, 1)
        picked = np.argsort(-loss, kind="stable")[:MOST_CHANNELS].tolist()
    return sorted(picked)


def _chosen_window(config: ExperimentConfig, part: str, known: ClippedWindows, clips: bool) -> int:
    """The position of the window shown; it stays with a kind of window until one is picked."""
    of = (session.data_key(), config.windows.model_dump_json(), config.training.seed, part)
    state = st.session_state
    if state.get(_CHOSEN, (None,))[0] != of:
        state[_CHOSEN] = of, "most"
    chosen = state[_CHOSEN][1]
    if chosen in ("most", "typical"):
        chosen = known.most if chosen == "most" and clips else known.typical
    position = min(chosen, known.windows - 1)

    def go(to: int | str) -> None:
        state[_CHOSEN] = of, to

    def go_to_number() -> None:
        number = state["clip_number"]
        if number is not None:
            go(min(max(int(number), 1), known.windows) - 1)

    state["clip_number"] = position + 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if clips:
            st.button("Most clipped", key="clip-most", on_click=go, args=("most",))
            st.button(
                "Typical",
                key="clip-typical",
                on_click=go,
                args=("typical",),
                help="The middle one of all windows, ordered by what they lose.",
            )
        step = {"on_click": go, "disabled": known.windows == 1}
        st.button("Previous", key="clip-prev", args=((position - 1) % known.windows,), **step)
        st.button("Next", key="clip-next", args=((position + 1) % known.windows,), **step)
        st.number_input(
            f"Window (of {known.windows:,})",
            key="clip_number",
            step=1,
            width=150,
            on_change=go_to_number,
        )
    return position


def _has_end_near(window: CutWindow, channel: int) -> bool:
    low, high = window.reach.low[channel], window.reach.high[channel]
    return charts.ends_near(window.values[:, channel], low, high)


def _panels(found: Recording, channels: list[int], window: CutWindow) -> None:
    """A chart a channel."""
    labels = unique_labels(found.channel_names)
    with st.grid(min(2, len(channels)), min_column_width=320):
        for place, channel in enumerate(channels):
            st.vega_lite_chart(
                window.table(channel),
                charts.clipping_spec(
                    labels[channel], found.unit, time_title(found.sampling_rate_hz)
                ),
                key=f"clip-{place}",
                width="stretch",
                alt=f"{labels[channel]}: the window, and the band of values that can be reached",
            )


def _place(found: Recording, parts: Split, part: str, position: int) -> str:
    """Which window it is, and where in the data it begins."""
    windows = dict(parts.parts())[part]
    segment, start = windows.start_of(position)
    if part == "validation":
        start += parts.boundary or 0
    where = f"from {time_axis(found).text(start)}"
    if found.is_windowed:
        where = f"window {segment + 1:,} of the data"
    return f"Window {position + 1:,} of {len(windows):,} ({SERIES[part]}), {where}: "


def _facts(unit: str, window: CutWindow) -> str:
    """How much of a window is cut, and the error that leaves."""
    distance = sum(beyond(window.values, window.reach))  # (window_length, channels)
    cut, steps = int(np.count_nonzero(distance.any(axis=1))), len(distance)
    if not cut:
        return "nothing of it is cut."
    mae, mse = float(distance.mean()), float((distance**2).mean())
    unit = session.literal(unit) if unit else ""
    return (
        f"{cut:,} of {count_text(steps, 'time step')} ({share_text(cut / steps)}) "
        f"{agreeing(cut, 'is', 'are')} cut in at least one channel. Its own floor: "
        f"MAE {number_text(mae, unit)}, "
        f"MSE {number_text(mse, unit_of('mse', unit))}."
    )
