"""The layers of the model, before it is trained."""

from functools import lru_cache

import pyarrow as pa
import streamlit as st

from core import session
from core.architecture import Architecture, describe_architecture
from core.charts.architecture import architecture_frame, architecture_spec
from core.config import ModelConfig
from core.number_text import count_text, ratio_text
from core.signals.recording import DataError


def architecture(model: ModelConfig) -> None:
    """The layers this model has on these windows, and whether there is a bottleneck."""
    windows = session.part("windows")
    length = windows.window_length if windows else 200
    shape = describe_architecture(model, length, _channels())
    _sizes(shape)
    drawn, written = _tables(shape, length)
    st.vega_lite_chart(
        drawn,
        architecture_spec(len(drawn)),
        key="architecture",
        alt="The layers of the model with their time steps and channels",
    )
    st.caption("Above each bar its channels; below it, where it changes, its length in time steps.")
    with st.expander("Layers as a table"):
        st.dataframe(written, hide_index=True, alt="Layers of the model")


def _channels() -> int:
    """Of the recording, or as many as its configuration says where it cannot be read."""
    data = session.part("data")
    try:
        return session.recording(data).channels if data else 1
    except DataError:
        return data.channels


def _sizes(shape: Architecture) -> None:
    steps, latent = shape.latent_shape
    with st.grid(4, min_column_width=150):
        st.metric("Values in a window", f"{shape.window_values:,}")
        st.metric("Latent values", f"{shape.latent_values:,}", help=f"{steps:,} × {latent:,}")
        st.metric("Compression", ratio_text(shape.compression_ratio))
        st.metric("Parameters", f"{shape.parameters:,}")
    if shape.compression_ratio <= 1:
        st.warning(
            f"No bottleneck: the latent layer holds {count_text(shape.latent_values, 'value')} for "
            f"the {shape.window_values:,} of a window, so the model could copy its input. For a "
            "real compression use fewer latent channels or more pooling steps.",
            icon=":material/compress:",
        )


@lru_cache(maxsize=64)
def _tables(shape: Architecture, window_length: int) -> tuple[pa.Table, pa.Table]:
    """What the chart draws of each layer, and what is written of it."""
    drawn = pa.Table.from_pandas(architecture_frame(shape, window_length), preserve_index=False)
    columns = ["name", "steps", "channels", "parameters"]
    titles = ["Layer", "Time steps", "Channels", "Parameters"]
    return drawn, drawn.select(columns).rename_columns(titles)
