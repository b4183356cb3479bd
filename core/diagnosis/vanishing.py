"""The slope of the output is nearly 0 though the error is far above its floor.

What is left for this after dead and saturated channels: outputs at an end where most targets are
too, while those elsewhere are not learned, such as sparse peaks above a baseline.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding, last_records, measure_of, unlearned, values
from core.diagnosis.remedies import linear_output
from core.diagnosis.words import channel_name, channels_text, of_channels
from core.number_text import share_text
from core.output_range import ACTIVATIONS
from core.results import PARTS

FLAT = 0.01  # of the steepest slope: steps a hundred times smaller than they could be
FEW = 0.5  # of the targets that a closed end has a slope at: most of these are not learned
FAR = 0.25  # of what can be learned is unlearned: less may be noise that nothing could learn
RECORDS = 3  # recorded epochs in a row, while a run goes on


def channels(config: ExperimentConfig, evidence: Evidence) -> list[int]:
    """The channels whose output is flat in each of the last recorded epochs."""
    if config.model.output_activation == "linear":  # as steep everywhere: such a record is damaged
        return []
    records = last_records(evidence, RECORDS)
    if not records or not unlearned(evidence, measure_of(config)) >= FAR:
        return []
    slope = values(records, "slope")
    varies = values(records, "target_maximum") > values(records, "target_minimum")
    flat = (slope < FLAT) & (slope < FEW * _slope_of_targets(config, records)) & varies
    return [c for c in np.flatnonzero(flat.all(axis=0)).tolist() if _is_far(config, evidence, c)]


def _slope_of_targets(config: ExperimentConfig, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """The slope of an output that is as it should be: `(records, channels)`.

    At a closed end there is none, and an output that is rightly there most of the time is fine. At
    an open end it takes ever larger steps to come nearer.
    """
    output = ACTIVATIONS[config.model.output_activation]
    at_low, at_high = values(records, "target_at_low"), values(records, "target_at_high")
    return 1 - at_low * (not output.low_open) - at_high * (not output.high_open)


def _is_far(config: ExperimentConfig, evidence: Evidence, channel: int) -> bool:
    """Whether a channel, too, has much left to learn, where its own errors are known."""
    if not evidence.channel_errors or not evidence.channel_constants:
        return True
    measure = measure_of(config)
    pairs = [
        (evidence.channel_errors[part][measure], evidence.channel_constants[part][measure])
        for part in PARTS
    ]
    return all(
        channel >= min(len(errors), len(constants)) or errors[channel] >= FAR * constants[channel]
        for errors, constants in pairs
    )


def finding(config: ExperimentConfig, evidence: Evidence, found: list[int]) -> Finding:
    output, last = ACTIVATIONS[config.model.output_activation], evidence.outputs[-1]
    slopes = [last["slope"][c] for c in found]
    left = unlearned(evidence, measure_of(config))
    return Finding(
        "vanishing",
        f"Vanishing slope{of_channels(found, len(last['slope']))}",
        f"{output.title} works at {share_text(max(slopes))} of its steepest slope in "
        f"{channels_text(evidence, found)}, so hardly any step reaches the weights, though "
        f"{share_text(min(left, 1.0))} of what can be learned is not learned yet.",
        "warning",
        {
            "Channel": [channel_name(evidence, c) for c in found],
            "Slope, of the steepest": [share_text(slope) for slope in slopes],
            "Outputs at or near an end": [
                share_text(last["at_low"][c] + last["at_high"][c]) for c in found
            ],
            "Epoch": last["epoch"],
            "Windows looked at": last["windows"],
        },
        *linear_output(config, evidence, of_all=len(found) == len(last["slope"])),
    )
