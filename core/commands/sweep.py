"""`sweep`: train pairs with everything else the same, and rank them."""

import argparse
import sys

from core.commands.pairs import asked_pairs, print_pairs
from core.matrix import pair_text, with_pair
from core.results import read_results
from core.runs import Run, RunStore, RunSummary
from core.sweep import sweep
from core.trials import Trial, side_by_side

CANCELLED = 3


def run(options: argparse.Namespace) -> int:
    store = RunStore(options.runs)
    config, cells, trials = asked_pairs(options, store.data_folder)
    names = [pair_text(cell.normalization, cell.activation) for cell in cells]
    configs = [
        with_pair(config, cell.normalization, cell.activation).replace({"name": name})
        for cell, name in zip(cells, names, strict=True)
    ]

    def report(number: int, run: Run) -> None:
        print(f"{run.status().state:<10} {names[number]}", file=sys.stderr, flush=True)

    try:
        runs = sweep(configs, store, report)
    except KeyboardInterrupt:
        print("cancelled; the same command goes on with what is left", file=sys.stderr)
        return CANCELLED
    summaries = [RunSummary(id=run.id, **vars(run.status())) for run in runs]
    results = [read_results(run) if run.status().state == "finished" else None for run in runs]
    trained = [
        Trial(trial.cell, trial.constant, summary, found.errors if found else None)
        for trial, summary, found in zip(trials, summaries, results, strict=True)
    ]
    print_pairs(options, config, cells, side_by_side(trained))
    return 0 if all(results) else 1
