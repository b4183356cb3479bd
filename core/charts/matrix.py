"""The heat map of normalizations and output activations: how its cells are drawn.

One specification for every width: the numbers shrink and the labels turn where there is no room.
Cells are tinted over the page's own background, so that they read on a light and on a dark one.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache

from core.charts import palette
from core.charts.altair_spec import UNSEEN
from core.charts.run_words import TITLES
from core.charts.vega_spec import Spec
from core.output_range import ACTIVATIONS

PICK = "pick"  # the selection: the method and the activation of the cell that was clicked
MOST_TINT = 0.85  # opacity of a cell whose floor is as bad as the best constant
ROW_HEIGHT = 50
DASH = (4, 2)  # of a border that is not the plain one
STAR = (
    "M0,-1L0.25,-0.34L0.95,-0.31L0.4,0.13L0.59,0.81L0,0.42L-0.59,0.81L-0.4,0.13"
    "L-0.95,-0.31L-0.25,-0.34Z"
)
MARKS = {  # kind of verdict: the form of its mark, drawn in a square from -1 to 1
    "impossible": "M-0.8,-0.8L0.8,0.8M-0.8,0.8L0.8,-0.8",
    "saturation": "M-1,0.9C-0.5,-0.7,-0.2,-0.7,1,-0.7",
    "validation": "M0,-0.9L1,0.9L-1,0.9Z",
}
BORDERS = {"saturation": palette.SATURATION, "validation": palette.VALIDATION}
SHORT_METHODS = {
    "none": "none",
    "minmax": "0…1",
    "minmax_symmetric": "−1…1",
    "standard": "z-score",
    "robust": "robust",
    "maxabs": "max |x|",
    "log1p": "signed log",
}
SHORT_ACTIVATIONS = {"hard_sigmoid": "Hard sigm.", "leaky_relu": "Leaky", "exponential": "Exp"}

_SILENT = {"tooltip": None, "aria": False}  # of marks that only show
_NARROW = "width < 520"  # pixels for all columns together
_MIDDLING = "width < 700"
_INK = "luminance(background) < 0.5 ? '#E4E9F0' : '#1B2430'"


def tint(relative: float) -> float:
    """The opacity of a cell's colour for a floor relative to the best constant's error, 0 to 1."""
    return MOST_TINT * math.sqrt(relative)


@lru_cache(maxsize=64)
def matrix_spec(
    methods: tuple[tuple[str, str], ...], activations: tuple[str, ...], measure: str
) -> Spec:
    """The heat map of a `matrix_table`. methods: names of the configuration with their titles."""
    titles = {name: ACTIVATIONS[name].title for name in activations}
    return {
        "height": {"step": ROW_HEIGHT},
        "encoding": {
            "x": _axis(
                "activation",
                activations,
                titles,
                titles | SHORT_ACTIVATIONS,
                {
                    "orient": "top",
                    "title": "Output activation",
                    "labelAngle": {"expr": f"{_NARROW} ? -60 : {_MIDDLING} ? -25 : 0"},
                    "labelAlign": {"expr": f"{_MIDDLING} ? 'left' : 'center'"},
                },
            ),
            "y": _axis(
                "method",
                tuple(name for name, _ in methods),
                dict(methods),
                SHORT_METHODS,
                {"title": None},
            ),
        },
        "layer": [
            _tints(),
            _outline(),
            *(_mark(kind, form) for kind, form in MARKS.items()),
            _star(),
            _text("big", "datum.small ? 0 : 4", (8.7, 13), "bold"),
            _text("small", "14", (8, 10.5)),
            _place(),
            _pointer(measure),
        ],
    }


def _axis(
    field: str,
    order: tuple[str, ...],
    titles: Mapping[str, str],
    short: Mapping[str, str],
    axis: Spec,
) -> Spec:
    """An axis of names, which are short where there is little room."""
    words = [json.dumps(dict(each), ensure_ascii=False) for each in (short, titles)]
    return {
        "field": field,
        "type": "nominal",
        "sort": list(order),
        "scale": {"paddingInner": 0.05, "paddingOuter": 0.02},
        "axis": {
            "labelExpr": f"({_NARROW} ? {words[0]} : {words[1]})[datum.value]",
            "labelLimit": 150,
            "labelColor": {"expr": _INK},
            "labelOverlap": False,
            "labelPadding": 6,
            "titlePadding": 6,
            "ticks": False,
            "domain": False,
        }
        | axis,
    }


def _tints() -> Spec:
    """The cells; an uncommon border tells the verdicts that are neither good nor bad."""
    colours = json.dumps(BORDERS)
    rgb = ", ".join(str(int(palette.FLOOR[at : at + 2], 16)) for at in (1, 3, 5))
    return {
        "mark": {
            "type": "rect",
            "cornerRadius": 3,
            "stroke": {"expr": f"({colours})[datum.kind] || '{palette.NEUTRAL}'"},
            "strokeDash": {"expr": f"({colours})[datum.kind] ? {list(DASH)} : [1, 0]"},
            "strokeWidth": {"expr": f"({colours})[datum.kind] ? 1.5 : 0.5"},
            **_SILENT,
        },
        "encoding": {
            "color": {
                "field": "relative",
                "type": "quantitative",
                "scale": {
                    "type": "sqrt",
                    "domain": [0, 1],
                    "clamp": True,
                    "interpolate": "rgb",
                    "range": [f"rgba({rgb}, 0)", f"rgba({rgb}, {MOST_TINT})"],
                },
                "legend": None,
            },
        },
    }


def _outline() -> Spec:
    """The pair of the experiment in hand."""
    return {
        "transform": [{"filter": "datum.chosen"}],
        "mark": {
            "type": "rect",
            "cornerRadius": 3,
            "fill": None,
            "stroke": palette.ORIGINAL,
            "strokeWidth": 3,
            **_SILENT,
        },
    }


def _at_corner(mark: Spec, right: bool = False) -> Spec:
    """A mark in an upper corner of its cell."""
    return {
        "mark": mark | _SILENT,
        "encoding": {
            "x": {"field": "activation", "type": "nominal", "bandPosition": int(right)},
            "y": {"field": "method", "type": "nominal", "bandPosition": 0},
        },
    }


def _mark(kind: str, form: str) -> Spec:
    return {
        "transform": [{"filter": f"datum.kind == '{kind}'"}],
        **_at_corner(
            {
                "type": "point",
                "shape": form,
                "size": {"expr": f"{_NARROW} ? 22 : 60"},
                "filled": False,
                "stroke": {"expr": _INK},
                "strokeWidth": 1.5,
                "opacity": 0.9,
                "xOffset": {"expr": f"{_NARROW} ? 5 : 9"},
                "yOffset": 8,
            }
        ),
    }


def _star() -> Spec:
    """The recommended pair; beside the mark of its verdict where it has one."""
    return {
        "transform": [{"filter": "datum.recommended"}],
        **_at_corner(
            {
                "type": "point",
                "shape": STAR,
                "size": {"expr": f"{_NARROW} ? 70 : 130"},
                "filled": True,
                "color": palette.ANOMALY,
                "opacity": 1,
                "xOffset": {
                    "expr": f"({_NARROW} ? 7 : 10) + (datum.kind == 'compatible' ? 0 : 12)"
                },
                "yOffset": 8,
            }
        ),
    }


def _text(field: str, down: str, sizes: tuple[float, float], weight: str = "normal") -> Spec:
    """A line in the middle of a cell. sizes: of the letters, in narrow cells and in wide ones."""
    narrow, wide = sizes
    return {
        "mark": {
            "type": "text",
            "text": {"expr": f"{_NARROW} ? datum.{field}_short : datum.{field}"},
            "fontSize": {"expr": f"{_NARROW} ? {narrow} : {wide}"},
            "fontWeight": {"expr": f"datum.trained ? '{weight}' : 'normal'"},
            "fill": {"expr": _INK},
            "yOffset": {"expr": down},
            **_SILENT,
        },
    }


def _place() -> Spec:
    """The rank of a trained cell, and whether its verdict was confirmed."""
    return _at_corner(
        {
            "type": "text",
            "text": {"expr": f"{_NARROW} ? datum.place_short : datum.place"},
            "align": "right",
            "baseline": "middle",
            "fontSize": {"expr": f"{_NARROW} ? 8 : 10.5"},
            "fill": {"expr": _INK},
            "xOffset": -3,
            "yOffset": 8,
        },
        right=True,
    )


def _pointer(measure: str) -> Spec:
    """Unseen cells above all, which are clicked and which tell everything, aloud as well."""
    name = TITLES[measure]
    told = {
        "t_verdict": "Verdict",
        "t_why": "Why",
        "t_notes": "Also",
        "t_floor": f"{name} floor",
        "t_constant": "Best constant",
        "t_reached": f"{name} reached",
        "t_rank": "Rank",
        "t_outcome": "The verdict is",
    }
    aloud = "datum.t_pair + ': '" + " + '; '".join(
        f" + '{title} ' + datum.{field}" for field, title in told.items()
    )
    told = {"t_pair": "title"} | told  # which makes it the heading
    return {
        "params": [
            {
                "name": PICK,
                "select": {
                    "type": "point",
                    "fields": ["method", "activation"],
                    "on": "click",
                    "toggle": False,
                    "clear": False,
                },
            }
        ],
        "mark": {
            "type": "rect",
            "fill": palette.NEUTRAL,
            "opacity": UNSEEN,
            "cursor": "pointer",
            "description": {"expr": aloud},
        },
        "encoding": {
            "tooltip": [
                {"field": field, "type": "nominal", "title": title} for field, title in told.items()
            ]
        },
    }
