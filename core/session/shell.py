"""The shell: navigation around every page, also when a page's own address is opened first."""

import base64
import math
from contextlib import suppress
from functools import cache
from typing import Any

import streamlit as st

from core.number_text import count_text
from core.output_range import ACTIVATIONS
from core.session import retention, visitor
from core.session.drafts import part
from core.session.last_setup import keep_setup, offer_last_setup
from core.session.leaving import let_go_of_the_gone
from core.session.links import show_link
from core.session.machine import a_page_is_out, runner, store
from core.session.notice import visit_notice
from core.session.once import once
from core.session.pages import APP_TITLE, PAGES, page
from core.session.store_notice import show_store_notice
from core.session.words import literal, normalization_text
from core.upload_folder import remove_left

_SHELL = "shell_active"
_IN_WORK_SECONDS = 10.0  # a sidebar that is drawn takes some milliseconds


def run_shell() -> None:
    """Run the page the address names, inside the navigation. Called by app.py alone."""
    current = _navigate()
    st.set_page_config(page_title=f"{current.title} · {APP_TITLE}")
    warm_up()
    visitor.hold_links()
    show_link()
    show_store_notice()
    st.session_state[_SHELL] = True
    try:
        current.run()
        if not st.context.is_embedded:
            keep_setup()
            _draw_sidebar()
    finally:
        st.session_state[_SHELL] = False
        a_page_is_out()


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
        offer_last_setup()
        if _in_work():
            st.fragment(_show_in_work, run_every=_IN_WORK_SECONDS)()
        if (settings := visitor.public()) is not None:
            visit_notice(settings)


def _show_in_work() -> None:
    """Drawn by the clock: a run may end while a page stays as it is."""
    if text := _in_work():
        st.caption(f":material/progress_activity: {text}")


def _in_work() -> str:
    """How many runs wait or train; those of other visitors are counted, and no more."""
    active = [run for run in store().listing(max_age_seconds=0.5) if run.is_active]
    mine = sum(map(visitor.is_mine, active))
    others = len(active) - mine
    said = [f"{count_text(mine, 'run')} in work"] if mine else []
    said += [f"{others:,} of other visitors"] if others else []
    return ", ".join(said)


@cache
def _icon() -> str:
    """A sine on a rounded square, as the data URL of an SVG."""
    sine = [f"{x},{32 - 17 * math.sin((x - 6) * 2 * math.pi / 52):.1f}" for x in range(6, 59, 2)]
    icon = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        '<rect width="64" height="64" rx="12" fill="#24639f"/>'
        f'<polyline points="{" ".join(sine)}" fill="none" stroke="#fff" stroke-width="9"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(icon.encode()).decode()}"


@once
def warm_up() -> None:
    """Once per process: begin what goes on behind the pages."""
    runner()
    with suppress(OSError):  # a runs folder that cannot be written, as every page says
        remove_left(store().root)
    if visitor.public() is not None:
        retention.sweeper()
    let_go_of_the_gone()
