"""`resume`: go on with a paused or interrupted run."""

import argparse

from core.commands.faults import Fault
from core.commands.inputs import open_run
from core.commands.training import begin_here
from core.resumption import AGAIN
from core.runs import TransitionRefused


def run(options: argparse.Namespace) -> int:
    _, resumed = open_run(options.run)
    try:
        resumed.transition("queued", **AGAIN)
        return begin_here(resumed)
    except TransitionRefused as error:
        raise Fault(f"{options.run}: {error}") from error
