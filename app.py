"""The lab's web app: `streamlit run app.py`. Streamlit imports this file once as the server, then
runs it as a script for each visitor."""

import streamlit as st

from core import session

if __name__ == "__main__":
    session.run_shell()
else:
    app = st.App(__file__, **session.server_options())
