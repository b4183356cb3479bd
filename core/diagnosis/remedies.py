"""Changes of a configuration that remedy faults, as dotted fields."""

import math
from collections.abc import Mapping
from typing import Any

from core.config import ExperimentConfig, flatten
from core.diagnosis.evidence import Evidence, known

LINEAR = {"model.output_activation": "linear"}
LINEAR_TEXT = "Use a linear output"

LARGE, TINY = 10.0, 0.1  # standard deviations that a model does not meet well without normalization
# A sparse signal: its best constant's MAE is under this share of its root mean square error, since
# most values lie near the median and few far away (a uniform signal has 0.87, a normal one 0.80).
# MAE is then content with the median.
SPARSE = 0.5
# Learning rates at which an optimizer usually learns, and above which it tends to overshoot; all
# but SGD scale their own steps.
USUAL_RATE, WILD_RATE = 0.001, 0.003
USUAL_SGD_RATE, WILD_SGD_RATE = 0.01, 0.1

MOST_EPOCHS, MOST_LATENT_CHANNELS = 10_000, 1024  # that a configuration takes

# Whose image of the training data lies within the activation's range.
MATCHING = {
    "sigmoid": "minmax",
    "hard_sigmoid": "minmax",
    "tanh": "minmax_symmetric",
    "relu": "minmax",
    "relu6": "minmax",
    "softplus": "minmax",
    "exponential": "minmax",
    "elu": "minmax",
    "leaky_relu": "standard",
    "linear": "standard",
}


def changes_of(config: ExperimentConfig, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted fields that the configuration does not already have so."""
    present = flatten(config.model_dump())
    return {name: value for name, value in wanted.items() if present[name] != value}


def linear_output(
    config: ExperimentConfig, evidence: Evidence, *, of_all: bool
) -> tuple[dict[str, Any], str]:
    """A linear output, with the label of the button; and what else keeps it from learning.

    of_all: whether no channel learns, so that the loss may be at fault as well.
    """
    if is_wild(config):
        changes = tenth_rate(config)
        return LINEAR | changes, f"{LINEAR_TEXT}, at a rate of {rate_of(changes)}"
    if of_all and settles_on_the_median(config, evidence):
        return LINEAR | {"training.loss": "mse"}, f"{LINEAR_TEXT} and MSE"
    return dict(LINEAR), LINEAR_TEXT


def matching(config: ExperimentConfig) -> dict[str, Any]:
    """A normalization into the range of the output activation."""
    return {"normalization.method": MATCHING[config.model.output_activation]}


def rates(config: ExperimentConfig) -> tuple[float, float]:
    """The usual learning rate of the optimizer, and the one above which it is wild."""
    is_sgd = config.training.optimizer == "sgd"
    return (USUAL_SGD_RATE, WILD_SGD_RATE) if is_sgd else (USUAL_RATE, WILD_RATE)


def is_wild(config: ExperimentConfig) -> bool:
    """Whether the learning rate is so high that it may be the cause."""
    return config.training.learning_rate > rates(config)[1]


def tenth_rate(config: ExperimentConfig) -> dict[str, Any]:
    """Three significant digits, so that 0.001 / 10 is 0.0001."""
    return {"training.learning_rate": float(f"{config.training.learning_rate / 10:.3g}")}


def lower_rate(config: ExperimentConfig) -> dict[str, Any]:
    """The usual rate if this one is wild, however far that is; else a tenth."""
    return {"training.learning_rate": rates(config)[0]} if is_wild(config) else tenth_rate(config)


def higher_rate(config: ExperimentConfig) -> dict[str, Any]:
    """The usual rate if this one is far below it, else the highest that is not wild."""
    usual, wild = rates(config)
    higher = usual if config.training.learning_rate <= 0.3 * usual else wild
    return changes_of(config, {"training.learning_rate": higher})


def rate_of(changes: Mapping[str, Any]) -> str:
    return f"{changes['training.learning_rate']:g}"


def rate_text(changes: Mapping[str, Any]) -> str:
    return f"Learn at a rate of {rate_of(changes)}"


def settles_on_the_median(config: ExperimentConfig, evidence: Evidence) -> bool:
    """Whether the loss is content with the median of these sparse signals."""
    mae, mse = (known(evidence.constant, "train", measure) for measure in ("mae", "mse"))
    return config.training.loss == "mae" and mae < SPARSE * math.sqrt(max(0.0, mse))


def deviation(evidence: Evidence) -> float:
    """The standard deviation of the data over all channels; NaN if it is not known."""
    return math.sqrt(known(evidence.constant, "train", "mse"))


def is_out_of_scale(config: ExperimentConfig, evidence: Evidence) -> bool:
    """Whether values reach the model as they are, and these are large or tiny."""
    found = deviation(evidence)
    return config.normalization.method == "none" and (found < TINY or found > LARGE)


def is_perhaps_large(config: ExperimentConfig, evidence: Evidence) -> bool:
    """Whether values reach the model as they are, and these are large, for all that is known."""
    return config.normalization.method == "none" and not deviation(evidence) <= LARGE


def more_epochs(config: ExperimentConfig) -> tuple[dict[str, Any], str]:
    """Twice as many, with the label of the button; nothing where there can be no more."""
    changes = changes_of(config, {"training.epochs": min(MOST_EPOCHS, 2 * config.training.epochs)})
    return changes, f"Train {changes['training.epochs']:,} epochs" if changes else ""


def larger_latent_layer(config: ExperimentConfig) -> tuple[dict[str, Any], str]:
    """Twice as many channels, with the label of the button; nothing where there can be no more."""
    most = min(MOST_LATENT_CHANNELS, 2 * config.model.latent_channels)
    changes = changes_of(config, {"model.latent_channels": most})
    return changes, f"Use {most:,} latent channels" if changes else ""
