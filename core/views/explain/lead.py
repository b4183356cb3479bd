"""Whose data the page teaches with, and the answer in short."""

import streamlit as st

from core import session
from core.config import DataConfig, ExperimentConfig
from core.signals.recording import DataError
from core.views.explain.lesson import Lesson, lesson
from core.views.explain.words import scaling_text
from core.views.output_form import pair_text

QUESTIONS = {  # anchor: what is asked
    "what": "What should the model predict?",
    "drawn": "What can sigmoid and ReLU say?",
    "relu": "Why not ReLU, if values are negative?",
    "sigmoid": "When is a sigmoid right?",
    "others": "What of the others?",
    "rule": "Why is linear the default?",
    "limits": "What does the output not explain?",
}


def heading(anchor: str) -> None:
    number = list(QUESTIONS).index(anchor) + 1
    st.subheader(f"{number}. {QUESTIONS[anchor]}", anchor=anchor, divider="gray")


def find_lesson() -> Lesson:
    """The draft's; where it has a fault that is named, one of the default experiment's data."""
    faults = session.problems()
    if faults:
        st.info(session.faulty_fields(faults), icon=":material/edit:")
    config = _config_of_valid_parts()
    if config is not None:
        try:
            return lesson(config)
        except DataError as error:
            session.show_fault(error)
    st.markdown(
        "Until that is mended, this page teaches with the signal the lab begins with: *your data* "
        "means that one here."
    )
    st.page_link(session.page("data"), label="To the data", icon=":material/show_chart:")
    try:
        return lesson(ExperimentConfig())
    except DataError as error:  # a public demo without room even for that
        session.show_fault(error)
        st.stop()


def _config_of_valid_parts() -> ExperimentConfig | None:
    """The draft with defaults for faulty parts that teach nothing here; None without its data."""
    parts = {name: session.part(name) for name in ("data", "windows", "normalization", "model")}
    if None in parts.values():
        return None
    training = session.part("training")
    return ExperimentConfig(**parts, **({"training": training} if training else {}))


def lead(taught: Lesson) -> None:
    """Whose data, which normalization, the answer, and the way to each question."""
    data, name = taught.config.data, session.literal(taught.config.data.name, 60)
    shown = f"the generated signal **{name}**" if data.source == "generator" else f"**{name}**"
    if data == DataConfig():
        shown += ", which the lab begins with"
    st.markdown(
        "An output activation decides which values a model can say at all. Seven questions, "
        "each answered in general and then in numbers, all worked out on your data: "
        f"{shown}. Your normalization: **{scaling_text(taught.scaling)}**."
    )
    if taught.clips:
        st.caption(
            ":material/content_cut: Your experiment clips values. What clipping cuts off counts "
            "as error in every floor here, whatever the activation."
        )
    best = taught.recommended()
    pair = pair_text(best.cell.normalization, best.cell.activation)
    st.success(
        "**In short:** match the range of the output to the range of the targets. "
        f"For this data: **{pair}**. {best.reason}",
        icon=":material/lightbulb:",
    )
    links = " · ".join(
        f"[{number}. {text}](#{anchor})"
        for number, (anchor, text) in enumerate(QUESTIONS.items(), 1)
    )
    st.markdown(f":small[{links}]")  # a caption's links are too pale
