"""The layers of a model: each a bar as long as its time steps, its channels above it."""

from functools import lru_cache

import pandas as pd

from core.architecture import Architecture
from core.charts import palette
from core.charts.vega_spec import Spec, chart_title, quantity


@lru_cache(maxsize=8)
def architecture_spec(layers: int) -> Spec:
    x = {
        "field": "layer",
        "type": "ordinal",
        "title": "Layer, from input to output",
        "scale": {"paddingInner": 0.25, "paddingOuter": 0.1},
        "axis": {"labels": False, "ticks": False, "domain": False, "titlePadding": 14},
    }
    return {
        "title": chart_title("Layers"),
        "height": 280,
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 3},
                "encoding": {
                    "y": quantity("low", "", axis=None),
                    "y2": {"field": "high"},
                    "color": {
                        "field": "role",
                        "type": "nominal",
                        "scale": {
                            "domain": ["input and output", "encoder", "latent", "decoder"],
                            "range": [
                                palette.ORIGINAL,
                                palette.TRAIN,
                                palette.FLOOR,
                                palette.RECONSTRUCTION,
                            ],
                        },
                        "legend": {"orient": "bottom", "title": None, "columns": 2, "offset": 4},
                    },
                    "tooltip": [
                        {"field": "name", "type": "nominal", "title": "Layer"},
                        quantity("steps", "Time steps", format=","),
                        quantity("channels", "Channels", format=","),
                        quantity("parameters", "Parameters", format=","),
                    ],
                },
            },
            _layer_number("channels", "high", -4, "bottom", layers),
            _layer_number("change", "low", 5, "top", layers),
        ],
    }


def _layer_number(field: str, y: str, dy: int, baseline: str, layers: int) -> Spec:
    return {
        "mark": {
            "type": "text",
            "dy": dy,
            "baseline": baseline,
            "fontSize": 11 if layers <= 20 else 8,
            "color": palette.NEUTRAL,
        },
        "encoding": {"y": quantity(y, ""), "text": {"field": field, "type": "nominal"}},
    }


def architecture_frame(architecture: Architecture, window_length: int) -> pd.DataFrame:
    """A row a layer, the input first: `layer, name, steps, channels, parameters, role, ..`."""
    layers = architecture.layers
    latent = sum(1 + level.is_pooled for level in architecture.levels) - 1  # its last layer
    rows = [
        {
            "name": "input",
            "steps": window_length,
            "channels": architecture.window_values // window_length,
            "parameters": 0,
            "role": "input and output",
        }
    ]
    for number, layer in enumerate(layers):
        steps, channels = layer.output_shape
        role = "encoder" if number < latent else "latent" if number == latent else "decoder"
        if number == len(layers) - 1:
            role = "input and output"
        rows.append(
            {
                "name": layer.name,
                "steps": steps,
                "channels": channels,
                "parameters": layer.parameters,
                "role": role,
            }
        )
    frame = pd.DataFrame(rows)
    frame.insert(0, "layer", range(len(frame)))
    changes = frame["steps"] != frame["steps"].shift()
    return frame.assign(
        low=-frame["steps"] / 2,
        high=frame["steps"] / 2,
        change=[f"{n:,}" if new else "" for n, new in zip(frame["steps"], changes, strict=True)],
    )
