"""Whether an output activation and a normalization suit the data, in words and before training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.config import NormalizationConfig
from core.number_text import number_text
from core.output_range import ACTIVATIONS, ErrorFloor

SMALL = 0.01  # of a channel's standard deviation; a floor under it is no obstacle
# Of all targets, on an end that is never reached: saturation. What the normalization puts there of
# any data is no trait of these, and does not count: of short windows it is more than this.
MANY = 0.01
HALF = 0.6  # of a range's width: targets that need less leave much of it unused


@dataclass(frozen=True)
class Verdict:
    kind: str  # impossible, saturation, validation, compatible
    sentence: str  # the reason, with the numbers
    notes: tuple[str, ...] = ()  # what else is worth knowing of this pair


def verdict(
    activation: str,
    normalization: NormalizationConfig,
    train: ErrorFloor,
    validation: ErrorFloor,
    deviations: np.ndarray,
    channel_names: Sequence[str],
    unit: str = "",
) -> Verdict:
    """What is to be expected of a pair.

    deviations: the standard deviation of each channel in original units, `(channels,)`.
    channel_names, unit: as the sentence is to have them.
    """
    blocked = is_blocked(train, deviations).any(), is_blocked(validation, deviations).any()
    can_only = _can_only(activation, normalization)
    notes = tuple(_notes(activation, normalization, train, validation, unit))
    at_end = float(train.at_open_end_share.mean())
    if blocked[0]:
        worst = _worst(train, deviations, channel_names, unit)
        sentence = (
            f"{can_only}; {_outside(train)}. No training gets below MAE "
            f"{number_text(train.mae, unit)}{worst} on the training part."
        )
        return Verdict("impossible", sentence, notes)
    if at_end - train.placed_share > MANY:
        return Verdict("saturation", _saturation(activation, can_only, at_end), notes)
    if blocked[1]:
        worst = _worst(validation, deviations, channel_names, unit)
        return Verdict("validation", _beyond(can_only, validation, worst, unit), notes)
    return Verdict("compatible", _compatible(activation, can_only, train, unit), notes)


def is_blocked(floor: ErrorFloor, deviations: np.ndarray) -> np.ndarray:
    """In which channels the floor is no small one: `(channels,)`, bool."""
    return floor.channel_mae > SMALL * deviations


def _can_only(activation: str, normalization: NormalizationConfig) -> str:
    output, clips = ACTIVATIONS[activation], normalization.clip_percentile is not None
    if np.isinf(output.low) and np.isinf(output.high):
        return "Clipping cuts values off"
    text = f"{output.title} can only say {output.range_text}"
    return f"{text}, and clipping cuts values off" if clips else text


def _saturation(activation: str, can_only: str, at_end: float) -> str:
    if activation in ("softplus", "exponential"):
        return (
            f"{ACTIVATIONS[activation].title} never says an exact 0, and {_percent(at_end)} of "
            "your normalized values are 0. It comes close only far to the left, where its slope "
            "vanishes and learning slows."
        )
    return (
        f"{can_only}, and {_percent(at_end)} of your values lie exactly on an end it never "
        "reaches. It comes close only in saturation, where its slope vanishes and learning slows."
    )


def _beyond(can_only: str, validation: ErrorFloor, worst: str, unit: str) -> str:
    share = float((validation.below_share + validation.above_share).mean())
    return (
        f"The training part is within reach, but {_percent(share)} of the validation values "
        f"lie beyond what is left there. {can_only}: no training gets below MAE "
        f"{number_text(validation.mae, unit)} on them{worst}."
    )


def _compatible(activation: str, can_only: str, train: ErrorFloor, unit: str) -> str:
    output = ACTIVATIONS[activation]
    if train.mae > 0:
        mae = number_text(train.mae, unit)
        return f"{can_only}; {_outside(train)}, but so little that it costs only MAE {mae}."
    if np.isinf(output.low) and np.isinf(output.high):
        return f"{output.title} can say any value: the output stands in the way of none of yours."
    return (
        f"{output.title} says {output.range_text}, which holds your normalized training values: "
        "the output stands in the way of none of them."
    )


def _notes(
    activation: str,
    normalization: NormalizationConfig,
    train: ErrorFloor,
    validation: ErrorFloor,
    unit: str,
) -> list[str]:
    """Checks of the units beyond the range itself."""
    output, notes = ACTIVATIONS[activation], []
    method = normalization.method
    low, high = float(train.target_low.min()), float(train.target_high.max())
    below = float(train.below_share.mean())
    if output.low == 0 and low < 0 and method in ("standard", "robust", "minmax_symmetric"):
        notes.append(
            "This normalization puts 0 in the middle of each channel's values, and an output from "
            f"0 upwards cuts what lies below: {_percent(below)} of your values."
        )
    if method in ("minmax", "minmax_symmetric", "maxabs") and normalization.scope != "window":
        share = float((validation.below_share + validation.above_share).mean())
        if share > 0 and normalization.clip_percentile is None:
            notes.append(
                f"The normalization is fitted to the training part: {_percent(share)} of the "
                "validation values are out of this output's reach, at a cost of MAE "
                f"{number_text(validation.mae, unit)}."
            )
    width = output.high - output.low
    if np.isfinite(width) and train.mae == 0 and 0 < high - low <= HALF * width:
        notes.append(
            f"Your normalized values run from {number_text(low)} to {number_text(high)}, which is "
            f"{_percent((high - low) / width)} of the range {output.range_text}: the rest of it is "
            "unused."
        )
    if high - low > 20 and np.isinf(width) and method == "none":
        notes.append(
            f"Without a normalization the model must produce values from {number_text(low)} to "
            f"{number_text(high)}. That is within reach, but each step of the optimizer moves such "
            "an output further than one of unit size: the learning rate means something else."
        )
    return notes


def _worst(floor: ErrorFloor, deviations: np.ndarray, names: Sequence[str], unit: str) -> str:
    """The channel that suffers most, if others do not: ` over all channels, and 0.3 in flow`."""
    blocked = is_blocked(floor, deviations)
    if blocked.all():
        return ""
    relative = np.where(blocked, floor.channel_mae / np.maximum(deviations, 1e-300), 0)
    worst = int(relative.argmax())
    error = number_text(float(floor.channel_mae[worst]), unit)
    return f" over all channels, and {error} in {names[worst]}"


def _outside(floor: ErrorFloor) -> str:
    """`2.0 % of your values lie below and 9.7 % above`."""
    sides = [(float(floor.below_share.mean()), "below"), (float(floor.above_share.mean()), "above")]
    texts = [(f"{_percent(share)}", side) for share, side in sides if share > 0]
    if not texts:
        return "some of your values lie beyond"
    (first, side), *rest = texts
    text = f"{first} of your values lie {side}"
    return text + "".join(f" and {other} {where}" for other, where in rest)


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if share >= 0.001 else "under 0.1 %"
