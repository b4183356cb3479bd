"""One channel of one window in original units, and the values that an output can reach of it."""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from core.charts import palette
from core.charts.run_words import labelled, window_time
from core.charts.thinning import thin
from core.charts.vega_spec import NUMBER, NUMBER_LABELS, REFITTED, Spec, chart_title, quantity
from core.clipped_windows import beyond
from core.output_range import Reach

MOST_POINTS = 1200  # of a line, picked so that its extremes stay
NEAR = 0.5  # of the values' range: an end so near is drawn though nothing lies beyond it
FAR = 3.0  # of the values' range: one farther off is not drawn though all lies beyond it
_PAD = 0.08  # of the values' range, above and below the line
_AXIS_WIDTH = 56  # the same for charts beside and above each other


def clipping_table(values: np.ndarray, reach: Reach, sampling_rate_hz: float | None) -> pa.Table:
    """What `clipping_spec` draws of one channel of one window, `(window_length,)`.

    reach: what can be reached, numbers in original units; infinite where there is no end.
    Rows of kind "point" have `t`, `v` and the nearest value that can be said, `said`; `above` and
    `below` are the stretches out of reach, each with the point where the line leaves the band;
    `real` is False for a point that was added there. Rows of the other kinds have an end in `v`:
    "low" and "high" of the band within the chart, "end" where that is one of the reach, and "room"
    for what the chart has to show.
    """
    values, (low, high, *_) = np.asarray(values, dtype=np.float64), reach
    kept = thin(values, MOST_POINTS)
    t = window_time(kept.astype(np.float64), sampling_rate_hz)
    t, v, is_real = _with_crossings(t, values[kept], low, high)
    under, over = (distance > 0 for distance in beyond(v, reach))
    ends = _ends(values, low, high)
    points, nothing = len(t), np.full(len(ends), np.nan)
    columns = {
        "t": t,
        "v": v,
        "said": np.clip(v, low, high),
        "above": np.where(_with_edges(over, v, high), v, np.nan),
        "below": np.where(_with_edges(under, v, low), v, np.nan),
    }
    columns = {name: np.concatenate([column, nothing]) for name, column in columns.items()}
    columns["v"][points:] = [end for _, end in ends]
    return pa.table(
        {"kind": ["point"] * points + [kind for kind, _ in ends]}
        | {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
        | {"real": [*is_real.tolist(), *([False] * len(ends))]}
    )


def ends_near(values: np.ndarray, low: float, high: float) -> bool:
    """Whether an end lies within or near the range of values `(time_steps,)`."""
    bottom, top = float(np.min(values)), float(np.max(values))
    room = NEAR * ((top - bottom) or 1.0)
    return any(_is_within(end, bottom, top, room) for end in (low, high))


def _is_within(end: float, bottom: float, top: float, room: float) -> bool:
    return bottom - room <= end <= top + room


def _with_crossings(
    t: np.ndarray, v: np.ndarray, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points with those added at which the line crosses an end; and which are time steps."""
    times, values = [t], [v]
    for end in (low, high):
        if np.isfinite(end):
            away = v - end
            at = np.flatnonzero(away[:-1] * away[1:] < 0)
            share = away[at] / (away[at] - away[at + 1])
            times.append(t[at] + share * (t[at + 1] - t[at]))
            values.append(np.full(len(at), end))
    is_real = np.arange(sum(map(len, times))) < len(t)
    t, v = np.concatenate(times), np.concatenate(values)
    order = np.argsort(t, kind="stable")
    return t[order], v[order], is_real[order]


def _with_edges(outside: np.ndarray, v: np.ndarray, end: float) -> np.ndarray:
    """Points out of reach, and those on the end just before and after them."""
    beside = np.zeros_like(outside)
    beside[:-1] |= outside[1:]
    beside[1:] |= outside[:-1]
    return outside | (beside & (v == end))


def _ends(values: np.ndarray, low: float, high: float) -> list[tuple[str, float]]:
    """The band within the chart, and its ends where they are within or near the values."""
    bottom, top = float(values.min()), float(values.max())
    height = (top - bottom) or max(1.0, abs(top))
    cut = [end for end, is_cut in ((low, bottom < low), (high, top > high)) if is_cut]
    near = [
        end
        for end in (low, high)
        if _is_within(end, bottom, top, (FAR if end in cut else NEAR) * height)
    ]
    pad = _PAD * height
    least, greatest = min([bottom, *near]) - pad, max([top, *near]) + pad
    band = np.clip([low, high], least, greatest)
    rows = [("low", float(band[0])), ("high", float(band[1]))]
    return rows + [("end", end) for end in near] + [("room", least), ("room", greatest)]


@lru_cache(maxsize=512)
def clipping_spec(channel: str, unit: str, time: str) -> Spec:
    """A channel's window over the band that can be reached; see `clipping_table`."""
    y = quantity(
        "v",
        labelled("Value", unit),
        scale={"zero": False, "nice": False},
        axis={
            "minExtent": _AXIS_WIDTH,
            "maxExtent": _AXIS_WIDTH,
            "tickCount": 4,
            "labelExpr": NUMBER_LABELS,
        },
    )
    x = quantity("t", time, scale={"nice": False, "zero": False})
    return {
        "title": chart_title(channel),
        "height": 230,
        "autosize": REFITTED,
        "layer": [
            {"mark": {"type": "point", "opacity": 0, "tooltip": None}} | _of("room", y=y),
            _reachable(y),
            _end(y),
            _cut("above", x, y),
            _cut("below", x, y),
            _line("v", palette.ORIGINAL, 1.3, x, y),
            _line("above", palette.FLOOR, 2.2, x, y),
            _line("below", palette.FLOOR, 2.2, x, y),
            _pointer(time, x),
        ],
    }


def _of(kind: str, **encoding: Spec) -> Spec:
    return {"transform": [{"filter": f"datum.kind == '{kind}'"}], "encoding": encoding}


def _reachable(y: Spec) -> Spec:
    """The band, over the chart's whole width."""
    return {
        "transform": [
            {"filter": "datum.kind == 'low' || datum.kind == 'high'"},
            {
                "aggregate": [
                    {"op": "min", "field": "v", "as": "from"},
                    {"op": "max", "field": "v", "as": "to"},
                ]
            },
        ],
        "mark": {"type": "rect", "color": palette.ORIGINAL, "opacity": 0.1, "tooltip": None},
        "encoding": {"y": y | {"field": "from"}, "y2": {"field": "to"}},
    }


def _end(y: Spec) -> Spec:
    mark = {
        "type": "rule",
        "color": palette.FLOOR,
        "strokeDash": list(palette.FLOOR_DASH),
        "strokeWidth": 1.5,
        "tooltip": None,
    }
    return {"mark": mark} | _of("end", y=y)


def _cut(field: str, x: Spec, y: Spec) -> Spec:
    """What lies between the line and the nearest value that can be said."""
    mark = {"type": "area", "color": palette.FLOOR, "opacity": 0.25, "tooltip": None}
    return {"mark": mark} | _of("point", x=x, y=y | {"field": field}, y2={"field": "said"})


def _line(field: str, colour: str, width: float, x: Spec, y: Spec) -> Spec:
    mark = {"type": "line", "color": colour, "strokeWidth": width, "tooltip": None}
    return {"mark": mark | {"strokeJoin": "round"}} | _of("point", x=x, y=y | {"field": field})


def _pointer(time: str, x: Spec) -> Spec:
    """A rule under the pointer with the value and the nearest one that can be said."""
    drawn = _of(
        "point",
        x=x,
        opacity={"condition": {"param": "hover", "empty": False, "value": 0.5}, "value": 0},
        tooltip=[
            quantity("t", time, format=NUMBER),
            quantity("v", "Value", format=NUMBER),
            quantity("said", "Nearest that can be said", format=NUMBER),
        ],
    )
    drawn["transform"].append({"filter": "datum.real"})
    hover = {"type": "point", "on": "pointermove", "clear": "pointerout", "nearest": True}
    return drawn | {
        "params": [{"name": "hover", "select": hover | {"encodings": ["x"]}}],
        "mark": {"type": "rule", "strokeWidth": 1, "color": palette.NEUTRAL},
    }
