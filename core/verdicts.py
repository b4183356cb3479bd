"""Whether an output activation and a normalization suit the data, in words and before training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.config import NormalizationConfig
from core.number_text import count_text, number_text, share_text, unit_of
from core.output_range import ACTIVATIONS, ErrorFloor

SMALL = 0.01  # of the error of a channel's best constant; a floor under it is no obstacle
# Of all targets, on an end that is never reached: saturation. What the normalization puts there of
# any data is no trait of these, and does not count: of short windows it is more than this.
MANY = 0.01
LARGE = 20  # a value that a model reaches late without a normalization
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
    constants: Mapping[str, np.ndarray],
    channel_names: Sequence[str],
    unit: str = "",
) -> Verdict:
    """What is to be expected of a pair.

    constants: MAE and MSE of each channel's best constant on the training part, in original units,
    `(channels,)` each. channel_names, unit: as the sentence is to have them.
    """
    blocked = is_blocked(train, constants).any(), is_blocked(validation, constants).any()
    notes = tuple(_notes(activation, normalization, train, validation, unit))
    if normalization.method == "robust" and train.unscaled.any():
        notes += (_unscaled(train, channel_names),)
    at_end = float(train.at_open_end_share.mean())
    if blocked[0]:
        least, beside = _least(train, constants, channel_names, unit)
        sentence = (
            f"{_cause(activation, normalization, train)}; {_outside(train)}. No training gets "
            f"below {least} on the training part{beside}."
        )
        return Verdict("impossible", sentence, notes)
    if at_end - train.placed_share > MANY:
        return Verdict("saturation", _saturation(activation, at_end), notes)
    if blocked[1]:
        least = _least(validation, constants, channel_names, unit)
        cause = _cause(activation, normalization, validation)
        return Verdict("validation", _beyond(cause, at_end, validation, *least), notes)
    cause = _cause(activation, normalization, train)
    return Verdict("compatible", _compatible(activation, cause, train, validation, unit), notes)


def is_blocked(floor: ErrorFloor, constants: Mapping[str, np.ndarray]) -> np.ndarray:
    """In which channels the floor is no small share of what is to be learned: `(channels,)`, bool.

    A deviation would not do as the measure: one glitch makes it as large as one likes. Nor would
    MAE alone: of rare peaks that are cut off it sees next to nothing.
    """
    ratios = [_ratio(floor, constants, measure) for measure in ("mae", "mse")]
    return np.maximum(*ratios) > SMALL


def _cause(activation: str, normalization: NormalizationConfig, floor: ErrorFloor) -> str:
    """What keeps values from being said: the output, the normalization's clipping, or both."""
    if normalization.clip_percentile is None:
        return _can_only(activation)
    if floor.exceeds(ACTIVATIONS[activation]):
        return f"{_can_only(activation)}, and clipping cuts values off"
    return "Clipping cuts values off"


def _can_only(activation: str) -> str:
    output = ACTIVATIONS[activation]
    return f"{output.title} can only say {output.range_text}"


def _saturation(activation: str, at_end: float) -> str:
    if activation in ("softplus", "exponential"):
        return (
            f"{ACTIVATIONS[activation].title} never says an exact 0, and {share_text(at_end)} of "
            "your normalized values are 0. It comes close only far to the left, where its slope "
            "vanishes and learning slows."
        )
    return (
        f"{_can_only(activation)}, and {share_text(at_end)} of your values lie exactly on an end "
        "it never reaches. It comes close only in saturation, where its slope vanishes and "
        "learning slows."
    )


def _beyond(cause: str, at_end: float, validation: ErrorFloor, least: str, beside: str) -> str:
    share = _outside_share(validation)
    nearly = f", {share_text(at_end)} of it only nearly" if at_end else ""
    return (
        f"The training part is within reach{nearly}, but {share_text(share)} of the validation "
        f"values lie beyond what this pair can say. {cause}: no training gets below {least} on "
        f"the validation part{beside}."
    )


def _compatible(
    activation: str, cause: str, train: ErrorFloor, validation: ErrorFloor, unit: str
) -> str:
    output = ACTIVATIONS[activation]
    if train.mae > 0:
        mae = number_text(train.mae, unit)
        return f"{cause}; {_outside(train)}, but so little that it costs only MAE {mae}."
    if np.isinf(output.low) and np.isinf(output.high):
        whose = "your training values" if validation.mae > 0 else "yours"
        return f"{output.title} can say any value: the output stands in the way of none of {whose}."
    holds = f"{output.title} says {output.range_text}, which holds your normalized training values"
    if at_end := float(train.at_open_end_share.mean()):
        return (
            f"{holds}, but for {share_text(at_end)} on its very ends, which it only comes near to."
        )
    return f"{holds}: the output stands in the way of none of them."


def _notes(
    activation: str,
    normalization: NormalizationConfig,
    train: ErrorFloor,
    validation: ErrorFloor,
    unit: str,
) -> list[str]:
    """Checks of the units beyond the range itself."""
    output, notes = ACTIVATIONS[activation], []
    method, by_window = normalization.method, normalization.scope == "window"
    low, high = float(train.target_low.min()), float(train.target_high.max())
    below = float(train.below_share.mean())
    if output.low == 0 and low < 0 and method in ("standard", "robust", "minmax_symmetric"):
        notes.append(
            "This normalization puts 0 amid the values, and an output from "
            f"0 upwards cuts what lies below: {share_text(below)} of your values."
        )
    share = _outside_share(validation) if _outside_share(train) == 0 else 0.0
    cost = f"at a cost of MAE {number_text(validation.mae, unit)}."
    if share > 0 and normalization.clip_percentile is not None:
        notes.append(
            "The clipping is fitted to the training part: it cuts off "
            f"{share_text(share)} of the validation values, {cost}"
        )
    elif share > 0 and method in ("minmax", "minmax_symmetric", "maxabs") and not by_window:
        notes.append(
            f"The normalization is fitted to the training part: {share_text(share)} of the "
            f"validation values are out of this output's reach, {cost}"
        )
    width = output.high - output.low
    if np.isfinite(width) and train.mae == 0 and 0 < high - low <= HALF * width:
        notes.append(
            f"Your normalized values run from {number_text(low)} to {number_text(high)}, which is "
            f"{share_text((high - low) / width)} of the range {output.range_text}: the rest of it "
            "is unused."
        )
    if max(-low, high) > LARGE and np.isinf(width) and method == "none" and train.mae == 0:
        notes.append(
            f"Without a normalization the model must produce values from {number_text(low)} to "
            f"{number_text(high)}. That is within reach, but each step of the optimizer moves such "
            "an output further than one of unit size: the learning rate means something else."
        )
    return notes


def _unscaled(train: ErrorFloor, names: Sequence[str]) -> str:
    """What is to be known of channels that vary, though their quartiles are equal."""
    first, *others = np.flatnonzero(train.unscaled)
    more = f" and {count_text(len(others), 'more channel')}" if others else ""
    return (
        f"At least half of the values of {names[first]}{more} are the same, so that the quartiles "
        "leave nothing to divide by: these values are moved, and not scaled."
    )


def _least(
    floor: ErrorFloor, constants: Mapping[str, np.ndarray], names: Sequence[str], unit: str
) -> tuple[str, str]:
    """The floor, with the channel that suffers most if others do not, as in `MAE 1.2 mV over all
    channels, and 2.4 mV in flow`; and what to see it beside. It is MSE, with its share of a
    constant's, where MAE shows next to nothing.
    """
    measure = "mae" if (_ratio(floor, constants, "mae") > SMALL).any() else "mse"
    ratio = _ratio(floor, constants, measure)
    least = floor.to_dict()[measure]
    text = f"{measure.upper()} {number_text(least, unit_of(measure, unit))}"
    worst, is_everywhere = int(ratio.argmax()), is_blocked(floor, constants).all()
    if not is_everywhere:
        error = float(_of_channels(floor, measure)[worst])
        text += f" over all channels, and {number_text(error, unit_of(measure, unit))}"
        text += f" in {names[worst]}"
    if measure == "mae":  # beside which a constant's may be 0
        return text, ""
    share = least / constants[measure].mean() if is_everywhere else ratio[worst]
    where = "" if is_everywhere else "there "
    return text, f": {where}{share_text(float(share))} of the best constant's"


def _ratio(floor: ErrorFloor, constants: Mapping[str, np.ndarray], measure: str) -> np.ndarray:
    """Each channel's floor, of its best constant's error: `(channels,)`."""
    errors = _of_channels(floor, measure)
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(errors, constants[measure], out=np.zeros(len(errors)), where=errors > 0)


def _of_channels(floor: ErrorFloor, measure: str) -> np.ndarray:
    return floor.channel_mae if measure == "mae" else floor.channel_mse


def _outside_share(floor: ErrorFloor) -> float:
    return float((floor.below_share + floor.above_share).mean())


def _outside(floor: ErrorFloor) -> str:
    """`2.0 % of your values lie below and 9.7 % above`."""
    sides = [(float(floor.below_share.mean()), "below"), (float(floor.above_share.mean()), "above")]
    texts = [(share_text(share), side) for share, side in sides if share > 0]
    if not texts:
        return "some of your values lie beyond"
    (first, side), *rest = texts
    text = f"{first} of your values lie {side}"
    return text + "".join(f" and {other} {where}" for other, where in rest)
