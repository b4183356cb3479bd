"""Many experiments trained one after the other, in a process beside this one, without a browser.

What a runs folder already holds is not trained again, so a sweep that was broken off goes on where
it stopped.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from pydantic import ValidationError

from core.config import ExperimentConfig
from core.experiment_mark import KEY, fingerprint
from core.run_status import ACTIVE_STATES, REST_STATES
from core.runner import LocalRunner
from core.runs import Run, RunNotFound, RunStore, RunUnreadable

_LOOK_SECONDS = 0.2
_OF_USE = ACTIVE_STATES | REST_STATES | {"finished"}

Report = Callable[[int, Run], None]  # a configuration's number, its run as it is now


class Terminated(BaseException):
    """The process was told to end (SIGTERM)."""


def sweep(
    configs: Sequence[ExperimentConfig],
    store: RunStore,
    report: Report,
    warn: Callable[[str], None],
    *,
    slots: int = 1,
) -> list[Run]:
    """Train each configuration, unless a run of it is there. Returns the run of each; one that was
    removed meanwhile counts as ended.

    report is called whenever a run has changed its state, `warn` with why the queue is stuck, or
    an empty text when it is no more. At a KeyboardInterrupt those that this has put in the queue,
    and that have not ended, are cancelled, at Terminated or a fault they are paused, and it is
    raised again.
    """
    runner = LocalRunner(store, slots=slots)
    own: list[Run] = []
    seen, problem = [""] * len(configs), ""
    try:
        runs = [_run_of(config, store, runner, own) for config in configs]
        runner.start()
        while not all(map(_has_ended, runs)):
            _tell(runs, seen, report)
            if runner.problem != problem:
                problem = runner.problem
                warn(problem)
            time.sleep(_LOOK_SECONDS)
    except BaseException as told:
        end = runner.cancel if isinstance(told, KeyboardInterrupt) else runner.pause
        for run in own:
            with suppress(RunNotFound, RunUnreadable, OSError):
                if run.is_active:
                    end(run.id)
        raise
    finally:
        runner.stop()
    _tell(runs, seen, report)
    return runs


def _run_of(config: ExperimentConfig, store: RunStore, runner: LocalRunner, own: list[Run]) -> Run:
    """The run of a configuration that is finished, or goes on; otherwise a new one.

    What is put in the queue for it is added to `own`. Runs of visitors of a public demo are theirs.
    """
    wanted = fingerprint(config)
    newest_first = reversed(store.list())
    for summary in sorted(newest_first, key=lambda run: run.state != "finished"):
        if summary.state not in _OF_USE or summary.owner is not None:
            continue
        if summary.extra.get(KEY, wanted) != wanted:
            continue
        run = store.open(summary.id)
        try:
            found = ExperimentConfig.model_validate(run.config())
        except (RunNotFound, RunUnreadable, ValidationError):
            continue
        if fingerprint(found) == wanted:
            if summary.state in REST_STATES:
                own.append(run)
                runner.resume(run.id)
            return run
    own.append(store.open(runner.submit(config.model_dump(mode="json"), name=config.name)))
    return own[-1]


def _has_ended(run: Run) -> bool:
    try:
        return not run.is_active
    except RunNotFound:
        return True


def _tell(runs: Sequence[Run], seen: list[str], report: Report) -> None:
    for number, run in enumerate(runs):
        with suppress(RunNotFound):
            if (state := run.status().state) != seen[number]:
                seen[number] = state
                report(number, run)
