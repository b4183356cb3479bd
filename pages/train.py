"""Set up the model and its training, start it, and watch it."""

import streamlit as st

from core import session
from core.config import flatten
from core.views.architecture import architecture
from core.views.model_form import model_form
from core.views.run_commands import last_started
from core.views.run_in_view import run_in_view
from core.views.run_queue import queue_alone
from core.views.run_resumption import resumable_runs
from core.views.start_bar import start_bar, start_if_clicked
from core.views.training_form import training_form


def page() -> None:
    start_if_clicked()
    st.title("Train")
    run_id = st.query_params.get("run")
    if not run_id and (run_id := last_started()) and not session.is_link_open():
        st.query_params["run"] = run_id  # to be in view when it has ended, too
    if run_id:
        run_in_view(run_id)
    else:
        queue_alone()
    resumable_runs(run_id)
    start_bar()
    if session.is_link_open():
        say_what_a_link_filled_in()
    elif note := session.load_note():
        st.caption(f":material/build: {session.literal(note, 600)}")
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Model")
        model_form()
    with right.container(border=True, height="stretch"):
        st.subheader("Training")
        training_form()
    if (model := session.part("model")) is not None:
        with st.container(border=True):
            architecture(model)


def say_what_a_link_filled_in() -> None:
    known = flatten(session.draft())
    del known["data.sha256"]  # the signal's name says more
    opened = [session.setting_text(key, known[key]) for key in st.query_params if key in known]
    st.caption("Filled from the link: " + session.literal("; ".join(opened) or "defaults", 600))


session.open_page()
page()
