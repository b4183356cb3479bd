"""The validation loss rises while the training loss goes on falling."""

import numpy as np

from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding
from core.number_text import count_text, number_text, share_text

EPOCHS = 3  # after the best one, at least: two may be chance
RISE = 0.05  # of the validation loss: less is neither here nor there
# Times the usual bend of the validation loss, |a - 2 b + c|, that the rise must be: where epochs
# are off by chance by s, that has the median 1.65 s, and this asks for 3.7 s.
NOISE = 2.25
FALL = 0.02  # of the training loss since the next epoch: it went on learning, by heart
PATIENCE = 5
MOST_DROPOUT = 0.5


def find(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    rows = evidence.history
    if len(rows) <= EPOCHS:
        return None
    validation = np.array([row["val_loss"] for row in rows], dtype=float)
    training = np.array([row["loss"] for row in rows], dtype=float)
    best = int(validation.argmin())
    if len(rows) - 1 - best < EPOCHS:
        return None
    # One lucky epoch is no standard: the epochs beside it count as well.
    standard = float(np.median(validation[max(0, best - 1) : best + 2]))
    count = max(EPOCHS, (len(rows) - 1 - best) // 3)  # of many epochs more count, against chance
    late, late_training = float(validation[-count:].mean()), float(training[-count:].mean())
    bend = float(np.median(np.abs(np.diff(validation, 2))))
    has_risen = late - standard >= max(RISE * standard, NOISE * bend)
    stays = validation[-EPOCHS:].min() >= standard
    # An epoch's training loss is the mean over the epoch, and higher than validation at its end: it
    # says little of an early best epoch, and by heart means better than on what is new.
    before = training[best + 1]
    by_heart = late_training <= min((1 - FALL) * before, late / (1 + RISE))
    if not (has_risen and stays and by_heart):
        return None
    epoch, last = int(rows[best]["epoch"]), int(rows[-1]["epoch"])
    kept = ""
    if evidence.errors is not None and config.training.keep_best:
        kept = f" The weights that were kept are those of epoch {epoch:,}."
    remedy, text = _remedy(config)
    return Finding(
        "overfitting",
        "Overfitting",
        f"Since epoch {epoch:,} the validation loss has risen by "
        f"{share_text(late / validation[best] - 1)} in {count_text(last - epoch, 'epoch')}, from "
        f"{number_text(validation[best])} to {number_text(late)}, while the training loss "
        f"fell from {number_text(before)} to {number_text(late_training)}: the model "
        f"learns its training windows by heart.{kept}",
        "warning",
        {
            "Best epoch": epoch,
            "Last epoch": last,
            "Validation loss, best": float(validation[best]),
            f"Validation loss, mean of the last {count} epochs": late,
            "Training loss, in the epoch after": float(before),
            f"Training loss, mean of the last {count} epochs": late_training,
        },
        remedy,
        text,
    )


def _remedy(config: ExperimentConfig) -> tuple[dict, str]:
    dropout = min(MOST_DROPOUT, round(config.model.dropout + 0.1, 3))
    remedy = {"model.dropout": dropout} if dropout > config.model.dropout else {}
    if not config.training.patience:
        remedy["training.patience"] = PATIENCE
    text = f"Use dropout {dropout:g}" if "model.dropout" in remedy else "Stop early"
    return remedy, text + " and stop early" * (len(remedy) == 2) if remedy else ""
