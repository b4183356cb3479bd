"""Output activations drawn over the values they are asked to produce.

Values are normalized, as the model's output layer meets them. One axis carries both: the output
value of the activation's curve and the targets' histogram, so that what is out of reach is seen.
"""

from functools import lru_cache
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.charts.altair_spec import AXIS_WIDTH, UNSEEN, layered, stacked
from core.charts.palette import (
    FLOOR,
    FLOOR_DASH,
    NEUTRAL,
    ORIGINAL,
    RECONSTRUCTION,
    SATURATION,
)
from core.charts.vega_spec import NUMBER, finished
from core.output_range import ACTIVATIONS, Activation

BINS = 70
REACH = {
    "can be produced": ORIGINAL,
    "only in saturation": SATURATION,
    "out of reach": FLOOR,
}
_INSIDE, _SATURATED, _OUTSIDE = REACH
_VALUE_TITLE = "output value (normalized)"


def picture_frame(values: np.ndarray, activation: str) -> pd.DataFrame:
    """Everything `activation_spec` draws, told apart by `kind`: bar, curve, and shade."""
    low, high = value_range(values, activation)
    return pd.concat(
        [
            target_frame(values, activation),
            curve_frame(activation, low, high),
            _shade_frame(values, activation, low, high),
        ],
        ignore_index=True,
    )


def value_range(values: np.ndarray, activation: str) -> tuple[float, float]:
    """The output values to show: all targets, and the activation's ends."""
    output = ACTIVATIONS[activation]
    ends = [end for end in (output.low, output.high) if np.isfinite(end)]
    low, high = min([float(values.min()), *ends]), max([float(values.max()), *ends])
    if low == high:
        low, high = low - 1, high + 1
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def target_frame(values: np.ndarray, activation: str) -> pd.DataFrame:
    """Bars of the targets' histogram, each with whether the activation can produce it.

    An end of the range is an edge of bars: a closed one is within, on the side of what can be
    produced, and values exactly on an open one have a bar of their own.
    """
    output = ACTIVATIONS[activation]
    edges, width = _edges(values, output)
    on_end = np.zeros(len(values), dtype=bool)
    rows = []
    for end, is_open in ((output.low, output.low_open), (output.high, output.high_open)):
        if np.isfinite(end) and is_open:
            there = values == np.float32(end)
            on_end |= there
            if there.any():
                rows.append((end - width / 2, end + width / 2, int(there.sum()), _SATURATED))
    counts, _ = np.histogram(values[~on_end], bins=edges)
    middle = (edges[:-1] + edges[1:]) / 2
    inside = (middle >= output.low) & (middle < _beyond(output))
    for start, stop, count, fits in zip(edges[:-1], edges[1:], counts, inside, strict=True):
        if count:
            rows.append((start, stop, int(count), _INSIDE if fits else _OUTSIDE))
    frame = pd.DataFrame(rows, columns=["low", "high", "share", "reach"])
    return frame.assign(kind="bar", share=frame["share"] / len(values))


def _edges(values: np.ndarray, output: Activation) -> tuple[np.ndarray, float]:
    """The edges of a histogram's bars, and about how wide a bar is.

    Between two ends of the range the bars are equal, so that none is cut short at an end.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / BINS
    if low == output.high:
        low -= width  # what is on that end alone has a bar that can be seen
    ends = [low, *(end for end in (output.low, _beyond(output)) if low < end < high), high]
    pieces = [
        np.linspace(start, stop, max(1, round((stop - start) / width)) + 1)[:-1]
        for start, stop in pairwise(ends)
    ]
    return np.array([*np.concatenate(pieces), high]), width


def _beyond(output: Activation) -> float:
    """Where out of reach begins: at an open end, just above a closed one."""
    end = np.float32(output.high)  # targets are of 32 bits
    return float(end if output.high_open else np.nextafter(end, np.float32(np.inf)))


def curve_frame(activation: str, low: float, high: float, points: int = 241) -> pd.DataFrame:
    """The activation and its derivative where its output lies between low and high."""
    output = ACTIVATIONS[activation]
    start, stop = _inputs(output, low, high)
    x = np.linspace(start, stop, points)
    return pd.DataFrame(
        {"kind": "curve", "x": x, "y": output.function(x), "slope": output.derivative(x)}
    )


def _inputs(output: Activation, low: float, high: float) -> tuple[float, float]:
    """The inputs worth drawing: as far as the output leaves the picture, or stands still."""
    grid = np.concatenate([-np.geomspace(1e6, 1e-3, 2000), np.geomspace(1e-3, 1e6, 2000)])
    with np.errstate(over="ignore"):
        said = output.function(grid)
    seen = grid[(said >= low) & (said <= high)]
    if not len(seen):
        return -8.0, 8.0
    start, stop = float(seen[0]), float(seen[-1])
    if stop >= 1e5:  # it stands still on the right
        stop = max(8.0, -0.5 * start) if start > -1e5 else 8.0
    if start <= -1e5:  # and on the left
        start = -max(8.0, 0.35 * stop) if np.isfinite(output.high) or stop > 8 else -8.0
    return min(start, -4.0), max(stop, 4.0)


def _shade_frame(values: np.ndarray, activation: str, low: float, high: float) -> pd.DataFrame:
    """The output values between low and high that cannot be said, with the share of targets."""
    output = ACTIVATIONS[activation]
    rows = []
    if np.isfinite(output.low) and output.low > low:
        rows.append(("shade", low, output.low, float(np.mean(values < output.low)), "below"))
    if np.isfinite(output.high) and output.high < high:
        rows.append(("shade", output.high, high, float(np.mean(values > output.high)), "above"))
    return pd.DataFrame(rows, columns=["kind", "low", "high", "share", "side"])


# The picture


@lru_cache(maxsize=128)
def activation_spec(
    activation: str, low: float, high: float, start: float, stop: float
) -> dict[str, Any]:
    """The activation's curve over the histogram of its targets, and its slope below.

    low, high: the output values shown; start, stop: the inputs shown. See `picture_frame`.
    """
    output = ACTIVATIONS[activation]
    y_scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X(
        "x:Q",
        title="input of the activation",
        scale=alt.Scale(domain=[start, stop], nice=False),
        axis=alt.Axis(orient="bottom", tickCount=7, grid=False),
    )
    shade, ends = _out_of_reach(y_scale)
    title = alt.TitleParams(
        f"{output.title} produces {output.range_text}",
        subtitle="Bars: your values. Line: what the output says.",
        subtitleColor=NEUTRAL,
        subtitlePadding=4,
    )
    picture = layered(
        [shade, _bars(y_scale), ends, _curve(x, y_scale)],
        resolve={"scale": {"x": "independent"}},
        height=330,
        width="container",
        title=title.to_dict(),
    )
    return finished(stacked([picture, _slope(x)], 8, resolve={"legend": {"color": "independent"}}))


def _of(kind: str) -> alt.Chart:
    return alt.Chart().transform_filter(f"datum.kind == '{kind}'")


def _axis(**more: Any) -> alt.Axis:
    return alt.Axis(minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH, **more)


def _out_of_reach(y_scale: alt.Scale) -> tuple[alt.Chart, alt.Chart]:
    """The shade of what cannot be said, and the line where it begins."""
    shade = (
        _of("shade")
        .mark_rect(color=FLOOR, opacity=0.1)
        .encode(
            y=alt.Y("low:Q", scale=y_scale, title=_VALUE_TITLE, axis=_axis()),
            y2=alt.Y2("high:Q"),
            tooltip=[
                alt.Tooltip("side:N", title="out of reach"),
                alt.Tooltip("share:Q", title="share of your values", format=".3~%"),
            ],
        )
    )
    ends = (
        _of("shade")
        .transform_calculate(end="datum.side == 'above' ? datum.low : datum.high")
        .mark_rule(color=FLOOR, strokeDash=list(FLOOR_DASH), strokeWidth=1.5)
        .encode(y=alt.Y("end:Q", scale=y_scale, axis=_axis()))
    )
    return shade, ends


def _bars(y_scale: alt.Scale) -> alt.Chart:
    """The targets' histogram, lying on its side."""
    return (
        _of("bar")
        .mark_rect(opacity=0.6)
        .encode(
            x=alt.X(
                "share:Q",
                title="share of values (root scale)",
                scale=alt.Scale(type="sqrt", domainMin=0, nice=False),
                axis=alt.Axis(orient="top", format="~%", tickCount=4, grid=False),
            ),
            x2=alt.X2Datum(0),
            y=alt.Y("low:Q", scale=y_scale, axis=_axis()),
            y2=alt.Y2("high:Q"),
            color=alt.Color(
                "reach:N",
                title="Your values",
                scale=alt.Scale(domain=list(REACH), range=list(REACH.values())),
                legend=alt.Legend(orient="bottom", title=None, symbolType="square", columns=1),
            ),
            tooltip=[
                alt.Tooltip("reach:N", title="these values"),
                alt.Tooltip("low:Q", title="from", format=NUMBER),
                alt.Tooltip("high:Q", title="to", format=NUMBER),
                alt.Tooltip("share:Q", title="share", format=".3~%"),
            ],
        )
    )


def _curve(x: alt.X, y_scale: alt.Scale) -> dict[str, Any]:
    """What the output says to each input."""
    y = alt.Y("y:Q", scale=y_scale, title=_VALUE_TITLE, axis=_axis())
    line = _of("curve").mark_line(color=RECONSTRUCTION, strokeWidth=3, clip=True)
    return layered([line.encode(x=x, y=y), _pointer(clip=True).encode(x=x, y=y)])


def _slope(x: alt.X) -> dict[str, Any]:
    """The derivative, in a low chart below."""
    y = alt.Y(
        "slope:Q",
        title="slope",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=_axis(tickCount=3),
    )
    charts = (
        _of("curve").mark_area(color=RECONSTRUCTION, opacity=0.2),
        _of("curve").mark_line(color=RECONSTRUCTION, strokeWidth=1.5),
        _pointer(),
    )
    return layered(
        [chart.encode(x=x, y=y) for chart in charts],
        height=70,
        width="container",
        title=alt.TitleParams("Its slope: near 0, nothing is learned", fontSize=12).to_dict(),
    )


def _pointer(**mark: Any) -> alt.Chart:
    """Unseen points along the curve that say what is there."""
    points = _of("curve").mark_point(filled=True, opacity=UNSEEN, size=160, **mark)
    return points.encode(
        tooltip=[
            alt.Tooltip("x:Q", title="input", format=",.3~g"),
            alt.Tooltip("y:Q", title="output", format=NUMBER),
            alt.Tooltip("slope:Q", title="slope", format=",.3~g"),
        ]
    )
