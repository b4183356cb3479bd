"""Output activations drawn over the values they are asked to produce, and the verdict in words.

Values are normalized, as the model's output layer meets them. One axis carries both: the output
value of the activation's curve and the targets' histogram, so that what is out of reach is seen.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.charts.palette import (
    CHANNELS,
    FLOOR,
    FLOOR_DASH,
    NEUTRAL,
    ORIGINAL,
    RECONSTRUCTION,
    SATURATION,
)
from core.charts.signals import _AXIS_WIDTH, _UNSEEN, _finished
from core.normalization import Normalization
from core.output_range import ACTIVATIONS, Activation, ErrorFloor
from core.windows import Split, Windows

BINS = 70
MOST_VALUES = 2_000_000  # the histogram looks at no more, evenly spaced
REACH = {
    "can be produced": ORIGINAL,
    "only in saturation": SATURATION,
    "out of reach": FLOOR,
}


def normalized_values(fit: Normalization, windows: Windows, most: int) -> Iterator[np.ndarray]:
    """Normalized targets `(values, channels)`, at most about `most` numbers, evenly spaced."""
    count, length, channels = windows.shape
    if fit.per_window:
        every = max(1, -(-count * length * channels // most))
        for block in np.array_split(np.arange(0, count, every), max(1, count // every // 2000)):
            yield fit.transform(windows.take(block)).reshape(-1, channels)
        return
    total = windows.segments.shape[1] * len(windows.index) * channels
    every = max(1, -(-total // most))
    if every % 2 == 0:
        every += 1  # an odd distance does not fall in step with a signal of even period
    for values, _ in windows.values():
        yield fit.transform(np.asarray(values[::every], dtype=np.float64))


def target_values(fit: Normalization, parts: Split, channel: int | None = None) -> np.ndarray:
    """Normalized targets of both parts, of one channel or of all, flat."""
    share = len(parts.train) / (len(parts.train) + len(parts.validation))
    blocks = [
        (block if channel is None else block[:, channel]).reshape(-1)
        for windows, part in ((parts.train, share), (parts.validation, 1 - share))
        for block in normalized_values(fit, windows, max(1, int(MOST_VALUES * part)))
    ]
    return np.concatenate(blocks).astype(np.float32)


def target_frame(values: np.ndarray, activation: str) -> pd.DataFrame:
    """Bars of the targets' histogram, each with whether the activation can produce it.

    An end of the range is an edge of bars; values exactly on an open end have a bar of their own.
    """
    output = ACTIVATIONS[activation]
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / BINS
    ends = [low, *(end for end in (output.low, output.high) if low < end < high), high]
    # Between two ends the bars are equal, so that none is cut short at an end.
    pieces = [
        np.linspace(start, stop, max(1, round((stop - start) / width)) + 1)[:-1]
        for start, stop in pairwise(ends)
    ]
    edges = np.array([*np.concatenate(pieces), high])
    on_end = np.zeros(len(values), dtype=bool)
    rows = []
    for end, is_open in ((output.low, output.low_open), (output.high, output.high_open)):
        if np.isfinite(end) and is_open:
            there = values == np.float32(end)
            on_end |= there
            if there.any():
                rows.append((end - width / 2, end + width / 2, int(there.sum()), "saturation"))
    counts, _ = np.histogram(values[~on_end], bins=edges)
    middle = (edges[:-1] + edges[1:]) / 2
    inside = (middle >= output.low) & (middle <= output.high)
    for start, stop, count, fits in zip(edges[:-1], edges[1:], counts, inside, strict=True):
        if count:
            rows.append((start, stop, int(count), "inside" if fits else "outside"))
    names = dict(zip(("inside", "saturation", "outside"), REACH, strict=True))
    return pd.DataFrame(
        {
            "kind": "bar",
            "low": [row[0] for row in rows],
            "high": [row[1] for row in rows],
            "share": [row[2] / len(values) for row in rows],
            "reach": [names[row[3]] for row in rows],
        }
    )


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


def value_range(values: np.ndarray, activation: str) -> tuple[float, float]:
    """The output values to show: all targets, and the activation's ends."""
    output = ACTIVATIONS[activation]
    ends = [end for end in (output.low, output.high) if np.isfinite(end)]
    low, high = min([float(values.min()), *ends]), max([float(values.max()), *ends])
    if low == high:
        low, high = low - 1, high + 1
    pad = 0.05 * (high - low)
    return low - pad, high + pad


def picture_frame(values: np.ndarray, activation: str) -> pd.DataFrame:
    """Everything `activation_spec` draws, told apart by `kind`: bar, curve, and shade."""
    output = ACTIVATIONS[activation]
    low, high = value_range(values, activation)
    bars = target_frame(values, activation)
    shades = []
    if np.isfinite(output.low) and output.low > low:
        shades.append((low, output.low, float(np.mean(values < output.low)), "below"))
    if np.isfinite(output.high) and output.high < high:
        shades.append((output.high, high, float(np.mean(values > output.high)), "above"))
    shade = pd.DataFrame(
        {
            "kind": "shade",
            "low": [row[0] for row in shades],
            "high": [row[1] for row in shades],
            "share": [row[2] for row in shades],
            "side": [row[3] for row in shades],
        }
    )
    return pd.concat([bars, curve_frame(activation, low, high), shade], ignore_index=True)


@lru_cache(maxsize=128)
def activation_spec(
    activation: str, low: float, high: float, start: float, stop: float
) -> dict[str, Any]:
    """The activation's curve over the histogram of its targets, and its slope below.

    low, high: the output values shown; start, stop: the inputs shown. See `picture_frame`.
    """
    output = ACTIVATIONS[activation]
    axis = alt.Axis(minExtent=_AXIS_WIDTH, maxExtent=_AXIS_WIDTH)
    y_scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X(
        "x:Q",
        title="input of the activation",
        scale=alt.Scale(domain=[start, stop], nice=False),
        axis=alt.Axis(orient="bottom", tickCount=7, grid=False),
    )
    shade = (
        alt.Chart()
        .transform_filter("datum.kind == 'shade'")
        .mark_rect(color=FLOOR, opacity=0.1)
        .encode(
            y=alt.Y("low:Q", scale=y_scale, title="output value (normalized)", axis=axis),
            y2="high:Q",
            tooltip=[
                alt.Tooltip("side:N", title="out of reach"),
                alt.Tooltip("share:Q", title="share of your values", format=".3~%"),
            ],
        )
    )
    bars = (
        alt.Chart()
        .transform_filter("datum.kind == 'bar'")
        .mark_rect(opacity=0.6)
        .encode(
            x=alt.X(
                "share:Q",
                title="share of values (root scale)",
                scale=alt.Scale(type="sqrt", domainMin=0, nice=False),
                axis=alt.Axis(orient="top", format="~%", tickCount=4, grid=False),
            ),
            x2=alt.datum(0),
            y=alt.Y("low:Q", scale=y_scale, axis=axis),
            y2="high:Q",
            color=alt.Color(
                "reach:N",
                title="Your values",
                scale=alt.Scale(domain=list(REACH), range=list(REACH.values())),
                legend=alt.Legend(orient="bottom", title=None, symbolType="square", columns=2),
            ),
            tooltip=[
                alt.Tooltip("reach:N", title="these values"),
                alt.Tooltip("low:Q", title="from", format=",.4~g"),
                alt.Tooltip("high:Q", title="to", format=",.4~g"),
                alt.Tooltip("share:Q", title="share", format=".3~%"),
            ],
        )
    )
    curve_tooltip = [
        alt.Tooltip("x:Q", title="input", format=",.3~g"),
        alt.Tooltip("y:Q", title="output", format=",.4~g"),
        alt.Tooltip("slope:Q", title="slope", format=",.3~g"),
    ]
    base = alt.Chart().transform_filter("datum.kind == 'curve'")
    y = alt.Y("y:Q", scale=y_scale, title="output value (normalized)", axis=axis)
    line = base.mark_line(color=RECONSTRUCTION, strokeWidth=3, clip=True).encode(x=x, y=y)
    dots = base.mark_point(filled=True, opacity=_UNSEEN, size=160, clip=True).encode(
        x=x, y=y, tooltip=curve_tooltip
    )
    ends = (
        alt.Chart()
        .transform_filter("datum.kind == 'shade'")
        .transform_calculate(end="datum.side == 'above' ? datum.low : datum.high")
        .mark_rule(color=FLOOR, strokeDash=list(FLOOR_DASH), strokeWidth=1.5)
        .encode(y=alt.Y("end:Q", scale=y_scale, axis=axis))
    )
    curves = alt.layer(line, dots)
    picture = (
        alt.layer(shade, bars, ends, curves)
        .resolve_scale(x="independent")
        .properties(
            height=330,
            width="container",
            title=alt.TitleParams(
                f"{output.title} produces {output.range_text}",
                subtitle="Bars: your values. Line: what the output says.",
                subtitleColor=NEUTRAL,
                subtitlePadding=4,
            ),
        )
    )
    slope_y = alt.Y(
        "slope:Q",
        title="slope",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(minExtent=_AXIS_WIDTH, maxExtent=_AXIS_WIDTH, tickCount=3),
    )
    slope = alt.layer(
        base.mark_area(color=RECONSTRUCTION, opacity=0.2).encode(x=x, y=slope_y),
        base.mark_line(color=RECONSTRUCTION, strokeWidth=1.5).encode(x=x, y=slope_y),
        base.mark_point(filled=True, opacity=_UNSEEN, size=160).encode(
            x=x, y=slope_y, tooltip=curve_tooltip
        ),
    ).properties(
        height=70,
        width="container",
        title=alt.TitleParams("Its slope: near 0, nothing is learned", fontSize=12),
    )
    both = alt.vconcat(picture, slope, spacing=8, data=alt.NamedData("picture"))
    return _finished(both.resolve_legend(color="independent"))


# The verdict in words


def verdict(
    activation: str,
    train: ErrorFloor,
    validation: ErrorFloor,
    deviation: float,
    clips: bool = False,
) -> tuple[str, str]:
    """A kind (impossible, saturation, validation, compatible) and one sentence with the numbers.

    deviation: the signal's standard deviation in original units; a floor under a hundredth of it
    is no obstacle. clips: whether the normalization cuts values off, which counts as error too.
    """
    output = ACTIVATIONS[activation]
    small = 0.01 * deviation
    can_only = f"{output.title} can only say {output.range_text}"
    if np.isinf(output.low) and np.isinf(output.high):
        can_only = "Clipping cuts values off"
    elif clips:
        can_only += ", and clipping cuts values off"
    outside = _outside(train)
    if train.mae > small:
        return "impossible", (
            f"{can_only}; {outside}. No training gets below MAE {number(train.mae)}."
        )
    at_end = float(train.at_open_end_share.mean())
    if at_end > 0.01 and not clips:
        return "saturation", (
            f"{can_only}, and {_percent(at_end)} of your values lie exactly on an end it never "
            "reaches. It comes close only in saturation, where its slope vanishes and learning "
            "slows."
        )
    if validation.mae > small:
        share = float((validation.below_share + validation.above_share).mean())
        return "validation", (
            f"{output.title} reaches the training part, but {_percent(share)} of the validation "
            f"values lie beyond what it can say there: no training gets below MAE "
            f"{number(validation.mae)} on them."
        )
    if train.mae > 0:
        return "compatible", (
            f"{can_only}; {outside}, but so little that it costs only MAE {number(train.mae)}."
        )
    if np.isinf(output.low) and np.isinf(output.high):
        return "compatible", (
            f"{output.title} can say any value: the output stands in the way of none of yours."
        )
    return "compatible", (
        f"{output.title} says {output.range_text}, which holds your normalized values: "
        "the output stands in the way of none of them."
    )


def _outside(floor: ErrorFloor) -> str:
    """`2.0 % of your values lie below and 9.7 % above`."""
    sides = [(float(floor.below_share.mean()), "below"), (float(floor.above_share.mean()), "above")]
    texts = [(f"{_percent(share)}", side) for share, side in sides if share > 0]
    if not texts:
        return "some of your values lie beyond"
    (first, side), *rest = texts
    text = f"{first} of your values lie {side}"
    return text + "".join(f" and {other} {where}" for other, where in rest)


def number(value: float) -> str:
    """An error with four digits, or plainly 0."""
    return "0" if value == 0 else f"{value:,.4g}" if value < 1e6 else f"{value:.3e}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if share >= 0.001 else "under 0.1 %"


# The public question

PUBLISHED = {  # loss (MAE) after each epoch, and the first and last MSE, as posted
    "sigmoid": {"loss": (12.36, 12.34, 12.34, 12.34), "mse": (2089, 2089)},
    "relu": {"loss": (9.82, 8.19, 7.35, 6.61), "mse": (1266, 621)},
}
PUBLISHED_FLOOR = 12.34
_QUESTION_COLORS = {"sigmoid": CHANNELS[3], "relu": CHANNELS[2]}


def question_frame(ours: dict[str, list[dict[str, float]]]) -> pd.DataFrame:
    """The published losses, and ours for the epochs that are there, by activation."""
    rows = [
        (activation, "published", epoch, loss)
        for activation, log in PUBLISHED.items()
        for epoch, loss in enumerate(log["loss"], start=1)
    ]
    for activation, history in ours.items():
        rows += [
            (activation, "run here", epoch, row.get("mae", row.get("loss")))
            for epoch, row in enumerate(history, start=1)
        ]
    frame = pd.DataFrame(rows, columns=["activation", "by", "epoch", "loss"])
    frame["activation"] = frame["activation"].map(lambda name: ACTIVATIONS[name].title)
    return frame


@lru_cache(maxsize=4)
def question_spec() -> dict[str, Any]:
    """The published loss curves dashed, ours solid, over the floor of the sigmoid."""
    titles = [ACTIVATIONS[name].title for name in _QUESTION_COLORS]
    x = alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(domain=[0.8, 4.2], nice=False),
        axis=alt.Axis(values=[1, 2, 3, 4], format="d", grid=False),
    )
    y = alt.Y(
        "loss:Q",
        title="loss (MAE, intensities)",
        scale=alt.Scale(domain=[0, 14], nice=False),
        axis=alt.Axis(values=[0, 4, 8, 12]),
    )
    color = alt.Color(
        "activation:N",
        title="output",
        scale=alt.Scale(domain=titles, range=list(_QUESTION_COLORS.values())),
        legend=None,
    )
    by = ["published", "run here"]
    base = alt.Chart()
    lines = base.mark_line(strokeWidth=2.2).encode(
        x=x,
        y=y,
        color=color,
        strokeDash=alt.StrokeDash(
            "by:N", scale=alt.Scale(domain=by, range=[[4, 4], [1, 0]]), legend=None
        ),
    )
    tooltip = [
        alt.Tooltip("activation:N", title="output"),
        alt.Tooltip("by:N", title="curve"),
        alt.Tooltip("epoch:Q", title="epoch"),
        alt.Tooltip("loss:Q", title="loss (MAE)", format=".2f"),
    ]
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x, y=y, color=color, tooltip=tooltip
    )
    names = (
        base.transform_filter("datum.by == 'published' && datum.epoch == 1")
        .mark_text(align="left", dx=-4, dy=-11, fontSize=13, fontWeight="bold")
        .encode(x=x, y=y, color=color, text="activation:N")
    )
    level = alt.Y(datum=PUBLISHED_FLOOR)
    once = alt.Chart().transform_aggregate(rows="count()")  # one mark, not one for each row
    floor = once.mark_rule(color=FLOOR, strokeDash=list(FLOOR_DASH), strokeWidth=1.5).encode(
        y=level
    )
    text = once.mark_text(
        align="right",
        dx=-2,
        dy=-9,
        color=FLOOR,
        fontSize=12,
        text="error floor of a sigmoid: 12.34",
    ).encode(y=level, x=alt.XValue("width"))
    chart = alt.layer(floor, text, lines, points, names, data=alt.NamedData("losses")).properties(
        height=185,
        title=alt.TitleParams(
            "Loss in training",
            subtitle="Dashed: published. Solid: run here.",
            subtitleColor=NEUTRAL,
            subtitlePadding=4,
        ),
    )
    return _finished(chart)
