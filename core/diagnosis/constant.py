"""A model that says the median or the mean, and nothing of the shape; or that does no better."""

import numpy as np

from core.config import ExperimentConfig
from core.diagnosis import still_falling
from core.diagnosis.evidence import (
    LIKE_CONSTANT,
    Evidence,
    Finding,
    error_of,
    is_at_floor,
    known,
    last_records,
    measure_of,
    values,
)
from core.diagnosis.remedies import (
    changes_of,
    higher_rate,
    is_out_of_scale,
    is_wild,
    larger_latent_layer,
    matching,
    more_epochs,
    rate_text,
    settles_on_the_median,
    tenth_rate,
)
from core.diagnosis.words import channel_name, channels_text, error_text, error_texts, of_channels
from core.number_text import share_text
from core.output_range import ACTIVATIONS
from core.results import PARTS

# Of the targets' standard deviation. An output that varies so little explains at most
# 1 - (1 - 0.1)^2 = 19 % of their variance, and no more than 4 % in the stricter case.
FLAT = 0.1  # where the error, too, is that of the best constant
FLAT_ALONE = 0.02  # of single channels, whose errors are not known while a run goes on
RECORDS = 3  # recorded epochs in a row while a run goes on: every model begins near the mean


def channels(config: ExperimentConfig, evidence: Evidence) -> list[int]:
    """The channels whose output is constant in each of the last recorded epochs."""
    records = last_records(evidence, RECORDS)
    if not records:
        return []
    varies = values(records, "target_maximum") > values(records, "target_minimum")
    spread = np.where(varies, values(records, "spread"), np.inf).max(axis=0)  # (channels,)
    within = _within_range(config, records)
    flat = spread < FLAT
    if (flat | ~varies.all(axis=0)).all() and is_like_constant(config, evidence):
        return np.flatnonzero(flat & within).tolist()
    return np.flatnonzero((spread < FLAT_ALONE) & within).tolist()


def _within_range(config: ExperimentConfig, records: list) -> np.ndarray:
    """Channels whose targets the activation can say, a hundredth of their width aside."""
    output = ACTIVATIONS[config.model.output_activation]
    low, high = values(records, "target_minimum"), values(records, "target_maximum")
    slack = 0.01 * (high - low)
    return ((low >= output.low - slack) & (high <= output.high + slack)).all(axis=0)


def is_like_constant(config: ExperimentConfig, evidence: Evidence) -> bool:
    """Whether no part's error is lower than the best constant's, about."""
    measure = measure_of(config)
    return all(
        error_of(evidence, part, measure) >= LIKE_CONSTANT * known(evidence.constant, part, measure)
        and not is_at_floor(evidence, part, measure)
        for part in PARTS
    )


def no_better(config: ExperimentConfig, evidence: Evidence) -> Finding | None:
    """Of a run that is over: its errors are a constant's or more, however the output varies."""
    if not evidence.is_over or len(evidence.history) < RECORDS:
        return None
    if not is_like_constant(config, evidence):
        return None
    beside, table = _errors(config, evidence)
    middle = "median" if measure_of(config) == "mae" else "mean"
    sentence = (
        f"{beside}: to say the {middle} of each channel all the time would do at least as well."
    )
    remedy, text = _remedy(config, evidence)
    if _is_beyond_components(evidence):
        sentence += (
            " Nor do principal components do better with at most as many numbers a window: these "
            "data may need a larger latent layer."
        )
        remedy, text = larger_latent_layer(config)
    return Finding(
        "no_better", "No better than a constant", sentence, "warning", table, remedy, text
    )


def unlearned(evidence: Evidence, measure: str) -> list[int]:
    """Channels of a run that is over in which a constant does as well, on both parts."""
    if not evidence.is_over or len(evidence.history) < RECORDS:
        return []
    if not evidence.channel_errors or not evidence.channel_constants:
        return []  # of an earlier version
    beside = []
    for part in PARTS:
        errors = evidence.channel_errors[part][measure]
        constants = evidence.channel_constants[part][measure]
        if not len(errors) == len(constants) > 0:
            return []
        beside.append((errors >= LIKE_CONSTANT * constants) & (constants > 0))
    return np.flatnonzero(np.all(beside, axis=0)).tolist()


def in_channels(config: ExperimentConfig, evidence: Evidence, found: list[int]) -> Finding:
    """found: the channels, not all there are."""
    measure = measure_of(config)
    name = measure.upper()
    errors = evidence.channel_errors["validation"][measure]
    constants = evidence.channel_constants["validation"][measure]
    worst = max(found, key=lambda channel: errors[channel] / constants[channel])
    sentence = (
        f"In {channels_text(evidence, found)} the model does no better than a constant: in "
        f"{channel_name(evidence, worst)} its {name} on validation is "
        f"{error_text(evidence, measure, errors[worst])}, the best constant's "
        f"{error_text(evidence, measure, constants[worst])}."
    )
    table = {
        "Channel": [channel_name(evidence, channel) for channel in found],
        f"{name}, validation": error_texts(evidence, measure, errors[found]),
        f"{name} of the best constant": error_texts(evidence, measure, constants[found]),
    }
    title = "No better than a constant" + of_channels(found, len(errors))
    is_falling = still_falling.find(config, evidence) is not None
    remedy, text = more_epochs(config) if is_falling else _remedy(config, evidence)
    return Finding("no_better", title, sentence, "warning", table, remedy, text)


def _is_beyond_components(evidence: Evidence) -> bool:
    """Whether principal components of the same size explain nothing of the data either."""
    return all(
        known(evidence.pca, part, "mse") >= LIKE_CONSTANT * known(evidence.constant, part, "mse")
        for part in PARTS
    )


def _errors(config: ExperimentConfig, evidence: Evidence) -> tuple[str, dict[str, str]]:
    """The error on validation beside the best constant's: in words, and as evidence."""
    measure = measure_of(config)
    name = measure.upper()
    error = error_text(evidence, measure, error_of(evidence, "validation", measure))
    best = error_text(evidence, measure, known(evidence.constant, "validation", measure))
    beside = f"{name} {error}, the best constant's {best}"
    return beside, {f"{name}, validation": error, f"{name} of the best constant": best}


def finding(config: ExperimentConfig, evidence: Evidence, found: list[int]) -> Finding:
    """found: the channels."""
    beside, table = _errors(config, evidence)
    last = evidence.outputs[-1]
    spread = [last["spread"][c] for c in found]
    varies = "does not vary" if max(spread) < 0.001 else f"varies {share_text(max(spread))} as much"
    sentence = (
        f"The output in {channels_text(evidence, found)} {varies} as the targets do: little "
        f"more than a constant. {beside}."
    )
    table |= {
        "Channel": [channel_name(evidence, c) for c in found],
        "Spread, of the targets'": [share_text(value) for value in spread],
        "Epoch": last["epoch"],
        "Windows looked at": last["windows"],
    }
    title = "The model says a constant" + of_channels(found, len(last["spread"]))
    remedy, text = _remedy(config, evidence)
    return Finding("constant", title, sentence, "warning", table, remedy, text)


def _remedy(config: ExperimentConfig, evidence: Evidence) -> tuple[dict, str]:
    """What most likely keeps the model at a constant, the surest cause first."""
    if is_out_of_scale(config, evidence):
        return changes_of(config, matching(config)), "Normalize the data"
    if is_wild(config):
        changes = tenth_rate(config)
        return changes, rate_text(changes)
    if settles_on_the_median(config, evidence):
        return {"training.loss": "mse"}, "Use MSE as the loss"
    if changes := higher_rate(config):
        return changes, rate_text(changes)
    return more_epochs(config)
