"""What a diagnosis is made of, and what it is made from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.config import ExperimentConfig
from core.results import PARTS, ChannelErrors, PartErrors

SEVERITIES = ("error", "warning", "info")

# Up to this multiple of the floor an error is put down to it: what is left to be gained by training
# is less than a run gains or loses by another seed.
NEAR_FLOOR = 1.1
# A floor under this share of the best constant's error is no obstacle: other faults hide it.
FLOOR_MATTERS = 0.01
# Within this share of the best constant's error, or above it, nothing of the shape was learned.
LIKE_CONSTANT = 0.98

PartValues = Mapping[str, np.ndarray]  # part -> (channels,)


@dataclass(frozen=True)
class Evidence:
    """What is known of a run, in work or over; None and empty where it is not."""

    history: Sequence[Mapping[str, float]] = ()  # rows as in `history.csv`
    outputs: Sequence[Mapping[str, Any]] = ()  # lines as in `outputs.jsonl`
    floor: PartErrors | None = None  # all errors in original units
    constant: PartErrors | None = None
    pca: PartErrors | None = None
    channel_names: tuple[str, ...] = ()
    unit: str = ""
    state: str = "running"
    compression_ratio: float | None = None
    is_over: bool = False  # for good: it is not to be resumed
    output_low: PartValues | None = None  # of all windows, original units, once it is over
    output_high: PartValues | None = None
    target_low: PartValues | None = None
    target_high: PartValues | None = None
    errors: PartErrors | None = None  # of the weights that were kept, once some were
    channel_errors: ChannelErrors | None = None  # likewise
    channel_constants: ChannelErrors | None = None  # of the best constant of each channel
    channel_floors: ChannelErrors | None = None
    reason: str = ""  # why it came to rest


@dataclass(frozen=True)
class Finding:
    """Something wrong, or worth knowing, with what it rests on and what to do."""

    kind: str
    title: str
    sentence: str  # plain text: channel names in it are as their owner wrote them
    severity: str  # one of SEVERITIES
    evidence: dict[str, Any] = field(default_factory=dict)  # what: number, text, or list
    remedy: dict[str, Any] = field(default_factory=dict)  # dotted configuration changes
    remedy_text: str = ""


def measure_of(config: ExperimentConfig) -> str:
    """The error in original units that a run's loss stands for."""
    return "mse" if config.training.loss == "mse" else "mae"


def error_of(evidence: Evidence, part: str, measure: str) -> float:
    """The error of the kept weights; of the last epoch while there are none; NaN before."""
    if evidence.errors is not None and not math.isnan(evidence.errors[part][measure]):
        return evidence.errors[part][measure]
    if not evidence.history:
        return math.nan
    column = measure if part == "train" else f"val_{measure}"
    return evidence.history[-1].get(column, math.nan)


def known(errors: PartErrors | None, part: str, measure: str) -> float:
    """An error of one part, NaN where it is not known."""
    return math.nan if errors is None else errors[part].get(measure, math.nan)


def is_at_floor(evidence: Evidence, part: str, measure: str) -> bool:
    """Whether an error is put down to a floor that matters."""
    error, floor = error_of(evidence, part, measure), known(evidence.floor, part, measure)
    constant = known(evidence.constant, part, measure)
    matters = floor > (FLOOR_MATTERS * constant if constant == constant else 0.0)
    return matters and error <= NEAR_FLOOR * floor


def channels_at_floor(evidence: Evidence, measure: str) -> set[int] | None:
    """The channels whose own errors are at their own floors.

    None where these are not known: while a run goes on, and of an earlier version. Of a single
    channel the whole error tells.
    """
    channels = evidence.outputs[-1]["at_low"] if evidence.outputs else evidence.channel_names
    if len(channels) == 1:
        return {0} if any(is_at_floor(evidence, part, measure) for part in PARTS) else set()
    of_channels = evidence.channel_errors, evidence.channel_floors, evidence.channel_constants
    if not all(of_channels):
        return None
    found: set[int] = set()
    for part in PARTS:
        error, floor, constant = (values[part][measure] for values in of_channels)
        if not len(error) == len(floor) == len(constant) > 0:
            return None
        found |= set(np.flatnonzero(is_near(error, floor, constant)).tolist())
    return found


def is_near(error: Any, floor: Any, constant: Any) -> Any:
    """Whether an error is put down to a floor that matters beside the best constant's."""
    return (floor > FLOOR_MATTERS * constant) & (error <= NEAR_FLOOR * floor)


def unlearned(evidence: Evidence, measure: str) -> float:
    """How much of what can be learned was not: 0 at the floor, 1 where a constant does as well.

    The lesser of both parts', so that neither noise nor overfitting counts; NaN if not known.
    """
    shares = []
    for part in PARTS:
        error, constant = error_of(evidence, part, measure), known(evidence.constant, part, measure)
        floor = known(evidence.floor, part, measure)
        floor = 0.0 if math.isnan(floor) else floor
        room = max(constant - floor, FLOOR_MATTERS * constant)
        if is_at_floor(evidence, part, measure):
            shares.append(0.0)
        elif room > 0:
            shares.append((error - floor) / room)
    return min(shares, default=math.nan)


def last_records(evidence: Evidence, count: int) -> Sequence[Mapping[str, Any]]:
    """The last so many recorded epochs; a run that is over may have fewer, one in work none."""
    records = evidence.outputs[-count:]
    return records if evidence.is_over or len(records) == count else ()


def values(records: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """One statistic of recorded epochs: `(records, channels)`."""
    return np.array([record[name] for record in records], dtype=float)
