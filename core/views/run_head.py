"""A run's name, its facts, and what can be taken from it."""

import streamlit as st

from core import session
from core.number_text import count_text, ratio_text
from core.results import Results, duration_text
from core.runs import Run, Status
from core.views.downloads import downloads
from core.views.further import further
from core.views.run_commands import open_in_draft
from core.views.run_state import display_name, state_badge


def run_head(run: Run, status: Status, results: Results | None) -> None:
    st.subheader(display_name(status.name), anchor=False)
    facts = _facts(status, results)
    st.markdown(f"{state_badge(status.state)} " + " · ".join(facts))
    if st.context.is_embedded:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads(run)
        further(run, status)
        st.button(
            "Duplicate and edit",
            key="edit",
            icon=":material/edit:",
            on_click=open_in_draft,
            args=(run.id,),
        )


def _facts(status: Status, results: Results | None) -> list[str]:
    device = (results.device if results else "") or status.device
    facts = [session.literal(device, 80)] if device else []
    if results is None:
        return facts
    if results.epochs_trained is not None:
        best = f", best {results.best_epoch:,}" if results.best_epoch is not None else ""
        facts.append(count_text(results.epochs_trained, "epoch") + best)
    facts.append(duration_text(results.seconds))
    if results.parameters:
        facts.append(f"{results.parameters:,} parameters")
    if results.compression_ratio:
        none = " (no bottleneck)" if results.compression_ratio <= 1 else ""
        facts.append(f"compression {ratio_text(results.compression_ratio)}{none}")
    return facts
