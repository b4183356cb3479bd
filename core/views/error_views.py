"""Where a run's errors are: from window to window, by channel, by time step."""

import streamlit as st

from core.charts import errors
from core.charts.run_words import time_title
from core.results import Results
from core.views.window_choice import Parts


def where_errors_are(
    parts: Parts, results: Results, measure: str, labels: list[str], part: str, position: int
) -> None:
    """The errors of all windows, with the one at `position` of `part` among them."""
    unit, rate = results.unit, results.sampling_rate_hz
    channels = min(len(labels), errors.MOST_BARS)
    st.subheader("Where the errors are", anchor=False)
    left, right = st.columns(2)
    shown = float(parts[part].window_errors(measure)[position])
    left.vega_lite_chart(
        errors.histogram_frame(parts, measure, shown),
        errors.histogram_spec(measure, unit),
        key="histogram",
        alt="Distribution of the windows' errors",
    )
    right.vega_lite_chart(
        errors.channel_error_frame(results, measure, labels),
        errors.channel_error_spec(measure, unit, channels),
        key="by-channel",
        alt="Error of each channel",
    )
    st.vega_lite_chart(
        errors.step_error_frame(parts[part], measure, labels, rate),
        errors.step_error_spec(measure, unit, time_title(rate), part, channels),
        key="by-step",
        alt="Error by channel and time step of the window",
    )
    if len(labels) > channels:
        st.caption(f"The {channels} channels with the largest errors of {len(labels):,}.")
