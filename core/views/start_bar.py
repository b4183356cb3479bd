"""What will be trained, in words, and the button that starts it."""

import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.number_text import number_text
from core.output_range import ACTIVATIONS
from core.signals.recording import DataError
from core.views.copy_button import copy_button
from core.views.run_commands import running_twin, start
from core.views.run_state import default_name
from core.views.stored import unit_and_floor


def start_bar() -> None:
    """The experiment in hand, its name, and its start."""
    config = session.experiment()
    with st.container(border=True):
        _data_line()
        _range_line()
        hindrance = _hindrance(config)
        twin = running_twin(config) if config else None
        with st.container(horizontal=True, vertical_alignment="bottom"):
            session.bound(
                st.text_input,
                "Name of the run",
                "name",
                placeholder=default_name(config) if config else "",
                width=320,
            )
            st.button(
                "Start training",
                key="start",
                type="primary",
                icon=":material/play_arrow:",
                disabled=bool(hindrance or twin),
                on_click=start,
                args=(config,),
            )
            if config is not None:
                setup = session.link("train", config.to_query())
                copy_button(setup, "Copy link to this setup", "copy-setup")
        if hindrance:
            st.error(session.literal(hindrance, 500), icon=":material/block:")
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
            is_alike = scaling.method in ("none", "log1p")  # for every channel
            per = "" if is_alike else f", {session.SCOPES[scaling.scope]}"
            title = ACTIVATIONS[activation].title if activation in ACTIVATIONS else activation
            st.markdown(
                f"**Normalization** {session.METHODS[scaling.method].lower()}{per} · "
                f"**Output** {title}"
            )
        st.page_link(session.page("output"), label="Change", icon=":material/tune:")


def _hindrance(config: ExperimentConfig | None) -> str:
    """Why it cannot start; if it can, how many windows there are and what they can come to."""
    if config is None:
        faults = session.problems()
        return "Mend first: " + "; ".join(f"{field}: {text}" for field, text in faults.items())
    try:
        parts = session.split(config)
    except DataError as error:
        return str(error)
    unit, floor = unit_and_floor(config)
    text = f"{len(parts.train):,} windows to train, {len(parts.validation):,} to validate."
    if floor:
        mae = floor["validation"]["mae"]
        text += f" Error floor on validation: MAE {number_text(mae, unit)}."
    st.caption(text)
    return ""
