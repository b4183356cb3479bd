"""The choice of an output activation and a normalization."""

import streamlit as st

from core import session
from core.config import (
    ExperimentConfig,
    NormalizationConfig,
    NormalizationMethod,
    NormalizationScope,
    OutputActivation,
    choices,
)
from core.matrix import Cell
from core.output_range import ACTIVATIONS
from core.session import METHODS, SCOPES, bound

CLIPS = {
    "none": "no clipping",
    0.0: "to the range of the training part",
    0.1: "at the 0.1 and 99.9 % points",
    1.0: "at the 1 and 99 % points",
}


def output_form() -> None:
    bound(
        st.selectbox,
        "Output activation",
        "model.output_activation",
        options=choices(OutputActivation),
        format_func=lambda name: f"{ACTIVATIONS[name].title}   {ACTIVATIONS[name].range_text}",
        help="The last function of the model. It limits the values a reconstruction can have.",
    )
    method = bound(
        st.selectbox,
        "Normalization",
        "normalization.method",
        options=choices(NormalizationMethod),
        format_func=METHODS.get,
        help="Done to the values before the model sees them and undone after it. It is fitted to "
        "the training part alone or, per window, to each window by itself.",
    )
    clip = session.value("normalization.clip_percentile")
    scope = bound(
        st.selectbox,
        "Fitted",
        "normalization.scope",
        options=choices(NormalizationScope),
        format_func=SCOPES.get,
        disabled=method in ("none", "log1p") and clip is None,
        then=lambda chosen: {"normalization.clip_percentile": None} if chosen == "window" else {},
        help="Per channel: each channel gets its own offset and scale. Per window: each window "
        "too, so that a model sees only its shape.",
    )
    bound(
        st.selectbox,
        "Clipping",
        "normalization.clip_percentile",
        options=list(dict.fromkeys([*CLIPS, "none" if clip is None else clip])),
        to_widget=lambda stored: "none" if stored is None else stored,
        from_widget=lambda shown: None if shown == "none" else shown,
        format_func=lambda p: CLIPS[p] if p in CLIPS else f"at {p:g} and {100 - p:g} %",
        disabled=scope == "window",
        help="Values beyond these points of the training part are cut off, in original units. "
        "It tames outliers, and what is cut counts as error.",
    )


def choose(cell: Cell) -> None:
    """Give the experiment the pair of a cell of the matrix."""
    scaling = cell.normalization
    session.change(
        {
            "normalization.method": scaling.method,
            "normalization.scope": scaling.scope,
            "normalization.clip_percentile": scaling.clip_percentile,
            "model.output_activation": cell.activation,
        }
    )


def pair_text(normalization: NormalizationConfig, activation: str) -> str:
    """`ReLU without normalization`, `Linear with standard (z-score), per channel`"""
    title = ACTIVATIONS[activation].title
    if normalization.method == "none":
        return f"{title} without normalization"
    return f"{title} with {session.normalization_text(normalization)}"


def use_button(config: ExperimentConfig, cell: Cell, key: str) -> bool:
    """One click to a cell's pair; nothing, and False, where the experiment has it already."""
    if (config.normalization, config.model.output_activation) == (
        cell.normalization,
        cell.activation,
    ):
        return False
    st.button(
        f"Use {pair_text(cell.normalization, cell.activation)}",
        key=key,
        icon=":material/check:",
        on_click=choose,
        args=(cell,),
    )
    return True
