"""Error curves of one run, with lines of what is possible: the floor, PCA, the best constant.

A line that lies far from the curves would press them into a strip. A stub of it is drawn at the
edge of the chart instead, with an arrow and its value. So would epochs whose error is huge, as a
first one may be: a linear axis leaves them out, and a note at its upper edge tells of them.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from core.charts.curves import CURVE_HEIGHT, ValueAxis, drawable, thinned
from core.charts.run_words import (
    SERIES,
    TITLES,
    is_thin,
    labelled,
    line_dash,
    line_key,
    series_colour,
    short_name,
)
from core.charts.vega_spec import (
    NUMBER,
    NUMBER_LABELS,
    REFITTED,
    Spec,
    chart_title,
    epoch_axis,
    quantity,
)
from core.number_text import count_text, number_text
from core.results import PARTS, PartErrors, unit_of

REACH = 2.0  # times the curves' own height: so far from them a line stays where it is
LEAST_HEIGHT = 0.05  # of the curves, of their greatest value: flat curves are no strip
STUB = 0.12  # of the chart's width, of a line at an edge
EDGE = 0.105  # of the chart's height, for each line at an edge: room for its note
# Times the median of the curves: an epoch above it leaves nothing else to be seen on a linear axis,
# which then reaches so many times the median.
HUGE, REACH_OF_MEDIAN = 1000.0, 10.0
# By so much do the lines of both parts differ to be drawn both: of the greater one, and of the
# greatest line there is, since two lines that lie on each other tell no more than one.
NOTABLE, VISIBLE = 0.05, 0.01

_COLUMNS = pa.schema(
    {
        "epoch": pa.float64(),
        "value": pa.float64(),
        "series": pa.string(),
        "level": pa.float64(),
        "note": pa.string(),
    }
)
_LINEAR = ValueAxis()
Lines = Mapping[str, PartErrors]  # kind of line -> its errors


def levels_of(lines: Lines, measure: str) -> dict[str, float]:
    """The levels to draw, by the keys of `run_words.line_key`: validation, then training."""
    levels = {}
    known = [errors[part][measure] for errors in lines.values() for part in PARTS]
    greatest = max((level for level in known if math.isfinite(level)), default=0.0)
    for kind, errors in lines.items():
        validation, train = errors["validation"][measure], errors["train"][measure]
        notable = max(NOTABLE * max(train, validation), VISIBLE * greatest)
        if math.isfinite(validation):
            levels[line_key(kind, "validation")] = validation
        if math.isfinite(train) and not abs(train - validation) <= notable:
            levels[line_key(kind, "train")] = train
    return levels


def error_curve_table(
    history: Sequence[Mapping[str, float]],
    measure: str,
    epochs: int,
    levels: Mapping[str, float] | None = None,
    unit: str = "",
    log: bool = False,
) -> pa.Table:
    """`epoch, value, series, level, note` of a run's history, with lines at the levels.

    A line far off is a stub at another `value` than its `level`, with a note that says so. Of the
    epochs that a linear axis leaves out, only such a note is there, at the `level` of the greatest.
    """
    names = dict(zip(PARTS, (measure, f"val_{measure}"), strict=True))
    rows = thinned(history, *names.values())
    curves = {
        part: np.array([row.get(column, math.nan) for row in rows], float)
        for part, column in names.items()
    }
    top = math.inf if log else _top(np.concatenate(list(curves.values())))
    columns: dict[str, list] = {name: [] for name in _COLUMNS.names}
    for part, values in curves.items():
        kept = np.flatnonzero(drawable(values, log) & (values <= top))
        columns["epoch"] += [float(rows[place].get("epoch", math.nan)) for place in kept]
        columns["value"] += values[kept].tolist()
        columns["series"] += [SERIES[part]] * len(kept)
    columns["level"] += columns["value"]
    columns["note"] += [""] * len(columns["value"])
    left_out = {
        part: [row[column] for row in history if top < row.get(column, math.nan) < math.inf]
        for part, column in names.items()
    }
    levels = dict(levels or {}) | {part: max(them) for part, them in left_out.items() if them}
    places = _places(levels, np.array(columns["value"]), log)
    for key, (place, arrow) in places.items():
        what = _epochs_text(key, left_out[key]) if key in PARTS else short_name(key)
        note = f"{arrow} {what} {number_text(levels[key], unit)}" if arrow else ""
        # A note above all stands at the right, where curves are low; one below at the left.
        at_left, at_right = (note, "") if arrow == "↓" else ("", note)
        ends = [1.0, float(max(2, epochs))]
        stub = STUB * (ends[1] - ends[0])  # a whole line would be read off the axis
        if arrow == "↓":
            ends[1] = ends[0] + stub
        elif arrow:
            ends[0] = ends[1] - stub
        columns["epoch"] += ends
        columns["value"] += [place, place]
        columns["series"] += [SERIES[key]] * 2
        columns["level"] += [levels[key]] * 2
        columns["note"] += [at_left, at_right]
    return pa.table(columns, _COLUMNS)


def _epochs_text(part: str, errors: Sequence[float]) -> str:
    """What is said before the greatest of the errors that an axis leaves out."""
    return f"{SERIES[part]}, {count_text(len(errors), 'epoch')} up to"


def _top(values: np.ndarray) -> float:
    """How far a linear axis reaches for these values, of both curves: infinite for all of them."""
    values = values[np.isfinite(values)]
    if not len(values):
        return math.inf
    median = float(np.quantile(values, 0.5, method="lower"))  # no mean of a huge and a usual one
    is_huge = values.max() > HUGE * median > 0
    return REACH_OF_MEDIAN * median if is_huge else math.inf


def _places(
    levels: Mapping[str, float], values: np.ndarray, log: bool
) -> dict[str, tuple[float, str]]:
    """Where each level is drawn, and an arrow for one that lies beyond."""

    def scaled(value: float) -> float:
        return value if not log else math.log(value) if value > 0 else -math.inf

    def unscaled(value: float) -> float:
        return math.exp(value) if log else value

    if not len(values):
        return {key: (level, "") for key, level in levels.items() if level > 0 or not log}
    low, high = scaled(float(values.min())), scaled(float(values.max()))
    flat = math.log1p(LEAST_HEIGHT) if log else LEAST_HEIGHT * abs(high)
    reach = REACH * max(high - low, flat, 1e-300)
    near = {
        key: level for key, level in levels.items() if low - reach <= scaled(level) <= high + reach
    }
    low, high = min([low, *map(scaled, near.values())]), max([high, *map(scaled, near.values())])
    far = sorted((scaled(level), key) for key, level in levels.items() if key not in near)
    step = EDGE / (1 - EDGE * len(far)) * max(high - low, flat, 1e-300)
    places = {key: (level, "") for key, level in near.items()}
    above = [key for level, key in far if level > high]
    below = [key for level, key in reversed(far) if level < low]
    places |= {key: (unscaled(high + n * step), "↑") for n, key in enumerate(above, 1)}
    places |= {key: (unscaled(low - n * step), "↓") for n, key in enumerate(below, 1)}
    return places


@lru_cache(maxsize=256)
def error_curve_spec(
    measure: str,
    unit: str,
    epochs: int,
    levels: tuple[str, ...] = (),
    values: ValueAxis = _LINEAR,
) -> Spec:
    """Curves of `loss`, `mae` or `mse` over so many epochs; see `error_curve_table`.

    levels: the keys of the lines in the table.
    """
    keys = [*PARTS, *levels]
    shown_unit = "normalized" if measure == "loss" else unit_of(measure, unit)
    y_title = labelled(TITLES[measure], shown_unit)
    y = quantity("value", y_title, scale=values.scale())
    y["axis"] = values.axis() | {"tickCount": 5, "titlePadding": 6, "labelExpr": NUMBER_LABELS}
    return {
        "title": chart_title(f"{TITLES[measure]} by epoch"),
        "height": CURVE_HEIGHT,
        "autosize": REFITTED,
        "encoding": {
            "x": epoch_axis(epochs),
            "y": y,
            "color": {
                "field": "series",
                "type": "nominal",
                "scale": {
                    "domain": [SERIES[key] for key in keys],
                    "range": [series_colour(key) for key in keys],
                },
                "legend": None,
            },
        },
        "layer": [
            *_line_layers(levels, y_title),
            *(_notes(arrow, align) for arrow, align in (("↓", "left"), ("↑", "right"))),
            _curve_layer(epochs, y_title),
        ],
    }


def _curve_layer(epochs: int, y_title: str) -> Spec:
    return {
        "transform": [
            {"filter": {"field": "series", "oneOf": [SERIES[part] for part in PARTS]}},
            {"filter": "datum.value == datum.level"},
        ],
        "mark": {
            "type": "line",
            "strokeWidth": 2,
            "point": {"size": 26 if epochs <= 60 else 4, "filled": True},
        },
        "encoding": {
            "tooltip": [
                quantity("epoch", "Epoch"),
                {"field": "series", "type": "nominal", "title": "Part"},
                quantity("value", y_title, format=NUMBER),
            ]
        },
    }


def _line_layers(levels: tuple[str, ...], y_title: str) -> list[Spec]:
    if not levels:
        return []
    is_line = {"filter": {"field": "series", "oneOf": [SERIES[key] for key in levels]}}
    thin = {"field": "series", "oneOf": [SERIES[key] for key in levels if is_thin(key)]}
    return [
        {
            "transform": [is_line],
            "mark": {"type": "line"},
            "encoding": {
                "strokeDash": {
                    "condition": [
                        {
                            "test": {"field": "series", "equal": SERIES[key]},
                            "value": list(line_dash(key)),
                        }
                        for key in levels
                    ],
                    "value": [1, 0],
                },
                "strokeWidth": {"condition": {"test": thin, "value": 1.2}, "value": 2},
                "tooltip": [
                    {"field": "series", "type": "nominal", "title": "Line"},
                    quantity("level", y_title, format=NUMBER),
                ],
            },
        },
    ]


def _notes(arrow: str, align: str) -> Spec:
    """The notes at one edge, in the gap between a line there and the curves."""
    return {
        "transform": [{"filter": f"indexof(datum.note, '{arrow}') == 0"}],
        "mark": {
            "type": "text",
            "align": align,
            "dx": 2 if align == "left" else -2,
            "dy": -7 if arrow == "↓" else 8,
            "fontSize": 10,
        },
        "encoding": {"text": {"field": "note", "type": "nominal"}},
    }
