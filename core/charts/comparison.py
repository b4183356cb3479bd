"""Curves of several runs over each other, in original units or free of scale."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import pandas as pd

from core.charts import palette
from core.charts.curves import ValueAxis, drawable, thinned
from core.charts.run_words import NAMES, SERIES, TITLES, labelled, line_dash, series_colour
from core.charts.vega_spec import NUMBER, NUMBER_LABELS, REFITTED, Spec, chart_title, quantity
from core.results import unit_of

Rows = Sequence[Mapping[str, float]]

_LINEAR = ValueAxis()
_TRAIN_DASH = [5, 4]


def column_of(measure: str, scaled: bool) -> str:
    """The column of a history with the training part's error; validation's begins with `val_`."""
    return f"scaled_{measure}" if scaled else measure


def measure_title(measure: str, unit: str, scaled: bool) -> str:
    """An axis title: `MAE (mV)`, `MSE (mV²)`, `MAE / standard deviation`, `MSE / variance`."""
    if scaled:
        return f"{TITLES[measure]} / {'standard deviation' if measure == 'mae' else 'variance'}"
    return labelled(TITLES[measure], unit_of(measure, unit))


@lru_cache(maxsize=64)
def comparison_spec(
    measure: str,
    unit: str,
    runs: tuple[str, ...],
    epochs: int,
    values: ValueAxis = _LINEAR,
    scaled: bool = False,
    lines: tuple[str, ...] = (),
) -> Spec:
    """Curves of several runs; `runs` are their labels, each used once, in the order of colours.

    lines: which of the baseline's `floor`, `pca` and `constant` are in the frame.
    """
    y_title = measure_title(measure, unit, scaled)
    value = quantity("value", y_title, format=NUMBER)
    y = quantity("value", y_title, scale=values.scale())
    y["axis"] = values.axis() | {"labelExpr": NUMBER_LABELS}
    drawn = {"field": "series", "type": "nominal", "legend": None}
    return {
        "title": chart_title(f"{NAMES[measure]} by epoch", "validation solid, training dashed"),
        "height": 440,
        "autosize": REFITTED,
        "encoding": {
            "x": quantity(
                "epoch",
                "Epoch",
                scale={"domain": [1, max(2, epochs)], "nice": False},
                axis={"format": "d", "tickMinStep": 1},
            ),
            "y": y,
        },
        "layer": [
            {
                "transform": [{"filter": "datum.run != ''"}],
                "mark": {"type": "line", "point": {"size": 22, "filled": True}},
                "encoding": {
                    "color": _run_colour(runs),
                    "strokeDash": drawn
                    | {"scale": {"domain": _parts(), "range": [_TRAIN_DASH, [1, 0]]}},
                    "strokeWidth": {
                        "condition": {"test": "datum.baseline", "value": 4},
                        "value": 1.75,
                    },
                    "opacity": {
                        "condition": {"test": "datum.series == 'training'", "value": 0.6},
                        "value": 1,
                    },
                    "tooltip": [
                        {"field": "run", "type": "nominal", "title": "Run"},
                        {"field": "series", "type": "nominal", "title": "Part"},
                        quantity("epoch", "Epoch"),
                        value,
                    ],
                },
            },
            *(_line(key, value) for key in lines),
        ],
        "resolve": {"scale": {"strokeDash": "independent"}},
    }


def _line(key: str, value: Spec) -> Spec:
    """A level of the baseline, drawn across all epochs."""
    named = {"field": "series", "type": "nominal", "title": "Line of the baseline"}
    mark = {"type": "line", "strokeWidth": 2, "strokeDash": list(line_dash(key))}
    return {
        "transform": [{"filter": f"datum.run == '' && datum.series == '{SERIES[key]}'"}],
        "mark": mark | {"color": series_colour(key)},
        "encoding": {"tooltip": [named, value]},
    }


def _parts() -> list[str]:
    return [SERIES["train"], SERIES["validation"]]


def _run_colour(runs: Sequence[str]) -> Spec:
    return {
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
    }


def comparison_frame(
    histories: Mapping[str, Rows],
    measure: str,
    log: bool = False,
    scaled: bool = False,
    baseline: str = "",
    levels: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """`epoch, value, run, series, baseline` of several histories, by their runs' labels.

    The baseline comes first: drawn thick, it is still seen below a curve that equals it.
    levels: of its lines, drawn over all epochs, without a run.
    """
    columns: dict[str, list] = {"epoch": [], "value": [], "run": [], "series": [], "baseline": []}
    column = column_of(measure, scaled)
    names = {"train": column, "validation": f"val_{column}"}
    last = 2
    for label in sorted(histories, key=lambda label: label != baseline):
        rows = thinned(histories[label], *names.values())
        for key, name in names.items():
            columns["epoch"] += [row.get("epoch", math.nan) for row in rows]
            columns["value"] += [row.get(name, math.nan) for row in rows]
            columns["run"] += [label] * len(rows)
            columns["series"] += [SERIES[key]] * len(rows)
            columns["baseline"] += [label == baseline] * len(rows)
        last = max([last, *(row.get("epoch", 0) for row in rows)])
    for name, level in (levels or {}).items():
        columns["epoch"] += [1, last]
        columns["value"] += [level] * 2
        columns["run"] += [""] * 2
        columns["series"] += [SERIES[name]] * 2
        columns["baseline"] += [False] * 2
    frame = pd.DataFrame(columns)
    return frame[drawable(frame["value"].to_numpy(dtype=float), log)]


def without_scaled(histories: Mapping[str, Rows], measure: str) -> list[str]:
    """Labels of the runs with epochs but without errors free of scale."""
    name = f"val_{column_of(measure, scaled=True)}"
    return [label for label, rows in histories.items() if rows and name not in rows[-1]]
