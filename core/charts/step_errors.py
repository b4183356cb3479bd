"""Where the errors are by channel and time step of the window: a map whose cells can be clicked."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from core.charts.curves import finite
from core.charts.errors import MOST_BARS
from core.charts.run_words import SERIES, TITLES, labelled, window_time
from core.charts.vega_spec import NUMBER, Spec, band_height, chart_title, quantity
from core.results import Place, StoredWindows, unit_of

MOST_CELLS = 120  # along time
CLICKED = "clicked"  # the selection of the map: fields `row` and `cell`


def cell_edges(window_length: int) -> np.ndarray:
    """The time steps at which cells begin, and the end of the last: `(cells + 1,)`."""
    cells = min(window_length, MOST_CELLS)
    return np.unique(np.linspace(0, window_length, cells + 1).round().astype(int))


def place_of(row: int, cell: int, window_length: int) -> Place:
    """The channel and the time steps of a cell."""
    edges = cell_edges(window_length)
    cell = min(max(0, cell), len(edges) - 2)
    return Place(row, int(edges[cell]), int(edges[cell + 1]))


@lru_cache(maxsize=64)
def step_error_spec(measure: str, unit: str, time: str, part: str, channels: int) -> Spec:
    title = labelled(TITLES[measure], unit_of(measure, unit))
    y = {
        "field": "channel",
        "type": "nominal",
        "title": "Channel",
        "sort": None,
        "axis": {"labelLimit": 110},
    }
    x = quantity("start", time, scale={"nice": False, "zero": False})
    is_marked = "datum.marked"
    return {
        "title": chart_title(
            f"{TITLES[measure]} by time step, {SERIES[part]}",
            "click a cell to see which windows are worst there",
        ),
        "height": band_height(channels),
        "params": [
            {
                "name": CLICKED,
                "select": {
                    "type": "point",
                    "fields": ["row", "cell"],
                    "toggle": False,
                    "clear": False,
                },
                "views": ["cells"],
            }
        ],
        "encoding": {"x": x, "x2": {"field": "stop"}, "y": y},
        "layer": [
            {
                "name": "cells",
                "transform": [{"filter": f"!{is_marked}"}],
                "mark": {"type": "rect", "cursor": "pointer"},
                "encoding": {
                    "color": quantity(
                        "value",
                        title,
                        scale={"scheme": "viridis"},
                        legend={
                            "orient": "bottom",
                            "gradientLength": 160,
                            "tickCount": 3,
                            "offset": 4,
                        },
                    ),
                    "tooltip": [
                        {"field": "channel", "type": "nominal", "title": "Channel"},
                        quantity("start", time, format=NUMBER),
                        quantity("value", title, format=NUMBER),
                    ],
                },
            },
            *(_outline(is_marked, colour, width) for colour, width in (("black", 5), ("white", 2))),
        ],
    }


def _outline(test: str, colour: str, width: int) -> Spec:
    """A frame around the chosen place; two of them are seen on light and on dark cells."""
    mark = {"type": "rect", "filled": False, "stroke": colour, "strokeWidth": width}
    return {"transform": [{"filter": test}], "mark": mark | {"tooltip": None}}


def step_error_frame(
    windows: StoredWindows,
    measure: str,
    labels: Sequence[str],
    sampling_rate_hz: float | None,
    place: Place | None = None,
) -> pd.DataFrame:
    """`start, stop, channel, value, row, cell, marked`: the mean error of each cell.

    With a place there is a marked row for it, where its channel is among those shown.
    """
    errors = np.asarray(windows.step_errors(measure), dtype=np.float64)  # (window_length, channels)
    edges = cell_edges(len(errors))
    channels = np.arange(min(errors.shape[1], len(labels)))
    if len(channels) > MOST_BARS:
        channels = np.sort(np.argsort(errors.mean(axis=0))[-MOST_BARS:])
    means = np.add.reduceat(errors[:, channels], edges[:-1], axis=0) / np.diff(edges)[:, None]
    cells = len(edges) - 1
    frame = pd.DataFrame(
        {
            "start": np.tile(edges[:-1], len(channels)),
            "stop": np.tile(edges[1:], len(channels)),
            "channel": np.repeat([labels[c] for c in channels], cells),
            "value": finite(means.T.reshape(-1)),
            "row": np.repeat(channels, cells),
            "cell": np.tile(np.arange(cells), len(channels)),
            "marked": False,
        }
    )
    if place is not None and place.channel in channels:
        chosen = {"start": place.start, "stop": place.stop, "row": place.channel, "cell": -1}
        chosen |= {"channel": labels[place.channel], "value": np.nan, "marked": True}
        frame = pd.concat([frame, pd.DataFrame([chosen])], ignore_index=True)
    frame[["start", "stop"]] = window_time(frame[["start", "stop"]], sampling_rate_hz)
    return frame
