"""The settings of the model."""

import streamlit as st

from core import session
from core.config import HiddenActivation, choices


def model_form() -> None:
    left, right = st.columns(2)
    with left:
        session.bound(
            st.text_input,
            "Filters",
            "model.filters",
            to_widget=_listed,
            help="Channels of the convolutions before the latent one, such as 64, 32.",
        )
        _faults_below("model.filters")
        session.bound(
            st.number_input,
            "Pooling steps",
            "model.pooling_steps",
            step=1,
            help="How often the length is halved on the way to the latent layer.",
        )
        session.bound(
            st.number_input,
            "Dropout",
            "model.dropout",
            step=0.05,
            format="%g",
            help="The share of values set to zero between layers while training.",
        )
    with right:
        session.bound(
            st.number_input, "Kernel size", "model.kernel_size", step=1, help="In time steps."
        )
        session.bound(
            st.number_input,
            "Latent channels",
            "model.latent_channels",
            step=1,
            help="Fewer of them, or more pooling, make a tighter bottleneck.",
        )
        session.bound(
            st.selectbox,
            "Hidden activation",
            "model.hidden_activation",
            options=choices(HiddenActivation),
            help="Of every layer but the last, whose activation is chosen on the page Output.",
        )


def _listed(stored: object) -> str:
    return stored if isinstance(stored, str) else ", ".join(map(str, stored))


def _faults_below(path: str) -> None:
    """Faults of the parts of a field: `model.filters.0`."""
    for field, text in session.problems().items():
        if field.startswith(f"{path}."):
            st.caption(f":red[{session.literal(text, 200)}]")
