"""The public question that began this software: its published losses beside those of runs here."""

from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts.altair_spec import finished, spec_of
from core.charts.palette import CHANNELS, FLOOR, FLOOR_DASH, NEUTRAL
from core.output_range import ACTIVATIONS

QUESTION = "Can ReLU be used at the last layer of a neural network?"
PUBLISHED = {  # loss (MAE) after each epoch, and the first and last MSE, as posted
    "sigmoid": {"loss": (12.36, 12.34, 12.34, 12.34), "mse": (2089, 2089)},
    "relu": {"loss": (9.82, 8.19, 7.35, 6.61), "mse": (1266, 621)},
}
PUBLISHED_FLOOR = 12.34  # of a sigmoid, as MAE
_COLORS = {"sigmoid": CHANNELS[3], "relu": CHANNELS[2]}

History = list[dict[str, float]]  # a row an epoch, as a run writes it


def loss_table(ours: dict[str, History]) -> pd.DataFrame:
    """Losses by epoch, published and ours, and the first and the last mean squared error."""
    rows = []
    for activation, log in PUBLISHED.items():
        title, history = ACTIVATIONS[activation].title, ours.get(activation, [])[:4]
        published = [f"{loss:.2f}" for loss in log["loss"]]
        rows.append([f"{title}, published", *published, _span([f"{mse}" for mse in log["mse"]])])
        here = [f"{row.get('mae', row['loss']):.2f}" for row in history]
        squared = [f"{row['mse']:.0f}" for row in history if "mse" in row]
        rows.append([f"{title}, here", *here, *["–"] * (4 - len(here)), _span(squared)])
    return pd.DataFrame(rows, columns=["loss (MAE)", "1", "2", "3", "4", "MSE"])


def _span(texts: list[str]) -> str:
    """The first and the last, or the one where they are equal."""
    return " → ".join(dict.fromkeys([texts[0], texts[-1]])) if texts else "–"


def question_frame(ours: dict[str, History]) -> pd.DataFrame:
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
    titles = [ACTIVATIONS[name].title for name in _COLORS]
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
        scale=alt.Scale(domain=titles, range=list(_COLORS.values())),
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
        .encode(x=x, y=y, color=color, text=alt.Text("activation:N"))
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
        text=f"error floor of a sigmoid: {PUBLISHED_FLOOR}",
    ).encode(y=level, x=alt.XValue("width"))
    chart = alt.layer(floor, text, lines, points, names, data=alt.NamedData("losses")).properties(
        height=185,
        title=alt.TitleParams(
            "Loss in training",
            subtitle="Dashed: published. Solid: run here.",
            subtitleColor=NEUTRAL,
            subtitlePadding=4,
            limit=400,  # or the width that the chart is drawn with at first cuts it
        ),
    )
    return finished(spec_of(chart))
