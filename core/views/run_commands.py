"""What a click does with a run: start, cancel, pause, resume, rename, delete, load into the form.

Every change of a run by a visitor goes through `_do`, which asks whether it is the visitor's.
"""

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core import disk, session
from core.config import ExperimentConfig, flatten
from core.config_faults import explain
from core.number_text import agreeing
from core.results import value_texts
from core.runs import RunNotFound, RunUnreadable, TransitionRefused
from core.signals.recording import DataError
from core.views.stored import forget_active_runs, forget_deleted

DOUBLE_CLICK_SECONDS = 2.0

_STARTED, _FURTHER = "started_run", "further_run"


@dataclass
class _Begun:
    """The run that this session has begun last.

    It is changed in place: when the session's state is set, Streamlit may leave the script for that
    of a second click, which would not find the first's run.
    """

    asked: str = ""
    run_id: str = ""
    clock: float = -math.inf

    def note(self, asked: str, run_id: str) -> None:
        self.asked, self.run_id, self.clock = asked, run_id, time.monotonic()

    def is_just(self, asked: str) -> bool:
        """Whether it was begun just now, for the same."""
        return self.asked == asked and time.monotonic() - self.clock < DOUBLE_CLICK_SECONDS


def _begun(key: str) -> _Begun:
    return st.session_state.setdefault(key, _Begun())


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
            _change_text(field, before[field], value) for field, value in changes.items()
        )
        session.load(
            config.replace({**changes, "name": ""}), f"Filled from the run {name[:60]}: {said}"
        )
        st.switch_page(session.page("train"))


def _change_text(field: str, before: Any, after: Any) -> str:
    was, now = value_texts([before, after])
    return f"{session.field_name(field)} {now} (was {was})"


def cancel(run_id: str) -> None:
    _do("cancelled", [run_id], session.runner().cancel)


def pause(*run_ids: str) -> None:
    _do("paused", run_ids, session.runner().pause)


def resume(*run_ids: str) -> None:
    """Put paused and interrupted runs back in the queue, where each goes on from its checkpoint."""
    _do("resumed", run_ids, session.resume)


def resume_in_view(run_id: str) -> None:
    """The same of one run, which the page Train then shows."""
    resume(run_id)
    st.query_params.from_dict({"run": run_id})


def rename(run_id: str, name: str) -> None:
    _do("renamed", [run_id], lambda run_id: session.store().rename(run_id, name))


def delete(*run_ids: str) -> None:
    _do("deleted", run_ids, session.store().delete, quiet=RunNotFound)
    forget_deleted()


def train_further(run_id: str, *, epochs: int, patience: int, name: str) -> None:
    """Start a new run that goes on where this one has ended, and go to it."""
    begun, asked = _begun(_FURTHER), repr((run_id, epochs, patience, name))

    def begin(run_id: str) -> None:
        further = session.train_further(run_id, epochs=epochs, patience=patience, name=name)
        begun.note(asked, further)

    if not begun.is_just(asked):
        _do("trained further", [run_id], begin, quiet=RunNotFound)
    if begun.is_just(asked):
        st.switch_page(session.page("train"), query_params={"run": begun.run_id})


def _do(
    done: str,
    run_ids: Sequence[str],
    action: Callable[[str], object],
    quiet: type[Exception] | tuple[type[Exception], ...] = (RunNotFound, TransitionRefused),
) -> None:
    """Every change of a run by a visitor. What cannot be done is told, but for `quiet`: another
    tab or the worker was faster, and the page shows it."""
    refused = []
    for run_id in run_ids:
        try:
            if session.may_change(run_id):
                action(run_id)
            else:
                refused.append("Only the visitor who started this run can change it.")
        except quiet:
            continue
        except OSError as error:
            refused.append(f"{disk.fault_text(error)}.")
        except ValidationError as error:
            refused += [session.fault_text(*fault) for fault in explain(error).items()]
        except (ValueError, RunNotFound) as error:
            refused.append(str(error))
    forget_active_runs()
    if refused:
        were = agreeing(len(refused), "was", "were")
        count = f"{len(refused)} of {len(run_ids)} runs {were}"
        count = count if len(run_ids) > 1 else "The run was"
        tell(f"{count} not {done}: {refused[0]}")


def tell(text: str) -> None:
    """Say what a click could not do; in a callback, which cannot draw on the page."""
    st.toast(session.literal(text, 300), icon=":material/error:")


def start(config: ExperimentConfig) -> None:
    """Put a run in the queue and its id in the address. A second click finds the first's run."""
    begun = _begun(_STARTED)
    is_second = begun.is_just(config.to_json())
    run_id = begun.run_id if is_second else running_twin(config)
    if run_id is None:
        name = config.name.strip() or config.default_name()
        try:
            run_id = session.submit(config, name)
        except OSError as error:
            session.keep_fault(f"The run could not be stored: {disk.fault_text(error)}.")
            return
        except DataError as error:
            session.keep_fault(str(error))
            return
        begun.note(config.to_json(), run_id)
        forget_active_runs()
    st.query_params.from_dict({"run": run_id})


def running_twin(config: ExperimentConfig) -> str | None:
    """The run this session has just started from this very configuration, while it is active."""
    return last_started() if _begun(_STARTED).asked == config.to_json() else None


def last_started() -> str | None:
    """The run this session started last, if it is still active."""
    run_id = _begun(_STARTED).run_id
    try:
        return run_id if run_id and session.store().open(run_id).is_active else None
    except (RunNotFound, RunUnreadable):
        return None
