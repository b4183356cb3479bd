"""Which values a model gives back, beside those it should: two histograms in original units."""

import numpy as np
import pyarrow as pa
import streamlit as st

from core import session
from core.charts import value_counts as chart
from core.charts.run_words import SERIES
from core.normalization import Normalization
from core.number_text import agreeing, count_text, share_text
from core.output_range import ACTIVATIONS, reachable_bounds
from core.results import Results, StoredWindows, ValueCounts, count_values, kept_with_first
from core.views.stored import normalization_of

ALL = -1  # channels together


def value_counts(
    run_id: str, windows: StoredWindows, part: str, results: Results, labels: list[str]
) -> None:
    """Histograms of the kept windows of a part, of a channel that is chosen here, or of all."""
    st.subheader("Which values come out", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel = _channel(run_id, labels)
        log = st.toggle("Logarithmic counts", key="log_counts")
    counts = _counted(windows, None if channel == ALL else channel)
    activation, ends = _ends(run_id, channel, counts)
    title = f"{'All channels' if channel == ALL else labels[channel]}, {SERIES[part]}"
    st.vega_lite_chart(
        _table(windows, None if channel == ALL else channel, log),
        chart.value_counts_spec(title, results.unit, activation, ends, log),
        key="value-counts",
        alt="Distribution of the targets and of the reconstruction",
    )
    if text := _left_out(windows, counts):
        st.caption(text)


def _channel(run_id: str, labels: list[str]) -> int:
    if len(labels) == 1:
        return 0
    return st.selectbox(
        "Values of",
        [ALL, *range(len(labels))],
        format_func=lambda c: "all channels" if c == ALL else labels[c],
        key=f"counted-{run_id}",
        width=300,
    )


@kept_with_first
def _counted(windows: StoredWindows, channel: int | None) -> ValueCounts:
    return count_values(windows, channel)


@kept_with_first
def _table(windows: StoredWindows, channel: int | None, log: bool) -> pa.Table:
    return pa.Table.from_pandas(
        chart.value_counts_frame(_counted(windows, channel), log), preserve_index=False
    )


def _ends(run_id: str, channel: int, counts: ValueCounts) -> tuple[str, tuple[float, ...]]:
    """What says the values, and the ends of what it can say that all that is counted shares."""
    config, normalization = session.run_config(run_id), normalization_of(run_id)
    if config is None or normalization is None or normalization.per_window:
        return "", ()
    activation = config.model.output_activation
    low, high = _bounds(normalization, activation)
    chosen = slice(None) if channel == ALL else slice(channel, channel + 1)
    ends = [np.unique(end[chosen]) for end in (low, high)]
    low, high = (float(end[0]) if len(end) == 1 else np.nan for end in ends)
    title = ACTIVATIONS[activation].title + " with clipping" * normalization.clips
    return title, chart.shown_ends(counts, (low, high))


def _bounds(normalization: Normalization, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """Both ends in original units, `(channels,)`, after the clipping."""
    nothing = np.zeros((1, 1, len(normalization.offset_)))  # matters per window alone
    low, high = reachable_bounds(normalization, activation, nothing)
    return normalization.clip(low), normalization.clip(high)


def _left_out(windows: StoredWindows, counts: ValueCounts) -> str:
    """What the histograms do not show, in words; empty if they show everything."""
    sentences = []
    if counts.windows < len(windows):
        sentences.append(
            f"Counted in {counts.windows:,} of the {len(windows):,} kept windows, evenly spaced"
            + ("." if windows.is_whole else f"; there are {windows.windows:,} windows in all.")
        )
    elif not windows.is_whole:
        sentences.append(
            f"Counted in the {count_text(len(windows), 'kept window')} of {windows.windows:,}."
        )
    if counts.beyond:
        sentences.append(
            f"{count_text(counts.beyond, 'reconstructed value')} "
            f"({share_text(counts.beyond / counts.values)}) "
            f"{agreeing(counts.beyond, 'lies', 'lie')} beyond the axis."
        )
    if counts.not_finite:
        said = count_text(counts.not_finite, "reconstructed value")
        sentences.append(f"{said} {agreeing(counts.not_finite, 'is', 'are')} not finite.")
    return " ".join(sentences)
