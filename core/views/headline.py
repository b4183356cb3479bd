"""The errors of a run beside what is possible."""

import streamlit as st

from core import session
from core.charts.run_words import TITLES
from core.results import Results, error_sentence, unit_of


def headline(results: Results, measure: str) -> None:
    """The errors beside what is possible, in original units."""
    unit = unit_of(measure, results.unit)
    name = TITLES[measure]
    constant = results.constant["validation"][measure]
    error = results.errors["validation"][measure]
    with st.grid(4, min_column_width=150):
        st.metric(
            f"{name}, validation",
            session.measured(error, unit),
            help="Over all windows that no weight was trained on, in the data's own units.",
        )
        st.metric(
            f"{name}, training",
            session.measured(results.errors["train"][measure], unit),
            help="Of the weights that were kept, over all windows to train on. The curve's points "
            "are averages over an epoch in which the weights were still changing.",
        )
        st.metric(
            "Error floor",
            session.measured(results.visible_floor("validation", measure), unit),
            help="No model with this output activation and normalization gets below it on the "
            "validation windows.",
        )
        st.metric(
            "Best constant",
            session.measured(constant, unit),
            help="The error on the validation windows of the constant that is best for each "
            "channel of the training part: what a model reaches that has learned nothing but the "
            "level.",
        )
    if text := error_sentence(results, measure):
        st.markdown(session.literal(text, 400))
