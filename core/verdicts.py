"""Whether an output activation and a normalization suit the data, in words and before training."""

from collections.abc import Sequence

import numpy as np

from core.number_text import number_text
from core.output_range import ACTIVATIONS, ErrorFloor

SMALL = 0.01  # of a channel's standard deviation; a floor under it is no obstacle


def verdict(
    activation: str,
    train: ErrorFloor,
    validation: ErrorFloor,
    deviations: np.ndarray,
    channel_names: Sequence[str],
    clips: bool = False,
) -> tuple[str, str]:
    """A kind (impossible, saturation, validation, compatible) and one sentence with the numbers.

    deviations: the standard deviation of each channel in original units, `(channels,)`. clips:
    whether the normalization cuts values off, which counts as error too.
    """
    output = ACTIVATIONS[activation]
    can_only = f"{output.title} can only say {output.range_text}"
    if np.isinf(output.low) and np.isinf(output.high):
        can_only = "Clipping cuts values off"
    elif clips:
        can_only += ", and clipping cuts values off"
    outside = _outside(train)
    if _is_blocked(train, deviations).any():
        return "impossible", (
            f"{can_only}; {outside}. No training gets below MAE {number_text(train.mae)}"
            f"{_worst(train, deviations, channel_names)}."
        )
    at_end = float(train.at_open_end_share.mean())
    if at_end > 0.01:
        return "saturation", (
            f"{can_only}, and {_percent(at_end)} of your values lie exactly on an end it never "
            "reaches. It comes close only in saturation, where its slope vanishes and learning "
            "slows."
        )
    if _is_blocked(validation, deviations).any():
        share = float((validation.below_share + validation.above_share).mean())
        return "validation", (
            f"The training part is within reach, but {_percent(share)} of the validation values "
            f"lie beyond what is left there. {can_only}: no training gets below MAE "
            f"{number_text(validation.mae)} on them{_worst(validation, deviations, channel_names)}."
        )
    if train.mae > 0:
        return "compatible", (
            f"{can_only}; {outside}, but so little that it costs only MAE {number_text(train.mae)}."
        )
    if np.isinf(output.low) and np.isinf(output.high):
        return "compatible", (
            f"{output.title} can say any value: the output stands in the way of none of yours."
        )
    return "compatible", (
        f"{output.title} says {output.range_text}, which holds your normalized training values: "
        "the output stands in the way of none of them."
    )


def _is_blocked(floor: ErrorFloor, deviations: np.ndarray) -> np.ndarray:
    """In which channels the floor is no small one: `(channels,)`, bool."""
    return floor.channel_mae > SMALL * deviations


def _worst(floor: ErrorFloor, deviations: np.ndarray, names: Sequence[str]) -> str:
    """The channel that suffers most, if others do not: ` over all channels, and 0.3 in flow`."""
    blocked = _is_blocked(floor, deviations)
    if blocked.all():
        return ""
    relative = np.where(blocked, floor.channel_mae / np.maximum(deviations, 1e-300), 0)
    worst = int(relative.argmax())
    error = number_text(float(floor.channel_mae[worst]))
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
