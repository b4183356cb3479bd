"""Channels of a recording: the histogram and the statistics of their values."""

from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.charts.altair_spec import shortened, spec_of
from core.charts.palette import channel_color
from core.charts.run_words import labelled
from core.charts.vega_spec import NUMBER, finished
from core.metrics import ChannelSummary

_PADDING = {"left": 0, "right": 8, "top": 0, "bottom": 0}  # pixels: for the axis' last label


def histogram_table(summary: ChannelSummary) -> pa.Table:
    """The bars of one channel's histogram, each with its share of all values."""
    share = summary.counts / max(1, summary.counts.sum())
    filled = summary.counts > 0
    return pa.table(
        {
            "low": summary.edges[:-1][filled],
            "high": summary.edges[1:][filled],
            "share": share[filled],
            "count": summary.counts[filled],
        }
    )


@lru_cache(maxsize=256)
def histogram_spec(name: str, color: int, unit: str) -> dict[str, Any]:
    """How often each value of a channel occurs; the root scale keeps rare values visible."""
    chart = (
        alt.Chart(alt.NamedData("bars"))
        .mark_rect(color=channel_color(color), opacity=0.85)
        .encode(
            x=alt.X("low:Q", title=labelled("value", unit), axis=alt.Axis(tickCount=4)),
            x2=alt.X2("high:Q"),
            y=alt.Y(
                "share:Q",
                title="share (root scale)",
                scale=alt.Scale(type="sqrt", zero=True),
                axis=alt.Axis(format="~%", tickCount=3),
            ),
            y2=alt.Y2Datum(0),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=NUMBER),
                alt.Tooltip("high:Q", title="to", format=NUMBER),
                alt.Tooltip("share:Q", title="share of values", format=".3~%"),
                alt.Tooltip("count:Q", title="values", format=",d"),
            ],
        )
        .properties(height=110, title=alt.TitleParams(shortened(name, 30), fontSize=12))
    )
    return finished(spec_of(chart)) | {"padding": _PADDING}


def summary_frame(
    summaries: list[ChannelSummary], names: tuple[str, ...], missing: tuple[int, ...] = ()
) -> pd.DataFrame:
    """A row for each channel: its statistics in original units, how many values are 0
    in percent, and its histogram in small.

    missing: how many of its values were missing and have been filled; none by default.
    """
    return pd.DataFrame(
        {
            "channel": names,
            "min": [s.minimum for s in summaries],
            "max": [s.maximum for s in summaries],
            "mean": [s.mean for s in summaries],
            "std": [s.standard_deviation for s in summaries],
            "median": [s.median for s in summaries],
            "zeros": [100 * s.zero_share for s in summaries],
            "missing": missing or [0] * len(summaries),
            "histogram": [np.sqrt(s.counts).tolist() for s in summaries],
        }
    )
