"""`show`: print a run's state, history, errors and floors."""

import argparse
import math
from collections.abc import Mapping
from typing import Any

from core.commands.faults import Fault
from core.commands.inputs import open_run
from core.commands.json_text import json_text
from core.number_text import count_text
from core.results import MEASURES, PARTS, Results, read_results
from core.results.errors_file import read_json
from core.runs import RunUnreadable

COLUMNS = {  # of a history, and what they are called
    "loss": "loss",
    "mae": "MAE",
    "mse": "MSE",
    "val_mae": "validation MAE",
    "val_mse": "MSE",
}


def run(options: argparse.Namespace) -> int:
    _, known = open_run(options.run)
    try:
        status, config, results = known.status(), known.config(), read_results(known)
        content = read_json(known, "results.json") or {}
    except RunUnreadable as error:
        raise Fault(f"{options.run}: {error}") from error
    shown = {
        "id": known.id,
        "name": status.name,
        "state": status.state,
        "reason": status.reason,
        "history": known.history(),
        "train": None,
        "validation": None,
        "floor": None,
        **content,
        "config": config,
    }
    if options.reconstructions is not None:
        from core.commands.reconstructions import write_reconstructions

        write_reconstructions(known, options.reconstructions, options.part)
    print(json_text(shown) if options.json else _summary(shown, results))
    return 0


def _summary(shown: Mapping[str, Any], results: Results | None) -> str:
    lines = [f"{shown['name']}: {shown['state']} {shown['reason']}".rstrip()]
    for row in shown["history"]:
        numbers = (f"{title} {_number(row.get(name))}" for name, title in COLUMNS.items())
        lines.append(f"epoch {row.get('epoch', '–'):>4}  {'  '.join(numbers)}")
    if results is not None:
        for part in PARTS:
            errors = (_reached(results, part, measure) for measure in MEASURES)
            lines.append(f"{part:<10}  {'  '.join(errors)}")
    return "\n".join(lines)


def _reached(results: Results, part: str, measure: str) -> str:
    """An error beside what needs no model, of which runs of earlier versions tell less."""
    size = results.pca_components
    pca = "PCA" if size is None else f"PCA of {count_text(size, 'component')}"
    known = {"floor": results.floor, "constant": results.constant, pca: results.pca}
    beside = [
        f"{name} {_number(errors[part][measure])}"
        for name, errors in known.items()
        if not math.isnan(errors[part][measure])
    ]
    reached = f"{measure.upper()} {_number(results.errors[part][measure])}"
    return f"{reached} ({', '.join(beside)})" if beside else reached


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.6g}"
