"""The run ended while its error was still falling."""

import math

from core.config import ExperimentConfig
from core.diagnosis.evidence import (
    Evidence,
    Finding,
    error_of,
    is_at_floor,
    known,
    measure_of,
)
from core.diagnosis.remedies import changes_of, is_out_of_scale, matching, more_epochs
from core.diagnosis.words import error_text
from core.number_text import count_text, share_text

NEARLY_LAST = 20  # the best epoch is among the last of so many: 19 or 20 of 20
# What the last quarter of the epochs took off the error above its floor: as many epochs again then
# bring more than the chance of another seed.
GAIN = 0.05


def find(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    rows, measure = evidence.history, measure_of(config)
    if not evidence.is_over or evidence.state != "finished" or len(rows) < 2:
        return None
    last = int(rows[-1]["epoch"])
    best = int(min(rows, key=lambda row: row["val_loss"])["epoch"])
    if last < config.training.epochs or best < last - last // NEARLY_LAST:
        return None
    if is_at_floor(evidence, "validation", measure) or is_at_floor(evidence, "train", measure):
        return None
    column = f"val_{measure}"
    earlier = [row for row in rows if row["epoch"] <= last - max(1, last // 4)]
    before, after = min(row[column] for row in earlier), min(row[column] for row in rows)
    floor = known(evidence.floor, "validation", measure)
    above = before - (0.0 if math.isnan(floor) else floor)
    if not (above > 0 and (before - after) / above >= GAIN):
        return None
    share = share_text((before - after) / above)
    last_epochs = count_text(last - int(earlier[-1]["epoch"]), "epoch").removeprefix("1 ")
    name = measure.upper()
    before_text, after_text, floor_text = (
        error_text(evidence, measure, value) for value in (before, after, floor)
    )
    remedy, text = _remedy(config, evidence)
    return Finding(
        "still_falling",
        "The error was still falling",
        f"The last {last_epochs} of {last:,} brought {name} on validation "
        f"from {before_text} to {after_text}, {share} of "
        "what was above its floor: more epochs would bring more.",
        "info",
        {
            "Epochs": last,
            "Best epoch": best,
            f"{name} up to epoch {int(earlier[-1]['epoch']):,}": before_text,
            f"{name} at the end": after_text,
            "Floor": floor_text,
        },
        remedy,
        text,
    )


def _remedy(config: ExperimentConfig, evidence: Evidence) -> tuple[dict, str]:
    """More epochs; a normalization first where the data's scale is what takes them."""
    is_behind = error_of(evidence, "train", "mae") > known(evidence.constant, "train", "mae")
    if is_behind and is_out_of_scale(config, evidence):
        return changes_of(config, matching(config)), "Normalize the data"
    return more_epochs(config)
