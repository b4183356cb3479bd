"""The signal autoencoder lab: everything but the pages. Nothing here imports Streamlit but
`core.session`."""

from core.processor import take_fast_sorts

take_fast_sorts()  # before anything here imports NumPy
