"""What the charts of runs call their lines and axes, and the lines' colours."""

from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

from core.charts import palette
from core.number_text import count_text

LINES = {
    "floor": "error floor",
    "pca": "PCA",
    "constant": "best constant",
}


def line_key(kind: str, part: str) -> str:
    """The key of a line of one part; validation, which errors are judged by, needs no word."""
    return kind if part == "validation" else f"{kind}-{part}"


SERIES = {
    "train": "training",
    "validation": "validation",
    **{
        line_key(kind, part): label + ", training" * (part == "train")
        for kind, label in LINES.items()
        for part in ("validation", "train")
    },
}
_SHORT = {"floor": "floor", "pca": "PCA", "constant": "constant"}
TITLES = {"loss": "Loss", "mae": "MAE", "mse": "MSE"}
NAMES = {"mae": "Mean absolute error", "mse": "Mean squared error"}


def labelled(name: str, unit: str) -> str:
    """An axis title: `MAE (mV)`; of a unit in brackets `MSE in (m/s)²`."""
    if not unit:
        return name
    return f"{name} in {unit}" if unit.startswith("(") else f"{name} ({unit})"


def time_title(sampling_rate_hz: float | None) -> str:
    if not sampling_rate_hz:
        return "Time step in the window"
    return f"Time in the window ({time_unit(sampling_rate_hz)[0]})"


def window_time(steps: Any, sampling_rate_hz: float | None) -> Any:
    """Indices of time steps of a window, a number or an array, on the axis that `time_title` names:
    counted from 1 where they are no times.
    """
    if not sampling_rate_hz:
        return steps + 1
    return steps / sampling_rate_hz / time_unit(sampling_rate_hz)[1]


def time_unit(sampling_rate_hz: float) -> tuple[str, int]:
    """The unit for a hundred time steps or more, and its seconds."""
    units = (("days", 86_400), ("h", 3_600), ("min", 60))
    return next((u for u in units if 100 / sampling_rate_hz >= 2 * u[1]), ("s", 1))


def unique_labels(names: Sequence[str], limit: int = 60) -> list[str]:
    """Names as labels that differ from each other: shortened, numbered where they coincide."""
    short = [_shortened(name, limit) for name in names]
    counts = Counter(short)
    labels = [label if counts[label] == 1 and label.strip() else "" for label in short]
    used = set(labels)
    for place, label in enumerate(short):
        if not labels[place]:
            numbers = count(place + 1)  # a name may end in a number itself
            labels[place] = next(t for n in numbers if (t := f"{label} ({n})") not in used)
            used.add(labels[place])
    return labels


def _shortened(name: str, limit: int) -> str:
    """Its begin and its end: names of one kind often differ in their last words."""
    if len(name) <= limit:
        return name
    end = (limit - 1) // 2
    return f"{name[: limit - 1 - end]}…{name[-end:]}"


class LegendLine(NamedTuple):
    label: str
    colour: str
    dash: tuple[int, ...] = ()  # none: solid
    is_thin: bool = False


def legend(*keys: str, components: int | None = None) -> list[LegendLine]:
    """The lines that several charts share a legend for.

    components: of PCA, where they are known.
    """
    pca = f"PCA, {count_text(components, 'component')}" if components else "PCA"
    lines = {
        "original": LegendLine("original", palette.ORIGINAL),
        "reconstruction": LegendLine("reconstruction", palette.RECONSTRUCTION),
        "residual": LegendLine("residual: reconstruction − original", palette.RESIDUAL),
        "anomaly": LegendLine("known anomaly", palette.ANOMALY),
    }
    for key, label in SERIES.items():
        text = label.replace("PCA", pca)
        lines[key] = LegendLine(text, series_colour(key), line_dash(key), is_thin(key))
    return [lines[key] for key in keys]


def is_thin(key: str) -> bool:
    """Whether a line is of training: beside that of validation, which errors are judged by."""
    return key.endswith("-train")


def short_name(key: str) -> str:
    """A line's name where there is little room."""
    kind, _, part = key.partition("-")
    return _SHORT[kind] + ", training" * (part == "train")


def series_colour(key: str) -> str:
    return {
        "train": palette.TRAIN,
        "validation": palette.VALIDATION,
        "floor": palette.FLOOR,
        "pca": palette.PCA,
        "constant": palette.NEUTRAL,
    }[key.partition("-")[0]]


def line_dash(key: str) -> tuple[int, ...]:
    """Dashes and gaps in pixels; nothing for a solid line."""
    return {
        "floor": palette.FLOOR_DASH,
        "pca": palette.PCA_DASH,
        "constant": palette.CONSTANT_DASH,
    }.get(key.partition("-")[0], ())
