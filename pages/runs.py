import streamlit as st
from core import session
session.open_page()
st.title("runs")
st.write(dict(st.query_params))
