"""Targets scaled by hand: the floor moves with the factor, the offset and the activation."""

from collections.abc import Collection

import numpy as np
import streamlit as st

from core import session
from core.affine_floors import AffineFloor, AffineFloors
from core.charts import explain as charts
from core.config import OutputActivation, choices
from core.number_text import number_text, share_text
from core.output_range import ACTIVATIONS, Activation
from core.views.explain.lesson import ROUNDING, Lesson

SCALINGS = {  # what a button says: factor and offset
    "0…1": (1.0, 0.0),
    "−1…1": (2.0, -1.0),
    "0.1…0.9": (0.8, 0.1),
    "0…4": (4.0, 0.0),
}
PARTS = {"train": "training", "validation": "validation"}
POINTS = 79  # of the curve: one at each 0.05 of the factor
_FACTOR, _OFFSET, _ACTIVATION = "explain-factor", "explain-offset", "explain-activation"


@st.fragment
def trial(taught: Lesson) -> None:
    """The controls, what they come to in words and numbers, and the two charts."""
    with st.container(border=True):
        st.markdown(
            "**Try it.** Scale your training values to 0…1, then multiply by a factor and add an "
            "offset. That is what most normalizations do."
        )
        activation, factor, offset = _controls()
        known = session.affine_floors(taught.config)
        floors = {part: known.floor(part, activation, factor, offset) for part in PARTS}
        st.markdown(sentence(known, activation, factor, offset))
        with st.grid(2, min_column_width=130):
            for part, floor in floors.items():
                st.metric(
                    f"Floor, {PARTS[part]}",
                    session.measured(_floor(float(floor.mae), taught), taught.recording.unit),
                    border=True,
                    help="The least possible mean absolute error, in original units.",
                )
        _charts(taught, known, activation, factor, offset)


def _controls() -> tuple[str, float, float]:
    state = st.session_state
    for key, first in ((_FACTOR, 1.0), (_OFFSET, 0.0)):
        state.setdefault(key, first)
    with st.grid(3, min_column_width=220):
        activation = st.selectbox(
            "Output activation to try",
            choices(OutputActivation),
            format_func=lambda name: f"{ACTIVATIONS[name].title}   {ACTIVATIONS[name].range_text}",
            key=_ACTIVATION,
            persist_state="session",
        )
        factor = st.slider(
            "Factor", *charts.FACTORS, step=0.05, key=_FACTOR, persist_state="session"
        )
        offset = st.slider("Offset", -2.0, 2.0, step=0.05, key=_OFFSET, persist_state="session")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Scale to", width="content")
        for name, (times, plus) in SCALINGS.items():
            st.button(name, key=f"explain-scale-{name}", on_click=_set, args=(times, plus))
    return activation, factor, offset


def _set(factor: float, offset: float) -> None:
    st.session_state[_FACTOR], st.session_state[_OFFSET] = factor, offset


def _floor(mae: float, taught: Lesson) -> float:
    return mae if mae > ROUNDING * taught.deviation else 0.0


def sentence(known: AffineFloors, activation: str, factor: float, offset: float) -> str:
    """Where the targets lie now, against what the activation says."""
    output = ACTIVATIONS[activation]
    spans = {part: [factor * end + offset for end in known.extremes(part)] for part in PARTS}
    text = ", ".join(
        f"{PARTS[part]} from {number_text(low)} to {number_text(high)}"
        for part, (low, high) in spans.items()
    )
    said = f"Your targets now: {text}. {output.title} says {output.range_text}"
    floors = {part: known.floor(part, activation, factor, offset) for part in PARTS}
    shares = {part: float(f.below_share + f.above_share) for part, f in floors.items()}
    ends = _unreached(output, floors.values())
    if not any(shares.values()):
        return f"{said}: all of them{f' but {ends}, which it only comes near to' if ends else ''}."
    train, validation = (share_text(share) for share in shares.values())
    near = f", and it only comes near to those on {ends}" if ends else ""
    return f"{said}: {train} of training and {validation} of validation are out of its reach{near}."


def _unreached(output: Activation, floors: Collection[AffineFloor]) -> str:
    """The open ends that some target lies on: `0 and 1`."""
    at_low, at_high = (
        any(getattr(floor, name) > 0 for floor in floors)
        for name in ("at_low_share", "at_high_share")
    )
    ends = [output.low] if output.low_open and at_low else []
    if output.high_open and at_high:
        ends.append(output.high)
    return " and ".join(map(number_text, ends))


def _charts(
    taught: Lesson, known: AffineFloors, activation: str, factor: float, offset: float
) -> None:
    factors = np.linspace(*charts.FACTORS, POINTS)
    curves = {PARTS[part]: known.floor(part, activation, factors, offset).mae for part in PARTS}
    with st.grid(2, min_column_width=320):
        st.vega_lite_chart(
            charts.targets_table(*known.histogram(), activation, factor, offset),
            charts.targets_spec(),
            key="explain-trial",
            width="stretch",
            alt="Your scaled targets against what the output can say",
        )
        st.vega_lite_chart(
            charts.factor_table(factors, curves, factor, 0.1 * taught.deviation),
            charts.factor_spec(taught.recording.unit),
            key="explain-factor-curve",
            width="stretch",
            alt="The error floor by factor, in training and in validation",
        )
    scaled = "all channels together" if taught.scaling.scope == "global" else "each channel"
    seen = "" if known.is_whole else " Of your many values, evenly spaced ones are looked at."
    st.caption(f"0 and 1 are the least and the greatest training value of {scaled}.{seen}")
