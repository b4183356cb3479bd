"""`sweep`: train pairs with everything else the same, and rank them."""

import argparse
import signal
import sys

from core.commands.pairs import asked_pairs, print_pairs
from core.matrix import pair_text, with_pair
from core.results import read_results
from core.runs import Run, RunNotFound, RunStore, RunSummary
from core.sweep import Terminated, sweep
from core.trials import Trial, side_by_side

CANCELLED, INTERRUPTED = 3, 4


def run(options: argparse.Namespace) -> int:
    store = RunStore(options.runs)
    asked = asked_pairs(options, store.data_folder)
    names = [pair_text(cell.normalization, cell.activation) for cell in asked.cells]
    configs = [
        with_pair(asked.config, cell.normalization, cell.activation).replace({"name": name})
        for cell, name in zip(asked.cells, names, strict=True)
    ]

    def report(number: int, run: Run) -> None:
        status = run.status()
        why = f": {status.reason}" if status.reason else ""
        print(f"{status.state:<10} {names[number]}{why}", file=sys.stderr, flush=True)

    def warn(problem: str) -> None:
        print(problem or "The queue goes on.", file=sys.stderr, flush=True)

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        runs = sweep(configs, store, report, warn)
    except KeyboardInterrupt:
        print("cancelled; the same command goes on with what is left", file=sys.stderr)
        return CANCELLED
    except Terminated:
        print("interrupted; the same command goes on with what is left", file=sys.stderr)
        return INTERRUPTED
    trained = [_trained(trial, run) for trial, run in zip(asked.trials, runs, strict=True)]
    print_pairs(options, asked, side_by_side(trained))
    return 0 if all(trial.errors for trial in trained) else 1


def _trained(trial: Trial, run: Run) -> Trial:
    """The cell with what its run has come to; without a run if that was removed meanwhile."""
    try:
        summary = RunSummary(id=run.id, **vars(run.status()))
        results = read_results(run) if summary.state == "finished" else None
    except RunNotFound:
        return Trial(trial.cell, trial.constant)
    return Trial(trial.cell, trial.constant, summary, results.errors if results else None)
