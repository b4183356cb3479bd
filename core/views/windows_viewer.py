"""One window of a run: original and reconstruction, channel by channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import session
from core.charts.reconstruction import overlay_spec, residual_spec, window_table
from core.charts.run_words import TITLES, time_title, unique_labels, window_time
from core.number_text import agreeing
from core.results import (
    Place,
    Results,
    StoredWindows,
    ValueRanges,
    kept_with_first,
    unit_of,
    value_ranges,
    window_csv,
)
from core.signals.recording import ALL_CHANNELS, Anomaly
from core.views.error_map import chosen_place
from core.views.error_views import where_errors_are
from core.views.known_anomalies import anomalies_in
from core.views.legend import legend
from core.views.run_link import run_link
from core.views.shown_channels import shown_channels
from core.views.value_counts import value_counts
from core.views.window_choice import Parts, window_choice
from core.views.window_place import run_data, window_place


@st.fragment
def windows_viewer(run_id: str, parts: Parts, results: Results, measure: str) -> None:
    """A window to be chosen, its channels, and where it stands among the others."""
    if not all(len(windows) for windows in parts.values()):
        st.info("This run kept no windows to show.")
        run_link(run_id)
        return
    part, index = window_choice(run_id, parts, measure)
    windows = parts[part]
    position = int(windows.positions[index])
    with st.container(horizontal=True, vertical_alignment="center"):
        data = run_data(run_id, part, windows)
        where = "" if data is None else window_place(data, part, position)
        st.caption(f"{_facts(windows, index, measure, results.unit)} {where}".rstrip())
        run_link(run_id, part, position)
    labels = unique_labels(results.channel_names)
    channels = shown_channels(run_id, labels)
    found = anomalies_in(data, part, position)
    known = [anomaly for anomaly in found if anomaly.channel in (ALL_CHANNELS, *channels)]
    with st.container(horizontal=True, vertical_alignment="center"):
        legend("original", "reconstruction", "residual", *(["anomaly"] if known else []))
        st.space("stretch")
        is_steady = st.toggle(
            "Same scale for all windows",
            key="steady_scale",
            help="Each channel keeps its value axis from window to window.",
        )
    original, reconstruction = windows.original[index], windows.reconstruction[index]
    ranges = _ranges(windows) if is_steady else None
    panels = _Panels(labels, results, ranges, chosen_place(run_id, windows), known)
    panels.draw(original, reconstruction, channels)
    if not st.context.is_embedded:
        st.download_button(
            "This window as CSV",
            data=lambda: window_csv(
                original, reconstruction, results.channel_names, results.sampling_rate_hz
            ),
            file_name=f"window-{run_id[:8]}-{part}-{position + 1}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    where_errors_are(run_id, parts, results, measure, labels, part, position)
    value_counts(run_id, windows, part, results, labels)


@kept_with_first
def _ranges(windows: StoredWindows) -> ValueRanges:
    return value_ranges(windows)


def _facts(windows: StoredWindows, index: int, measure: str, unit: str) -> str:
    position = int(windows.positions[index])
    mae, mse = windows.window_mae[position], windows.window_mse[position]
    text = (
        f"Window {position + 1:,} of {windows.windows:,}: "
        f"MAE {session.measured(mae, unit)}, MSE {session.measured(mse, unit_of('mse', unit))}, "
        f"rank {windows.rank(index, measure) + 1:,} from the best by {TITLES[measure]}."
    )
    if not windows.is_whole:
        text += (
            f" {len(windows):,} {agreeing(len(windows), 'window is', 'windows are')} kept for "
            "display, evenly spaced and the best and worst ones; the errors are of all."
        )
    return text


@dataclass(frozen=True)
class _Panels:
    """Two panels a channel: the original with its reconstruction, and what that is off by."""

    labels: list[str]
    results: Results
    ranges: ValueRanges | None  # of the value axes; by each window's own values without
    place: Place | None  # a stretch of one channel to be marked
    anomalies: Sequence[Anomaly]  # known ones, in time steps of the window

    def draw(
        self, original: np.ndarray, reconstruction: np.ndarray, channels: Sequence[int]
    ) -> None:
        """The chosen channels of a window `(window_length, channels)`; two channels in a row."""
        columns = []
        for place, channel in enumerate(channels):
            if place % 2 == 0:  # a row of its own for each pair: on a phone they stack in order
                columns = list(st.columns(2)) if len(channels) > 1 else [st.container()]
            with columns[place % 2].container(gap=None):
                self._channel(original[:, channel], reconstruction[:, channel], channel)

    def _channel(self, original: np.ndarray, reconstruction: np.ndarray, channel: int) -> None:
        unit, rate = self.results.unit, self.results.sampling_rate_hz
        label, time = self.labels[channel], time_title(rate)
        table = window_table(original, reconstruction, rate)
        marked, known = self._marked(channel), self._known(channel)
        st.vega_lite_chart(
            table,
            overlay_spec(label, unit, time, self._scale("values", channel), marked, known=known),
            key=f"overlay-{channel}",
            alt=f"{label}: original and reconstruction",
        )
        st.vega_lite_chart(
            table,
            residual_spec(unit, time, self._scale("residual", channel), marked, known),
            key=f"residual-{channel}",
            alt=f"{label}: reconstruction minus original",
        )

    def _scale(self, name: str, channel: int) -> tuple[float, float] | None:
        if self.ranges is None:
            return None
        low, high = getattr(self.ranges, name)[channel].tolist()
        return (low, high) if low < high else None

    def _marked(self, channel: int) -> tuple[float, float] | None:
        """The stretch to mark on this channel's time axis, in its unit."""
        if self.place is None or self.place.channel != channel:
            return None
        return self._times(self.place)

    def _known(self, channel: int) -> tuple[tuple[float, float], ...]:
        """The same of known anomalies."""
        return tuple(
            self._times(anomaly)
            for anomaly in self.anomalies
            if anomaly.channel in (ALL_CHANNELS, channel)
        )

    def _times(self, stretch: Place | Anomaly) -> tuple[float, float]:
        rate = self.results.sampling_rate_hz
        return window_time(stretch.start, rate), window_time(stretch.stop, rate)
