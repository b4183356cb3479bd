"""What is wrong with a run, or worth knowing, and a button for what to do about it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import session
from core.diagnosis import Finding
from core.number_text import agreeing, number_text
from core.runs import Run, Status
from core.views.evidence import findings_of
from core.views.run_commands import try_remedy

_LOOKS = {  # severity: colour, icon
    "error": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "info": ("blue", ":material/info:"),
}
_MOST_ROWS = 12  # channels of a table


def findings(run: Run, status: Status) -> None:
    """The findings of a run, the gravest first; nothing where there are none."""
    for finding in findings_of(run, status):
        _finding(run.id, finding)


def _finding(run_id: str, finding: Finding) -> None:
    colour, icon = _LOOKS[finding.severity]
    with st.container(border=True, gap="small"):
        st.markdown(
            f":{colour}[{icon}] **{session.literal(finding.title)}** — "
            f"{session.literal(finding.sentence, 900)}"
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if finding.remedy and not st.context.is_embedded:
                st.button(
                    finding.remedy_text,
                    key=f"remedy-{finding.kind}-{run_id}",
                    icon=":material/build:",
                    on_click=try_remedy,
                    args=(run_id, finding.remedy),
                    help="Fills the form on the page Train with this run's settings, so changed.",
                )
            with st.popover("Evidence", icon=":material/fact_check:", type="tertiary"):
                st.markdown(_tables(finding.evidence))


def _tables(evidence: Mapping[str, Any]) -> str:
    """The numbers as Markdown: a table of single ones, and one with a row for each channel."""
    single = {name: value for name, value in evidence.items() if not isinstance(value, list)}
    listed = {name: value for name, value in evidence.items() if isinstance(value, list)}
    tables = []
    if listed:
        rows = list(zip(*listed.values(), strict=True))
        tables.append(_table(list(listed), rows[:_MOST_ROWS]))
        if len(rows) > _MOST_ROWS:
            more = len(rows) - _MOST_ROWS
            tables.append(f"and {more:,} more {agreeing(more, 'channel', 'channels')}")
    if single:
        tables.append(_table(["What", "Value"], list(single.items())))
    return "\n\n".join(tables)


def _table(header: list[str], rows: list[tuple]) -> str:
    lines = [header, ["---"] * len(header), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return session.literal(number_text(value) if isinstance(value, int | float) else str(value))
