"""What will be trained, in words, and the button that starts it."""

import math
import time

import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.number_text import count_text
from core.output_range import ACTIVATIONS
from core.signals.recording import DataError
from core.views.copy_button import copy_button
from core.views.run_commands import running_twin, start
from core.views.stored import unit_and_floor
from core.windows import check_batch

CLICK_SECONDS = 10.0  # so long a click counts that another request cut short

_CLICKED = "start_clicked"  # when, by the clock


def start_if_clicked() -> None:
    """Start what the form says by now, if the button was clicked. To be called before drawing.

    A click and an edit can come in one request. Streamlit calls back its widgets as they were
    drawn, so that the button's own callback would not know of the fields below it.
    """
    if time.monotonic() - st.session_state.get(_CLICKED, -math.inf) > CLICK_SECONDS:
        return
    config = session.experiment()
    can_start = config is not None and not _hindrance(config)
    if can_start:
        start(config)
    st.session_state[_CLICKED] = -math.inf  # now: what cut this short takes up the click
    if can_start:
        st.rerun()


def start_bar() -> None:
    """The experiment in hand, its name, and its start."""
    config = session.experiment()
    with st.container(border=True):
        _data_line()
        _range_line()
        hindrance = _hindrance(config)
        if config and not hindrance:
            _prospect(config)
            session.runner().expect(config.model_copy(update={"name": ""}).model_dump(mode="json"))
        twin = running_twin(config) if config else None
        with st.container(horizontal=True, vertical_alignment="bottom"):
            session.bound(
                st.text_input,
                "Name of the run",
                "name",
                placeholder=config.default_name() if config else "",
                width=320,
            )
            st.button(
                "Start training",
                key="start",
                type="primary",
                icon=":material/play_arrow:",
                disabled=bool(hindrance or twin),
                on_click=lambda: st.session_state.update({_CLICKED: time.monotonic()}),
            )
            if config is not None:
                setup = session.link("train", config.to_query())
                copy_button(setup, "Copy link to this setup", "copy-setup")
        if hindrance:
            said = session.literal(session.field_words(hindrance), 500)
            st.error(said, icon=":material/block:")
        elif twin:
            st.caption("This very setup is in work. Change something to start another run.")
        session.show_kept_fault()


def _data_line() -> None:
    data, windows = session.part("data"), session.part("windows")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if data and windows:
            st.markdown(
                f"**Data** {session.literal(data.name)}, windows of {windows.window_length:,} "
                f"time steps, stride {windows.stride:,}"
            )
        st.page_link(session.page("data"), label="Change", icon=":material/show_chart:")


def _range_line() -> None:
    scaling, activation = session.part("normalization"), session.value("model.output_activation")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if scaling:
            title = ACTIVATIONS[activation].title if activation in ACTIVATIONS else activation
            text = session.normalization_text(scaling)
            st.markdown(f"**Normalization** {text} · **Output** {title}")
        st.page_link(session.page("output"), label="Change", icon=":material/tune:")


def _hindrance(config: ExperimentConfig | None) -> str:
    """Why it cannot start; empty if it can."""
    if config is None:
        faults = session.problems()
        return "Mend first — " + "; ".join(session.fault_text(*fault) for fault in faults.items())
    if session.store_problem():
        return "Nothing can be started at the moment, for the reason at the top of the page."
    try:
        check_batch(config.training.batch_size, session.split(config).train)
        session.check_setup(config)
    except DataError as error:
        return str(error)
    return ""


def _prospect(config: ExperimentConfig) -> None:
    """How many windows there are, and what the errors can come to."""
    parts = session.split(config)
    unit, floor = unit_and_floor(config)
    train = count_text(len(parts.train), "window")
    text = f"{train} to train, {len(parts.validation):,} to validate."
    if floor:
        mae = floor["validation"]["mae"]
        text += f" Error floor on validation: MAE {session.measured(mae, unit)}."
    st.caption(text)
