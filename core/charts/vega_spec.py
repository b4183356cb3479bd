"""Pieces of Vega-Lite specifications that the charts of runs share.

A chart of a run is a pair of a cached specification, a plain dict, and a small frame with fixed
field names, so that a live view sends only numbers.
"""

from typing import Any

from core.charts import palette

Spec = dict[str, Any]

BAND_HEIGHTS = (300, 720)  # of charts with a band a channel, at least and at most
# Plain digits where they fit: d3's own `g` writes 250 as 2.5e+2 when the ticks are round. As many
# as keep near ticks apart: zeros at the end are left out, and noise in the 16th is rounded away.
NUMBER_LABELS = (
    "datum.value != 0 && (abs(datum.value) >= 1e6 || abs(datum.value) < 1e-4)"
    " ? format(datum.value, '.11~e') : format(datum.value, ',.12~r')"
)
NUMBER = ",.7~g"  # of a value in a tooltip: as many digits as 32-bit numbers have
# For charts whose data change as one looks: the labels of an axis may then need more room, which
# Vega would take from the title.
REFITTED: Spec = {"type": "fit", "contains": "padding", "resize": True}


def chart_title(text: str, subtitle: str | list[str] = "") -> Spec:
    """A title, and a line or lines below it."""
    title = {"text": text, "anchor": "start", "fontSize": 14, "limit": 480, "offset": 8}
    if subtitle:
        title |= {"subtitle": subtitle, "subtitleFontSize": 12, "subtitleColor": palette.NEUTRAL}
    return title


def band_height(bands: int) -> int:
    lowest, highest = BAND_HEIGHTS
    return min(highest, max(lowest, 180 + 22 * bands))


def one_row(**values: float) -> list[Spec]:
    """Transforms of a layer that draws a single mark: one row with these fields.

    With data of its own in the specification, the browser would build the chart anew every time.
    A `datum` in the encoding would not do: the field that all layers share stays in force.
    """
    fields = [{"calculate": repr(float(value)), "as": name} for name, value in values.items()]
    return [{"aggregate": [{"op": "count", "as": "rows"}]}, *fields]


def quantity(field: str, title: str, **more: Any) -> Spec:
    return {"field": field, "type": "quantitative", "title": title} | more


def epoch_axis(epochs: int) -> Spec:
    """The time axis of a run of so many epochs: the field `epoch`."""
    return quantity(
        "epoch",
        "Epoch",
        scale={"domain": [1, max(2, epochs)], "nice": False},
        axis={"format": "d", "tickMinStep": 1, "tickCount": min(10, max(1, epochs - 1))},
    )


def finished(spec: Spec) -> Spec:
    """The dict of a whole chart, as wide as the page all told, on a canvas."""
    return spec | {
        "autosize": {"type": "fit-x", "contains": "padding"},
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
    }


def pointer_rule(tooltip: list[Spec]) -> Spec:
    """A layer with a rule at the row nearest to the pointer, which says these fields of it."""
    nearest = {
        "type": "point",
        "on": "pointermove",
        "clear": "pointerout",
        "nearest": True,
        "encodings": ["x"],
    }
    return {
        "params": [{"name": "hover", "select": nearest}],
        "mark": {"type": "rule", "strokeWidth": 1},
        "encoding": {
            "opacity": {"condition": {"param": "hover", "empty": False, "value": 0.5}, "value": 0},
            "color": {"value": palette.NEUTRAL},
            "tooltip": tooltip,
        },
    }
