"""Training a run in the process of the command, with a bar on standard error."""

import os
import signal
import sys
from contextlib import suppress
from typing import Any

from core.backends import of_run
from core.commands.keras_import import import_keras, imports_for_good
from core.meters import visible_gpus
from core.processes import process_identity
from core.processor import precision_warning
from core.run_end import EXIT_CODES, memory_mark
from core.runs import Run


def begin_here(run: Run) -> int:
    """Take a queued run. Raises TransitionRefused if a runner was faster."""
    run.transition("starting", slot=None, **this_process(), **memory_mark())
    os.utime(run.folder.parent)  # a runner in another process looks at this time
    return train_here(run)


def this_process() -> dict[str, Any]:
    """For the status of a run that this process trains."""
    return {"pid": os.getpid(), "pid_started": process_identity(os.getpid())}


class _Stopped(BaseException):
    """A signal came while what trains was being imported."""


def train_here(run: Run) -> int:
    """Train a run that this process has; Ctrl-C cancels it, SIGTERM leaves it to be resumed."""

    def stop(number: int, frame: object) -> None:
        raise _Stopped(number)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        with imports_for_good():
            import_keras(of_run(run.folder))
            from core.worker import UNWRITABLE_EXIT, Unwritable, end_soon, train_run
    except _Stopped as stopped:
        state = "cancelled" if stopped.args[0] == signal.SIGINT else "interrupted"
        run.transition(state, "The command was told to end before the first step.")
        return _told(run, state)

    def cancel(number: int, frame: object) -> None:
        run.request_cancel()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second one ends it at once

    signal.signal(signal.SIGINT, cancel)
    signal.signal(signal.SIGTERM, end_soon)
    print(f"run {run.folder}", file=sys.stderr)
    precision = run.config().get("training", {}).get("precision", "float32")
    if warning := precision_warning(precision, bool(visible_gpus())):
        print(warning, file=sys.stderr)
    try:
        state = train_run(run, run.folder.parent / "data", _progress_bar)
    except Unwritable as error:
        print(f"\n{error}", file=sys.stderr)
        return UNWRITABLE_EXIT
    print(file=sys.stderr)
    return _told(run, state)


def _told(run: Run, state: str) -> int:
    """Say how a run has ended; its folder comes last. Returns the exit code."""
    status = run.status()
    print(f"{status.state}{': ' if status.reason else ''}{status.reason}", file=sys.stderr)
    print(run.folder)
    return EXIT_CODES.get(state, 1)


def _progress_bar(progress: dict[str, Any], width: int = 24) -> None:
    """One line on standard error, drawn over itself."""
    if "batch" not in progress:
        line = progress["phase"]
        if "share" in progress:
            line += f" {progress['share']:.0%}"
    else:
        share = progress["batch"] / progress["batches"]
        bar = "#" * round(share * width)
        line = (
            f"epoch {progress['epoch']}/{progress['epochs']} [{bar:<{width}}] "
            f"{progress['phase']}  MAE {progress['mae']:.4g}  {progress['eta_seconds']:.0f} s left"
        )
    with suppress(BrokenPipeError):  # nobody looks any more: that stops no training
        print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)
