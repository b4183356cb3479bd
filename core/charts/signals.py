"""Signals over time, thinned so that every peak stays, and the histograms of their values.

A frame of points has the fields `c` (the channel's row in the chart), `t` (seconds, time steps or
milliseconds since 1970), `v` (the value) and `n` (the time step's number, counted from 0).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from tsdownsample import MinMaxLTTBDownsampler

from core.charts.palette import ANOMALY, NEUTRAL, ORIGINAL, TRAIN, VALIDATION, channel_color
from core.metrics import ChannelSummary
from core.signals.recording import Anomaly, Recording

POINTS = 2000  # per channel: more than a screen has columns
MARGIN = 0.5  # of the visible range, drawn beyond each of its ends, so that a pan shows signal
_BLOCK = 32  # time steps that a long recording keeps the least and the greatest value of
_LONG = 1_000_000  # time steps from which that is worth it
_REMEMBERED = 16  # ranges of a channel
_UNSEEN = 0.0005  # of a mark for the pointer: at exactly 0 a canvas does not find it
_AXIS_WIDTH = 56  # pixels, equal in all rows so that their time axes line up
_REGIONS = {"training": TRAIN, "validation": VALIDATION, "anomaly": ANOMALY}
_ZOOM = "wheel![event.ctrlKey || event.metaKey]"  # a plain wheel scrolls the page


def rate_text(rate_hz: float) -> str:
    """A sampling rate as people say it: `100 Hz`, or `a time step every 5 min`."""
    if rate_hz >= 0.1:
        return f"{rate_hz:g} Hz"
    period = 1 / rate_hz
    for unit, seconds in (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if period >= seconds:
            return f"a time step every {period / seconds:.4g} {unit}"
    return f"a time step every {period:.4g} s"


def thin(values: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Which of `values` `(time_steps,)` to draw: about `points` positions, peaks among them."""
    if len(values) <= points:
        return np.arange(len(values))
    values = np.ascontiguousarray(values)
    if (values.dtype.kind == "f" and values.dtype.itemsize > 8) or not values.dtype.isnative:
        values = values.astype(np.float64)
    return MinMaxLTTBDownsampler().downsample(values, n_out=points).astype(np.int64)


class Envelope:
    """One channel `(time_steps,)` for drawing: any range of it thinned in a few milliseconds.

    For a long one, the places of the least and the greatest value of every 32 time steps are found
    once, and wide ranges are thinned from these. The values themselves are not copied.
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self._places = None
        self._known: dict[tuple[int, int, int], np.ndarray] = {}  # ranges asked for lately
        if len(values) >= _LONG:
            whole = len(values) // _BLOCK * _BLOCK
            blocks = np.ascontiguousarray(values[:whole]).reshape(-1, _BLOCK)
            starts = np.arange(0, whole, _BLOCK)
            pair = np.stack([starts + blocks.argmin(axis=1), starts + blocks.argmax(axis=1)], 1)
            pair.sort(axis=1)
            self._places = pair.reshape(-1)

    def places(self, start: int, stop: int, points: int = POINTS) -> np.ndarray:
        """The time steps to draw of `start <= t < stop`."""
        asked = (start, stop, points)
        if asked not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[asked] = self._find(*asked)
        return self._known[asked]

    def _find(self, start: int, stop: int, points: int) -> np.ndarray:
        if self._places is None or stop - start < _LONG // 2:
            return start + thin(self.values[start:stop], points)
        first, last = np.searchsorted(self._places, [start, stop])
        kept = self._places[first:last]
        kept = np.concatenate([kept, np.arange(kept[-1] + 1, stop)])  # after the last whole block
        return kept[thin(self.values[kept], points)]


@dataclass(frozen=True)
class TimeAxis:
    """How time steps are shown: as timestamps, in seconds, or counted."""

    kind: str  # "timestamps", "seconds" or "time steps"
    time: np.ndarray | None = None  # (time_steps,), sorted; None: counted or evenly sampled
    rate: float = 1.0  # time steps a unit of the axis

    @property
    def title(self) -> str:
        return {"timestamps": "time (UTC)", "seconds": "time (s)"}.get(self.kind, "time step")

    def at(self, steps: np.ndarray | int) -> Any:
        """The place on the axis of a time step, or of several."""
        if self.time is None:
            return np.asarray(steps) / self.rate
        steps = np.clip(steps, 0, len(self.time) - 1)
        chosen = np.asarray(self.time[steps])
        if self.kind == "timestamps":
            return chosen.astype("datetime64[us]").astype(np.int64) / 1000.0
        return chosen.astype(np.float64)

    def text(self, step: int) -> str:
        """A time step's place in words: `160 s`, a timestamp, or `time step 16,000`."""
        if self.kind == "timestamps":
            return np.datetime_as_string(self.time[step].astype("datetime64[s]")).replace("T", " ")
        if self.kind == "seconds":
            return f"{float(self.at(step)):,.6g} s"
        return f"time step {step:,}"

    def steps(self, low: float, high: float, time_steps: int) -> tuple[int, int]:
        """The time steps between two places on the axis, at least two."""
        if self.time is None:
            start, stop = int(low * self.rate), int(high * self.rate) + 2
        elif self.kind == "timestamps":
            edges = (np.array([low, high]) * 1000).astype(np.int64).astype("datetime64[us]")
            start, stop = (int(place) for place in np.searchsorted(self.time, edges))
            stop += 2
        else:
            start, stop = (int(place) for place in np.searchsorted(self.time, [low, high]))
            stop += 2
        start = min(max(start - 1, 0), max(time_steps - 2, 0))
        return start, min(max(stop, start + 2), time_steps)


def time_axis(recording: Recording) -> TimeAxis:
    """The axis of a recording, or of one of its ready windows."""
    if recording.time is not None and not recording.is_windowed:
        if recording.time.dtype.kind == "M":
            return TimeAxis("timestamps", recording.time)
        return TimeAxis("seconds", recording.time)
    if recording.sampling_rate_hz:
        return TimeAxis("seconds", rate=recording.sampling_rate_hz)
    return TimeAxis("time steps")


def signal_frame(
    envelopes: list[Envelope], axis: TimeAxis, start: int, stop: int, points: int = POINTS
) -> pd.DataFrame:
    """The points of channels between two time steps, one row of the chart for each envelope."""
    parts = []
    for row, envelope in enumerate(envelopes):
        steps = envelope.places(start, stop, points)
        shown = np.asarray(envelope.values[steps], dtype=np.float64)
        parts.append((np.full(len(steps), row, np.int16), axis.at(steps), shown, steps))
    c, t, v, n = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pd.DataFrame({"c": c, "t": t, "v": v, "n": n})


def region_frame(
    axis: TimeAxis,
    time_steps: int,
    boundary: int | None,
    anomalies: tuple[Anomaly, ...] = (),
    channels: list[int] | None = None,
) -> pd.DataFrame:
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
    starts = np.array([row[2] for row in rows], dtype=np.int64)
    stops = np.array([row[3] for row in rows], dtype=np.int64)
    return pd.DataFrame(
        {
            "kind": [row[0] for row in rows],
            "c": np.array([row[1] for row in rows], dtype=np.int16),
            "t": axis.at(starts),
            "t2": axis.at(stops),
            "from": starts,
            "to": stops,
            "what": [row[4] for row in rows],
        }
    )


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

    The data are a frame of points with the columns of a frame of regions appended. Dragging pans
    and Ctrl + wheel zooms; the page answers by sending the points of the new range.
    """
    temporal = axis_title == "time (UTC)"
    view = alt.selection_interval(
        name="view",
        bind="scales",
        encodings=["x"],
        zoom=_ZOOM,
    )
    height = 132 if len(names) == 1 else 104 if len(names) <= 4 else 76
    rows = []
    for row, (name, hue) in enumerate(zip(names, colors, strict=True)):
        last = row == len(names) - 1
        x = _time(axis_title, domain, labels=last)
        y = alt.Y(
            "v:Q",
            title=_short(name, 16),
            scale=alt.Scale(zero=False, nice=False, padding=4),
            axis=alt.Axis(
                minExtent=_AXIS_WIDTH,
                maxExtent=_AXIS_WIDTH,
                tickCount=3,
                titleFontWeight="bold",
                titleColor=channel_color(hue),
                titleLimit=height,
            ),
        )
        color = alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=list(_REGIONS), range=list(_REGIONS.values())),
            legend=alt.Legend(
                orient="top", symbolOpacity=0.5, symbolStrokeWidth=0, values=list(regions)
            )
            if row == 0 and regions
            else None,
        )
        parts = (
            alt.Chart()
            .transform_filter("isValid(datum.kind) && datum.kind != 'anomaly'")
            .mark_rect(clip=True, opacity=0.09, tooltip=None)
            .encode(x=x, x2="t2:Q", color=color)
        )
        anomalies = (
            alt.Chart()
            .transform_filter(f"datum.kind == 'anomaly' && (datum.c == -1 || datum.c == {row})")
            .mark_rect(clip=True, opacity=0.35, strokeOpacity=0.6)
            .encode(
                x=x,
                x2="t2:Q",
                color=color,
                stroke=alt.value(ANOMALY),  # so that a single time step is seen too
                tooltip=[
                    alt.Tooltip("what:N", title="anomaly"),
                    alt.Tooltip("from:Q", title="from time step", format=",d"),
                    alt.Tooltip("to:Q", title="to time step", format=",d"),
                ],
            )
        )
        points = alt.Chart().transform_filter(f"!isValid(datum.kind) && datum.c == {row}")
        tooltip = [
            alt.Tooltip(
                "v:Q", title=f"{_short(name, 40)}{f' ({unit})' if unit else ''}", format=",.5~g"
            ),
            _time_tooltip(axis_title),
            alt.Tooltip("n:Q", title="time step", format=",d"),
        ]
        if temporal:
            points = points.transform_calculate(when="utcFormat(datum.t, '%Y-%m-%d %H:%M:%S.%L')")
        line = points.mark_line(
            clip=True, strokeWidth=1.1, color=channel_color(hue), strokeJoin="round"
        ).encode(x=x, y=y)
        # Unseen upright lines, so that the pointer need not meet the curve.
        hover = points.mark_rule(clip=True, opacity=_UNSEEN, strokeWidth=7).encode(
            x=x, tooltip=tooltip
        )
        layered = alt.layer(line, parts, hover, anomalies).properties(
            height=height, width="container"
        )
        rows.append(layered.add_params(view) if row == 0 else layered)
    chart = (
        alt.vconcat(*rows, spacing=6, data=alt.NamedData("points"))
        .resolve_scale(color="shared")
        .properties(title=title)
    )
    return _finished(chart, views=len(names))


def _finished(chart: Any, views: int = 0) -> dict[str, Any]:
    """The dict of a chart without data, on a canvas; a selection of all rows where it has one."""
    spec = chart.to_dict(validate=True)
    for key in ("data", "datasets", "$schema", "config"):
        spec.pop(key, None)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}  # as wide as the page, all told
    spec["usermeta"] = {"embedOptions": {"renderer": "canvas"}}
    if views:
        names = []
        for row, child in enumerate(spec["vconcat"]):
            child["layer"][0]["name"] = f"row{row}"
            child.pop("data", None)
            names.append(f"row{row}")
        for param in spec["params"]:
            param["views"] = names
    return spec


def _time(
    axis_title: str, domain: tuple[float, float], labels: bool = True, titled: bool = True
) -> alt.X:
    scale = {"nice": False, "domain": list(domain)}
    if axis_title == "time (UTC)":
        scale["type"] = "utc"
    return alt.X(
        "t:T" if axis_title == "time (UTC)" else "t:Q",
        title=axis_title if labels and titled else None,
        scale=alt.Scale(**scale),
        axis=alt.Axis(labels=labels, ticks=labels, labelFlush=True, tickCount=8),
    )


def _time_tooltip(axis_title: str) -> alt.Tooltip:
    if axis_title == "time (UTC)":
        return alt.Tooltip("when:N", title=axis_title)
    return alt.Tooltip("t:Q", title=axis_title, format=",.8~g")


def _short(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


@lru_cache(maxsize=64)
def overview_spec(axis_title: str, domain: tuple[float, float], name: str) -> dict[str, Any]:
    """A low strip of one channel in full length; the selection `range` is what to look at.

    The data are a frame of points with one row of `kind` "view" for the visible range.
    """
    x = _time(axis_title, domain, titled=False)
    brush = alt.selection_interval(name="range", encodings=["x"])
    y = alt.Y(
        "v:Q",
        title=_short(name, 9),
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(  # nothing but a title, so that it begins where the rows above begin
            labels=False,
            ticks=False,
            grid=False,
            domain=False,
            minExtent=_AXIS_WIDTH,
            maxExtent=_AXIS_WIDTH,
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
            tooltip=[alt.Tooltip("v:Q", title=_short(name, 40)), _time_tooltip(axis_title)]
            if axis_title != "time (UTC)"
            else [alt.Tooltip("v:Q", title=_short(name, 40))],
        )
        .add_params(brush)
    )
    seen = (
        alt.Chart()
        .transform_filter("isValid(datum.kind)")
        .mark_rect(color=ORIGINAL, opacity=0.22, stroke=ORIGINAL, strokeWidth=1)
        .encode(x=x, x2="t2:Q", tooltip=[alt.Tooltip("shown:N", title="visible")])
    )
    chart = alt.layer(seen, line, data=alt.NamedData("points")).properties(
        height=44,
        title=alt.TitleParams(
            "Whole recording: drag across it to choose what is shown above",
            fontSize=12,
            fontWeight="normal",
        ),
    )
    return _finished(chart)


def histogram_frame(summary: ChannelSummary) -> pd.DataFrame:
    """The bars of one channel's histogram, each with its share of all values."""
    share = summary.counts / max(1, summary.counts.sum())
    filled = summary.counts > 0
    return pd.DataFrame(
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
            x=alt.X(
                "low:Q", title=f"value ({unit})" if unit else "value", axis=alt.Axis(tickCount=4)
            ),
            x2="high:Q",
            y=alt.Y(
                "share:Q",
                title="share",
                scale=alt.Scale(type="sqrt", zero=True),
                axis=alt.Axis(format="~%", tickCount=3),
            ),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=",.4~g"),
                alt.Tooltip("high:Q", title="to", format=",.4~g"),
                alt.Tooltip("share:Q", title="share of values", format=".3~%"),
                alt.Tooltip("count:Q", title="values", format=",d"),
            ],
        )
        .properties(height=110, title=alt.TitleParams(_short(name, 30), fontSize=12))
    )
    return _finished(chart)


def with_regions(points: pd.DataFrame, regions: pd.DataFrame | None) -> pd.DataFrame:
    """One frame for a chart: points, then the stretches to shade, told apart by `kind`."""
    if regions is None or not len(regions):
        regions = pd.DataFrame({"kind": pd.Series([None], dtype=object), "c": [-2]})
    return pd.concat([points, regions], ignore_index=True)


def with_view(points: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """The points of an overview and the range that is in view."""
    view = pd.DataFrame({"kind": ["view"], "t": [low], "t2": [high], "shown": ["in view"]})
    return pd.concat([points, view], ignore_index=True)


def summary_frame(summaries: list[ChannelSummary], names: tuple[str, ...]) -> pd.DataFrame:
    """A row for each channel: its statistics in original units, and its histogram in small."""
    return pd.DataFrame(
        {
            "channel": names,
            "min": [s.minimum for s in summaries],
            "max": [s.maximum for s in summaries],
            "mean": [s.mean for s in summaries],
            "std": [s.standard_deviation for s in summaries],
            "median": [s.median for s in summaries],
            "zeros": [s.zero_share for s in summaries],
            "histogram": [np.sqrt(s.counts).tolist() for s in summaries],
        }
    )
