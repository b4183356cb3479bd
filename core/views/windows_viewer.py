"""One window of a run: original and reconstruction, channel by channel."""

import numpy as np
import streamlit as st

from core.charts.reconstruction import overlay_spec, residual_spec, window_frame
from core.charts.run_words import TITLES, time_title, unique_labels
from core.number_text import number_text
from core.results import Results, StoredWindows, unit_of, window_csv
from core.views.error_views import where_errors_are
from core.views.legend import legend
from core.views.run_link import run_link
from core.views.window_choice import Parts, window_choice

FIRST_CHANNELS = 4
MOST_CHANNELS = 16  # at once


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
        st.caption(_facts(windows, index, measure, results.unit))
        run_link(run_id, part, position)
    labels = unique_labels(results.channel_names)
    channels = _chosen_channels(run_id, labels)
    legend("original", "reconstruction", "residual")
    original, reconstruction = windows.original[index], windows.reconstruction[index]
    _panels(original, reconstruction, channels, labels, results)
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
    where_errors_are(parts, results, measure, labels, part, position)


def _facts(windows: StoredWindows, index: int, measure: str, unit: str) -> str:
    position = int(windows.positions[index])
    mae, mse = windows.window_mae[position], windows.window_mse[position]
    text = (
        f"Window {position + 1:,} of {windows.windows:,}: "
        f"MAE {number_text(mae, unit)}, MSE {number_text(mse, unit_of('mse', unit))}, "
        f"rank {windows.rank(index, measure) + 1:,} from the best by {TITLES[measure]}."
    )
    if not windows.is_whole:
        text += (
            f" {len(windows):,} windows are kept for display, evenly spaced and the best and worst "
            "ones; the errors are of all."
        )
    return text


def _chosen_channels(run_id: str, labels: list[str]) -> list[int]:
    first = list(range(min(len(labels), FIRST_CHANNELS)))
    if len(labels) < 2:
        return first
    chosen = st.multiselect(
        "Channels",
        range(len(labels)),
        default=first,
        format_func=labels.__getitem__,
        key=f"channels-{run_id}",
        max_selections=MOST_CHANNELS,
    )
    return sorted(chosen)


def _panels(
    original: np.ndarray,
    reconstruction: np.ndarray,
    channels: list[int],
    labels: list[str],
    results: Results,
) -> None:
    """Two panels a channel, of a window `(window_length, channels)`; two channels in a row."""
    columns = []
    for place, channel in enumerate(channels):
        if place % 2 == 0:  # a row of its own for each pair: on a phone they stack in order
            columns = list(st.columns(2)) if len(channels) > 1 else [st.container()]
        with columns[place % 2].container(gap=None):
            _panel(original[:, channel], reconstruction[:, channel], channel, labels, results)


def _panel(
    original: np.ndarray,
    reconstruction: np.ndarray,
    channel: int,
    labels: list[str],
    results: Results,
) -> None:
    unit, rate = results.unit, results.sampling_rate_hz
    frame, time = window_frame(original, reconstruction, rate), time_title(rate)
    st.vega_lite_chart(
        frame,
        overlay_spec(labels[channel], unit, time),
        key=f"overlay-{channel}",
        alt=f"{labels[channel]}: original and reconstruction",
    )
    st.vega_lite_chart(
        frame,
        residual_spec(unit, time),
        key=f"residual-{channel}",
        alt=f"{labels[channel]}: reconstruction minus original",
    )
