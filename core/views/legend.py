"""What the lines of several charts mean."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from core.charts import run_words
from core.charts.run_words import LegendLine


def legend(*keys: str, components: int | None = None) -> None:
    """What the lines of the charts below mean, with the count of PCA's components if known."""
    legend_of(run_words.legend(*keys, components=components))


def say_off_axis(keys: Iterable[str]) -> None:
    """Name the chosen lines that lie at 0, where a logarithmic axis does not reach."""
    if labels := [line.label for line in run_words.legend(*keys)]:
        st.caption(f"Not drawn, since a logarithmic axis does not reach 0: {'; '.join(labels)}.")


def legend_of(lines: Sequence[LegendLine]) -> None:
    """A legend of lines; labels may be a visitor's."""
    items = "".join(
        f'<span style="white-space:nowrap"><span style="{_stroke(line)}"></span> '
        f"{escape(line.label)}</span>"
        for line in lines
    )
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.1rem;font-size:0.85rem;opacity:0.85">'
        f"{items}</div>"
    )


def _stroke(line: LegendLine) -> str:
    """A piece of the line, with its own dashes: a gradient that repeats."""
    stops, place = [], 0
    for number, length in enumerate(line.dash or (1,)):
        shade = line.colour if number % 2 == 0 else "transparent"
        stops.append(f"{shade} {place}px {place + length}px")
        place += length
    return (
        f"display:inline-block;width:1.8rem;height:{1.5 if line.is_thin else 3}px;"
        "vertical-align:middle;"
        f"background:repeating-linear-gradient(90deg,{','.join(stops)})"
    )
