"""Choose a recording, look at it, and cut it into windows."""

import streamlit as st

from core import session
from core.signals.recording import DataError, Recording
from core.views.channels import channels
from core.views.data_source import data_source
from core.views.signal_view import signal_view
from core.views.windowing import windowing


def recording_in_use() -> Recording | None:
    """The draft's recording; where there is none, why."""
    data = session.part("data")
    if data is None:
        st.info("Mend the marked field to see the signal.", icon=":material/edit:")
        return None
    try:
        return session.recording(data)
    except DataError as error:
        session.show_fault(error)
        return None


session.open_page()
st.title("Data")
data_source()
recording = recording_in_use()
if recording is not None:
    signal_view(recording)
    windowing(recording)
    channels(recording)
