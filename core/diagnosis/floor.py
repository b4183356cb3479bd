"""The error is at its floor: nearly all that is left of it is clipping."""

from core.config import ExperimentConfig
from core.diagnosis.evidence import (
    NEAR_FLOOR,
    Evidence,
    Finding,
    error_of,
    is_at_floor,
    is_near,
    known,
    last_records,
    measure_of,
)
from core.diagnosis.remedies import LINEAR, LINEAR_TEXT, changes_of
from core.diagnosis.words import (
    PART_WORDS,
    channel_name,
    channels_text,
    error_text,
    error_texts,
    of_channels,
)
from core.number_text import share_text
from core.output_range import ACTIVATIONS

# A floor over this share of the best constant's error spoils the run; below, it only ends it.
SPOILS = 0.1
NEAR = share_text(NEAR_FLOOR - 1)
TINY = 1e-300  # no constant of a channel that does not vary


def find(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    """Of validation if it is there, else of training."""
    measure = measure_of(config)
    parts = [p for p in ("validation", "train") if is_at_floor(evidence, p, measure)]
    if not parts:
        return None
    part, name = parts[0], measure.upper()
    error, floor = error_of(evidence, part, measure), known(evidence.floor, part, measure)
    constant = known(evidence.constant, part, measure)
    where = "" if part == "validation" else " on the training windows"
    above = max(0.0, error / floor - 1)
    remedy, text = _remedy(config, evidence)
    return Finding(
        "floor",
        "The error is at its floor",
        f"{name} {error_text(evidence, measure, error)}{where} is {share_text(above)} above its "
        f"floor {error_text(evidence, measure, floor)}: {_clipped(error, floor)}, and training "
        f"gains little more. Up to {NEAR} above counts as at the floor.",
        "warning" if floor < SPOILS * constant else "error",
        {
            "Part": ", ".join(PART_WORDS[p] for p in parts),
            f"{name}, {PART_WORDS[part]}": error_text(evidence, measure, error),
            f"Floor of {name}": error_text(evidence, measure, floor),
            f"{name} of the best constant": error_text(evidence, measure, constant),
        },
        remedy,
        text,
    )


def in_channels(config: ExperimentConfig, evidence: Evidence, found: list[int]) -> Finding:
    """found: the channels that are at floors of their own, while the error as a whole is not."""
    measure = measure_of(config)
    name = measure.upper()
    known_of = evidence.channel_errors, evidence.channel_floors, evidence.channel_constants
    of_validation, of_train = (
        [values[p][measure] for values in known_of] for p in ("validation", "train")
    )
    is_there = is_near(*of_validation)[found].all()
    error, floor, constant = of_validation if is_there else of_train
    part, where = ("validation", "validation") if is_there else ("train", "the training windows")
    worst = max(found, key=lambda channel: floor[channel] / max(constant[channel], TINY))
    remedy, text = _remedy(config, evidence)
    return Finding(
        "floor",
        f"The error is at its floor{of_channels(found, len(error))}",
        f"In {channels_text(evidence, found)} the error is at most {NEAR} above its floor, and "
        f"training gains little more: in {channel_name(evidence, worst)} {name} on {where} is "
        f"{error_text(evidence, measure, error[worst])}, its floor "
        f"{error_text(evidence, measure, floor[worst])}, so "
        f"{_clipped(error[worst], floor[worst])}.",
        "warning" if floor[worst] < SPOILS * constant[worst] else "error",
        {
            "Channel": [channel_name(evidence, channel) for channel in found],
            f"{name}, {PART_WORDS[part]}": error_texts(evidence, measure, error[found]),
            f"Floor of {name}": error_texts(evidence, measure, floor[found]),
            f"{name} of the best constant": error_texts(evidence, measure, constant[found]),
        },
        remedy,
        text,
    )


def _clipped(error: float, floor: float) -> str:
    return f"{share_text(floor / max(error, floor))} of it is clipping"


def _remedy(config: ExperimentConfig, evidence: Evidence) -> tuple[dict, str]:
    """What clips: the activation, the percentiles of the normalization, or both."""
    output = ACTIVATIONS[config.model.output_activation]
    percentiles = config.normalization.clip_percentile is not None
    beyond = _targets_beyond(config, evidence)
    unclipped = {"normalization.clip_percentile": None}
    if percentiles and not beyond:
        return unclipped, "Clip no values"
    if percentiles:
        return changes_of(config, LINEAR | unclipped), f"{LINEAR_TEXT}, clip no values"
    bounded = output.low != float("-inf") or output.high != float("inf")
    return (dict(LINEAR), LINEAR_TEXT) if bounded else ({}, "")


def _targets_beyond(config: ExperimentConfig, evidence: Evidence) -> bool:
    """Whether normalized targets, clipped by then, lie beyond the activation's range.

    Where nothing was recorded: whether they might.
    """
    output = ACTIVATIONS[config.model.output_activation]
    rounding = 1e-6
    for record in last_records(evidence, 1):
        return (
            min(record["target_minimum"], default=0) < output.low - rounding
            or max(record["target_maximum"], default=0) > output.high + rounding
        )
    return output.low != float("-inf") or output.high != float("inf")
