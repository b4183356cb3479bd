"""Match the output activation and the normalization to the data, before any training."""

import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.matrix import recommended
from core.signals.recording import DataError
from core.views.clipping import clipping
from core.views.matrix import matrix
from core.views.output_fit import (
    activation_picture,
    cells_of,
    channel_floors,
    floor_metrics,
    floors_of,
    verdict_box,
)
from core.views.output_form import output_form, use_button


def name_faults() -> None:
    """Which fields keep the draft from being an experiment."""
    st.info(session.faulty_fields(session.problems()), icon=":material/edit:")


def show_fit(config: ExperimentConfig, beside) -> None:
    """What the pair of the experiment comes to: beside the form in short, then below it."""
    try:
        recording = session.recording(config.data)
        train, validation = floors_of(config)
    except DataError as error:
        with beside:
            session.show_fault(error)
            st.page_link(session.page("data"), label="To the data", icon=":material/show_chart:")
        return
    with beside:
        kind = verdict_box(config, train, validation)
        remedy = st.container()
        floor_metrics(train, validation, recording.unit)
    cells = cells_of(config)
    best = recommended(cells)
    with remedy:
        is_offered = kind != "compatible" and use_button(config, best.cell, "use-remedy")
    matrix(config, cells, best, offer=not is_offered)
    clipping(config, train, validation)
    activation_picture(config, recording)
    channel_floors(config, train, validation)


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
    show_fit(config, right)
else:
    with right:
        name_faults()
