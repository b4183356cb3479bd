"""Question 4: when a sigmoid is right, and its flat ends."""

import math

import streamlit as st

from core.number_text import agreeing, share_text
from core.output_range import ACTIVATIONS
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson
from core.views.explain.targets import kind_of
from core.views.explain.words import floor_text, mae_text, methods_table, outside, source


def sigmoid(taught: Lesson) -> None:
    heading("sigmoid")
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"{yes_or_no(taught)}\n\n{in_range(taught)}\n\n{saturation(taught)}")
    with right:
        methods_table(taught, "sigmoid", ("none", "minmax", "minmax_symmetric", "standard"))
    source(
        "Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 6.2.2, Output Units: "
        "sigmoid units and cross-entropy. LeCun, Bottou, Orr and Müller, *Efficient BackProp* "
        "(1998): targets on the ends of a sigmoid, and saturation."
    )


def yes_or_no(taught: Lesson) -> str:
    text = (
        "**For a yes or a no.** A sigmoid's value can be read as a probability. With the loss that "
        "belongs to it, binary cross-entropy, a confident error still has a slope: the logarithm "
        "undoes the sigmoid's flat ends. This lab measures errors of signals (MAE, MSE, Huber, "
        "log-cosh), and these do not undo them. "
    )
    if kind_of(taught) == "two":
        return text + (
            "Your channels hold just two values. With cross-entropy a sigmoid would be the natural "
            "choice; with the losses here it comes to both only in saturation."
        )
    two = taught.two_valued
    if two.any():
        count = int(two.sum())
        holds = agreeing(count, "holds", "hold")
        return text + f"{count} of your {len(two)} channels {holds} just two values."
    return text + "No channel of yours holds just two values, so this is not your case."


def in_range(taught: Lesson) -> str:
    """What min-max to 0…1 leaves, in both parts."""
    cell = taught.cell("sigmoid", "minmax")
    train, validation = (taught.mae(cell, part) for part in ("train", "validation"))
    text = "**For values within 0…1.** Min-max to 0…1 brings your training values there: "
    if train > 0:
        return text + f"{floor_text(taught, cell)}, for what clipping cuts off."
    if taught.scaling.scope == "window":
        return f"{text}{floor_text(taught, cell)}, as each window is scaled by its own two ends."
    if validation == 0:
        lies = "no validation value lies beyond what was seen. New data may."
        return f"{text}floor 0 on training, and 0 on validation too, where {lies}"
    return (
        f"{text}floor 0 on training, but **{mae_text(taught, cell, 'validation')} on validation**, "
        f"where {share_text(outside(cell, 'validation'))} of the values lie beyond the range of "
        "training. A sigmoid cannot follow them."
    )


def saturation(taught: Lesson) -> str:
    """The price of the ends, and how many targets lie on them."""
    cell = taught.cell("sigmoid", "minmax")
    on_ends = float(cell.train.at_open_end_share.mean())
    if taught.clips:  # what is clipped is moved onto the ends
        on_ends += outside(cell, "train")
    (near, far), (slope, less) = zip(*map(_to_say, (0.99, 0.999)), strict=True)
    return (
        f"**Its flat ends.** To say 0.99, a sigmoid needs the input {near:.1f}, where its slope is "
        f"{slope} of its steepest; to say 0.999, {far:.1f} and {less}; to say 1, an infinite one. "
        f"Little slope means little learning. After min-max to 0…1, {share_text(on_ends)} of your "
        "training targets are exactly 0 or 1. Scaled to 0.1…0.9 instead, they keep clear of both "
        "ends: try it under question 6."
    )


def _to_say(value: float) -> tuple[float, str]:
    """The input at which a sigmoid says a value, and its slope there, relative."""
    where = math.log(value / (1 - value))
    slope = ACTIVATIONS["sigmoid"].derivative
    return where, share_text(float(slope(where) / slope(0.0)))
