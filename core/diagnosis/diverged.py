"""The loss is no finite number, or was far too large in an epoch, or has risen and stays there."""

import math
from collections.abc import Mapping

from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding, known
from core.diagnosis.remedies import (
    changes_of,
    is_perhaps_large,
    lower_rate,
    matching,
    rate_text,
)
from core.diagnosis.words import error_text
from core.number_text import count_text, number_text

TIMES = 3.0  # a loss so many times the least: no noise of a training does that for long
EPOCHS = 3  # in a row: one bad step may be made good
BLOWN_UP = 10.0  # a loss on normalized targets, whose size is about 1
UNSCALED = ("none", "log1p")  # normalizations whose targets may have any size
# Times the best constant's MAE, over a whole epoch: initial weights are off by a few times that,
# or, on values far from 0, by a few times the greatest target. Both must be left far behind.
FAR, FAR_OF_TARGETS = 100.0, 10.0
FAILED = "Diverged"  # how the worker begins the reason of such a run


def find(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    rows = evidence.history
    losses = [row["loss"] for row in rows]
    if evidence.state == "failed" and evidence.reason.startswith(FAILED):
        last = f" after {count_text(len(rows), 'epoch')}" if rows else " in the first epoch"
        sentence = (
            f"The loss was far too large, or no finite number{last}: the steps were too large."
        )
        table = {"Last finite loss": losses[-1] if losses else "none", "Epochs": len(rows)}
    elif far := _farthest(config, evidence):
        mae, constant = far["mae"], known(evidence.constant, "train", "mae")
        epoch, mae_text = int(far["epoch"]), error_text(evidence, "mae", mae)
        sentence = (
            f"In epoch {epoch:,} MAE on the training windows was {mae_text}, "
            f"{number_text(mae / constant)} times the best constant's: the steps are far too large."
        )
        table = {
            f"MAE in epoch {epoch:,}": mae_text,
            "MAE of the best constant": error_text(evidence, "mae", constant),
            f"Loss in epoch {epoch:,}": far["loss"],
            "Last loss": losses[-1],
        }
    elif _has_risen(evidence, losses):
        least = min(losses)
        epoch = int(rows[losses.index(least)]["epoch"])
        sentence = (
            f"The training loss has risen from {number_text(least)} in epoch {epoch:,} to "
            f"{number_text(losses[-1])}, and was more than {TIMES:g} times the least in each of "
            f"the last {EPOCHS} epochs: the steps are too large."
        )
        table = {
            "Least loss": least,
            "In epoch": epoch,
            "Last loss": losses[-1],
            "First loss": losses[0],
        }
    elif _is_blown_up(config, evidence):
        mae, constant = rows[-1]["mae"], known(evidence.constant, "train", "mae")
        mae_text = error_text(evidence, "mae", mae)
        sentence = (
            f"MAE {mae_text} on the training windows is "
            f"{number_text(mae / constant)} times the best constant's: the first steps were so "
            "large that they threw the model off."
        )
        table = {
            "MAE, training": mae_text,
            "MAE of the best constant": error_text(evidence, "mae", constant),
            "Loss": losses[-1],
        }
    else:
        return None
    remedy, text = _remedy(config, evidence)
    table["Learning rate"] = config.training.learning_rate
    return Finding("diverged", "The training diverged", sentence, "error", table, remedy, text)


def _farthest(config: ExperimentConfig, evidence: Evidence) -> Mapping[str, float] | None:
    """The epoch with the greatest error, if that is beyond what any start explains.

    Later epochs do not excuse it: what such steps have made of the weights is a start by chance.
    """
    constant = known(evidence.constant, "train", "mae")
    greatest = _greatest_target(config, evidence)
    squares = config.training.loss == "mse"
    far = [
        row
        for row in evidence.history
        if row.get("mae", math.nan) >= FAR * constant > 0
        and (math.sqrt(row["loss"]) if squares else row["loss"]) > FAR_OF_TARGETS * greatest
    ]
    return max(far, key=lambda row: row["mae"], default=None)


def _greatest_target(config: ExperimentConfig, evidence: Evidence) -> float:
    """Of recorded normalized targets, apart from the sign, but 1 at least; infinite if unknown."""
    records = evidence.outputs[:1]
    if not records and config.normalization.method in UNSCALED:
        return math.inf
    ends = ("target_minimum", "target_maximum")
    return max([1.0, *(abs(value) for record in records for end in ends for value in record[end])])


def _has_risen(evidence: Evidence, losses: list[float]) -> bool:
    """For some epochs a multiple of the least loss, and as bad as at the start or a constant."""
    late = losses[-EPOCHS:]
    if len(losses) <= EPOCHS or min(late) <= TIMES * min(losses):
        return False
    constant = known(evidence.constant, "train", "mae")
    errors = [row.get("mae", math.nan) for row in evidence.history[-EPOCHS:]]
    return min(late) >= losses[0] or min(errors) >= constant


def _is_blown_up(config: ExperimentConfig, evidence: Evidence) -> bool:
    """From the first epochs on far from where normalized targets are."""
    late = evidence.history[-EPOCHS:]
    if len(late) < EPOCHS or config.normalization.method in UNSCALED:
        return False
    constant = known(evidence.constant, "train", "mae")
    return all(row["loss"] > BLOWN_UP and row["mae"] > TIMES * constant for row in late)


def _remedy(config: ExperimentConfig, evidence: Evidence) -> tuple[dict, str]:
    remedy = lower_rate(config)
    text = rate_text(remedy)
    if is_perhaps_large(config, evidence):
        remedy |= changes_of(config, matching(config))
        text += ", on normalized data"
    return remedy, text
