"""What a click does with a run: start, cancel, put back in the queue, load into the form."""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import session
from core.config import ExperimentConfig, flatten
from core.results import value_text
from core.runs import RunNotFound, RunUnreadable, TransitionRefused
from core.views.run_state import default_name
from core.views.stored import forget_active_runs

DOUBLE_CLICK_SECONDS = 2.0

_STARTED = "started_run"  # (configuration as JSON, run id, clock) of this session's last start


def open_in_draft(run_id: str) -> None:
    """Load a run's configuration, without its name, into the draft and go to the Train page."""
    config = session.run_config(run_id)
    if config is not None:
        session.load(config.model_copy(update={"name": ""}))
        st.switch_page(session.page("train"))


def try_remedy(run_id: str, changes: Mapping[str, Any]) -> None:
    """Load a run's configuration with some fields changed, say so, and go to the Train page."""
    config = session.run_config(run_id)
    if config is None:
        return
    with contextlib.suppress(RunNotFound, RunUnreadable):
        name = session.store().open(run_id).status().name.strip() or "without a name"
        before = flatten(config.model_dump(mode="json"))
        said = "; ".join(
            f"{field} = {value_text(value)} (was {value_text(before[field])})"
            for field, value in changes.items()
        )
        session.load(
            config.replace({**changes, "name": ""}), f"Filled from the run {name[:60]}: {said}"
        )
        st.switch_page(session.page("train"))


def cancel(run_id: str) -> None:
    with contextlib.suppress(RunNotFound, RunUnreadable, TransitionRefused):
        session.runner().cancel(run_id)
    forget_active_runs()


def resume(run_id: str) -> None:
    with contextlib.suppress(RunNotFound, RunUnreadable, TransitionRefused):
        session.runner().resume(run_id)
    forget_active_runs()


def start(config: ExperimentConfig) -> None:
    """Put a run in the queue and its id in the address. A second click finds the first's run."""
    text = config.to_json()
    if (run_id := running_twin(config)) is None:
        name = config.name.strip() or default_name(config)
        try:
            run_id = session.runner().submit(config.model_dump(mode="json"), name=name)
        except OSError as error:
            session.keep_fault(f"The run could not be stored: {error}")
            return
        st.session_state[_STARTED] = (text, run_id, time.monotonic())
        forget_active_runs()
    st.query_params.from_dict({"run": run_id})


def running_twin(config: ExperimentConfig) -> str | None:
    """The run this session has just started from this very configuration, while it is active."""
    text, run_id, clock = st.session_state.get(_STARTED, ("", "", 0.0))
    if text != config.to_json():
        return None
    if time.monotonic() - clock < DOUBLE_CLICK_SECONDS:
        return run_id
    try:
        return run_id if session.store().open(run_id).is_active else None
    except (RunNotFound, RunUnreadable):
        return None


def last_started() -> str | None:
    """The run this session started last, if it is still active."""
    _, run_id, _ = st.session_state.get(_STARTED, ("", "", 0.0))
    try:
        return run_id if run_id and session.store().open(run_id).is_active else None
    except (RunNotFound, RunUnreadable):
        return None
