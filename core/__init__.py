"""The signal autoencoder lab: everything but the pages. Nothing here imports Streamlit but
`core.session`."""
