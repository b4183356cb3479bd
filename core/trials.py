"""Cells of the matrix that were trained: what came of what was said of them before."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.matrix import Cell
from core.results import MEASURES, PARTS, PartErrors
from core.runs import RunSummary

NEAR_FLOOR = 1.05  # an error up to this multiple of its floor is put down to the floor
LEARNED = 0.5  # of the best constant's error; below it, the output is no obstacle
ROUNDING = 1e-4  # relative; a run's errors come from numbers of 32 bits

OUTCOMES = {  # what came of a cell's verdict: a mark, and the words for it
    "confirmed": ("✓", "confirmed"),
    "explained": (
        "✓",
        "confirmed: above its floor by no more than the best pair without one leaves",
    ),
    "refuted": ("!", "refuted: an error below the floor, which should never be"),
    "open": ("…", "not reached yet"),
    "unsaid": ("·", "nothing to check: it may take long, which no error tells"),
}


@dataclass(frozen=True)
class Trial:
    """A cell, and its newest run if there is one. Errors are in original units."""

    cell: Cell
    constant: PartErrors  # of the best constant of each channel
    run: RunSummary | None = None
    errors: PartErrors | None = None  # of a finished run
    epoch: int = 0  # that is in work; 0: none
    unhindered: PartErrors | None = None  # as of `side_by_side`

    def floor(self, part: str, measure: str) -> float:
        """The cell's floor; 0 if it is no more than the rounding of values."""
        floor = getattr(getattr(self.cell, part), measure)
        return 0.0 if floor < 1e-6 * self.constant[part][measure] else floor

    def relative_floor(self, part: str, measure: str) -> float:
        """The floor as a share of the best constant's error: 0 no obstacle, 1 as bad as it."""
        floor, constant = self.floor(part, measure), self.constant[part][measure]
        if floor == 0 or math.isnan(floor):
            return 0.0
        return min(1.0, floor / constant) if constant > 0 else 1.0

    def achieved(self, part: str, measure: str) -> float:
        """What the run reached; NaN while it has not."""
        return self.errors[part][measure] if self.errors else math.nan

    @property
    def is_trained(self) -> bool:
        return self.errors is not None

    @property
    def is_active(self) -> bool:
        return self.run is not None and self.run.is_active

    def outcome(self, measure: str) -> str:
        """A key of OUTCOMES; empty while the cell is not trained."""
        if not self.is_trained or math.isnan(self.achieved("validation", measure)):
            return ""
        for part in PARTS:
            if self.achieved(part, measure) < (1 - ROUNDING) * self.floor(part, measure):
                return "refuted"
        if self.cell.kind == "saturation":
            return "unsaid"
        if self.cell.kind == "compatible":
            part = "validation"
            limit = LEARNED * self.constant[part][measure]
        else:
            # The part that the output stands in the way of: validation, if it is not training alone
            part = max(reversed(PARTS), key=lambda name: self.relative_floor(name, measure))
            limit = NEAR_FLOOR * self.floor(part, measure)
            if limit < self.achieved(part, measure) <= self._explained(part, measure):
                return "explained"
        return "confirmed" if self.achieved(part, measure) <= limit else "open"

    def _explained(self, part: str, measure: str) -> float:
        """The floor and what this architecture leaves of the values that can be said, at most."""
        return self.floor(part, measure) + self.unhindered[part][measure] if self.unhindered else 0


def side_by_side(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of one matrix, each with the least errors of the compatible pairs that have
    learned; NaN where none has."""
    compatible = [trial for trial in trials if trial.cell.kind == "compatible"]
    learned = {
        measure: [trial for trial in compatible if trial.outcome(measure) == "confirmed"]
        for measure in MEASURES
    }
    least = {
        part: {
            measure: min((t.achieved(part, measure) for t in learned[measure]), default=math.nan)
            for measure in MEASURES
        }
        for part in PARTS
    }
    return [replace(trial, unhindered=least) for trial in trials]


def ranks(trials: Sequence[Trial], measure: str) -> Mapping[tuple[str, str, str], int]:
    """What `rank_key` says of a cell: rank by validation error, 1 is the least; equal ones share
    it."""
    reached = {
        rank_key(trial.cell): trial.achieved("validation", measure)
        for trial in trials
        if math.isfinite(trial.achieved("validation", measure))
    }
    ordered = sorted(reached.values())
    return {cell: ordered.index(error) + 1 for cell, error in reached.items()}


def key(cell: Cell) -> tuple[str, str]:
    """What tells a cell from the others of its matrix: normalization method and activation."""
    return cell.normalization.method, cell.activation


def rank_key(cell: Cell) -> tuple[str, str, str]:
    """`key` and the normalization's scope: a sweep may hold one method in several."""
    return *key(cell), cell.normalization.scope
