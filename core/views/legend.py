"""What the lines of several charts mean."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.charts import run_words


def legend(*keys: str) -> None:
    """What the lines of the charts below mean."""
    legend_of(run_words.legend(*keys))


def legend_of(lines: Sequence[tuple[str, str, tuple[int, ...]]]) -> None:
    """A legend of lines with label, colour and dash; labels may be a visitor's."""
    items = "".join(
        f'<span style="white-space:nowrap"><span style="{_stroke(colour, dash)}"></span> '
        f"{escape(label)}</span>"
        for label, colour, dash in lines
    )
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.1rem;font-size:0.85rem;opacity:0.85">'
        f"{items}</div>"
    )


def _stroke(colour: str, dash: tuple[int, ...]) -> str:
    """A piece of the line, with its own dashes: a gradient that repeats."""
    stops, place = [], 0
    for number, length in enumerate(dash or (1,)):
        shade = colour if number % 2 == 0 else "transparent"
        stops.append(f"{shade} {place}px {place + length}px")
        place += length
    return (
        "display:inline-block;width:1.8rem;height:3px;vertical-align:middle;"
        f"background:repeating-linear-gradient(90deg,{','.join(stops)})"
    )
