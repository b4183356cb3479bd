import streamlit as st
from core import session
session.open_page()
st.title("train")
st.write(dict(st.query_params))
