"""The cells of the draft's matrix with what their runs have reached."""

from collections.abc import Sequence

from core import session
from core.config import ExperimentConfig
from core.matrix import Cell, with_pair
from core.results import PartErrors
from core.runs import RunNotFound, RunStore, RunSummary, RunUnreadable
from core.trials import Trial, side_by_side
from core.views.stored import results_of

NAME = "matrix: "  # the beginning of the name of a run that the matrix has queued


def trials_of(config: ExperimentConfig, cells: Sequence[Cell]) -> list[Trial]:
    """Each cell with the newest run of its configuration. Raises DataError."""
    constant = session.matrix(config).constants
    runs = session.runs_of([with_pair(config, c.normalization, c.activation) for c in cells])
    store = session.store()
    trials = [_trial(cell, run, constant, store) for cell, run in zip(cells, runs, strict=True)]
    return side_by_side(trials)


def _trial(cell: Cell, run: RunSummary | None, constant: PartErrors, store: RunStore) -> Trial:
    if run is None:
        return Trial(cell, constant)
    errors, epoch = None, 0
    try:
        if run.state == "finished":
            results = results_of(store.open(run.id))
            errors = results.errors if results else None
        elif run.state == "running":
            epoch = int(store.open(run.id).progress().get("epoch") or 0)
    except (RunNotFound, RunUnreadable):
        return Trial(cell, constant)
    return Trial(cell, constant, run, errors, epoch)


def run_name(cell: Cell) -> str:
    """`matrix: minmax, per channel · sigmoid`"""
    scaling = cell.normalization
    method = scaling.method
    if method not in ("none", "log1p"):
        method += f", {session.SCOPES[scaling.scope]}"
    return f"{NAME}{method} · {cell.activation}"
