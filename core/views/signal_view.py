"""The recording over time: an overview, and a detail that is thinned anew for each range."""

import numpy as np
import streamlit as st

from core import session
from core.charts import signals
from core.charts.thinning import POINTS, Envelope
from core.charts.time_axis import TimeAxis, rate_text, time_axis
from core.number_text import count_text
from core.session import VisibleRange, literal
from core.signals.recording import DataError, Recording
from core.views.data_source import source_title
from core.views.shapes import shape_text

SHOWN_AT_FIRST = 4
MOST_SHOWN = 12


def signal_view(found: Recording) -> None:
    st.subheader("Signal")
    rate = f" · {rate_text(found.sampling_rate_hz)}" if found.sampling_rate_hz else ""
    data = session.part("data")
    name = literal(source_title(data))
    st.markdown(f"**{name}** · {shape_text(found.values.shape)}{rate}")
    if found.labels:
        kinds = {name: len(np.unique(label)) for name, label in found.labels.items()}
        said = [f"{name} ({count_text(count, 'kind')})" for name, count in kinds.items()]
        st.caption(f"Labels, kept apart from the channels: {literal(', '.join(said), 300)}")
    for note in session.reading_notes(found, data):
        st.caption(f":material/info: {literal(note, 300)}")
    _charts()


@st.fragment
def _charts() -> None:
    """Drawn alone when the range in view changes."""
    try:
        found = session.recording(session.part("data"))
    except DataError:  # removed since: the page says so
        st.rerun()
    channels = _shown_channels(found)
    if found.is_windowed:
        _ready_window(found, channels)
    else:
        _whole_recording(found, channels)


def _shown_channels(found: Recording) -> list[int]:
    if found.channels == 1:
        return [0]
    picked = st.multiselect(
        "Channels shown",
        range(found.channels),
        default=list(range(min(found.channels, SHOWN_AT_FIRST))),
        format_func=lambda index: found.channel_names[index][:60],
        key=f"channels@{session.data_key()}",
        max_selections=MOST_SHOWN,
        persist_state="session",
    )
    return sorted(picked) or [0]


def _whole_recording(found: Recording, channels: list[int]) -> None:
    axis, steps = time_axis(found), found.time_steps
    domain = (float(axis.at(0)), float(axis.at(steps - 1)))
    view = session.visible_range(session.data_key(), domain, steps)
    _buttons(view)
    drawn = _detail(view, found, channels, axis)
    _overview(view, found, channels[0], axis)
    inside = axis.count(*view.range, steps)
    exact = "each one drawn" if drawn <= POINTS else "thinned for drawing, peaks kept"
    st.caption(f"{inside:,} of {steps:,} time steps in view, {exact}.")


def _buttons(view: VisibleRange) -> None:
    low, high = view.range
    width = high - low
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for icon, label, to in (
            ("zoom_in", "In", (low + width / 4, high - width / 4)),
            ("zoom_out", "Out", (low - width / 2, high + width / 2)),
            ("chevron_left", "Earlier", (low - width / 2, high - width / 2)),
            ("chevron_right", "Later", (low + width / 2, high + width / 2)),
            ("fit_width", "All", view.domain),
        ):
            st.button(
                label, icon=f":material/{icon}:", key=f"view-{label}", on_click=view.jump, args=to
            )
        st.caption("In the chart: drag, Ctrl + wheel or pinch, double-click for all.")


def _detail(view: VisibleRange, found: Recording, channels: list[int], axis: TimeAxis) -> int:
    """The chosen channels over the range in view. Returns how many time steps it draws or thins."""
    (low, high), (begin, end), steps = view.range, view.domain, found.time_steps
    margin = (high - low) * signals.MARGIN
    first, last = axis.steps(max(low - margin, begin), min(high + margin, end), steps)
    data = session.part("data")
    envelopes = session.envelopes(data, channels)
    regions = signals.region_table(axis, steps, session.boundary(), found.anomalies, channels)
    key = view.chart_key("detail")
    st.vega_lite_chart(
        signals.signal_table(envelopes, axis, first, last, regions),
        signals.signal_spec(
            tuple(found.channel_names[channel] for channel in channels),
            tuple(channels),
            axis.title,
            found.unit,
            view.start or view.domain,
            regions=("training", "validation", "anomaly")[: 3 if found.anomalies else 2],
        ),
        key=key,
        on_select=lambda: view.moved(key),
        width="stretch",
        alt="The chosen channels over time",
    )
    return last - first


def _overview(view: VisibleRange, found: Recording, channel: int, axis: TimeAxis) -> None:
    """A strip of the whole recording with the range in view, to choose another."""
    first = session.envelopes(session.part("data"), [channel])
    shown = signals.view_table(*view.range)
    key = view.chart_key("strip")
    st.vega_lite_chart(
        signals.signal_table(first, axis, 0, found.time_steps, shown, points=800),
        signals.overview_spec(axis.title, view.domain, found.channel_names[channel]),
        key=key,
        on_select=lambda: view.brushed(key),
        width="stretch",
        alt="The whole recording in one strip, with the visible range marked",
    )


def _ready_window(found: Recording, channels: list[int]) -> None:
    """One window of data that came cut into windows."""
    count, length = found.values.shape[:2]
    key = f"window@{session.data_key()}"
    number = st.number_input(
        f"Window (of {count:,})", 1, count, key=key, persist_state="session", width=220
    )
    number = min(max(int(number), 1), count) - 1
    said = [f"{name}: {values[number]}" for name, values in found.labels.items()]
    st.caption(literal(" · ".join([f"{length:,} time steps", *said]), 200))
    axis = time_axis(found)
    window = [Envelope(found.values[number, :, channel]) for channel in channels]
    st.vega_lite_chart(
        signals.signal_table(window, axis, 0, length),
        signals.signal_spec(
            tuple(found.channel_names[channel] for channel in channels),
            tuple(channels),
            axis.title,
            found.unit,
            (float(axis.at(0)), float(axis.at(length - 1))),
            "One window as it came",
            (),
        ),
        key=f"ready-{session.data_key()[:12]}",
        width="stretch",
        alt="The chosen channels of one window",
    )
