"""One channel of one window: the original, its reconstruction, and what that is off by."""

from functools import lru_cache

import numpy as np
import pandas as pd
from tsdownsample import MinMaxLTTBDownsampler

from core.charts import palette
from core.charts.run_words import labelled
from core.charts.vega_spec import NUMBER_LABELS, Spec, chart_title, quantity

MOST_POINTS = 600  # of a line, picked so that its extremes stay
AXIS_WIDTH = 56  # the same for panels that stand above each other


def window_frame(
    original: np.ndarray, reconstruction: np.ndarray, sampling_rate_hz: float | None
) -> pd.DataFrame:
    """`t, original, reconstruction, residual` of one channel of one window, `(window_length,)`.

    A long window is thinned to points at which one of the three has its extremes.
    """
    original = np.ascontiguousarray(original, dtype=np.float64)
    reconstruction = np.ascontiguousarray(reconstruction, dtype=np.float64)
    lines = {
        "original": original,
        "reconstruction": reconstruction,
        "residual": reconstruction - original,
    }
    if len(original) > MOST_POINTS:
        pick = MinMaxLTTBDownsampler()
        kept = np.unique(
            np.concatenate([pick.downsample(line, n_out=MOST_POINTS) for line in lines.values()])
        )
    else:
        kept = np.arange(len(original))
    t = kept / sampling_rate_hz if sampling_rate_hz else kept
    return pd.DataFrame({"t": t} | {name: line[kept] for name, line in lines.items()})


@lru_cache(maxsize=512)
def overlay_spec(channel: str, unit: str, time: str) -> Spec:
    """A channel's original with its reconstruction over it; see `window_frame`."""
    y_title = labelled("Value", unit)
    return {
        "title": chart_title(channel),
        "height": 205,
        "encoding": {
            "x": quantity(
                "t",
                time,
                axis={"labels": False, "title": None, "ticks": False},
                scale={"nice": False},
            )
        },
        "layer": [
            _line("original", palette.ORIGINAL, y_title, width=2.5),
            _line("reconstruction", palette.RECONSTRUCTION, y_title, width=1.5),
            _pointer(time),
        ],
    }


@lru_cache(maxsize=64)
def residual_spec(unit: str, time: str) -> Spec:
    """What the reconstruction is off by, on the time axis of the panel above."""
    y_title = labelled("Residual", unit)
    return {
        "height": 150,
        "encoding": {"x": quantity("t", time, scale={"nice": False})},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.25, "color": palette.RESIDUAL},
                "encoding": {"y": quantity("residual", y_title), "y2": {"datum": 0}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 1.2, "color": palette.RESIDUAL},
                "encoding": {"y": quantity("residual", y_title, axis=_panel_axis())},
            },
            _pointer(time),
        ],
    }


def _panel_axis() -> Spec:
    extent = {"minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH}
    return extent | {"tickCount": 4, "labelExpr": NUMBER_LABELS, "titleFontSize": 11}


def _line(field: str, colour: str, y_title: str, width: float) -> Spec:
    y = quantity(field, y_title, scale={"zero": False}, axis=_panel_axis())
    return {
        "mark": {"type": "line", "strokeWidth": width, "color": colour},
        "encoding": {"y": y},
    }


def _pointer(time: str) -> Spec:
    """A rule under the pointer with all three values."""
    return {
        "params": [
            {
                "name": "hover",
                "select": {
                    "type": "point",
                    "on": "pointermove",
                    "clear": "pointerout",
                    "nearest": True,
                    "encodings": ["x"],
                },
            }
        ],
        "mark": {"type": "rule", "strokeWidth": 1},
        "encoding": {
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 0.5}, "value": 0},
            "color": {"value": palette.NEUTRAL},
            "tooltip": [
                quantity("t", time, format=",.6~g"),
                quantity("original", "Original", format=",.5~g"),
                quantity("reconstruction", "Reconstruction", format=",.5~g"),
                quantity("residual", "Residual", format=",.4~g"),
            ],
        },
    }
