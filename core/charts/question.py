"""The public question that began this software: its published losses beside those of runs here."""

from functools import lru_cache

import pyarrow as pa
from pyarrow import csv

from core.charts.palette import CHANNELS, FLOOR, FLOOR_DASH, NEUTRAL
from core.charts.vega_spec import Spec, finished, one_row, quantity
from core.output_range import ACTIVATIONS

QUESTION = "Can ReLU be used at the last layer of a neural network?"
PUBLISHED = {  # loss (MAE) after each epoch, and the first and last MSE, as posted
    "sigmoid": {"loss": (12.36, 12.34, 12.34, 12.34), "mse": (2089, 2089)},
    "relu": {"loss": (9.82, 8.19, 7.35, 6.61), "mse": (1266, 621)},
}
PUBLISHED_FLOOR = 12.34  # of a sigmoid, as MAE
LOSS_COLUMNS = ("loss (MAE)", "1", "2", "3", "4", "MSE")  # of `loss_rows`: 1 to 4 are epochs
_POINTS = pa.schema(
    {"activation": pa.string(), "by": pa.string(), "epoch": pa.int64(), "loss": pa.float64()}
)
_COLORS = {"sigmoid": CHANNELS[3], "relu": CHANNELS[2]}

History = list[dict[str, float]]  # a row an epoch, as a run writes it


def loss_rows(ours: dict[str, History]) -> list[list[str]]:
    """Losses by epoch, published and ours, and the first and the last mean squared error."""
    rows = []
    for activation, log in PUBLISHED.items():
        title, history = ACTIVATIONS[activation].title, ours.get(activation, [])[:4]
        published = [f"{loss:.2f}" for loss in log["loss"]]
        rows.append([f"{title}, published", *published, _span([f"{mse}" for mse in log["mse"]])])
        here = [f"{row.get('mae', row['loss']):.2f}" for row in history]
        squared = [f"{row['mse']:.0f}" for row in history if "mse" in row]
        rows.append([f"{title}, here", *here, *["–"] * (4 - len(here)), _span(squared)])
    return rows


def _span(texts: list[str]) -> str:
    """The first and the last, or the one where they are equal."""
    return " → ".join(dict.fromkeys([texts[0], texts[-1]])) if texts else "–"


def loss_points(ours: dict[str, History]) -> pa.Table:
    """The published losses, and ours for the epochs that are there, by activation.

    By way of text: to make a table of anything else pyarrow imports pandas, for which nobody who
    opens the first page should wait.
    """
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
    lines = [f"{ACTIVATIONS[name].title},{by},{epoch},{loss}" for name, by, epoch, loss in rows]
    return csv.read_csv(
        pa.BufferReader("\n".join(lines).encode()),
        read_options=csv.ReadOptions(column_names=_POINTS.names),
        convert_options=csv.ConvertOptions(column_types=_POINTS),
    )


@lru_cache(maxsize=1)
def question_spec() -> Spec:
    """The published loss curves dashed, ours solid, over the floor of the sigmoid."""
    curves = {
        "x": quantity(
            "epoch",
            "epoch",
            scale={"domain": [0.8, 4.2], "nice": False},
            axis={"values": [1, 2, 3, 4], "format": "d", "grid": False},
        ),
        "y": quantity(
            "loss",
            "loss (MAE, intensities)",
            scale={"domain": [0, 14], "nice": False},
            axis={"values": [0, 4, 8, 12]},
        ),
        "color": {
            "field": "activation",
            "type": "nominal",
            "title": "output",
            "scale": {
                "domain": [ACTIVATIONS[name].title for name in _COLORS],
                "range": list(_COLORS.values()),
            },
            "legend": None,
        },
    }
    chart = {
        "title": {
            "text": "Loss in training",
            "subtitle": "Dashed: published. Solid: run here.",
            "subtitleColor": NEUTRAL,
            "subtitlePadding": 4,
            "limit": 400,  # or the width that the chart is drawn with at first cuts it
        },
        "height": 185,
        "layer": [*_floor(), _lines(curves), _points(curves), _names(curves)],
    }
    return finished(chart)


def _floor() -> list[Spec]:
    """The rule and its text, each drawn once and not for each row."""
    level = {"field": "floor", "type": "quantitative"}
    rule = {"type": "rule", "color": FLOOR, "strokeDash": list(FLOOR_DASH), "strokeWidth": 1.5}
    text = {
        "type": "text",
        "align": "right",
        "dx": -2,
        "dy": -9,
        "color": FLOOR,
        "fontSize": 12,
        "text": f"error floor of a sigmoid: {PUBLISHED_FLOOR}",
    }
    row = one_row(floor=PUBLISHED_FLOOR)
    at_the_end = {"y": level, "x": {"value": "width"}}
    return [
        {"transform": row, "mark": rule, "encoding": {"y": level}},
        {"transform": row, "mark": text, "encoding": at_the_end},
    ]


def _lines(curves: Spec) -> Spec:
    dash = {
        "field": "by",
        "type": "nominal",
        "scale": {"domain": ["published", "run here"], "range": [[4, 4], [1, 0]]},
        "legend": None,
    }
    return {
        "mark": {"type": "line", "strokeWidth": 2.2},
        "encoding": curves | {"strokeDash": dash},
    }


def _points(curves: Spec) -> Spec:
    tooltip = [
        {"field": "activation", "type": "nominal", "title": "output"},
        {"field": "by", "type": "nominal", "title": "curve"},
        quantity("epoch", "epoch"),
        quantity("loss", "loss (MAE)", format=".2f"),
    ]
    return {
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": curves | {"tooltip": tooltip},
    }


def _names(curves: Spec) -> Spec:
    """The name of an output beside the first point of its published curve."""
    mark = {"type": "text", "align": "left", "dx": -4, "dy": -11}
    return {
        "transform": [{"filter": "datum.by == 'published' && datum.epoch == 1"}],
        "mark": mark | {"fontSize": 13, "fontWeight": "bold"},
        "encoding": curves | {"text": {"field": "activation", "type": "nominal"}},
    }
