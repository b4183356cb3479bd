"""Signals over time: a row for each channel, and a strip of the whole recording below.

A point has the fields `c` (the channel's row in the chart), `t` (seconds, time steps or
milliseconds since 1970), `v` (the value) and `n` (the time step's number, counted from 1). What is
shaded has `kind`, which a point has not. Both are rows of one Arrow table: pandas took a third of a
page's time to make it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.charts.altair_spec import (
    AXIS_WIDTH,
    FLUSH,
    UNSEEN,
    layered,
    shortened,
    spec_of,
    stacked,
)
from core.charts.palette import ANOMALY, NEUTRAL, ORIGINAL, TRAIN, VALIDATION, channel_color
from core.charts.run_words import labelled
from core.charts.thinning import POINTS, Envelope
from core.charts.time_axis import STAMPS, TimeAxis
from core.charts.vega_spec import NUMBER, finished
from core.signals.recording import Anomaly

# Numbers of time steps are 64-bit floats, as all numbers of a browser are.
_POINTS = pa.schema({"c": pa.int16(), "t": pa.float64(), "v": pa.float64(), "n": pa.float64()})
_REGION = pa.schema(
    {
        "kind": pa.string(),
        "c": pa.int16(),
        "t": pa.float64(),
        "t2": pa.float64(),
        "from": pa.float64(),
        "to": pa.float64(),
        "what": pa.string(),
    }
)
_VIEW = pa.schema(
    {"kind": pa.string(), "t": pa.float64(), "t2": pa.float64(), "shown": pa.string()}
)
MARGIN = 0.5  # of the visible range, drawn beyond each of its ends, so that a pan shows signal
_REGIONS = {"training": TRAIN, "validation": VALIDATION, "anomaly": ANOMALY}
_SHADE = "luminance(background) < 0.5 ? 0.22 : 0.09"  # opacity: a dark page swallows more
_ZOOM = "wheel![event.ctrlKey || event.metaKey]"  # a plain wheel scrolls the page


def signal_table(
    envelopes: list[Envelope],
    axis: TimeAxis,
    start: int,
    stop: int,
    shaded: pa.Table | None = None,
    points: int = POINTS,
) -> pa.Table:
    """The points of channels between two time steps, one row of the chart for each envelope, and
    after them what is shaded."""
    parts = []
    for row, envelope in enumerate(envelopes):
        steps = envelope.places(start, stop, points)
        shown = np.asarray(envelope.values[steps], dtype=np.float64)
        parts.append((np.full(len(steps), row, np.int16), axis.at(steps), shown, steps + 1))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    drawn = [_table(_POINTS, columns), _REGION.empty_table() if shaded is None else shaded]
    return pa.concat_tables(drawn, promote_options="default").combine_chunks()


def region_table(
    axis: TimeAxis,
    time_steps: int,
    boundary: int | None,
    anomalies: tuple[Anomaly, ...] = (),
    channels: list[int] | None = None,
) -> pa.Table:
    """Stretches to shade: the two parts in every row (`c` -1), anomalies in their channel's row."""
    rows: list[tuple[str, int, int, int, str]] = []
    if boundary is not None:
        rows.append(("training", -1, 0, boundary, ""))
        rows.append(("validation", -1, boundary, time_steps - 1, ""))
    for anomaly in anomalies:
        what = anomaly.kind.replace("_", " ")
        if anomaly.channel < 0 or channels is None:
            rows.append(("anomaly", -1, anomaly.start, anomaly.stop, what))
        elif anomaly.channel in channels:
            row = channels.index(anomaly.channel)
            rows.append(("anomaly", row, anomaly.start, anomaly.stop, what))
    kinds, places, starts, stops, whats = zip(*rows, strict=True) if rows else ((),) * 5
    first, end = np.array(starts, np.int64), np.array(stops, np.int64)
    last = np.where(np.array(kinds) == "validation", end + 1, end)  # counted from 1
    return _table(_REGION, [kinds, places, axis.at(first), axis.at(end), first + 1, last, whats])


def _table(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    """What is not a number is left empty."""
    arrays = [
        pa.array(values, kind, from_pandas=True)
        for values, kind in zip(columns, schema.types, strict=True)
    ]
    return pa.table(arrays, schema)


@lru_cache(maxsize=64)
def signal_spec(
    names: tuple[str, ...],
    colors: tuple[int, ...],
    axis_title: str,
    unit: str,
    domain: tuple[float, float],
    title: str = "Signal over time",
    regions: tuple[str, ...] = ("training", "validation"),
) -> dict[str, Any]:
    """A row for each channel on one time axis; the selection `view` is the visible range.

    The data are points and regions. Dragging pans and Ctrl + wheel zooms; the page answers by
    sending the points of the new range.
    """
    height = 132 if len(names) == 1 else 104 if len(names) <= 4 else 76
    rows = []
    for row, (name, color) in enumerate(zip(names, colors, strict=True)):
        x = _time(axis_title, domain, labels=row == len(names) - 1)
        line, hover = _curve(row, name, color, x, axis_title, unit, height)
        parts, anomalies = _shades(row, x, regions if row == 0 else ())
        charts = [spec_of(line) | {"name": f"row{row}"}, parts, hover, anomalies]
        rows.append(layered(charts, height=height, width="container"))
    view = {
        "name": "view",
        "select": {"type": "interval", "encodings": ["x"], "zoom": _ZOOM},
        "bind": "scales",
        "views": [f"row{row}" for row in range(len(names))],
    }
    shared = {"resolve": {"scale": {"color": "shared"}}}
    return finished(stacked(rows, 6, title=title, params=[view], **shared))


def _curve(
    row: int, name: str, color: int, x: alt.X, axis_title: str, unit: str, height: int
) -> tuple[alt.Chart, alt.Chart]:
    """One channel's line, and the unseen upright lines by which the pointer finds its points."""
    points = alt.Chart().transform_filter(f"!isValid(datum.kind) && datum.c == {row}")
    if axis_title == STAMPS:
        points = points.transform_calculate(when="utcFormat(datum.t, '%Y-%m-%d %H:%M:%S.%L')")
    y = alt.Y(
        "v:Q",
        title=shortened(name, 16),
        scale=alt.Scale(zero=False, nice=False, padding=4),
        axis=alt.Axis(
            minExtent=AXIS_WIDTH,
            maxExtent=AXIS_WIDTH,
            tickCount=3,
            titleFontWeight="bold",
            titleColor=channel_color(color),
            titleLimit=height,
        ),
    )
    line = points.mark_line(
        clip=True, strokeWidth=1.1, color=channel_color(color), strokeJoin="round"
    ).encode(x=x, y=y)
    value_title = labelled(shortened(name, 40), unit)
    tooltip = [
        alt.Tooltip("v:Q", title=value_title, format=NUMBER),
        _time_tooltip(axis_title),
        alt.Tooltip("n:Q", title="time step", format=",d"),
    ]
    # Over the row's whole height, so that the pointer need not meet the curve.
    hover = points.mark_rule(clip=True, opacity=UNSEEN, strokeWidth=7).encode(x=x, tooltip=tooltip)
    return line, hover


def _shades(row: int, x: alt.X, legend: tuple[str, ...]) -> tuple[alt.Chart, alt.Chart]:
    """The two parts and the anomalies as shades of one row.

    legend: the kinds that its legend names; none where there is no legend.
    """
    color = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=list(_REGIONS), range=list(_REGIONS.values())),
        legend=alt.Legend(orient="top", symbolOpacity=0.5, symbolStrokeWidth=0, values=list(legend))
        if legend
        else None,
    )
    parts = (
        alt.Chart()
        .transform_filter("isValid(datum.kind) && datum.kind != 'anomaly'")
        .mark_rect(clip=True, opacity=alt.ExprRef(_SHADE), tooltip=None)
        .encode(x=x, x2=alt.X2("t2:Q"), color=color)
    )
    anomalies = (
        alt.Chart()
        .transform_filter(f"datum.kind == 'anomaly' && (datum.c == -1 || datum.c == {row})")
        .mark_rect(clip=True, opacity=0.35, strokeOpacity=0.6)
        .encode(
            x=x,
            x2=alt.X2("t2:Q"),
            color=color,
            stroke=alt.StrokeValue(ANOMALY),  # so that a single time step is seen too
            tooltip=[
                alt.Tooltip("what:N", title="anomaly"),
                alt.Tooltip("from:Q", title="from time step", format=",d"),
                alt.Tooltip("to:Q", title="to time step", format=",d"),
            ],
        )
    )
    return parts, anomalies


def _time(
    axis_title: str, domain: tuple[float, float], labels: bool = True, titled: bool = True
) -> alt.X:
    is_utc = axis_title == STAMPS
    scale = {"nice": False, "domain": list(domain)} | ({"type": "utc"} if is_utc else {})
    return alt.X(
        "t:T" if is_utc else "t:Q",
        title=axis_title if labels and titled else None,
        scale=alt.Scale(**scale),
        axis=alt.Axis(labels=labels, ticks=labels, labelFlush=FLUSH, tickCount=8),
    )


def _time_tooltip(axis_title: str) -> alt.Tooltip:
    if axis_title == STAMPS:
        return alt.Tooltip("when:N", title=axis_title)
    return alt.Tooltip("t:Q", title=axis_title, format=",.8~g")


# The whole recording in a strip


def view_table(low: float, high: float) -> pa.Table:
    """The range that is in view, to be shaded in an overview."""
    return pa.table([["view"], [low], [high], ["in view"]], _VIEW)


@lru_cache(maxsize=64)
def overview_spec(axis_title: str, domain: tuple[float, float], name: str) -> dict[str, Any]:
    """A low strip of one channel in full length; the selection `range` is what to look at.

    The data are points and one row of `kind` "view" for the visible range.
    """
    x = _time(axis_title, domain, titled=False)
    y = alt.Y(
        "v:Q",
        title=shortened(name, 9),
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(  # nothing but a title, so that it begins where the rows above begin
            labels=False,
            ticks=False,
            grid=False,
            domain=False,
            minExtent=AXIS_WIDTH,
            maxExtent=AXIS_WIDTH,
            titleFontWeight="bold",
            titleLimit=72,
        ),
    )
    line = (
        alt.Chart()
        .transform_filter("!isValid(datum.kind)")
        .mark_line(strokeWidth=0.8, color=NEUTRAL)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("v:Q", title=shortened(name, 40)),
                *([] if axis_title == STAMPS else [_time_tooltip(axis_title)]),
            ],
        )
    )
    seen = (
        alt.Chart()
        .transform_filter("isValid(datum.kind)")
        .mark_rect(color=ORIGINAL, opacity=0.22, stroke=ORIGINAL, strokeWidth=1)
        .encode(x=x, x2=alt.X2("t2:Q"), tooltip=[alt.Tooltip("shown:N", title="visible")])
    )
    title = alt.TitleParams(
        "Whole recording: drag to choose the part above", fontSize=12, fontWeight="normal"
    )
    brush = {
        "name": "range",
        "select": {"type": "interval", "encodings": ["x"]},
        "views": ["strip"],
    }
    charts = [seen, spec_of(line) | {"name": "strip"}]
    return finished(layered(charts, height=44, title=title.to_dict(), params=[brush]))
