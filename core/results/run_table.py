"""The table of runs: a line for each, read from its small files once."""

import math
import threading
from dataclasses import dataclass
from typing import Any

from core.results.configs import config_columns
from core.results.errors_file import read_results
from core.runs import RunNotFound, RunStore, RunSummary, RunUnreadable


@dataclass(frozen=True)
class RunRow:
    """A line of the table of runs; NaN and empty text for what a run does not tell."""

    id: str
    sequence: int
    state: str
    reason: str
    name: str
    created: str
    device: str
    data: str = ""
    normalization: str = ""
    activation: str = ""
    epochs: int | None = None
    validation_mae: float = math.nan
    validation_mse: float = math.nan
    floor_mae: float = math.nan
    unit: str = ""
    best_epoch: int | None = None
    seconds: float | None = None


class RunTable:
    """The rows of all runs. The small files of a run are read again only when it changed state."""

    def __init__(self, store: RunStore):
        self._store = store
        self._listing: tuple[RunSummary, ...] = ()
        self._known: dict[str, tuple[RunSummary, RunRow]] = {}
        self._rows: tuple[RunRow, ...] = ()  # of the listing
        self._lock = threading.Lock()

    def rows(self) -> tuple[RunRow, ...]:
        """Newest first; runs that cannot be read, whose order is lost, last."""
        with self._lock:
            listing = self._store.listing()
            if listing is not self._listing:
                before, self._known = self._known, {}
                for summary in reversed(listing):
                    known = before.get(summary.id)
                    row = known[1] if known and known[0] == summary else self._row(summary)
                    self._known[summary.id] = (summary, row)
                self._rows = tuple(row for _, row in self._known.values())
                self._listing = listing
            return self._rows

    def _row(self, summary: RunSummary) -> RunRow:
        shared = {
            name: getattr(summary, name)
            for name in ("id", "sequence", "state", "reason", "name", "created", "device")
        }
        if summary.state in ("damaged", "newer"):
            return RunRow(**shared)
        details: dict[str, Any] = {}
        try:
            run = self._store.open(summary.id)
            details |= config_columns(run.config())
            results = None if summary.is_active else read_results(run)
        except (RunNotFound, RunUnreadable) as error:
            return RunRow(**shared | {"reason": shared["reason"] or str(error)}, **details)
        if results is not None:
            details |= {
                "validation_mae": results.errors["validation"]["mae"],
                "validation_mse": results.errors["validation"]["mse"],
                "floor_mae": results.visible_floor("validation", "mae"),
                "epochs": results.epochs_trained or details.get("epochs"),
                "unit": results.unit,
                "best_epoch": results.best_epoch,
                "seconds": results.seconds,
            }
        return RunRow(**shared, **details)
