"""Every normalization with every output activation: floors, verdicts, and the pair to begin with.

All cells share the data, the windows, the split and the seed, so that nothing but the pair differs.
"""

from collections.abc import Sequence
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
from core.output_range import ErrorFloor
from core.pair_floors import error_floors
from core.verdicts import verdict
from core.windows import Split

OFTEN_ZERO = 0.1  # of the targets on 0: a ReLU says them exactly, and at once
LINEAR = ("linear",), ("standard", "robust", "minmax_symmetric", "maxabs", "none")


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
    deviations: np.ndarray,
    known: SortedSplit | None = None,
    unit: str = "",
) -> list[Cell]:
    """A cell for each pair, row by row: a normalization with each activation.

    deviations: the standard deviation of each channel in original units, `(channels,)`. known: the
    parts' channels, where they have been sorted.
    """
    fits = fit_normalizations(normalizations, split.train, known and known.train)
    pairs = [(fit, activation) for fit in fits for activation in activations]
    floors = [error_floors(pairs, part, known and known.of(name)) for name, part in split.parts()]
    cells = []
    for (fit, activation), train, validation in zip(pairs, *floors, strict=True):
        said = verdict(activation, fit.config, train, validation, deviations, channel_names, unit)
        reasons = said.kind, said.sentence, said.notes
        cells.append(Cell(fit.config, activation, train, validation, *reasons, fit))
    return cells


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
        return Recommendation(found, "No pair reaches all of your values; this one loses least.")
    zero_share = _zero_share(cells)
    if zero_share >= OFTEN_ZERO and (found := _first(usable, ("relu",), _methods_of_relu(cells))):
        share = f"{zero_share:.0%}".replace("%", " %")
        return Recommendation(
            found,
            f"{share} of your values are exactly 0 and none are negative: ReLU says 0 without "
            "effort and reaches every value above it.",
        )
    found = _first(usable, *LINEAR)
    if found:
        return Recommendation(
            found,
            "A linear output can say every real value, so it stands in the way of none of yours; "
            "values of about unit size suit training.",
        )
    return Recommendation(min(usable, key=_obstacle), "This output reaches all of your values.")


def _obstacle(cell: Cell) -> float:
    """The greater of the two floors, in original units."""
    return max(cell.train.mae, cell.validation.mae)


def _zero_share(cells: Sequence[Cell]) -> float:
    """The share of training values on 0, of data that are never negative; 0 of others.

    Seen in a cell whose open lower end is the value 0 itself.
    """
    shares = [
        float(cell.train.at_open_end_share.mean())
        for cell in cells
        if cell.activation in ("softplus", "exponential")
        and cell.normalization.method in ("none", "maxabs", "log1p")
        and cell.train.target_low.min() >= 0
    ]
    return max(shares, default=0.0)


def _methods_of_relu(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Values as they are learned fastest in the matrices that were trained, where they are neither
    tiny nor huge; otherwise scaled, with 0 left at 0."""
    greatest = [c.train.target_high.max() for c in cells if c.normalization.method == "none"]
    as_they_are = ("none",) if greatest and 1 <= greatest[0] <= 1e4 else ()
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
