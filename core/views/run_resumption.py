"""Runs that came to rest before their end, offered to go on."""

import streamlit as st

from core import session
from core.number_text import agreeing, count_text
from core.runs import RunSummary
from core.views.run_commands import cancel, resume, resume_in_view
from core.views.run_place import goes_on
from core.views.run_queue import bring_into_view
from core.views.run_state import display_name, state_badge

SHOWN = 5


def resumable_runs(in_view: str | None) -> None:
    """The visitor's interrupted and paused runs but the one in view, each to be resumed."""
    runs = [
        item
        for item in session.store().listing(max_age_seconds=0.5)
        if item.state in ("interrupted", "paused") and item.id != in_view and session.is_mine(item)
    ]
    if not runs or st.context.is_embedded:
        return
    interrupted = [item for item in runs if item.state == "interrupted"]
    runs = [*interrupted, *(item for item in runs if item.state == "paused")]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_sentence(len(interrupted), len(runs) - len(interrupted)))
            if len(interrupted) > 1:
                st.space("stretch")
                st.button(
                    "Resume all" if len(interrupted) == len(runs) else "Resume all interrupted",
                    key="resume_all",
                    icon=":material/play_arrow:",
                    on_click=resume,
                    args=[item.id for item in interrupted],
                )
        for item in runs[:SHOWN]:
            _row(item)
        if len(runs) > SHOWN:
            st.caption(f"and {len(runs) - SHOWN:,} more, listed on the page Runs.")


def _sentence(interrupted: int, paused: int) -> str:
    """How many there are, and that they go on where they were."""
    parts = []
    if interrupted:
        was = agreeing(interrupted, "was", "were")
        parts.append(f"{count_text(interrupted, 'run')} {was} interrupted")
    if paused:
        runs = f"{paused:,}" if interrupted else count_text(paused, "run")
        parts.append(f"{runs} {agreeing(paused, 'is', 'are')} paused")
    it = "Each" if interrupted + paused > 1 else "It"
    return f"**{' and '.join(parts)}.** {it} can go on from its last checkpoint."


def _row(item: RunSummary) -> None:
    config = session.run_config(item.id)
    folder = session.store().root / item.id
    with st.container(horizontal=True, vertical_alignment="center"):
        where = goes_on(folder, config.training.epochs if config else None)
        st.markdown(f"{state_badge(item.state)} {display_name(item.name)} · {where}")
        st.space("stretch")
        bring_into_view(item.id, "Look", "look")
        st.button(
            "Resume",
            key=f"resume-{item.id}",
            on_click=resume_in_view,
            args=(item.id,),
            type="tertiary",
        )
        st.button(
            "Cancel", key=f"drop-{item.id}", on_click=cancel, args=(item.id,), type="tertiary"
        )
