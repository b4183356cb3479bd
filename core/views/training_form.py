"""The settings of the training."""

import streamlit as st

from core import session
from core.config import Loss, Optimizer, choices


def training_form() -> None:
    left, right = st.columns(2)
    with left:
        session.bound(
            st.selectbox,
            "Loss",
            "training.loss",
            options=choices(Loss),
            help="Keras minimizes it on the normalized values; the errors shown are in the data's "
            "own units.",
        )
        session.bound(
            st.number_input, "Learning rate", "training.learning_rate", format="%g", step=1e-4
        )
        session.bound(
            st.number_input, "Batch size", "training.batch_size", step=32, help="In windows."
        )
        session.bound(
            st.toggle,
            "Keep the best",
            "training.keep_best",
            help="End with the weights of the least validation loss, not of the last epoch.",
        )
    with right:
        session.bound(st.selectbox, "Optimizer", "training.optimizer", options=choices(Optimizer))
        session.bound(st.number_input, "Epochs", "training.epochs", step=1)
        session.bound(
            st.number_input,
            "Patience",
            "training.patience",
            step=1,
            help="Stop after so many epochs without a lower validation loss; 0: never.",
        )
        session.bound(
            st.number_input, "Seed", "training.seed", step=1, help="The same seed, the same run."
        )
