"""Match the output activation and the normalization to the data, before any training."""

import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.signals.recording import DataError
from core.views.output_fit import activation_picture, channel_floors, floor_metrics, verdict_box
from core.views.output_form import output_form


def name_faults() -> None:
    """Which fields keep the draft from being an experiment."""
    st.info(
        "A field of the experiment has a fault: "
        + ", ".join(session.literal(field) for field in session.problems()),
        icon=":material/edit:",
    )


def show_fit(config: ExperimentConfig, left, right) -> None:
    """What the pair of the experiment comes to, beside the form and below it."""
    try:
        recording = session.recording(config.data)
        train, validation = session.floors(config)
    except DataError as error:
        with right:
            session.show_fault(error)
            st.page_link(session.page("data"), label="To the data", icon=":material/show_chart:")
        return
    with left:
        floor_metrics(train, validation, recording.unit)
    with right:
        verdict_box(config, train, validation)
        activation_picture(config, recording)
    channel_floors(recording, train, validation)


session.open_page()
st.title("Output")
st.markdown(
    "An output activation limits the values a model can produce. "
    "Choose a pair that reaches your data, before spending time on training."
)
left, right = st.columns([2, 5], gap="large")
with left:
    output_form()
config = session.experiment()
if config is not None:
    show_fit(config, left, right)
else:
    with right:
        name_faults()
