"""`resume`: go on with a paused or interrupted run, or with one whose process is gone."""

import argparse

from core import resumption
from core.commands.faults import Fault
from core.commands.inputs import open_run
from core.commands.training import begin_here
from core.processes import is_alive
from core.run_end import finish_dead, found_dead
from core.runs import TransitionRefused


def run(options: argparse.Namespace) -> int:
    _, resumed = open_run(options.run)
    status = resumed.status()
    if status.state in ("starting", "running") and not is_alive(status.pid, status.pid_started):
        finish_dead(resumed, found_dead(resumed, status))
    try:
        resumption.resume(resumed)
        return begin_here(resumed)
    except TransitionRefused as error:
        raise Fault(f"{options.run}: {error}") from error
