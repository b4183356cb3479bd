"""What the charts of runs call their lines and axes, and the lines' colours."""

from collections.abc import Sequence

from core.charts import palette

SERIES = {
    "train": "training",
    "validation": "validation",
    "floor": "error floor",
    "constant": "best constant",
}
TITLES = {"loss": "Loss", "mae": "MAE", "mse": "MSE"}
NAMES = {"mae": "Mean absolute error", "mse": "Mean squared error"}


def labelled(name: str, unit: str) -> str:
    """An axis title: `MAE (mV)`."""
    return f"{name} ({unit})" if unit else name


def time_title(sampling_rate_hz: float | None) -> str:
    return "Time in the window (s)" if sampling_rate_hz else "Time step in the window"


def unique_labels(names: Sequence[str], limit: int = 60) -> list[str]:
    """Names as labels that differ from each other: shortened, numbered where they coincide."""
    short = [name if len(name) <= limit else name[: limit - 1] + "…" for name in names]
    return [
        label if short.count(label) == 1 and label.strip() else f"{label} ({number})"
        for number, label in enumerate(short, 1)
    ]


def legend(*keys: str) -> list[tuple[str, str, bool]]:
    """Label, colour and whether dashed, of lines that several charts share a legend for."""
    lines = {
        "original": ("original", palette.ORIGINAL, False),
        "reconstruction": ("reconstruction", palette.RECONSTRUCTION, False),
        "residual": ("residual: reconstruction − original", palette.RESIDUAL, False),
    }
    lines |= {
        key: (label, series_colour(key), key in ("floor", "constant"))
        for key, label in SERIES.items()
    }
    return [lines[key] for key in keys]


def series_colour(key: str) -> str:
    return {
        "train": palette.TRAIN,
        "validation": palette.VALIDATION,
        "floor": palette.FLOOR,
        "constant": palette.NEUTRAL,
    }[key]
