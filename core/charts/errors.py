"""Where the errors are: by channel, and from window to window."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from core.charts import palette
from core.charts.curves import finite
from core.charts.run_words import SERIES, TITLES, labelled
from core.charts.vega_spec import (
    BAND_HEIGHTS,
    NUMBER,
    REFITTED,
    Spec,
    band_height,
    chart_title,
    quantity,
)
from core.intervals import even_edges
from core.results import PARTS, Results, StoredWindows, unit_of

MOST_BARS = 24  # channels in a chart


@lru_cache(maxsize=64)
def channel_error_spec(measure: str, unit: str, channels: int, with_constants: bool = True) -> Spec:
    title = labelled(TITLES[measure], unit_of(measure, unit))
    said = "the tick marks the channel's best constant" if with_constants else ""
    tick = {"type": "tick", "thickness": 4, "opacity": 1, "color": palette.NEUTRAL, "aria": False}
    tick |= {"stroke": "white", "strokeWidth": 1}  # to be seen on a bar
    return {
        "title": chart_title(f"{TITLES[measure]} by channel", said),
        "height": band_height(channels),
        "layer": [
            {"mark": {"type": "bar", "cornerRadiusEnd": 2}},
            {
                "transform": [{"filter": "isValid(datum.constant)"}],
                "mark": tick,
                "encoding": {"x": quantity("constant", title), "color": {"value": tick["color"]}},
            },
        ],
        "encoding": {
            "y": {
                "field": "channel",
                "type": "nominal",
                "title": "Channel",
                "sort": None,
                "axis": {"labelLimit": 110},
            },
            "yOffset": {"field": "part", "type": "nominal", "sort": _part_names()},
            "x": quantity("value", title, axis={"tickCount": 5}),
            "color": _part_colour(),
            "tooltip": [
                {"field": "channel", "type": "nominal", "title": "Channel"},
                {"field": "part", "type": "nominal", "title": "Part"},
                quantity("value", title, format=NUMBER),
                quantity("constant", "Best constant", format=NUMBER),
            ],
        },
    }


def _part_names() -> list[str]:
    return [SERIES[part] for part in PARTS]


def _part_colour() -> Spec:
    return {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": _part_names(), "range": [palette.TRAIN, palette.VALIDATION]},
        "legend": {"orient": "bottom", "title": None, "offset": 4},
    }


def channel_error_frame(results: Results, measure: str, labels: Sequence[str]) -> pd.DataFrame:
    """`channel, part, value, constant`; of many channels the worst MOST_BARS, in the data's order.

    constant: the best constant's error, NaN where the run did not tell it.
    """
    errors = {part: results.channel_errors[part][measure] for part in PARTS}
    known = results.channel_constants
    constants = {part: known[part][measure] if known else () for part in PARTS}
    count = min(len(labels), *(len(values) for values in errors.values()))
    chosen = np.arange(count)
    if count > MOST_BARS:
        chosen = np.sort(np.argsort(errors["validation"][:count])[-MOST_BARS:])
    return pd.DataFrame(
        [
            {
                "channel": labels[c],
                "part": SERIES[part],
                "value": float(errors[part][c]),
                "constant": float(constants[part][c]) if c < len(constants[part]) else np.nan,
            }
            for c in chosen
            for part in PARTS
        ],
        columns=["channel", "part", "value", "constant"],
    )


@lru_cache(maxsize=64)
def histogram_spec(measure: str, unit: str) -> Spec:
    title = labelled(f"{TITLES[measure]} of a window", unit_of(measure, unit))
    share = quantity("share", "Share of windows (%)")
    is_mark = "datum.part == 'shown'"
    return {
        "title": chart_title(
            f"Distribution of the windows' {TITLES[measure]}", "the line marks the window shown"
        ),
        "height": BAND_HEIGHTS[0],
        "autosize": REFITTED,
        "layer": [
            {
                "transform": [{"filter": f"!({is_mark})"}],
                "mark": {"type": "bar", "opacity": 0.55, "binSpacing": 0},
                "encoding": {
                    "x": quantity("low", title, axis={"tickCount": 6}),
                    "x2": {"field": "high"},
                    "y": share | {"stack": None},
                    "y2": {"datum": 0},
                    "color": _part_colour(),
                    "tooltip": [
                        {"field": "part", "type": "nominal", "title": "Part"},
                        quantity("low", "From", format=NUMBER),
                        quantity("high", "to", format=NUMBER),
                        quantity("share", "Share (%)", format=".3~g"),
                    ],
                },
            },
            {
                "transform": [{"filter": is_mark}],
                "mark": {"type": "rule", "strokeWidth": 2, "color": palette.RECONSTRUCTION},
                "encoding": {
                    "x": quantity("low", title),
                    "tooltip": [quantity("low", "The window shown", format=NUMBER)],
                },
            },
        ],
    }


def histogram_frame(
    parts: Mapping[str, StoredWindows], measure: str, shown: float, bins: int = 40
) -> pd.DataFrame:
    """`low, high, share, part` on common edges, and a row of the part `shown`."""
    errors = {part: np.asarray(parts[part].window_errors(measure)) for part in PARTS}
    errors = {part: values[np.isfinite(values)] for part, values in errors.items()}
    together = np.concatenate(list(errors.values()))
    mark = finite(np.array([shown]))
    frames = [pd.DataFrame({"low": mark, "high": mark, "share": [0.0], "part": ["shown"]})]
    if len(together):
        edges = even_edges(float(together.min()), float(together.max()), bins)
        for part, values in errors.items():
            counts, _ = np.histogram(values, bins=edges)
            frames.append(
                pd.DataFrame(
                    {
                        "low": edges[:-1],
                        "high": edges[1:],
                        "share": 100 * counts / max(1, len(values)),
                        "part": SERIES[part],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
