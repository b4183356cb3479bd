"""Question 7: what an output activation does not explain."""

import streamlit as st

from core import session
from core.architecture import describe_architecture
from core.number_text import count_text, ratio_text
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson

LINKS = {
    "output": "every pair on your data",
    "train": "architecture, loss and optimizer",
    "reconstructions": "what a run gives back",
    "runs": "runs compared",
}


def limits(taught: Lesson) -> None:
    heading("limits")
    st.markdown(
        "A floor of 0 promises nothing. It says that the output is no obstacle, and leaves open "
        "whether a model gets near. What stands between a run and its floor:"
    )
    st.markdown(
        f"- **The bottleneck.** {bottleneck(taught)}\n"
        "- **The architecture.** How far a convolution sees, and how many filters it has, decides "
        "which shapes can be rebuilt at all.\n"
        f"- **The loss.** {loss(taught)}\n"
        "- **The optimizer.** Learning rate, batch size, epochs and initial weights decide how "
        "close training comes, and how fast.\n"
        "- **The data.** What training never saw may be rebuilt badly, with any output."
    )
    with st.container(horizontal=True):
        for stem, text in LINKS.items():
            title, icon, _ = session.PAGES[stem]
            st.page_link(session.page(stem), label=f"**{title}**: {text}", icon=icon)


def bottleneck(taught: Lesson) -> str:
    """The model's own latent values against the values of a window."""
    config = taught.config
    shape = describe_architecture(
        config.model, config.windows.window_length, taught.recording.channels
    )
    kept = count_text(shape.latent_values, "number")
    held = f"Your model keeps {kept} for the {shape.window_values:,} of a "
    if shape.compression_ratio > 1:
        ratio = ratio_text(shape.compression_ratio)
        return f"{held}window, a compression of {ratio}; what does not fit is lost."
    return f"{held}window, so nothing has to be left out: there is no bottleneck."


def loss(taught: Lesson) -> str:
    name = {"mae": "MAE", "mse": "MSE", "huber": "Huber", "log_cosh": "log-cosh"}
    return (
        f"Yours is {name[taught.config.training.loss]}. MAE is least at the median, MSE at the "
        "mean, so they disagree on outliers and on data that are mostly 0."
    )
