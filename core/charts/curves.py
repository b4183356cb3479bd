"""Error curves: of one run with its floor and best constant, and of several runs."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.run_words import NAMES, SERIES, TITLES, labelled, series_colour
from core.charts.vega_spec import NUMBER_LABELS, Spec, chart_title, quantity
from core.results import PARTS, unit_of

MOST_EPOCHS = 400  # of a curve
CURVE_HEIGHT = 250  # of the whole chart, with its title, axes and legend


@lru_cache(maxsize=256)
def error_curve_spec(
    measure: str, unit: str, epochs: int, levels: tuple[str, ...] = (), log: bool = False
) -> Spec:
    """Curves of `loss`, `mae` or `mse` over so many epochs; see `error_curve_frame`.

    levels: which of the lines `floor` and `constant` are in the frame.
    """
    keys = [*PARTS, *levels]
    shown_unit = "normalized" if measure == "loss" else unit_of(measure, unit)
    y_title = labelled(TITLES[measure], shown_unit)
    y = quantity("value", y_title, scale={"type": "log"} if log else {"zero": False, "nice": True})
    y["axis"] = {"tickCount": 5, "titlePadding": 6, "labelExpr": NUMBER_LABELS}
    is_reference = "datum.series == 'error floor' || datum.series == 'best constant'"
    value = quantity("value", y_title, format=",.5~g")
    return {
        "title": chart_title(f"{TITLES[measure]} by epoch"),
        "height": CURVE_HEIGHT,
        "encoding": {
            "x": quantity(
                "epoch",
                "Epoch",
                scale={"domain": [1, max(2, epochs)], "nice": False},
                axis={"format": "d", "tickMinStep": 1, "tickCount": min(10, max(1, epochs - 1))},
            ),
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
            {
                "transform": [{"filter": f"!({is_reference})"}],
                "mark": {
                    "type": "line",
                    "strokeWidth": 2,
                    "point": {"size": 26 if epochs <= 60 else 4, "filled": True},
                },
                "encoding": {
                    "tooltip": [
                        quantity("epoch", "Epoch"),
                        {"field": "series", "type": "nominal", "title": "Part"},
                        value,
                    ]
                },
            },
            {
                "transform": [{"filter": is_reference}],
                "mark": {"type": "line", "strokeWidth": 2, "strokeDash": list(palette.FLOOR_DASH)},
                "encoding": {
                    "tooltip": [{"field": "series", "type": "nominal", "title": "Line"}, value]
                },
            },
        ],
    }


def error_curve_frame(
    history: Sequence[Mapping[str, float]],
    measure: str,
    epochs: int,
    floor: float = math.nan,
    constant: float = math.nan,
    log: bool = False,
) -> pd.DataFrame:
    """`epoch, value, series` of a run's history, with the validation's floor and best constant."""
    epoch, series, value = [], [], []
    rows = thinned(history)
    for key, column in (("train", measure), ("validation", f"val_{measure}")):
        epoch += [row.get("epoch", math.nan) for row in rows]
        value += [row.get(column, math.nan) for row in rows]
        series += [SERIES[key]] * len(rows)
    for key, level in (("floor", floor), ("constant", constant)):
        if math.isnan(level):
            continue
        epoch += [1, max(2, epochs)]
        value += [level, level]
        series += [SERIES[key]] * 2
    return _drawable(pd.DataFrame({"epoch": epoch, "value": value, "series": series}), log)


def _drawable(frame: pd.DataFrame, log: bool) -> pd.DataFrame:
    """Without what no axis can show: values that are not finite, and on a log axis not positive."""
    values = frame["value"].to_numpy(dtype=float)
    return frame[np.isfinite(values) & ((values > 0) | (not log))]


def thinned(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """At most about MOST_EPOCHS rows, evenly spaced, the last one among them."""
    if len(rows) <= MOST_EPOCHS:
        return list(rows)
    return [rows[i] for i in np.linspace(0, len(rows) - 1, MOST_EPOCHS).round().astype(int)]


@lru_cache(maxsize=64)
def comparison_spec(
    measure: str, unit: str, runs: tuple[str, ...], epochs: int, log: bool = False
) -> Spec:
    """Curves of several runs over each other; `runs` are their labels, each used once."""
    y_title = labelled(TITLES[measure], unit_of(measure, unit))
    return {
        "title": chart_title(f"{NAMES[measure]} by epoch", "validation solid, training dashed"),
        "height": 440,
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 22, "filled": True}},
        "encoding": {
            "x": quantity(
                "epoch",
                "Epoch",
                scale={"domain": [1, max(2, epochs)], "nice": False},
                axis={"format": "d", "tickMinStep": 1},
            ),
            "y": quantity("value", y_title, scale={"type": "log"} if log else {"zero": False}),
            "color": {
                "field": "run",
                "type": "nominal",
                "scale": {
                    "domain": list(runs),
                    "range": [palette.channel_color(i) for i in range(len(runs))],
                },
                "legend": {
                    "orient": "bottom",
                    "title": None,
                    "columns": 1,
                    "labelLimit": 280,
                    "offset": 4,
                    "symbolType": "stroke",
                },
            },
            "strokeDash": {
                "field": "series",
                "type": "nominal",
                "scale": {"domain": list(SERIES.values())[:2], "range": [[5, 4], [1, 0]]},
                "legend": None,
            },
            "opacity": {
                "condition": {"test": "datum.series == 'training'", "value": 0.6},
                "value": 1,
            },
            "tooltip": [
                {"field": "run", "type": "nominal", "title": "Run"},
                {"field": "series", "type": "nominal", "title": "Part"},
                quantity("epoch", "Epoch"),
                quantity("value", y_title, format=",.5~g"),
            ],
        },
    }


def comparison_frame(
    histories: Mapping[str, Sequence[Mapping[str, float]]], measure: str, log: bool = False
) -> pd.DataFrame:
    """`epoch, value, run, series` of several histories, by their runs' labels."""
    columns: dict[str, list] = {"epoch": [], "value": [], "run": [], "series": []}
    for label, history in histories.items():
        rows = thinned(history)
        for key, column in (("train", measure), ("validation", f"val_{measure}")):
            columns["epoch"] += [row.get("epoch", math.nan) for row in rows]
            columns["value"] += [row.get(column, math.nan) for row in rows]
            columns["run"] += [label] * len(rows)
            columns["series"] += [SERIES[key]] * len(rows)
    return _drawable(pd.DataFrame(columns), log)
