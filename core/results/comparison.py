"""Several runs beside each other: which are the same, which can be compared, and how far apart."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.config import DataConfig, ExperimentConfig, WindowsConfig, flatten
from core.results.configs import field_title, value_texts
from core.results.reconstruction_file import StoredWindows
from core.signals.store import recording_key

Rows = Sequence[Mapping[str, float]]

_LEARNED = ("loss", "mae", "mse", "val_loss", "val_mae", "val_mse")  # not of the clock


def same_histories(histories: Mapping[str, Rows]) -> list[list[str]]:
    """Groups of labels whose histories, with an epoch at least, agree to the last digit."""
    ends = {label: (len(rows), _learned(rows[-1:])) for label, rows in histories.items() if rows}
    groups: dict[tuple, list[str]] = {}
    for label, end in ends.items():
        if list(ends.values()).count(end) > 1:  # most differ at their ends, which is soon seen
            groups.setdefault(_learned(histories[label]), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _learned(rows: Rows) -> tuple:
    """What decides whether two histories are the same; NaN equals NaN."""
    return tuple((row.get("epoch"), *(repr(row.get(name)) for name in _LEARNED)) for row in rows)


def change(error: float, baseline: float) -> tuple[float, float]:
    """An error's difference from the baseline's, in its unit and in %; NaN where there is none."""
    difference = error - baseline
    share = 100 * difference / baseline if baseline else math.nan
    return difference, share if math.isfinite(share) else math.nan


def why_not_comparable(
    label: str, config: ExperimentConfig, other: str, reference: ExperimentConfig
) -> str:
    """Why a window of one run is not that of the same number of another; empty if it is.

    label, other: what the runs are called in the sentence; reference: the other's configuration.
    The seed decides which ready windows validate, and nothing for a recording: see
    `same_originals`.
    """
    if recording_key(config.data) != recording_key(reference.data):
        mine, theirs = config.data.made_from(), reference.data.made_from()
        difference = _difference(label, mine, other, theirs)
        return f"{label} and {other} are of different data: {difference}."
    if config.windows != reference.windows:
        difference = _difference(label, dict(config.windows), other, dict(reference.windows))
        return f"{label} and {other} cut their windows differently: {difference}."
    return ""


def have_same_data(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two stored configurations, perhaps of another version, are of the same recording."""
    try:
        mine, theirs = (DataConfig.model_validate(c.get("data")) for c in (one, other))
    except ValidationError:
        return one.get("data") == other.get("data")
    return recording_key(mine) == recording_key(theirs)


def cut_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two stored configurations, perhaps of another version, cut the same data alike.

    They have the same windows then, but for which of ready windows validate: see `seed_of`.
    """
    if not have_same_data(one, other):
        return False
    try:
        mine, theirs = (WindowsConfig.model_validate(c.get("windows")) for c in (one, other))
    except ValidationError:
        return one.get("windows") == other.get("windows")
    return mine == theirs


def seed_of(config: Mapping[str, Any]) -> Any:
    """The seed of a stored configuration, which chooses the ready windows that validate."""
    return flatten(config).get("training.seed")


def _difference(label: str, mine: Mapping[str, Any], other: str, theirs: Mapping[str, Any]) -> str:
    """The first field in which two parts of a configuration differ, in words."""
    pairs = {
        name: value_texts([mine.get(name, "–"), theirs.get(name, "–")])
        for name in {**mine, **theirs}
        if mine.get(name) != theirs.get(name)
    }
    name = next((name for name in pairs if name != "sha256"), "")
    if not name:
        return "their files have different content"
    return f"{field_title(name)} is {pairs[name][0]} in {label} and {pairs[name][1]} in {other}"


def common_positions(windows: Sequence[StoredWindows]) -> np.ndarray:
    """Positions of the windows that every run kept, rising."""
    common = windows[0].positions
    for other in windows[1:]:
        common = np.intersect1d(common, other.positions, assume_unique=True)
    return np.asarray(common)


def same_originals(windows: StoredWindows, reference: StoredWindows, probes: int = 3) -> bool:
    """Whether windows of the same number are the same.

    A few of the common ones are looked at: the first, the last, and some between.
    """
    pair = (windows, reference)
    shapes = [(item.windows, *item.original.shape[1:]) for item in pair]
    if shapes[0] != shapes[1]:
        return False
    common = common_positions(pair)
    picks = np.linspace(0, len(common) - 1, min(probes, len(common))).round().astype(int)
    return all(
        np.array_equal(
            *(item.original[item.nearest(int(position))] for item in pair), equal_nan=True
        )
        for position in common[np.unique(picks)]
    )


def window_errors(windows: StoredWindows, position: int) -> dict[str, float]:
    """The errors of one window, in original units."""
    return {
        "mae": float(windows.window_mae[position]),
        "mse": float(windows.window_mse[position]),
    }
