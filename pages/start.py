"""What this is, and the question that began it, answered by an experiment run here."""

import streamlit as st

from core import session
from core.charts.question import PUBLISHED_FLOOR, QUESTION
from core.views.question import question_experiment

FIRST_STEPS = {
    "data": "upload a recording, or generate one",
    "output": "see which output reaches your values",
    "train": "train a model and watch its error",
}


def question_and_answer() -> None:
    st.markdown(
        f"**A public question.** *{QUESTION}* Somebody "
        "trains a convolutional autoencoder on windows of 200 time steps × 4 channels, intensities "
        "from 0 to 255. With a **sigmoid** output the loss stands still; with **ReLU** it falls."
    )
    st.markdown(
        "**The answer.** Yes. An output activation limits the values a model can produce. A "
        "sigmoid says at most 1, so against intensities up to 255 it can do no better than MAE "
        f"{PUBLISHED_FLOOR}, whatever it learns. ReLU reaches every intensity. A sigmoid "
        "comes near them once the data are scaled to 0…1, though never to 0 itself, which most "
        "values are here: **match the range of the output to the data.**"
    )


def first_steps() -> None:
    st.markdown("**With your own signals**")
    for stem, text in FIRST_STEPS.items():
        title, icon, _ = session.PAGES[stem]
        st.page_link(session.page(stem), label=f"**{title}**: {text}", icon=icon)


session.open_page()
st.title(session.APP_TITLE)
st.markdown(
    "Find out which **output activation** and which **normalization** let an autoencoder "
    "reproduce *your* signals, why, and how far a trained one is from the best it could do."
)
left, right = st.columns([5, 6], gap="large")
with left:
    question_and_answer()
    first_steps()
with right:
    question_experiment()
