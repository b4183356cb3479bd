"""`show`: print a run's state, history, errors and floors."""

import argparse
import json
from pathlib import Path
from typing import Any

from core.commands.faults import Fault
from core.commands.inputs import open_run
from core.commands.json_text import json_text
from core.runs import RunUnreadable


def run(options: argparse.Namespace) -> int:
    _, known = open_run(options.run)
    try:
        status, config = known.status(), known.config()
    except RunUnreadable as error:
        raise Fault(f"{options.run}: {error}") from error
    results = _results(known.folder / "results.json")
    shown = {
        "id": known.id,
        "name": status.name,
        "state": status.state,
        "reason": status.reason,
        "history": known.history(),
        "train": None,
        "validation": None,
        "floor": None,
        **results,
        "config": config,
    }
    if options.reconstructions is not None:
        from core.commands.reconstructions import write_reconstructions

        write_reconstructions(known, options.reconstructions, options.part)
    print(json_text(shown) if options.json else _summary(shown))
    return 0


def _results(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Fault(f"{path} is damaged: {error}") from error


def _summary(shown: dict[str, Any]) -> str:
    lines = [f"{shown['name']}: {shown['state']} {shown['reason']}".rstrip()]
    for row in shown["history"]:
        lines.append(
            f"epoch {row['epoch']:>4}  loss {row['loss']:.6g}  MAE {row['mae']:.6g}  "
            f"MSE {row['mse']:.6g}  validation MAE {row['val_mae']:.6g}  MSE {row['val_mse']:.6g}"
        )
    for part in ("train", "validation"):
        if shown[part]:
            errors = (_reached(shown, part, measure) for measure in ("mae", "mse"))
            lines.append(f"{part:<10}  {'  '.join(errors)}")
    return "\n".join(lines)


def _reached(shown: dict[str, Any], part: str, measure: str) -> str:
    """An error beside what needs no model, of which runs of earlier versions tell less."""
    names = {"floor": "floor", "constant": "constant", "pca": "PCA"}
    known = {name: (shown.get(key) or {}).get(part, {}) for key, name in names.items()}
    beside = [f"{name} {errors[measure]:.6g}" for name, errors in known.items() if errors]
    return f"{measure.upper()} {shown[part][measure]:.6g} ({', '.join(beside)})"
