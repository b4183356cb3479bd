"""What the lines of several charts mean."""

import streamlit as st

from core.charts import run_words


def legend(*keys: str) -> None:
    """What the lines of the charts below mean; the labels are the program's own."""
    items = "".join(
        '<span style="white-space:nowrap"><span style="display:inline-block;width:1.6rem;'
        f"vertical-align:middle;border-top:3px {'dashed' if dashed else 'solid'} {colour}"
        f'"></span> {label}</span>'
        for label, colour, dashed in run_words.legend(*keys)
    )
    st.html(
        '<div style="display:flex;flex-wrap:wrap;gap:0.2rem 1.1rem;font-size:0.85rem;opacity:0.85">'
        f"{items}</div>"
    )
