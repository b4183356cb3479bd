"""Why an output activation must match the range of the targets, with the visitor's own data."""

import streamlit as st

from core import session
from core.views.explain.drawn import drawn
from core.views.explain.lead import find_lesson, lead
from core.views.explain.limits import limits
from core.views.explain.others import others
from core.views.explain.relu import relu
from core.views.explain.rule import rule
from core.views.explain.sigmoid import sigmoid
from core.views.explain.targets import targets

session.open_page()
st.title("Explain")
taught = find_lesson()
lead(taught)
for question in (targets, drawn, relu, sigmoid, others, rule, limits):
    question(taught)
