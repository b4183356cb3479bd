"""How often each value occurs among the targets and among what a model gives back."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.run_words import labelled
from core.charts.vega_spec import (
    BAND_HEIGHTS,
    NUMBER,
    NUMBER_LABELS,
    REFITTED,
    Spec,
    chart_title,
    one_row,
    quantity,
)
from core.results import ValueCounts

_LEAST = 0.7  # the foot of a logarithmic axis, below a count of one
_POWERS = [10**power for power in range(13)]
_NEAR = 0.5  # widths of the counted range within which an end of the reachable range is shown


@lru_cache(maxsize=256)
def value_counts_spec(
    title: str, unit: str, activation: str, ends: tuple[float, ...] = (), log: bool = False
) -> Spec:
    """Targets filled, reconstructions as a step line; see `value_counts_frame`.

    ends: of the values that the output activation can say, original units.
    """
    x_title, y_title = labelled("Value", unit), "Values in the windows"
    y_scale = {"type": "log", "domainMin": _LEAST} if log else {"zero": True}
    y_axis = {"labelExpr": NUMBER_LABELS} | ({"values": _POWERS} if log else {"tickCount": 5})
    targets, outputs = (
        quantity(f"{name}_drawn", y_title, scale=y_scale, axis=y_axis)
        for name in ("original", "reconstruction")
    )
    x = quantity("low", x_title, scale={"zero": False, "nice": False}, axis={"tickCount": 6})
    subtitle = ["targets filled, reconstruction as a line"]
    if ends:
        subtitle.append(
            f"dashed: {'end' if len(ends) == 1 else 'ends'} of what {activation} can say"
        )
    return {
        "title": chart_title(title, subtitle),
        "height": BAND_HEIGHTS[0],
        "autosize": REFITTED,
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {
                    "type": "area",
                    "interpolate": "step-after",
                    "color": palette.ORIGINAL,
                    "opacity": 0.45,
                },
                "encoding": {"y": targets, "y2": {"datum": _LEAST if log else 0}},
            },
            {
                "mark": {
                    "type": "line",
                    "interpolate": "step-after",
                    "color": palette.RECONSTRUCTION,
                    "strokeWidth": 2,
                },
                "encoding": {"y": outputs},
            },
            *(_end(end) for end in ends),
            _pointed(x_title),
        ],
    }


def _pointed(x_title: str) -> Spec:
    """The whole height of a bin answers to the pointer."""
    return {
        "mark": {"type": "bar", "opacity": 0, "binSpacing": 0},
        "encoding": {
            "x2": {"field": "high"},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "tooltip": [
                quantity("low", "From", format=NUMBER),
                quantity("high", "to", format=NUMBER),
                quantity("original", "Targets", format=",d"),
                quantity("reconstruction", "Reconstruction", format=",d"),
            ],
        },
    }


def _end(value: float) -> Spec:
    """A rule at an end of the reachable values."""
    mark = {"type": "rule", "strokeWidth": 1.5, "strokeDash": list(palette.FLOOR_DASH)}
    return {
        "transform": one_row(low=value),
        "mark": mark | {"color": palette.FLOOR},
    }


def value_counts_frame(counts: ValueCounts, log: bool = False) -> pd.DataFrame:
    """`low, high`, and for both kinds the count and where it is drawn.

    The last row, without counts, closes the steps.
    """
    frame = pd.DataFrame({"low": counts.edges, "high": np.append(counts.edges[1:], np.nan)})
    for name, values in (
        ("original", counts.original),
        ("reconstruction", counts.reconstruction),
    ):
        frame[name] = np.append(values.astype(float), np.nan)
        drawn = np.maximum(values, _LEAST) if log else values
        frame[f"{name}_drawn"] = np.append(drawn, drawn[-1]).astype(float)
    return frame


def shown_ends(counts: ValueCounts, ends: tuple[float, float]) -> tuple[float, ...]:
    """The finite ends of the reachable values that lie in or near the counted range."""
    first, last = float(counts.edges[0]), float(counts.edges[-1])
    room = _NEAR * (last - first)
    return tuple(float(end) for end in ends if first - room <= end <= last + room)
