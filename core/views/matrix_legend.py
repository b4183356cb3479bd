"""What tints, borders and marks of the matrix mean."""

from urllib.parse import quote

import streamlit as st

from core.charts import matrix as charts
from core.charts import palette
from core.trials import OUTCOMES
from core.views.output_fit import VERDICTS

# What tells of a cell stands over others: Streamlit's own tooltip lets them shine through its text.
_OPAQUE = "<style>#vg-tooltip-element {background-color: inherit}</style>"  # as the page's body has
_STEPS = 6  # of the drawn scale


def matrix_legend() -> None:
    """A line of text that wraps; the labels are the program's own."""
    items = [f"no obstacle {_scale()} no better than a constant"]
    items += [
        f"{_mark(form, charts.BORDERS.get(kind))} {VERDICTS[kind][2].lower()}"
        for kind, form in charts.MARKS.items()
    ]
    items.append(f"{_mark(charts.STAR, None, palette.ANOMALY)} recommended")
    items.append(f"{_box(palette.ORIGINAL, 2.5)} your choice")
    words = ", ".join(
        f"{OUTCOMES[name][0]} {label}"
        for name, label in (("confirmed", "confirmed"), ("open", "not reached yet"))
    )
    items.append(f"trained: rank by validation error; verdict {words}")
    lines = "".join(f'<span style="white-space:nowrap">{item}</span>' for item in items[:-1])
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.1rem;font-size:0.8rem;opacity:0.85">'
        f"{lines}<span>{items[-1]}</span></div>{_OPAQUE}"
    )


def _scale() -> str:
    stops = [
        f"color-mix(in srgb, {palette.FLOOR} {100 * charts.tint(n / _STEPS):.0f}%, transparent)"
        for n in range(_STEPS + 1)
    ]
    return (
        '<span style="display:inline-block;width:5rem;height:0.8em;border-radius:2px;'
        f"vertical-align:-0.05em;border:1px solid {palette.NEUTRAL};"
        f'background:linear-gradient(90deg,{",".join(stops)})"></span>'
    )


def _mark(form: str, border: str | None, fill: str = "none") -> str:
    """A mark as the heat map draws it, in its cell's border where that is uncommon."""
    stroke = "none" if fill != "none" else palette.NEUTRAL
    box = (
        f'<rect x="-1.9" y="-1.9" width="3.8" height="3.8" rx="0.5" fill="none" stroke="{border}" '
        'stroke-width="0.4" stroke-dasharray="0.9 0.45"/>'
        if border
        else ""
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2.1 -2.1 4.2 4.2">{box}'
        f'<path d="{form}" fill="{fill}" stroke="{stroke}" stroke-width="0.45"/></svg>'
    )
    return (
        f'<img src="data:image/svg+xml,{quote(drawn)}" alt="" '
        'style="width:1.25em;height:1.25em;vertical-align:-0.3em">'
    )


def _box(colour: str, width: float) -> str:
    return (
        '<span style="display:inline-block;width:1.1em;height:0.8em;border-radius:2px;'
        f'vertical-align:-0.05em;border:{width}px solid {colour}"></span>'
    )
