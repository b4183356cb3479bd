"""The lab's web app: `streamlit run app.py`. Streamlit imports this file once as the server, then
runs it as a script for each visitor."""

import gc

import streamlit as st

if __name__ != "__main__":
    gc.disable()  # till the first page is out: collecting amid imports took a tenth of its start

from core import session

if __name__ == "__main__":
    session.run_shell()
else:
    app = st.App(__file__, **session.server_options())
