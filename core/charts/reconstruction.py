"""One channel of one window: the original, its reconstruction, and what that is off by."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from core.charts import palette
from core.charts.curves import finite
from core.charts.run_words import labelled, window_time
from core.charts.thinning import thin
from core.charts.vega_spec import (
    NUMBER,
    NUMBER_LABELS,
    REFITTED,
    Spec,
    chart_title,
    one_row,
    pointer_rule,
    quantity,
)

MOST_POINTS = 600  # of a line, picked so that its extremes stay
AXIS_WIDTH = 56  # the same for panels that stand above each other

Range = tuple[float, float]


def window_table(
    original: np.ndarray, reconstruction: np.ndarray, sampling_rate_hz: float | None
) -> pa.Table:
    """`t, original, reconstruction, residual` of one channel of one window, `(window_length,)`.

    A long window is thinned to points at which one of the three has its extremes.
    """
    original, reconstruction = finite(original), finite(reconstruction)
    lines = {
        "original": original,
        "reconstruction": reconstruction,
        "residual": reconstruction - original,
    }
    if len(original) > MOST_POINTS:
        kept = np.unique(np.concatenate([thin(line, MOST_POINTS) for line in lines.values()]))
    else:
        kept = np.arange(len(original))
    t = window_time(kept, sampling_rate_hz)
    columns = {"t": t} | {name: line[kept] for name, line in lines.items()}
    return pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})


@lru_cache(maxsize=512)
def overlay_spec(
    channel: str,
    unit: str,
    time: str,
    scale: Range | None = None,
    marked: Range | None = None,
    alone: bool = False,
    known: tuple[Range, ...] = (),
) -> Spec:
    """A channel's original with its reconstruction over it; see `window_table`.

    scale: the ends of the value axis, by the values themselves without it. marked: a stretch of
    time to point out. alone: no panel below shows the time axis. known: stretches with known
    anomalies.
    """
    y_title = labelled("Value", unit)
    x_axis = {} if alone else {"axis": {"labels": False, "title": None, "ticks": False}}
    return {
        "title": chart_title(channel),
        "height": 205,
        "autosize": REFITTED,
        "encoding": {"x": quantity("t", time, scale={"nice": False, "zero": False}, **x_axis)},
        "layer": [
            *_stretches((marked,) if marked else (), palette.NEUTRAL),
            *_stretches(known, palette.ANOMALY),
            value_line("original", palette.ORIGINAL, y_title, 2.5, scale),
            value_line("reconstruction", palette.RECONSTRUCTION, y_title, 1.5, scale),
            _pointer(time),
        ],
    }


@lru_cache(maxsize=256)
def residual_spec(
    unit: str,
    time: str,
    scale: Range | None = None,
    marked: Range | None = None,
    known: tuple[Range, ...] = (),
) -> Spec:
    """What the reconstruction is off by, on the time axis of the panel above."""
    y_title = labelled("Residual", unit)
    y = quantity("residual", y_title, axis=panel_axis(), scale=_ends(scale) if scale else {})
    area = {"type": "area", "opacity": 0.25, "color": palette.RESIDUAL, "clip": True}
    line = {"type": "line", "strokeWidth": 1.2, "color": palette.RESIDUAL, "clip": True}
    return {
        "height": 150,
        "autosize": REFITTED,
        "encoding": {"x": quantity("t", time, scale={"nice": False, "zero": False})},
        "layer": [
            *_stretches((marked,) if marked else (), palette.NEUTRAL),
            *_stretches(known, palette.ANOMALY),
            {"mark": area, "encoding": {"y": y, "y2": {"datum": 0}}},
            {"mark": line, "encoding": {"y": y}},
            _pointer(time),
        ],
    }


def panel_axis() -> Spec:
    extent = {"minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH}
    return extent | {"tickCount": 4, "labelExpr": NUMBER_LABELS, "titleFontSize": 11}


def _ends(scale: Range) -> Spec:
    return {"domain": list(scale), "nice": False, "zero": False, "padding": 3}


def value_line(
    field: str, colour: str, y_title: str, width: float, scale: Range | None = None
) -> Spec:
    ends = _ends(scale) if scale else {"zero": False}
    return {
        "mark": {"type": "line", "strokeWidth": width, "color": colour, "clip": True},
        "encoding": {"y": quantity(field, y_title, scale=ends, axis=panel_axis())},
    }


def _stretches(ranges: Sequence[Range], colour: str) -> list[Spec]:
    """A layer that shades stretches of the time axis, in its unit; none without any."""
    if not ranges:
        return []
    starts, stops = (str([float(end) for end in ends]) for ends in zip(*ranges, strict=True))
    return [
        {
            "transform": [
                *one_row(),
                {"calculate": starts, "as": "start"},
                {"calculate": stops, "as": "stop"},
                {"flatten": ["start", "stop"]},
            ],
            # With an edge, so that a single time step is seen too.
            "mark": {"type": "rect", "color": colour, "opacity": 0.35, "stroke": colour},
            "encoding": {"x": {"field": "start"}, "x2": {"field": "stop"}},
        }
    ]


def _pointer(time: str) -> Spec:
    """A rule under the pointer with all three values."""
    return pointer_rule(
        [
            quantity("t", time, format=NUMBER),
            quantity("original", "Original", format=NUMBER),
            quantity("reconstruction", "Reconstruction", format=NUMBER),
            quantity("residual", "Residual", format=NUMBER),
        ]
    )
