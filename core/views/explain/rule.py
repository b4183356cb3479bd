"""Question 6: linear as the default, the rule behind it, and the table that shows both."""

import streamlit as st

from core import session
from core.output_range import ACTIVATIONS
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson
from core.views.explain.trial import trial
from core.views.explain.words import (
    floor_table,
    floor_text,
    method_text,
    outcome,
    source,
)

PAIRS = (
    ("linear", "standard"),
    ("linear", "none"),
    ("sigmoid", "none"),
    ("sigmoid", "minmax"),
    ("tanh", "minmax_symmetric"),
    ("relu", "none"),
    ("relu", "minmax"),
    ("relu", "standard"),
    ("softplus", "none"),
)


def rule(taught: Lesson) -> None:
    heading("rule")
    for text, column in zip((_default(taught), _why()), st.columns(2, gap="large"), strict=True):
        with column:
            st.markdown(text)
    floor_table(taught, "Pair, and what it comes to on your data", _rows(taught))
    st.page_link(
        session.page("output"),
        label="**Output**: every pair, with its verdict",
        icon=session.PAGES["output"][1],
    )
    source(
        "Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 6.2.2, Output Units: "
        "linear units do not saturate. LeCun, Bottou, Orr and Müller, *Efficient BackProp* "
        "(1998): normalized inputs, which here are the targets too."
    )
    trial(taught)


def _default(taught: Lesson) -> str:
    cell = taught.cell("linear", "standard")
    text = (
        "**Linear** is the default for real values. It says any of them, it has the same slope "
        "everywhere, and nothing has to be known beforehand about the range, that of new data "
        "included. With standard normalization the values lie around 0 and are of about unit "
        "size, which suits training. "
    )
    if taught.is_free(cell):
        return text + "On your data: **floor 0**, on training and on validation."
    return text + f"On your data: **{floor_text(taught, cell)}**, which is what clipping cuts off."


def _why() -> str:
    return (
        "**Why the range decides.** The output activation is the last thing that is done to a "
        "value. Weights and training work before it, so nothing that is learned moves its ends. "
        "What lies beyond them counts in full as error, in every epoch. A narrower range is a "
        "gain only where it is known to be true: then it keeps a model from saying what "
        "cannot be."
    )


def _rows(taught: Lesson) -> list:
    """The pairs that the page speaks of, and the experiment's own."""
    own = (taught.config.model.output_activation, taught.scaling.method)
    rows = []
    for activation, method in dict.fromkeys([own, *PAIRS]):
        cell = taught.cell(activation, method)
        pair = f"{ACTIVATIONS[activation].title}, {method_text(method)}"
        if (activation, method) == own:
            pair = f"**{pair}** (yours)"
        rows.append((f"{pair}: {outcome(taught, cell)}", cell))
    return rows
