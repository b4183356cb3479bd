"""The public question's experiment, run here: its start, its runs as they go, its numbers."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from core import disk, session
from core.charts.question import (
    LOSS_COLUMNS,
    PUBLISHED,
    QUESTION,
    loss_points,
    loss_rows,
    question_spec,
)
from core.config import PRESETS
from core.output_range import ACTIVATIONS
from core.runs import Run, RunNotFound, RunUnreadable, Status
from core.signals.recording import DataError
from core.views.run_state import state_badge

EXPERIMENTS = {
    activation: PRESETS["question"].replace(
        {
            "model.output_activation": activation,
            "name": f"The public question: {ACTIVATIONS[activation].title} output",
        }
    )
    for activation in PUBLISHED
}

_STYLE = """<style>
.losses { width: 100%; border-collapse: collapse; font-size: 0.875rem; line-height: 1.3; }
.losses th, .losses td { padding: 0.45rem 0 0.45rem 0.4rem; text-align: right; }
.losses th { font-weight: 400; opacity: 0.75; }
.losses tr > :first-child { padding-left: 0; text-align: left; }
.losses tr { border-bottom: 1px solid rgb(128 128 128 / 0.3); }
</style>"""


def question_experiment() -> None:
    """The button that runs both models, and what they come to beside what was published."""
    runs = _find_runs()
    is_active = any(status.is_active for _, status in runs.values())
    done = len(runs) == 2 and all(status.state == "finished" for _, status in runs.values())
    st.button(
        "Run it again" if done else "Run the experiment here",
        key="run-question",
        type="secondary" if done else "primary",
        icon=":material/play_arrow:",
        disabled=is_active,
        on_click=_start,
        help="Trains both models on made-up intensities with the same distribution: 31,360 "
        "windows, 4 epochs each, one after the other.",
    )
    session.show_kept_fault()
    st.fragment(_losses, run_every=1.0 if is_active else None)(is_active)


def _start() -> None:
    if any(status.is_active for _, status in _find_runs().values()):
        return  # a second click, made before the first had an effect
    try:
        for config in EXPERIMENTS.values():
            session.submit(config)
    except (DataError, OSError) as error:
        said = disk.fault_text(error) if isinstance(error, OSError) else str(error)
        session.keep_fault(f"The runs could not be put in the queue: {said}")


def _find_runs() -> dict[str, tuple[Run, Status]]:
    """The newest run of each of the two experiments, where there is one, with its status."""
    found = {}
    newest = session.runs_of(list(EXPERIMENTS.values()))
    for activation, known in zip(EXPERIMENTS, newest, strict=True):
        if known is not None:
            with suppress(RunNotFound, RunUnreadable):
                run = session.store().open(known.id)
                found[activation] = (run, run.status())
    return found


def _losses(is_active: bool) -> None:
    """The curves and the numbers, drawn anew every second while one of the two trains."""
    runs = _find_runs()
    ours = {activation: run.history() for activation, (run, _) in runs.items()}
    st.vega_lite_chart(
        loss_points(ours),
        question_spec(),
        key="question",
        width="stretch",
        alt="Loss by epoch: the sigmoid stands still at its floor, ReLU falls",
    )
    for activation, (run, status) in runs.items():
        _run_line(activation, run, status, len(ours[activation]))
    st.html(_table(LOSS_COLUMNS, loss_rows(ours)))
    st.caption(f"Published: the training logs of the public question *{QUESTION}*")
    if is_active and not any(status.is_active for _, status in runs.values()):
        st.rerun()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As HTML: Streamlit's own tables wait for pandas, which the first page has no use for, and in
    Markdown all of it would not fit on a phone."""
    names = "".join(f"<th scope='col'>{name}</th>" for name in head)
    lines = [
        f"<tr><th scope='row'>{first}</th>{''.join(f'<td>{text}</td>' for text in rest)}</tr>"
        for first, *rest in rows
    ]
    return f"{_STYLE}<table class='losses'><tr>{names}</tr>{''.join(lines)}</table>"


def _run_line(activation: str, run: Run, status: Status, epochs: int) -> None:
    title, total = ACTIVATIONS[activation].title, EXPERIMENTS[activation].training.epochs
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}** {state_badge(status.state)} {epochs} of {total} epochs done")
        if status.state == "finished":
            st.page_link(
                session.page("reconstructions"),
                label="Reconstructions",
                icon=":material/ssid_chart:",
                query_params={"run": run.id},
            )
        elif status.reason:
            st.caption(session.literal(status.reason, 200))
    if status.state == "running":
        now = run.progress()
        st.progress(_share_done(now, epochs, total), text=_now_text(now))


def _share_done(now: Mapping[str, Any], epochs: int, total: int) -> float:
    """How much of the training is done, 0 to 1, counting the part of the present epoch."""
    part = (
        0.0
        if now.get("phase") in ("validating", "reconstructing")
        else now.get("batch", 0) / now.get("batches", 1)
    )
    return min(1.0, (epochs + min(max(part, 0.0), 1.0)) / total)


def _now_text(now: Mapping[str, Any]) -> str:
    if now.get("phase") == "reconstructing":
        return "reconstructing the windows"
    if now.get("mae") is None:
        return "getting ready"
    return f"MAE {now['mae']:.2f} in epoch {now['epoch']}, about {now['eta_seconds']:.0f} s left"
