"""`show`: print a run's state, history, errors and floors, and what a diagnosis finds."""

import argparse
import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.commands.faults import Fault
from core.commands.inputs import open_run
from core.commands.json_text import json_text
from core.config import ExperimentConfig
from core.diagnosis import diagnose, gather
from core.number_text import count_text, unit_of
from core.results import MEASURES, PARTS, Results, read_baselines, read_outputs, read_results
from core.results.errors_file import read_json
from core.runs import Run, RunStore, RunUnreadable, Status
from core.signals.store import load, recording_key

COLUMNS = {  # of a history, and what they are called
    "loss": "loss",
    "mae": "MAE",
    "mse": "MSE",
    "val_mae": "validation MAE",
    "val_mse": "MSE",
}


def run(options: argparse.Namespace) -> int:
    store, known = open_run(options.run)
    try:
        status, config, results = known.status(), known.config(), read_results(known)
        content = read_json(known, "results.json") or {}
        unit, findings = _diagnosed(store, known, status, results)
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
        "unit": unit,
        "findings": findings,
        "config": config,
    }
    if options.reconstructions is not None:
        from core.commands.reconstructions import write_reconstructions

        write_reconstructions(known, options.reconstructions, options.part)
    print(json_text(shown) if options.json else _summary(shown, results))
    return 0


def _diagnosed(
    store: RunStore, run: Run, status: Status, results: Results | None
) -> tuple[str, list[dict[str, str]]]:
    """The unit of the data, and what the app would show as findings, the gravest first."""
    try:
        config = ExperimentConfig.model_validate(run.config())
    except ValidationError:  # of another version
        return results.unit if results else "", []
    evidence = gather(
        config,
        status,
        history=run.history(),
        outputs=read_outputs(run),
        known=(None if status.is_active else results) or read_baselines(run),
        data=lambda: load(recording_key(config.data), store.data_folder),
    )
    kept = ("kind", "severity", "title", "sentence")
    findings = [
        {name: getattr(finding, name) for name in kept} for finding in diagnose(config, evidence)
    ]
    return evidence.unit, findings


def _summary(shown: Mapping[str, Any], results: Results | None) -> str:
    lines = [f"{shown['name']}: {shown['state']} {shown['reason']}".rstrip()]
    if shown["unit"]:
        lines.append(", ".join(f"{m.upper()} in {unit_of(m, shown['unit'])}" for m in MEASURES))
    for row in shown["history"]:
        numbers = (f"{title} {_number(row.get(name))}" for name, title in COLUMNS.items())
        lines.append(f"epoch {row.get('epoch', '–'):>4}  {'  '.join(numbers)}")
    if results is not None:
        for part in PARTS:
            errors = (_reached(results, part, measure) for measure in MEASURES)
            lines.append(f"{part:<10}  {'  '.join(errors)}")
    lines += [f"{finding['title']}: {finding['sentence']}" for finding in shown["findings"]]
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
