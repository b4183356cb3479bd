"""Question 2: sigmoid and ReLU drawn over the targets."""

import streamlit as st

from core import session
from core.matrix import with_pair
from core.number_text import share_text
from core.output_range import ACTIVATIONS
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson
from core.views.explain.words import after, floor_text, source

PAIR = {
    "sigmoid": "squeezes any input into (0, 1). It comes as close to 0 and 1 as you like and "
    "never says either.",
    "relu": "says 0 to every negative input and gives back every other one as it is: 0 and all "
    "above, without an end.",
}


def drawn(taught: Lesson) -> None:
    heading("drawn")
    st.markdown(
        "The line is what the activation says to each input. The bars on the same upright axis "
        "are the values it is asked for: your normalized targets, of all channels. A bar beside "
        "no part of the line cannot be produced, whatever the weights."
    )
    for activation, column in zip(PAIR, st.columns(2, gap="large"), strict=True):
        with column:
            output = ACTIVATIONS[activation]
            frame, spec = session.activation_picture(
                with_pair(taught.config, taught.scaling, activation)
            )
            st.vega_lite_chart(
                frame,
                spec,
                key=f"explain-{activation}",
                width="stretch",
                alt=f"{output.title} over the histogram of your normalized values",
            )
            st.markdown(f"**{output.title}** {PAIR[activation]} {place(taught, activation)}")
    source("Keras documentation, *Layer activation functions*: the definitions used here.")


def place(taught: Lesson, activation: str) -> str:
    """Where the training targets lie against the range, with the floor."""
    cell = taught.cell(activation)
    below, above = (
        float(share.mean()) for share in (cell.train.below_share, cell.train.above_share)
    )
    sides = [(below, "below"), (above, "above")]
    lies = [(share_text(share), side) for share, side in sides if share > 0]
    is_within = not cell.train.exceeds(ACTIVATIONS[activation])
    found = _lie([] if is_within else lies)
    at_end = float(cell.train.at_open_end_share.mean())
    if at_end > 0:
        found += f", {share_text(at_end)} exactly on an end it never reaches"
    if taught.clips and lies:
        cut = share_text(below + above)
        found += f", once clipping has cut off {cut}" if is_within else ", or are clipped"
    return f"{after(taught)} {found}: **{floor_text(taught, cell)}**."


def _lie(sides: list[tuple[str, str]]) -> str:
    if not sides:
        return "all of your training targets lie within that"
    (share, side), *rest = sides
    more = "".join(f" and {other} {where} it" for other, where in rest)
    return f"{share} of your training targets lie {side} that{more}"
