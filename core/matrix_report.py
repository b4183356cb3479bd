"""The matrix as rows of plain values, for JSON, and as a table of text."""

import math
from collections.abc import Sequence
from typing import Any

from core.matrix import Recommendation, pair_text
from core.number_text import number_text
from core.output_range import ErrorFloor
from core.results import MEASURES, PARTS
from core.trials import OUTCOMES, Trial, rank_key, ranks

COLUMNS = {  # heading: how a row's entry is found
    "rank": lambda row: str(row.get("rank") or ""),
    "normalization + output": lambda row: row["pair"],
    "verdict": lambda row: row["verdict"],
    "floor, train": lambda row: number_text(row["floor"]["train"]["mae"]),
    "floor, valid.": lambda row: number_text(row["floor"]["validation"]["mae"]),
}
TRAINED = {
    "MAE, train": lambda row: _reached(row, "train"),
    "MAE, valid.": lambda row: _reached(row, "validation"),
    "x floor": lambda row: _ratio(row),
    "outcome": lambda row: row.get("outcome") or row.get("state") or "",
}


def matrix_rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """A dict of plain values for each cell; errors and floors in original units.

    Once cells are trained they are ranked by validation MAE, 1 is the least.
    """
    order = ranks(trials, "mae")
    return [_row(trial) | {"rank": order.get(rank_key(trial.cell))} for trial in trials]


def _row(trial: Trial) -> dict[str, Any]:
    cell = trial.cell
    row = {
        "pair": pair_text(cell.normalization, cell.activation),
        "normalization": cell.normalization.model_dump(),
        "activation": cell.activation,
        "verdict": cell.kind,
        "sentence": cell.sentence,
        "notes": list(cell.notes),
        "floor": {part: _floor(getattr(cell, part)) for part in PARTS},
        "constant": {part: dict(trial.constant[part]) for part in PARTS},
    }
    if trial.run is not None:
        row |= {"run": trial.run.id, "state": trial.run.state, "outcome": trial.outcome("mae")}
    if trial.errors is not None:
        row["reached"] = {
            part: {measure: trial.errors[part][measure] for measure in MEASURES} for part in PARTS
        }
    return row


def _floor(floor: ErrorFloor) -> dict[str, Any]:
    return floor.to_dict() | {
        "channel_mae": floor.channel_mae.tolist(),
        "channel_mse": floor.channel_mse.tolist(),
        "below_share": floor.below_share.tolist(),
        "above_share": floor.above_share.tolist(),
        "at_open_end_share": floor.at_open_end_share.tolist(),
    }


def matrix_text(
    rows: Sequence[dict[str, Any]], recommendation: Recommendation | None, unit: str
) -> str:
    """A table of all cells, trained ones by rank, and the recommended pair below it."""
    is_trained = any("state" in row for row in rows)
    columns = COLUMNS | TRAINED if is_trained else COLUMNS
    if not is_trained:
        columns = {name: column for name, column in columns.items() if name != "rank"}
    ordered = sorted(rows, key=lambda row: row.get("rank") or math.inf)
    table = [list(columns), *([entry(row) for entry in columns.values()] for row in ordered)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True))
        for line in table
    ]
    constant = rows[0]["constant"] if rows else {}
    if constant:
        lines.append(
            "best constant: "
            + ", ".join(f"{part} MAE {number_text(constant[part]['mae'], unit)}" for part in PARTS)
        )
    if recommendation is not None:
        cell = recommendation.cell
        lines.append(
            f"recommended: {pair_text(cell.normalization, cell.activation)}. "
            f"{recommendation.reason}"
        )
    words = {row.get("outcome") for row in rows} & set(OUTCOMES)
    lines += [f"{word}: {OUTCOMES[word][1]}" for word in sorted(words) if word != "confirmed"]
    return "\n".join(line.rstrip() for line in lines)


def _reached(row: dict[str, Any], part: str) -> str:
    return number_text(row["reached"][part]["mae"]) if "reached" in row else ""


def _ratio(row: dict[str, Any]) -> str:
    """How far above its floor the training part ended."""
    floor = row["floor"]["train"]["mae"]
    if "reached" not in row or floor < 1e-6 * row["constant"]["train"]["mae"]:
        return ""
    return f"{row['reached']['train']['mae'] / floor:.3f}"
