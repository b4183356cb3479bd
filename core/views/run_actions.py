"""What can be done with the selected runs: open, edit, rename, pause, resume, delete."""

from collections.abc import Sequence

import streamlit as st

from core import session
from core.number_text import count_text
from core.results import RunRow
from core.runs import ACTIVE_STATES, NAME_LENGTH
from core.views.run_commands import open_in_draft, pause, rename, resume
from core.views.run_deletion import ask_to_delete, confirm_deletion
from core.views.run_state import SHOWABLE


def run_actions(rows: Sequence[RunRow]) -> None:
    one = rows[0] if len(rows) == 1 else None
    readable = one is not None and one.state in SHOWABLE
    mine = all(session.may_change(row.id) for row in rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Open",
            key="runs_open",
            icon=":material/ssid_chart:",
            disabled=not readable,
            on_click=_open,
            args=(one.id if one else "",),
        )
        st.button(
            "Duplicate and edit",
            key="runs_edit",
            icon=":material/content_copy:",
            disabled=not (readable and session.run_config(one.id) is not None),
            help="Loads its configuration into the form on the page Train; the run stays as it is.",
            on_click=open_in_draft,
            args=(one.id,) if one else (),
        )
        with st.popover("Rename", icon=":material/edit:", disabled=not (readable and mine)):
            if readable and mine:
                key = f"rename-{one.id}"
                st.text_input("Name", one.name, max_chars=NAME_LENGTH, key=key)
                st.button("Rename", key="runs_rename", on_click=_rename, args=(one.id, key))
        if mine:
            _pause_and_resume(rows)
        st.button(
            "Delete",
            key="runs_delete",
            icon=":material/delete:",
            disabled=not (rows and mine),
            on_click=ask_to_delete,
            args=(rows,),
        )
        if rows:
            st.caption(f"{count_text(len(rows), 'run')} selected")
    confirm_deletion(rows)


def _pause_and_resume(rows: Sequence[RunRow]) -> None:
    """Of the selected runs, for those in a state that allows it."""
    active = [row.id for row in rows if row.state in ACTIVE_STATES]
    waiting = [row.id for row in rows if row.state in ("paused", "interrupted")]
    for word, ids, icon, action in (
        ("Pause", active, ":material/pause:", pause),
        ("Resume", waiting, ":material/play_arrow:", resume),
    ):
        if ids:
            st.button(
                word if len(rows) == 1 else f"{word} {len(ids):,}",
                key=f"runs_{word.lower()}",
                icon=icon,
                on_click=action,
                args=ids,
            )


def _rename(run_id: str, key: str) -> None:
    rename(run_id, st.session_state[key])


def _open(run_id: str) -> None:
    st.switch_page(session.page("reconstructions"), query_params={"run": run_id})
