"""Every normalization with every output activation: floors, verdicts, and the pair to begin with.

All cells share the data, the windows, the split and the seed, so that nothing but the pair differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.channel_values import SortedSplit
from core.config import (
    UNSCOPED,
    ExperimentConfig,
    NormalizationConfig,
    NormalizationMethod,
    NormalizationScope,
    choices,
)
from core.normalization import Normalization, fit_normalizations
from core.number_text import share_text
from core.output_range import ErrorFloor
from core.pair_floors import error_floors
from core.verdicts import verdict
from core.windows import Split

OFTEN_ZERO = 0.1  # of the targets on 0: a ReLU says them exactly, and at once
LINEAR = (
    ("linear",),
    ("standard", "robust", "minmax_symmetric", "maxabs", "minmax", "log1p", "none"),
)


@dataclass(frozen=True)
class Traits:
    """What the training values are, whatever is made of them."""

    zero_shares: np.ndarray  # of each channel that varies; 0 where some value of any is negative
    greatest: np.ndarray  # (channels,); infinite for a channel of one value that is not 0


@dataclass(frozen=True)
class Cell:
    """A normalization and an output activation on the data at hand."""

    normalization: NormalizationConfig
    activation: str
    train: ErrorFloor
    validation: ErrorFloor
    kind: str  # of the verdict: impossible, saturation, validation, compatible
    sentence: str
    notes: tuple[str, ...]
    fit: Normalization  # to the training part
    data: Traits  # the same in all cells


@dataclass(frozen=True)
class Recommendation:
    cell: Cell
    reason: str


def normalizations_like(config: NormalizationConfig) -> tuple[NormalizationConfig, ...]:
    """Every method, with the scope and the clipping of this one."""
    return tuple(
        config.model_copy(update={"method": method}) for method in choices(NormalizationMethod)
    )


def matrix(
    split: Split,
    normalizations: Sequence[NormalizationConfig],
    activations: Sequence[str],
    channel_names: Sequence[str],
    constants: Mapping[str, np.ndarray],
    known: SortedSplit | None = None,
    unit: str = "",
) -> list[Cell]:
    """A cell for each pair, row by row: a normalization with each activation.

    constants: as of `verdict`. known: the parts' channels, where they have been sorted.
    """
    plain = NormalizationConfig(method="none")
    *fits, unscaled = fit_normalizations(
        [*normalizations, plain], split.train, known and known.train
    )
    pairs = [(fit, activation) for fit in fits for activation in activations]
    floors = [error_floors(pairs, part, known and known.of(name)) for name, part in split.parts()]
    data = _traits(error_floors([(unscaled, "softplus")], split.train, known and known.train)[0])
    cells = []
    for (fit, activation), train, validation in zip(pairs, *floors, strict=True):
        said = verdict(activation, fit.config, train, validation, constants, channel_names, unit)
        reasons = said.kind, said.sentence, said.notes
        cells.append(Cell(fit.config, activation, train, validation, *reasons, fit, data))
    return cells


def _traits(floor: ErrorFloor) -> Traits:
    """Seen in the floor of a softplus without a normalization, whose lower end is 0 itself."""
    low, high = floor.target_low, floor.target_high
    shares = np.zeros_like(low) if low.min() < 0 else floor.at_open_end_share
    varies = low < high
    return Traits(shares[varies], np.where(varies | (high == 0), high, np.inf))


def with_pair(
    config: ExperimentConfig, normalization: NormalizationConfig, activation: str
) -> ExperimentConfig:
    """An experiment that differs in the pair alone."""
    model = config.model.model_copy(update={"output_activation": activation})
    return config.model_copy(update={"normalization": normalization, "model": model})


def recommended(cells: Sequence[Cell]) -> Recommendation | None:
    """The pair to begin with; None of no cells.

    Of the compatible cells, or of those with the least floor where there is none: targets that are
    never negative and often exactly 0 are what a ReLU says best, since its flat side says 0
    whatever comes in. Everything else is a real value, for which the linear output is the default,
    with values of about unit size (LeCun et al., Efficient BackProp, 1998).
    """
    if not cells:
        return None
    usable = [cell for cell in cells if cell.kind == "compatible"]
    if not usable:
        least = min(map(_obstacle, cells))
        tied = [cell for cell in cells if _obstacle(cell) <= 1.001 * least]
        found = _first(tied, *LINEAR) or tied[0]
        text = "No pair reaches all of your values; this one loses least."
        if least == 0:
            text = "No pair reaches all of your values at ease; this one loses none."
        return Recommendation(found, text)
    shares = cells[0].data.zero_shares
    if len(shares) and shares.min() >= OFTEN_ZERO:
        found = _first(usable, ("relu",), _methods_of_relu(cells[0].data))
        if found is not None and _obstacle(found) == 0:
            return Recommendation(
                found,
                f"{share_text(float(shares.mean()))} of your values are exactly 0 and none are "
                "negative: ReLU says 0 without effort and reaches every value above it.",
            )
    found = _first(usable, *LINEAR)
    if found:
        reason = (
            "A linear output can say every real value, so it stands in the way of none of yours"
        )
        if _obstacle(found) > 0:
            reason = (
                "A linear output can say every real value, so only clipping loses some of yours"
            )
        is_scaled = found.normalization.method not in UNSCOPED
        suits = "; values of about unit size suit training." if is_scaled else "."
        return Recommendation(found, reason + suits)
    found = min(usable, key=_obstacle)
    reaches = "This output reaches all of your values."
    return Recommendation(found, "This output loses least." if _obstacle(found) else reaches)


def _obstacle(cell: Cell) -> float:
    """The greater of the two floors, in original units."""
    return max(cell.train.mae, cell.validation.mae)


def _methods_of_relu(data: Traits) -> tuple[str, ...]:
    """Values as they are learned fastest in the matrices that were trained, where those of no
    channel are tiny or huge; otherwise scaled, with 0 left at 0."""
    highs = data.greatest[data.greatest != 0]
    as_they_are = ("none",) if ((highs >= 1) & (highs <= 1e4)).all() else ()
    return (*as_they_are, "maxabs", "minmax", "log1p", "none")


def _first(
    cells: Sequence[Cell], activations: Sequence[str], methods: Sequence[str]
) -> Cell | None:
    """The cell of the first activation and method there is, in this order."""
    for activation in activations:
        for method in methods:
            for cell in cells:
                if (cell.activation, cell.normalization.method) == (activation, method):
                    return cell
    return None


def parse_normalization(text: str, like: NormalizationConfig) -> NormalizationConfig:
    """`standard`, or `standard:window` with a scope; the clipping is that of `like`.

    Raises ValueError naming the choices.
    """
    method, _, scope = text.strip().partition(":")
    if method not in choices(NormalizationMethod):
        known = ", ".join(choices(NormalizationMethod))
        raise ValueError(f"there is no normalization {method!r}. Choose of {known}")
    scope = scope or like.scope
    if scope not in choices(NormalizationScope):
        known = ", ".join(choices(NormalizationScope))
        raise ValueError(f"there is no scope {scope!r} in {text!r}. Choose of {known}")
    clip = None if scope == "window" else like.clip_percentile
    return NormalizationConfig(method=method, scope=scope, clip_percentile=clip)


def pair_text(normalization: NormalizationConfig, activation: str) -> str:
    """`standard:channel + linear`."""
    method = normalization.method
    scaling = method if method in UNSCOPED else f"{method}:{normalization.scope}"
    return f"{scaling} + {activation}"
