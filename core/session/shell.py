"""The shell: navigation around every page, also when a page's own address is opened first."""

import base64
import gc
import io
from typing import Any

import numpy as np
import streamlit as st

from core.output_range import ACTIVATIONS
from core.session import retention, visitor
from core.session.drafts import part
from core.session.leaving import let_go_of_the_gone
from core.session.links import show_link
from core.session.machine import runner, store
from core.session.notice import visit_notice
from core.session.pages import APP_TITLE, PAGES, page
from core.session.store_notice import show_store_notice
from core.session.words import literal, normalization_text

_SHELL = "shell_active"


def run_shell() -> None:
    """Run the page the address names, inside the navigation. Called by app.py alone."""
    current = _navigate()
    st.set_page_config(page_title=f"{current.title} · {APP_TITLE}")
    warm_up()
    visitor.hold_link()
    show_link()
    show_store_notice()
    st.session_state[_SHELL] = True
    try:
        current.run()
        if not st.context.is_embedded:
            _draw_sidebar()
    finally:
        st.session_state[_SHELL] = False


def open_page() -> None:
    """First call of every page.

    Streamlit runs a file of `pages/` alone, without app.py, when its address is the first one that
    is opened after a start. Registering the pages and running again brings the whole shell.
    """
    if not st.session_state.get(_SHELL):
        _navigate()
        st.rerun()


def _navigate() -> Any:
    """Register the pages. The icon comes first: the browser would fetch a page's from the web."""
    st.set_page_config(page_icon=_icon(), layout="wide")
    position = "hidden" if st.context.is_embedded else "sidebar"
    return st.navigation([page(stem) for stem in PAGES], position=position)


def _draw_sidebar() -> None:
    """The experiment in hand in a few words, on every page."""
    data, model, scaling = part("data"), part("model"), part("normalization")
    lines = [f"Data: {literal(data.name, 40)}" if data else ":red[Data: has a fault]"]
    if scaling:
        lines.append(f"Normalization: {normalization_text(scaling)}")
    if model:
        lines.append(f"Output: {ACTIVATIONS[model.output_activation].title}")
    with st.sidebar:
        st.caption("**Experiment in hand**  \n" + "  \n".join(lines))
        if text := _in_work():
            st.caption(f":material/progress_activity: {text}")
        if (settings := visitor.public()) is not None:
            visit_notice(settings)


def _in_work() -> str:
    """How many runs wait or train; those of other visitors are counted, and no more."""
    active = [run for run in store().listing(max_age_seconds=0.5) if run.is_active]
    mine = sum(map(visitor.is_mine, active))
    others = len(active) - mine
    said = [f"{mine} run{'s' * (mine > 1)} in work"] if mine else []
    said += [f"{others} of other visitors"] if others else []
    return ", ".join(said)


@st.cache_resource(show_spinner=False)
def _icon() -> str:
    """A sine on a rounded square, as the data URL of a PNG of 64 x 64 pixels."""
    from PIL import Image

    y, x = np.mgrid[0:64, 0:64]
    curve = np.abs(y - 32 + 17 * np.sin((x - 6) * 2 * np.pi / 52)) < 6.5
    corner = np.hypot(
        np.maximum(np.abs(x - 31.5) - 19.5, 0), np.maximum(np.abs(y - 31.5) - 19.5, 0)
    )
    icon = np.zeros((64, 64, 4), np.uint8)
    icon[corner < 12] = (36, 99, 159, 255)
    icon[(corner < 12) & curve & (x > 5) & (x < 58)] = (255, 255, 255, 255)
    png = io.BytesIO()
    Image.fromarray(icon).save(png, "PNG")
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once per process: import what charts need, then keep the collector away from it.

    Walking the objects of pandas and Altair each time took two thirds of a rerun. A server's
    collector is off until here; what little garbage there is then stays. That each part of a chart
    is held against the schema is left to the tests: it took most of the time a chart takes.
    """
    import altair
    import pandas  # noqa: F401
    from altair.utils import schemapi

    altair.data_transformers.disable_max_rows()
    schemapi.disable_debug_mode()
    runner()
    if visitor.public() is not None:
        retention.sweeper()
    let_go_of_the_gone()
    gc.freeze()
    gc.enable()
