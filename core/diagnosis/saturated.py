"""Many outputs at an open end of the activation's range, where few targets are.

A sigmoid or tanh whose input has grown large says its end whatever the window; the slope there is
nearly 0, so it takes long to come back.
"""

from collections.abc import Sequence

import numpy as np

from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding, last_records, measure_of, unlearned, values
from core.diagnosis.remedies import (
    LINEAR,
    LINEAR_TEXT,
    changes_of,
    is_wild,
    matching,
    rate_text,
    tenth_rate,
)
from core.diagnosis.words import channel_name, channels_text, of_channels
from core.number_text import number_text, share_text
from core.output_range import ACTIVATIONS

# So much larger must the outputs' share at the ends be than the targets': a model that smooths, or
# that leaves out small noise near an end, is a few percent off.
EXCESS = 0.2
# So much of what can be learned must be unlearned: a model that fits may sit where it likes.
MATERIAL = 0.25
RECORDS = 2  # recorded epochs in a row, while a run goes on


def channels(config: ExperimentConfig, evidence: Evidence) -> list[int]:
    """The channels with too many outputs at open ends in each of the last recorded epochs."""
    records = last_records(evidence, RECORDS)
    if not records or not unlearned(evidence, measure_of(config)) >= MATERIAL:
        return []
    outputs, targets = _shares(config, records)
    return np.flatnonzero((outputs - targets >= EXCESS).all(axis=0)).tolist()


def _shares(config: ExperimentConfig, records: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Of outputs and of targets at those open ends that more outputs are at: `(records, channels)`.

    An end that is infinite has none, whatever a damaged record says.
    """
    output = ACTIVATIONS[config.model.output_activation]
    outputs = np.zeros_like(values(records, "at_low"))
    targets = np.zeros_like(outputs)
    ends = ("low", output.low, output.low_open), ("high", output.high, output.high_open)
    for end, place, is_open in ends:
        mine, theirs = values(records, f"at_{end}"), values(records, f"target_at_{end}")
        counts = (mine > theirs) & (is_open and np.isfinite(place))
        outputs += np.where(counts, mine, 0)
        targets += np.where(counts, theirs, 0)
    return outputs, targets


def finding(config: ExperimentConfig, evidence: Evidence, found: list[int]) -> Finding:
    output, last = ACTIVATIONS[config.model.output_activation], evidence.outputs[-1]
    outputs, targets = (shares[0, found] for shares in _shares(config, [last]))
    remedy, text = _remedy(config)
    return Finding(
        "saturated",
        f"Saturated output{of_channels(found, len(last['at_low']))}",
        f"{share_text(outputs.mean())} of what {output.title} says in "
        f"{channels_text(evidence, found)} lies within {number_text(output.near)} of an end of its "
        f"range {output.range_text}, where {share_text(targets.mean())} of the targets are. Its "
        "slope is nearly 0 there, so it hardly learns.",
        "warning",
        {
            "Channel": [channel_name(evidence, c) for c in found],
            "Outputs near the end": [share_text(share) for share in outputs],
            "Targets near the end": [share_text(share) for share in targets],
            "Slope, of the steepest": [share_text(last["slope"][c]) for c in found],
            "Epoch": last["epoch"],
            "Windows looked at": last["windows"],
        },
        remedy,
        text,
    )


def _remedy(config: ExperimentConfig) -> tuple[dict, str]:
    """A learning rate that does not throw the output there; a normalization that fits; where
    neither is at fault, a linear output."""
    fitting = changes_of(config, matching(config))
    if is_wild(config):
        rate = tenth_rate(config)
        return rate | fitting, rate_text(rate) + ", normalized into the range" * bool(fitting)
    return (fitting, "Normalize into the range") if fitting else (dict(LINEAR), LINEAR_TEXT)
