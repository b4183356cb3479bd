"""Question 5: the other activations, in a line each."""

import streamlit as st

from core.charts import explain as charts
from core.output_range import ACTIVATIONS
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson
from core.views.explain.words import floor_table, floor_text, scaling_text, source

LINES = {
    "tanh": "a sigmoid stretched to −1 and 1, with the same flat ends: for targets around 0 with "
    "two known ends.",
    "hard_sigmoid": "straight pieces in place of the sigmoid's curve: it does say 0 and 1, but "
    "beyond them its slope is exactly 0.",
    "softplus": "a smooth ReLU: every positive value, never 0 itself, and nowhere quite flat.",
    "exponential": "for positive values over many powers of ten; a small error of its input is a "
    "large one of its value.",
    "relu6": "a ReLU that stops at 6.",
    "leaky_relu": "any value, with less slope below 0: no limit, but for real values no gain over "
    "linear.",
    "elu": "linear above 0, bending to −1 below it.",
}


def others(taught: Lesson) -> None:
    heading("others")
    st.markdown(
        f"The floors are those with your normalization, {scaling_text(taught.scaling)}. "
        f"{matched(taught)}"
    )
    _reach(taught)
    rows = [
        (f"**{ACTIVATIONS[name].title}**: {text}", taught.cell(name))
        for name, text in LINES.items()
    ]
    floor_table(taught, "Output", rows)
    source("Keras documentation, *Layer activation functions*.")


def matched(taught: Lesson) -> str:
    """Tanh with the normalization that is made for it."""
    cell = taught.cell("tanh", "minmax_symmetric")
    text = f"**{floor_text(taught, cell)}**"
    if taught.scaling.method == "minmax_symmetric":
        return f"It is made for tanh: {text}."
    return f"The one that is made for tanh is min-max to −1…1, with {text}."


def _reach(taught: Lesson) -> None:
    cell = taught.cell("linear")
    targets = {
        name: (float(floor.target_low.min()), float(floor.target_high.max()))
        for name, floor in (("training", cell.train), ("validation", cell.validation))
    }
    st.vega_lite_chart(
        charts.reach_table(targets),
        charts.reach_spec(),
        key="explain-reach",
        width="stretch",
        alt="The range of every output activation over the range of your normalized targets",
    )
    st.caption(
        "Shaded: where your training targets lie, over all channels. Dashed: the ends of "
        "validation. Filled end: it is said. Hollow end: it is approached. Arrow: it goes on."
    )
