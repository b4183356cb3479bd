"""One channel of one window as several runs give it back, over the original."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.curves import finite
from core.charts.reconstruction import MOST_POINTS, panel_axis, value_line
from core.charts.run_words import labelled, window_time
from core.charts.thinning import thin
from core.charts.vega_spec import NUMBER, REFITTED, Spec, chart_title, pointer_rule, quantity


def compared_frame(
    original: np.ndarray,
    reconstructions: Sequence[np.ndarray],
    sampling_rate_hz: float | None,
) -> pd.DataFrame:
    """`t, original`, and `run_0, off_0, …`: reconstructions `(window_length,)` and residuals.

    A long window is thinned to points at which one of the lines has its extremes.
    """
    lines = {"original": finite(original)}
    for number, values in enumerate(reconstructions):
        lines[f"run_{number}"] = finite(values)
        lines[f"off_{number}"] = lines[f"run_{number}"] - lines["original"]
    kept = np.arange(len(original))
    if len(original) > MOST_POINTS:
        share = max(50, 4 * MOST_POINTS // len(lines))  # of each line: many runs stay quick
        kept = np.unique(np.concatenate([thin(line, share) for line in lines.values()]))
    t = window_time(kept, sampling_rate_hz)
    return pd.DataFrame({"t": t} | {name: line[kept] for name, line in lines.items()})


@lru_cache(maxsize=128)
def compared_spec(
    channel: str, unit: str, time: str, runs: tuple[tuple[str, int], ...], baseline: str
) -> Spec:
    """The original, wide and grey, below every run's reconstruction.

    runs: labels with the numbers of their colours, in the order of the frame's fields.
    """
    y_title = labelled("Value", unit)
    bare = {"labels": False, "title": None, "ticks": False}
    original = value_line("original", palette.NEUTRAL, y_title, 6)
    original["mark"]["opacity"] = 0.45
    lines = [
        value_line(f"run_{number}", palette.channel_color(colour), y_title, _width(label, baseline))
        for number, (label, colour) in enumerate(runs)
    ]
    return {
        "title": chart_title(channel),
        "height": 260,
        "autosize": REFITTED,
        "encoding": {"x": quantity("t", time, axis=bare, scale={"nice": False, "zero": False})},
        "layer": [original, *lines, _pointer(time, "run", [label for label, _ in runs])],
    }


@lru_cache(maxsize=128)
def compared_residual_spec(
    unit: str, time: str, runs: tuple[tuple[str, int], ...], baseline: str
) -> Spec:
    """Every run's residual, on the time axis of the panel above."""
    y_title = labelled("Residual", unit)
    lines = [
        {
            "mark": {
                "type": "line",
                "strokeWidth": _width(label, baseline),
                "color": palette.channel_color(colour),
            },
            "encoding": {"y": quantity(f"off_{number}", y_title, axis=panel_axis())},
        }
        for number, (label, colour) in enumerate(runs)
    ]
    zero = {"type": "rule", "color": palette.NEUTRAL, "opacity": 0.6}
    across = {"x": {"value": 0}, "x2": {"value": "width"}}
    return {
        "height": 180,
        "autosize": REFITTED,
        "encoding": {"x": quantity("t", time, scale={"nice": False, "zero": False})},
        "layer": [
            {"mark": zero, "encoding": across | {"y": {"datum": 0}}},
            *lines,
            _pointer(time, "off", [label for label, _ in runs]),
        ],
    }


def _width(label: str, baseline: str) -> float:
    return 2.75 if label == baseline else 1.4


def _pointer(time: str, kind: str, labels: Sequence[str]) -> Spec:
    """A rule under the pointer with the values of all runs."""
    original = [quantity("original", "Original", format=NUMBER)] if kind == "run" else []
    values = [
        quantity(f"{kind}_{number}", label, format=NUMBER) for number, label in enumerate(labels)
    ]
    return pointer_rule([quantity("t", time, format=NUMBER), *original, *values])
