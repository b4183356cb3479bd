"""The channels of the recording: their statistics and the histograms of their values."""

import streamlit as st

from core import session
from core.charts import channels as charts
from core.number_text import PERCENT_FORMAT
from core.session import literal
from core.signals.recording import Recording
from core.views.quoted_frame import quoted_frame

MOST_HISTOGRAMS = 8


def channels(found: Recording) -> None:
    st.subheader("Channels")
    measured = session.summaries(session.part("data"))
    unit = f" ({literal(found.unit)})" if found.unit else ""
    # A table that stays in place keeps the widths that its columns had for other values.
    st.container(key=f"channel-table@{session.data_key()}").dataframe(
        quoted_frame(charts.summary_frame(measured, found.channel_names, found.missing)),
        hide_index=True,
        height="content" if found.channels <= 12 else 420,
        column_config={
            "zeros": st.column_config.NumberColumn("zeros", format=PERCENT_FORMAT),
            "missing": st.column_config.NumberColumn(
                "missing", format="localized", help="Values the file lacks; they have been filled"
            ),
            "histogram": st.column_config.BarChartColumn(
                "histogram", help="Square root of the count, from the least to the greatest value"
            ),
        },
    )
    st.caption(f"All {found.time_steps:,} time steps, in original units{unit}.")
    shown = min(found.channels, MOST_HISTOGRAMS)
    with st.grid(min(4, max(2, shown)), min_column_width=190):
        for channel in range(shown):
            st.vega_lite_chart(
                charts.histogram_table(measured[channel]),
                charts.histogram_spec(found.channel_names[channel], channel, found.unit),
                key=f"histogram-{channel}",
                width="stretch",
                alt="How often each value of the channel occurs",
            )
    if found.channels > shown:
        st.caption(f"Histograms of the first {shown} of {found.channels} channels.")
