"""Question 1: a real value, or one in a range? The data's ranges, before and after."""

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import explain as charts
from core.charts.run_words import labelled, unique_labels
from core.number_text import agreeing, number_text, share_text
from core.output_range import ErrorFloor
from core.views.explain.lead import heading
from core.views.explain.lesson import Lesson, negative_share
from core.views.explain.words import after, scaling_text
from core.views.quoted_frame import quoted_frame

MOST_CHANNELS = 16  # with a bar each; more are shown as a table alone


def targets(taught: Lesson) -> None:
    heading("what")
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(
            "A real value, or one in a range? An autoencoder's targets are its own inputs: the "
            "values of your windows, after normalization. The last layer must be able to say each "
            "of them, so the question is about your data, not about the network."
        )
        st.markdown("\n".join(f"- {line}" for line in facts(taught)))
    with right:
        st.markdown(_kinds(taught))
        st.markdown(
            "A range that was seen is not yet a range that is known. A counter of 8 bits ends at "
            "255 and a share at 1, whatever comes. A voltage or a price has no such end: what "
            "comes next may lie beyond all you have recorded."
        )
    _ranges(taught)


def facts(taught: Lesson) -> list[str]:
    """What is true of the values as they are, and of the targets."""
    train, validation = taught.values
    channels = len(train.target_low)
    lines = [f"Your training values run from {_span(train, taught.unit)}. {_signs(train)}"]
    two = int(taught.two_valued.sum())
    if two:
        some = f"{two} of {channels} channels {agreeing(two, 'holds', 'hold')}"
        whose = "Every channel holds" if two == channels else some
        lines.append(f"{whose} just two values: a yes or a no.")
    beyond = int(
        (
            (validation.target_low < train.target_low)
            | (validation.target_high > train.target_high)
        ).sum()
    )
    where = "" if beyond == channels else f" in {beyond} of {channels} channels"
    lines.append(
        f"Validation goes beyond the range of training{where}."
        if beyond
        else "No validation value lies beyond the range of training."
    )
    lines.append(f"{after(taught)} the targets of training run from {_span(_target(taught)[0])}.")
    return lines


def _signs(train: ErrorFloor) -> str:
    low = train.target_low
    if low.min() >= 0:
        return "None of them is negative."
    count = int((low < 0).sum())
    where = "" if count == len(low) else f", in {count} of {len(low)} channels"
    return f"{share_text(negative_share(train))} of them are negative{where}."


def _span(floor: ErrorFloor, unit: str = "") -> str:
    low, high = float(floor.target_low.min()), float(floor.target_high.max())
    return f"{number_text(low)} to {number_text(high, unit)}"


def _target(taught: Lesson) -> tuple[ErrorFloor, ErrorFloor]:
    cell = taught.cell("linear")
    return cell.train, cell.validation


def kind_of(taught: Lesson) -> str:
    """Of the values as they are: two, positive or real."""
    varies = taught.values[0].target_low < taught.values[0].target_high
    if varies.any() and taught.two_valued[varies].all():
        return "two"
    return "real" if taught.has_negative else "positive"


def _kinds(taught: Lesson) -> str:
    """The kinds of targets with the output each suggests; the data's own marked."""
    kinds = {
        "two": "a yes or a no: **sigmoid**, with cross-entropy",
        "range": "between two ends that are known for certain: **sigmoid** or **tanh**, scaled "
        "to fit",
        "positive": "never negative: **ReLU** or **softplus** can do, **linear** always",
        "real": "any real value: **linear**",
    }
    own = kind_of(taught)
    lines = [
        f"- {text}" + ("  :blue-badge[your values]" if kind == own else "")
        for kind, text in kinds.items()
    ]
    return "What the targets are, and the output that suits them:\n" + "\n".join(lines)


def _ranges(taught: Lesson) -> None:
    """Least and greatest of each channel, as they are and as targets."""
    labels = unique_labels(taught.recording.channel_names, 28)
    as_targets = f"As targets: {scaling_text(taught.scaling)}"
    if len(labels) <= MOST_CHANNELS:
        with st.grid(2, min_column_width=320):
            for name, title, axis, parts in (
                ("values", "As recorded", labelled("value", taught.recording.unit), taught.values),
                ("targets", as_targets, "normalized value", _target(taught)),
            ):
                st.vega_lite_chart(
                    charts.ranges_table(labels, _ends(parts)),
                    charts.ranges_spec(title, axis),
                    key=f"explain-{name}",
                    width="stretch",
                    alt=f"{title}: the least and the greatest value of each channel",
                )
    with st.expander("The ranges in numbers", expanded=len(labels) > MOST_CHANNELS):
        st.dataframe(
            quoted_frame(_numbers(taught)),
            hide_index=True,
            height="content" if len(labels) <= 12 else 420,
            column_config=dict.fromkeys(
                ("train min", "train max", "valid. min", "valid. max", "target min", "target max"),
                st.column_config.NumberColumn(format="%.4g"),
            ),
        )
        st.caption(
            "As recorded, in training and in validation; and as targets of training, with "
            f"{scaling_text(taught.scaling)}."
        )


def _ends(parts: tuple[ErrorFloor, ErrorFloor]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        name: (floor.target_low, floor.target_high)
        for name, floor in zip(("training", "validation"), parts, strict=True)
    }


def _numbers(taught: Lesson) -> pd.DataFrame:
    (train, validation), (target, _) = taught.values, _target(taught)
    return pd.DataFrame(
        {
            "channel": taught.recording.channel_names,
            "train min": train.target_low,
            "train max": train.target_high,
            "valid. min": validation.target_low,
            "valid. max": validation.target_high,
            "target min": target.target_low,
            "target max": target.target_high,
        }
    )
