"""The settings of the training."""

import streamlit as st

from core import session
from core.backends import TITLES, check_backend, installed
from core.config import Loss, Optimizer, Precision, Schedule, choices
from core.meters import visible_gpus
from core.processor import precision_warning
from core.signals.recording import DataError
from core.windows import check_batch

SCHEDULES = {
    "constant": "constant",
    "step": "falls in steps",
    "plateau": "falls on a plateau",
}


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
        _batch_fault()
        session.bound(
            st.toggle,
            "Keep the best",
            "training.keep_best",
            help="End with the weights of the least validation loss, not of the last epoch.",
        )
        session.bound(
            st.selectbox,
            "Learning rate over time",
            "training.schedule",
            options=choices(Schedule),
            format_func=SCHEDULES.get,
        )
        session.bound(
            st.selectbox,
            "Precision",
            "training.precision",
            options=choices(Precision),
            help="What convolutions compute in while training. bfloat16 is faster on processors "
            "and GPUs made for it, and rounds each value to 2 or 3 digits, which can raise the "
            "error. Weights, errors and the saved model are float32 either way.",
        )
        _slow_precision()
    with right:
        session.bound(st.selectbox, "Optimizer", "training.optimizer", options=choices(Optimizer))
        session.bound(
            st.number_input,
            "Epochs",
            "training.epochs",
            max_value=session.limit("max_epochs"),
            step=1,
        )
        session.bound(
            st.number_input,
            "Patience",
            "training.patience",
            step=1,
            help="Stop after so many epochs without a lower validation loss; 0: never.",
        )
        session.bound(
            st.number_input,
            "Seed",
            "training.seed",
            step=1,
            help="The same seed and setup give the same run on the CPU of one machine; elsewhere "
            "the last digits may differ.",
        )
        _backend()
        if session.value("training.schedule") != "constant":
            _decay()


def _backend() -> None:
    """The choice, where there is one, or where a link or a run brings another."""
    there, wanted = installed(), session.value("training.backend")
    if there == (wanted,):
        return
    session.bound(
        st.selectbox,
        "Back end",
        "training.backend",
        options=there,
        format_func=lambda name: TITLES.get(name, name),
        help="What Keras computes with. The same seed draws other weights on each.",
    )
    try:
        check_backend(wanted)
    except DataError as error:
        st.caption(f":red[{session.literal(str(error), 300)}]")


def _batch_fault() -> None:
    """Say so where a batch is larger than all there is to train on, with a way out."""
    try:
        parts = session.draft_split()
    except DataError:  # the page Data says it
        return
    training = session.part("training")
    if parts is None or training is None:
        return
    try:
        check_batch(training.batch_size, parts.train)
    except DataError as error:
        most = len(parts.train)
        st.caption(f":red[{session.literal(session.field_words(str(error)), 300)}]")
        changes = {"training.batch_size": most}
        st.button(f"Use {most:,}", key="fit-batch", on_click=session.change, args=(changes,))


def _slow_precision() -> None:
    warning = precision_warning(session.value("training.precision"), bool(visible_gpus()))
    if not warning:
        return
    st.caption(warning)
    changes = {"training.precision": "float32"}
    st.button("Use float32", key="use-float32", on_click=session.change, args=(changes,))


def _decay() -> None:
    """When the learning rate falls, and how far."""
    session.bound(
        st.number_input,
        "… after so many epochs",
        "training.decay_epochs",
        step=1,
        help="Of the training (in steps), or without a lower validation loss (on a plateau).",
    )
    session.bound(
        st.number_input,
        "… to this share of it",
        "training.decay_factor",
        format="%g",
        step=0.1,
    )
