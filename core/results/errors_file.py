"""`results.json` of a run: the errors of both parts beside the error floor and the constant."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.runs import Run, RunNotFound, RunUnreadable

PARTS = ("train", "validation")
MEASURES = ("mae", "mse")
FLOOR_MEASURES = (*MEASURES, "huber")

EXTREMES = ("output_low", "output_high", "target_low", "target_high")

PartErrors = Mapping[str, Mapping[str, float]]  # part -> measure -> error in original units
ChannelErrors = Mapping[str, Mapping[str, np.ndarray]]  # part -> measure -> (channels,)


def part_errors(content: Any, measures: tuple[str, ...] = MEASURES) -> PartErrors:
    """`{"train": {"mae": .., "mse": ..}, "validation": ..}`, with NaN for what is missing."""
    content = content if isinstance(content, Mapping) else {}
    return {
        part: {measure: _number(content.get(part), measure) for measure in measures}
        for part in PARTS
    }


def _number(errors: Any, measure: str) -> float:
    value = errors.get(measure) if isinstance(errors, Mapping) else None
    return float(value) if _is_number(value) and math.isfinite(value) else math.nan


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: Any) -> int | None:
    """A count, or None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _unknown_errors() -> PartErrors:
    return part_errors(None)


def _unknown_values() -> Mapping[str, np.ndarray]:
    return _part_values(None)


def _part_values(content: Any) -> dict[str, np.ndarray]:
    """`{part: (channels,)}`, with empty arrays where there is none, NaN for what is not finite."""
    content = {} if content is None else content
    values = {part: np.array(content.get(part, ()), dtype=float) for part in PARTS}
    return {part: np.where(np.isfinite(known), known, np.nan) for part, known in values.items()}


def _channel_errors(content: Mapping[str, Any], name: str) -> ChannelErrors:
    """What `name_mae` and `name_mse` hold of each part."""
    found = {measure: _part_values(content.get(f"{name}_{measure}")) for measure in MEASURES}
    return {part: {measure: found[measure][part] for measure in MEASURES} for part in PARTS}


@dataclass(frozen=True)
class Results:
    """`results.json`. Errors are in original units; NaN where the run did not tell."""

    errors: PartErrors
    floor: PartErrors
    constant: PartErrors  # of the best constant per channel
    channel_names: tuple[str, ...] = ()
    unit: str = ""
    channel_errors: ChannelErrors = field(default_factory=dict)
    channel_constants: ChannelErrors = field(default_factory=dict)  # of the best constants
    channel_floors: ChannelErrors = field(default_factory=dict)
    sampling_rate_hz: float | None = None
    best_epoch: int | None = None
    kept_epoch: int | None = None  # whose weights the results are of
    epochs_trained: int | None = None
    parameters: int | None = None
    compression_ratio: float | None = None
    device: str = ""
    seconds: float | None = None
    windows: Mapping[str, int] = field(default_factory=dict)
    pca: PartErrors = field(default_factory=_unknown_errors)  # as many components as latent values
    pca_components: int | None = None
    pca_windows: int | None = None  # that the components were fitted to
    initial_weights: str = ""  # SHA-256 of all weights before the first step
    scaled: PartErrors = field(default_factory=_unknown_errors)  # in channel standard deviations
    output_low: Mapping[str, np.ndarray] = field(default_factory=_unknown_values)  # part ->
    output_high: Mapping[str, np.ndarray] = field(default_factory=_unknown_values)  # (channels,)
    target_low: Mapping[str, np.ndarray] = field(default_factory=_unknown_values)
    target_high: Mapping[str, np.ndarray] = field(default_factory=_unknown_values)

    def visible_floor(self, part: str, measure: str) -> float:
        return visible_floor(self.floor[part][measure], self.constant[part][measure])


def visible_floor(floor: float, constant: float) -> float:
    """The floor; 0 if it is no more than the rounding of values, beside the best constant."""
    return 0.0 if floor < 1e-6 * constant else floor


def read_results(run: Run) -> Results | None:
    """The results of a run; None while there are none. Raises RunUnreadable, RunNotFound."""
    content = read_json(run, "results.json")
    if content is None:
        return None
    try:
        return _results(content)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunUnreadable(f"This run's results.json is damaged: {error!r}") from error


def read_json(run: Run, name: str) -> Any:
    """The content of a file of the run; None without it. Raises RunUnreadable, RunNotFound."""
    try:
        return json.loads((run.folder / name).read_bytes())
    except FileNotFoundError:
        if not run.folder.is_dir():
            raise RunNotFound(run.id) from None
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RunUnreadable(f"This run's {name} is damaged: {error}") from error


def _results(content: Mapping[str, Any]) -> Results:
    known = {
        key: content[key]
        for key in (
            *("best_epoch", "kept_epoch", "epochs_trained"),
            *("parameters", "compression_ratio", "seconds"),
        )
        if _is_number(content.get(key))
    }
    rate = content.get("sampling_rate_hz")
    return Results(
        errors=part_errors(content),
        floor=part_errors(content.get("floor"), FLOOR_MEASURES),
        constant=part_errors(content.get("constant")),
        channel_names=tuple(str(name) for name in content.get("channel_names", ())),
        unit=str(content.get("unit") or ""),
        channel_errors=_channel_errors(content, "channel"),
        channel_constants=_channel_errors(content, "constant_channel"),
        channel_floors=_channel_errors(content, "floor_channel"),
        sampling_rate_hz=float(rate) if _is_number(rate) and rate > 0 else None,
        device=str(content.get("device") or ""),
        windows={part: int(content.get("windows", {}).get(part, 0)) for part in PARTS},
        pca=part_errors(content.get("pca")),
        pca_components=whole(content.get("pca_components")),
        pca_windows=whole(content.get("pca_windows")),
        initial_weights=str(content.get("initial_weights") or ""),
        scaled=part_errors(content.get("scaled")),
        **{name: _part_values(content.get(name)) for name in EXTREMES},
        **known,
    )
