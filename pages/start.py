import streamlit as st
from core import session
session.open_page()
st.title("start")
st.write(dict(st.query_params))
