"""Question 3: ReLU, negative values, and its risk."""

import streamlit as st

from core.number_text import share_text
from core.output_range import ACTIVATIONS
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson, negative_share
from core.views.explain.words import (
    after,
    floor_text,
    mae_text,
    methods_table,
    source,
)


def relu(taught: Lesson) -> None:
    heading("relu")
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"{cut(taught)}\n\n{standard(taught)}\n\n{fine(taught)}")
    with right:
        methods_table(taught, "relu", ("none", "minmax", "maxabs", "standard"))
    st.markdown(_risk())
    source(
        "Glorot, Bordes and Bengio, *Deep Sparse Rectifier Neural Networks* (2011), describe this "
        "for autoencoders whose reconstruction layer is a rectifier, and compare ways around it, "
        "softplus among them."
    )


def cut(taught: Lesson) -> str:
    """What ReLU does to the targets of the experiment."""
    cell = taught.cell("relu")
    share = negative_share(cell.train)
    if share > 0:
        least = mae_text(taught, cell, "train")
        return (
            f"{after(taught)} **{share_text(share)} of your training targets are negative**. ReLU "
            "answers 0 to each of them, so the part of the signal below 0 is cut off. No training "
            f"gets below **{least}** on the training part."
        )
    text = f"{after(taught)} **none of your training targets is negative**"
    if taught.is_free(cell):
        return (
            f"{text}, so ReLU can say them all: floor 0. So it is in the public question, whose "
            "intensities begin at 0."
        )
    why = ", which is what clipping cuts off" if taught.clips else ""
    return f"{text}. What is left is {floor_text(taught, cell)}{why}."


def standard(taught: Lesson) -> str:
    """Why the common normalization and ReLU do not go together."""
    cell = taught.cell("relu", "standard")
    share = negative_share(cell.train)
    if share == 0:
        return (
            "Standard normalization moves a mean to 0, so that whatever varies has values below "
            "it. Here nothing varies enough for that."
        )
    why = "moves a mean to 0, and whatever varies lies below its mean in places"
    if taught.scaling.method == "standard":
        return f"This is no accident: standard normalization {why}."
    return (
        f"Beware of standard normalization here: it {why}. It would make {share_text(share)} of "
        f"your targets negative: {floor_text(taught, cell)}."
    )


def fine(taught: Lesson) -> str:
    """When ReLU is no obstacle to these values."""
    if not taught.has_negative:
        cell = taught.cell("relu", "maxabs")
        return (
            "ReLU is fine while the targets are never negative. Yours never are, as long as the "
            "normalization leaves 0 where it is: none at all, the largest magnitude or the log. "
            f"After division by the largest magnitude: {floor_text(taught, cell)}."
        )
    cell = taught.cell("relu", "minmax")
    return (
        "ReLU is fine while the targets are never negative. Some of your values are, so all would "
        "have to be moved: min-max to 0…1 puts the least training value at 0, with "
        f"{floor_text(taught, cell)}."
    )


def _risk() -> str:
    slope = float(ACTIVATIONS["relu"].derivative(-1.0))
    return (
        f"**Its risk: dead outputs.** Where its input is negative, the slope of ReLU is {slope:g}, "
        "and an error there moves no weight. An output channel whose input is negative at every "
        "time step of every window says 0 throughout; its own error cannot bring it back, though "
        "the floor may be 0. Whether that happens depends on the initial weights and on the steps "
        "taken, not on the range. The lab looks for it in its runs."
    )
