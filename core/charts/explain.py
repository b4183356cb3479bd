"""Charts of the page Explain: ranges of values, ranges of outputs, and targets being scaled.

Each is a specification and the table it draws; channels are told apart by their labels.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from core.charts import palette
from core.charts.run_words import labelled
from core.charts.vega_spec import NUMBER, NUMBER_LABELS, Spec, chart_title, quantity
from core.output_range import ACTIVATIONS

TARGETS = (-2.5, 6.5)  # the target values that `targets_spec` shows, whatever the scaling
FACTORS = (0.1, 4.0)
HEIGHT = 290  # pixels, titles, axes and legends included
_INSIDE, _OUTSIDE = "can be produced", "out of reach"
_PARTS = {"training": palette.TRAIN, "validation": palette.VALIDATION}
_PART_COLOR = {
    "field": "part",
    "type": "nominal",
    "title": None,
    "scale": {"domain": list(_PARTS), "range": list(_PARTS.values())},
    "legend": {"orient": "bottom", "symbolType": "square"},
}
_STROKES = {"orient": "bottom", "symbolType": "stroke"}
_WIDE = {"type": "fit-x", "contains": "padding"}  # of charts as high as their rows
_RULE = {"type": "rule", "strokeDash": list(palette.FLOOR_DASH), "tooltip": None}


def ranges_table(
    labels: Sequence[str], ranges: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> pa.Table:
    """A row for each channel and part; ranges: of each part least and greatest, `(channels,)`."""
    return pa.table(
        {
            "channel": [*labels] * len(ranges),
            "part": [part for part in ranges for _ in labels],
            "low": np.concatenate([low for low, _ in ranges.values()]),
            "high": np.concatenate([high for _, high in ranges.values()]),
        }
    )


@lru_cache(maxsize=64)
def ranges_spec(title: str, axis: str) -> Spec:
    """The least to the greatest value of each channel, in training and in validation."""
    x = quantity(
        "low",
        axis,
        scale={"zero": True, "nice": True},
        axis={"labelExpr": NUMBER_LABELS, "tickCount": 6, "labelOverlap": True},
    )
    bars = {
        "mark": {"type": "bar", "cornerRadius": 2, "minBandSize": 5},
        "encoding": {
            "x": x,
            "x2": {"field": "high"},
            "y": {
                "field": "channel",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 130, "ticks": False, "domain": False},
                "scale": {"paddingInner": 0.3},
            },
            "yOffset": {"field": "part", "type": "nominal", "sort": list(_PARTS)},
            "color": _PART_COLOR,
            "tooltip": [
                {"field": "channel", "type": "nominal", "title": "channel"},
                {"field": "part", "type": "nominal", "title": "part"},
                quantity("low", "from", format=NUMBER),
                quantity("high", "to", format=NUMBER),
            ],
        },
    }
    zero = {"mark": {**_RULE, "color": palette.NEUTRAL}, "encoding": {"x": {"datum": 0}}}
    return {
        "title": chart_title(title),
        "height": {"step": 13, "for": "offset"},
        "autosize": _WIDE,
        "layer": [bars, zero],
    }


def reach_table(targets: Mapping[str, tuple[float, float]]) -> pa.Table:
    """What each output says, cut to where the targets are; and the targets' ranges by part.

    Rows have the kind of a part, "reach", or of a range's end: see `_end`.
    """
    ends = [end for pair in targets.values() for end in pair]
    least, greatest = min(-1.0, *ends), max(1.0, *ends)
    room = 0.07 * (greatest - least)
    least, greatest = least - room, greatest + room
    rows = [(part, "", "", low, high) for part, (low, high) in targets.items()]
    for output in ACTIVATIONS.values():
        name = (output.title, output.range_text)
        low, high = max(output.low, least), min(output.high, greatest)
        rows.append(("reach", *name, low, high))
        for shown, end, is_open, side in (
            (low, output.low, output.low_open, "low"),
            (high, output.high, output.high_open, "high"),
        ):
            if shown == end:
                kind = "open" if is_open else "closed"
            else:
                kind = f"{side}-on" if np.isinf(end) else f"{side}-beyond"
            rows.append((kind, *name, shown, shown if np.isinf(end) else end))
    names = ("kind", "output", "range", "low", "high")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@lru_cache(maxsize=4)
def reach_spec() -> Spec:
    """All output activations over the range of the normalized targets; see `reach_table`."""
    x = quantity(
        "low",
        "normalized value",
        scale={"zero": False, "nice": False, "padding": 4},
        axis={"labelExpr": NUMBER_LABELS, "grid": False, "tickCount": 8},
    )
    y = {
        "field": "output",
        "type": "nominal",
        "sort": [output.title for output in ACTIVATIONS.values()],
        "title": None,
        "axis": {"ticks": False, "domain": False, "labelLimit": 110},
    }
    tooltip = [
        {"field": "output", "type": "nominal", "title": "output"},
        {"field": "range", "type": "nominal", "title": "says"},
    ]
    line = {"type": "bar", "height": 5, "color": palette.RECONSTRUCTION, "opacity": 0.85}
    return {
        "title": chart_title("What each output can say"),
        "height": {"step": 25},
        "autosize": _WIDE,
        "layer": [
            {
                **_only("datum.kind == 'training'"),
                "mark": {
                    "type": "rect",
                    "color": palette.ORIGINAL,
                    "opacity": 0.18,
                    "tooltip": None,
                },
                "encoding": {"x": x, "x2": {"field": "high"}},
            },
            *(_validation_end(x, field) for field in ("low", "high")),
            {
                **_only("datum.kind == 'reach'"),
                "mark": line,
                "encoding": {"x": x, "x2": {"field": "high"}, "y": y, "tooltip": tooltip},
            },
            _end(x, y, "closed", {"shape": "circle", "size": 75, "filled": True}),
            _end(x, y, "open", {"shape": "circle", "size": 65, "filled": False, "strokeWidth": 2}),
            _end(x, y, "low-on", {"shape": "triangle-left", "size": 90, "filled": True}),
            _end(x, y, "high-on", {"shape": "triangle-right", "size": 90, "filled": True}),
            _end_beyond(x, y),
        ],
    }


def _only(test: str) -> Spec:
    return {"transform": [{"filter": test}]}


def _validation_end(x: Spec, field: str) -> Spec:
    mark = {**_RULE, "color": palette.VALIDATION, "strokeWidth": 1.5}
    return {
        **_only("datum.kind == 'validation'"),
        "mark": mark,
        "encoding": {"x": x | {"field": field}},
    }


def _end(x: Spec, y: Spec, kind: str, mark: Spec) -> Spec:
    """The ends of the ranges: filled where they are said, hollow where not, or an arrow."""
    point = {"type": "point", "color": palette.RECONSTRUCTION, "opacity": 1, "tooltip": None}
    return {
        **_only(f"datum.kind == '{kind}'"),
        "mark": point | mark,
        "encoding": {"x": x, "y": y},
    }


def _end_beyond(x: Spec, y: Spec) -> Spec:
    """What a range goes to that ends beyond the picture."""
    mark = {"type": "text", "align": "right", "dx": -2, "dy": -9, "fontSize": 11, "tooltip": None}
    return {
        "transform": [
            {"filter": "datum.kind == 'high-beyond'"},
            {"calculate": "'to ' + datum.high", "as": "text"},
        ],
        "mark": mark | {"color": palette.RECONSTRUCTION},
        "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
    }


# Targets being scaled


def targets_table(
    shares: np.ndarray, edges: np.ndarray, activation: str, factor: float, offset: float
) -> pa.Table:
    """Bars of the scaled targets, and the shade of what cannot be said.

    shares `(bins,)` and edges `(bins + 1,)` of the values between 0 and 1 of the training part.
    """
    output, scaled = ACTIVATIONS[activation], factor * edges + offset
    middle = (scaled[:-1] + scaled[1:]) / 2
    inside = (middle >= output.low) & (middle <= output.high)
    kept = shares > 0
    shades = [
        (start, stop, end)
        for start, stop, end in (
            (TARGETS[0], output.low, output.low),
            (output.high, TARGETS[1], output.high),
        )
        if np.isfinite(end) and start < stop
    ]
    start, stop, end = np.array(shades, dtype=np.float64).reshape(-1, 3).T
    bars, nothing = int(kept.sum()), len(shades)
    return pa.table(
        {
            "kind": ["bar"] * bars + ["shade"] * nothing,
            "low": np.concatenate([scaled[:-1][kept], start]),
            "high": np.concatenate([scaled[1:][kept], stop]),
            "share": np.concatenate([shares[kept], np.zeros(nothing)]),
            "end": np.concatenate([np.zeros(bars), end]),
            "reach": [*np.where(inside[kept], _INSIDE, _OUTSIDE).tolist(), *[""] * nothing],
        }
    )


@lru_cache(maxsize=4)
def targets_spec() -> Spec:
    """The histogram of the scaled targets on an axis that stands still; see `targets_table`."""
    x = quantity(
        "low",
        "target (what the output must say)",
        scale={"domain": list(TARGETS), "nice": False},
        axis={"grid": False, "tickCount": 9},
    )
    share = quantity(
        "share",
        "share (root scale)",
        scale={"type": "sqrt", "domainMin": 0},
        axis={"format": "~%", "tickCount": 3, "grid": False},
    )
    colors = [palette.ORIGINAL, palette.FLOOR]
    return {
        "title": chart_title("Your targets", "Shaded: what the output cannot say."),
        "height": HEIGHT,
        "layer": [
            {
                **_only("datum.kind == 'shade'"),
                "mark": {
                    "type": "rect",
                    "color": palette.FLOOR,
                    "opacity": 0.1,
                    "tooltip": None,
                    "clip": True,
                },
                "encoding": {"x": x, "x2": {"field": "high"}},
            },
            {
                **_only("datum.kind == 'shade'"),
                "mark": {**_RULE, "color": palette.FLOOR, "strokeWidth": 1.5},
                "encoding": {"x": x | {"field": "end"}},
            },
            {
                **_only("datum.kind == 'bar'"),
                "mark": {
                    "type": "rect",
                    "opacity": 0.8,
                    "clip": True,
                    "stroke": {
                        "expr": f"datum.reach == '{_INSIDE}' ? '{colors[0]}' : '{colors[1]}'"
                    },
                    "strokeWidth": 1.5,  # a narrow bar is seen too
                },
                "encoding": {
                    "x": x,
                    "x2": {"field": "high"},
                    "y": share,
                    "y2": {"datum": 0},
                    "color": {
                        "field": "reach",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": [_INSIDE, _OUTSIDE], "range": colors},
                        "legend": {
                            "orient": "bottom",
                            "symbolType": "square",
                            "symbolStrokeWidth": 0,  # else in the colour of one kind of bar
                        },
                    },
                    "tooltip": [
                        {"field": "reach", "type": "nominal", "title": "these values"},
                        quantity("low", "from", format=NUMBER),
                        quantity("high", "to", format=NUMBER),
                        quantity("share", "share", format=".3~%"),
                    ],
                },
            },
        ],
    }


def factor_table(
    factors: np.ndarray, floors: Mapping[str, np.ndarray], now: float, room: float
) -> pa.Table:
    """Floors by factor for each part; `now` is the factor in hand, `room` the least height."""
    points = len(factors) * len(floors)
    return pa.table(
        {
            "kind": [*["line"] * points, "now", "room"],
            "part": [*(part for part in floors for _ in factors), "", ""],
            "factor": np.concatenate([*[factors] * len(floors), [now, now]]),
            "floor": np.concatenate([*floors.values(), [room, room]]),
        }
    )


@lru_cache(maxsize=16)
def factor_spec(unit: str) -> Spec:
    """The floor against the factor at one offset; see `factor_table`."""
    x = quantity("factor", "factor", scale={"domain": list(FACTORS), "nice": False})
    y = quantity(
        "floor",
        labelled("MAE floor", unit),
        scale={"domainMin": 0, "nice": True},
        axis={"tickCount": 4, "labelExpr": NUMBER_LABELS},
    )
    dash = {
        "field": "part",
        "type": "nominal",
        "title": None,
        "legend": _STROKES,
        "scale": {"domain": list(_PARTS), "range": [[1, 0], [5, 3]]},
    }
    return {
        "title": chart_title("The floor by factor", "With this activation and this offset."),
        "height": HEIGHT,
        "layer": [
            {
                **_only("datum.kind == 'room'"),
                "mark": {"type": "point", "opacity": 0, "tooltip": None},
                "encoding": {"y": y},
            },
            {
                **_only("datum.kind == 'now'"),
                "mark": {**_RULE, "color": palette.NEUTRAL, "strokeWidth": 1.5},
                "encoding": {"x": x},
            },
            {
                **_only("datum.kind == 'line'"),
                "mark": {"type": "line", "strokeWidth": 2.2, "tooltip": True},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": _PART_COLOR | {"legend": _STROKES},
                    "strokeDash": dash,
                    "tooltip": [
                        {"field": "part", "type": "nominal", "title": "part"},
                        quantity("factor", "factor", format=".3~g"),
                        quantity("floor", "floor", format=NUMBER),
                    ],
                },
            },
        ],
    }
