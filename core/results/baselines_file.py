"""`baselines.json` of a run: what needs no model, known as soon as the first epoch is over."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.results.errors_file import FLOOR_MEASURES, PartErrors, part_errors, read_json, whole
from core.runs import Run, RunUnreadable


@dataclass(frozen=True)
class Baselines:
    """`baselines.json`. Errors are in original units; NaN where they are not known."""

    floor: PartErrors
    constant: PartErrors  # of the best constant per channel
    pca: PartErrors  # of as many principal components as the model has latent values
    pca_components: int | None
    pca_windows: int | None  # that the components were fitted to
    channel_std: tuple[float, ...]  # over the training windows

    @property
    def has_pca(self) -> bool:
        return not math.isnan(self.pca["train"]["mae"])


def read_baselines(run: Run) -> Baselines | None:
    """The baselines of a run; None while there are none. Raises RunUnreadable, RunNotFound."""
    content = read_json(run, "baselines.json")
    if content is None:
        return None
    try:
        return _baselines(content)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunUnreadable(f"This run's baselines.json is damaged: {error!r}") from error


def _baselines(content: Mapping[str, Any]) -> Baselines:
    return Baselines(
        part_errors(content.get("floor"), FLOOR_MEASURES),
        part_errors(content.get("constant")),
        part_errors(content.get("pca")),
        whole(content.get("pca_components")),
        whole(content.get("pca_windows")),
        tuple(float(value) for value in content.get("channel_std", ())),
    )
