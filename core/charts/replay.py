"""How the error of one window went from epoch to epoch, with a mark at the epoch in view."""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from core.charts import palette
from core.charts.run_words import TITLES, labelled
from core.charts.vega_spec import (
    NUMBER,
    NUMBER_LABELS,
    REFITTED,
    Spec,
    chart_title,
    epoch_axis,
    quantity,
)
from core.results import unit_of


@lru_cache(maxsize=64)
def replay_curve_spec(measure: str, unit: str, epochs: int) -> Spec:
    """See `replay_curve_table`; `epochs` is the last epoch's number."""
    y_title = labelled(TITLES[measure], unit_of(measure, unit))
    tooltip = [quantity("epoch", "Epoch"), quantity("value", y_title, format=NUMBER)]
    return {
        "title": chart_title(f"{TITLES[measure]} of this window by epoch"),
        "height": 170,
        "autosize": REFITTED,
        "encoding": {
            "x": epoch_axis(epochs),
            "y": quantity(
                "value",
                y_title,
                scale={"zero": False},
                axis={"tickCount": 4, "labelExpr": NUMBER_LABELS},
            ),
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "color": palette.RECONSTRUCTION},
                "encoding": {"tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.shown"}],
                "mark": {"type": "rule", "color": palette.NEUTRAL},
                "encoding": {"y": {"value": 0}, "y2": {"value": "height"}},
            },
            {
                "transform": [{"filter": "datum.shown"}],
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 110,
                    "opacity": 1,
                    "color": palette.RECONSTRUCTION,
                },
                "encoding": {"tooltip": tooltip},
            },
        ],
    }


def replay_curve_table(epochs: np.ndarray, errors: np.ndarray, shown: int) -> pa.Table:
    """`epoch, value, shown` of the recorded epochs; `shown` is the index of the one in view."""
    kept = np.isfinite(errors)
    in_view = np.arange(len(epochs)) == shown
    return pa.table({"epoch": epochs[kept], "value": errors[kept], "shown": in_view[kept]})
