"""Charts of runs: error curves, windows with their reconstructions, where the errors are.

A chart is a pair of a cached Vega-Lite specification and a small frame with fixed field names, so
that a live view sends only numbers. Names given by users appear as values and titles alone.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from tsdownsample import MinMaxLTTBDownsampler

from core.architecture import Architecture
from core.charts import palette
from core.results import PARTS, Results, StoredWindows, unit_of

Spec = dict[str, Any]

MOST_POINTS = 600  # of a line, picked so that its extremes stay
MOST_EPOCHS = 400  # of a curve
MOST_BARS = 24
MOST_CELLS = 120  # of the heat map along time
CURVE_HEIGHT = 250  # heights are of the whole chart, with its title, axes and legend
BAND_HEIGHTS = (300, 720)  # of charts with a band a channel, at least and at most
AXIS_WIDTH = 56  # the same for panels that stand above each other
SERIES = {
    "train": "training",
    "validation": "validation",
    "floor": "error floor",
    "constant": "best constant",
}
TITLES = {"loss": "Loss", "mae": "MAE", "mse": "MSE"}
NAMES = {"mae": "Mean absolute error", "mse": "Mean squared error"}


# Plain digits where they fit: d3's own `g` writes 250 as 2.5e+2 when the ticks are round.
NUMBER_LABELS = (
    "datum.value != 0 && (abs(datum.value) >= 1e6 || abs(datum.value) < 1e-4)"
    " ? format(datum.value, '.3~e') : format(datum.value, ',.4~r')"
)


def labelled(name: str, unit: str) -> str:
    """An axis title: `MAE (mV)`."""
    return f"{name} ({unit})" if unit else name


def _title(text: str, subtitle: str = "") -> Spec:
    title = {"text": text, "anchor": "start", "fontSize": 14, "limit": 480, "offset": 8}
    if subtitle:
        title |= {"subtitle": subtitle, "subtitleFontSize": 12, "subtitleColor": palette.NEUTRAL}
    return title


def _band_height(bands: int) -> int:
    lowest, highest = BAND_HEIGHTS
    return min(highest, max(lowest, 180 + 22 * bands))


def _quantity(field: str, title: str, **more: Any) -> Spec:
    return {"field": field, "type": "quantitative", "title": title} | more


# Error curves


@lru_cache(maxsize=256)
def error_curve_spec(
    measure: str, unit: str, epochs: int, levels: tuple[str, ...] = (), log: bool = False
) -> Spec:
    """Curves of `loss`, `mae` or `mse` over so many epochs; see `error_curve_frame`.

    levels: which of the lines `floor` and `constant` are in the frame.
    """
    keys = [*PARTS, *levels]
    shown_unit = "normalized" if measure == "loss" else unit_of(measure, unit)
    y_title = labelled(TITLES[measure], shown_unit)
    y = _quantity("value", y_title, scale={"type": "log"} if log else {"zero": False, "nice": True})
    y["axis"] = {"tickCount": 5, "titlePadding": 6, "labelExpr": NUMBER_LABELS}
    is_reference = "datum.series == 'error floor' || datum.series == 'best constant'"
    value = _quantity("value", y_title, format=",.5~g")
    return {
        "title": _title(f"{TITLES[measure]} by epoch"),
        "height": CURVE_HEIGHT,
        "encoding": {
            "x": _quantity(
                "epoch",
                "Epoch",
                scale={"domain": [1, max(2, epochs)], "nice": False},
                axis={"format": "d", "tickMinStep": 1, "tickCount": min(10, max(1, epochs - 1))},
            ),
            "y": y,
            "color": {
                "field": "series",
                "type": "nominal",
                "scale": {
                    "domain": [SERIES[key] for key in keys],
                    "range": [_series_colour(key) for key in keys],
                },
                "legend": None,
            },
        },
        "layer": [
            {
                "transform": [{"filter": f"!({is_reference})"}],
                "mark": {
                    "type": "line",
                    "strokeWidth": 2,
                    "point": {"size": 26 if epochs <= 60 else 4, "filled": True},
                },
                "encoding": {
                    "tooltip": [
                        _quantity("epoch", "Epoch"),
                        {"field": "series", "type": "nominal", "title": "Part"},
                        value,
                    ]
                },
            },
            {
                "transform": [{"filter": is_reference}],
                "mark": {"type": "line", "strokeWidth": 2, "strokeDash": list(palette.FLOOR_DASH)},
                "encoding": {
                    "tooltip": [{"field": "series", "type": "nominal", "title": "Line"}, value]
                },
            },
        ],
    }


def legend(*keys: str) -> list[tuple[str, str, bool]]:
    """Label, colour and whether dashed, of lines that several charts share a legend for."""
    lines = {
        "original": ("original", palette.ORIGINAL, False),
        "reconstruction": ("reconstruction", palette.RECONSTRUCTION, False),
        "residual": ("residual: reconstruction − original", palette.RESIDUAL, False),
    }
    lines |= {
        key: (label, _series_colour(key), key in ("floor", "constant"))
        for key, label in SERIES.items()
    }
    return [lines[key] for key in keys]


def _series_colour(key: str) -> str:
    return {
        "train": palette.TRAIN,
        "validation": palette.VALIDATION,
        "floor": palette.FLOOR,
        "constant": palette.NEUTRAL,
    }[key]


def error_curve_frame(
    history: Sequence[Mapping[str, float]],
    measure: str,
    epochs: int,
    floor: float = math.nan,
    constant: float = math.nan,
    log: bool = False,
) -> pd.DataFrame:
    """`epoch, value, series` of a run's history, with the validation's floor and best constant."""
    epoch, series, value = [], [], []
    rows = thinned(history)
    for key, column in (("train", measure), ("validation", f"val_{measure}")):
        epoch += [row.get("epoch", math.nan) for row in rows]
        value += [row.get(column, math.nan) for row in rows]
        series += [SERIES[key]] * len(rows)
    for key, level in (("floor", floor), ("constant", constant)):
        if math.isnan(level):
            continue
        epoch += [1, max(2, epochs)]
        value += [level, level]
        series += [SERIES[key]] * 2
    return _drawable(pd.DataFrame({"epoch": epoch, "value": value, "series": series}), log)


def _drawable(frame: pd.DataFrame, log: bool) -> pd.DataFrame:
    """Without what no axis can show: values that are not finite, and on a log axis not positive."""
    values = frame["value"].to_numpy(dtype=float)
    return frame[np.isfinite(values) & ((values > 0) | (not log))]


def thinned(rows: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """At most about MOST_EPOCHS rows, evenly spaced, the last one among them."""
    if len(rows) <= MOST_EPOCHS:
        return list(rows)
    return [rows[i] for i in np.linspace(0, len(rows) - 1, MOST_EPOCHS).round().astype(int)]


@lru_cache(maxsize=64)
def comparison_spec(
    measure: str, unit: str, runs: tuple[str, ...], epochs: int, log: bool = False
) -> Spec:
    """Curves of several runs over each other; `runs` are their labels, each used once."""
    y_title = labelled(TITLES[measure], unit_of(measure, unit))
    return {
        "title": _title(f"{NAMES[measure]} by epoch", "validation solid, training dashed"),
        "height": 440,
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 22, "filled": True}},
        "encoding": {
            "x": _quantity(
                "epoch",
                "Epoch",
                scale={"domain": [1, max(2, epochs)], "nice": False},
                axis={"format": "d", "tickMinStep": 1},
            ),
            "y": _quantity("value", y_title, scale={"type": "log"} if log else {"zero": False}),
            "color": {
                "field": "run",
                "type": "nominal",
                "scale": {
                    "domain": list(runs),
                    "range": [palette.channel_color(i) for i in range(len(runs))],
                },
                "legend": {
                    "orient": "bottom",
                    "title": None,
                    "columns": 1,
                    "labelLimit": 280,
                    "offset": 4,
                    "symbolType": "stroke",
                },
            },
            "strokeDash": {
                "field": "series",
                "type": "nominal",
                "scale": {"domain": list(SERIES.values())[:2], "range": [[5, 4], [1, 0]]},
                "legend": None,
            },
            "opacity": {
                "condition": {"test": "datum.series == 'training'", "value": 0.6},
                "value": 1,
            },
            "tooltip": [
                {"field": "run", "type": "nominal", "title": "Run"},
                {"field": "series", "type": "nominal", "title": "Part"},
                _quantity("epoch", "Epoch"),
                _quantity("value", y_title, format=",.5~g"),
            ],
        },
    }


def comparison_frame(
    histories: Mapping[str, Sequence[Mapping[str, float]]], measure: str, log: bool = False
) -> pd.DataFrame:
    """`epoch, value, run, series` of several histories, by their runs' labels."""
    columns: dict[str, list] = {"epoch": [], "value": [], "run": [], "series": []}
    for label, history in histories.items():
        rows = thinned(history)
        for key, column in (("train", measure), ("validation", f"val_{measure}")):
            columns["epoch"] += [row.get("epoch", math.nan) for row in rows]
            columns["value"] += [row.get(column, math.nan) for row in rows]
            columns["run"] += [label] * len(rows)
            columns["series"] += [SERIES[key]] * len(rows)
    return _drawable(pd.DataFrame(columns), log)


# One window


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


def time_title(sampling_rate_hz: float | None) -> str:
    return "Time in the window (s)" if sampling_rate_hz else "Time step in the window"


@lru_cache(maxsize=512)
def overlay_spec(channel: str, unit: str, time: str) -> Spec:
    """A channel's original with its reconstruction over it; see `window_frame`."""
    y_title = labelled("Value", unit)
    return {
        "title": _title(channel),
        "height": 205,
        "encoding": {
            "x": _quantity(
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
        "encoding": {"x": _quantity("t", time, scale={"nice": False})},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.25, "color": palette.RESIDUAL},
                "encoding": {"y": _quantity("residual", y_title), "y2": {"datum": 0}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 1.2, "color": palette.RESIDUAL},
                "encoding": {"y": _quantity("residual", y_title, axis=_panel_axis())},
            },
            _pointer(time),
        ],
    }


def _panel_axis() -> Spec:
    extent = {"minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH}
    return extent | {"tickCount": 4, "labelExpr": NUMBER_LABELS, "titleFontSize": 11}


def _line(field: str, colour: str, y_title: str, width: float) -> Spec:
    y = _quantity(field, y_title, scale={"zero": False}, axis=_panel_axis())
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
                _quantity("t", time, format=",.6~g"),
                _quantity("original", "Original", format=",.5~g"),
                _quantity("reconstruction", "Reconstruction", format=",.5~g"),
                _quantity("residual", "Residual", format=",.4~g"),
            ],
        },
    }


# Where the errors are


def unique_labels(names: Sequence[str], limit: int = 60) -> list[str]:
    """Names as labels that differ from each other: shortened, numbered where they coincide."""
    short = [name if len(name) <= limit else name[: limit - 1] + "…" for name in names]
    return [
        label if short.count(label) == 1 and label.strip() else f"{label} ({number})"
        for number, label in enumerate(short, 1)
    ]


@lru_cache(maxsize=64)
def channel_error_spec(measure: str, unit: str, channels: int) -> Spec:
    title = labelled(TITLES[measure], unit_of(measure, unit))
    return {
        "title": _title(f"{TITLES[measure]} by channel"),
        "height": _band_height(channels),
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": {
                "field": "channel",
                "type": "nominal",
                "title": "Channel",
                "sort": None,
                "axis": {"labelLimit": 110},
            },
            "yOffset": {"field": "part", "type": "nominal", "sort": _part_names()},
            "x": _quantity("value", title, axis={"tickCount": 5}),
            "color": _part_colour(),
            "tooltip": [
                {"field": "channel", "type": "nominal", "title": "Channel"},
                {"field": "part", "type": "nominal", "title": "Part"},
                _quantity("value", title, format=",.5~g"),
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
    """`channel, part, value`; of many channels the worst MOST_BARS, in the data's order."""
    errors = {part: results.channel_errors[part][measure] for part in PARTS}
    count = min(len(labels), *(len(values) for values in errors.values()))
    chosen = np.arange(count)
    if count > MOST_BARS:
        chosen = np.sort(np.argsort(errors["validation"][:count])[-MOST_BARS:])
    return pd.DataFrame(
        [
            {"channel": labels[c], "part": SERIES[part], "value": float(errors[part][c])}
            for c in chosen
            for part in PARTS
        ],
        columns=["channel", "part", "value"],
    )


@lru_cache(maxsize=64)
def step_error_spec(measure: str, unit: str, time: str, part: str, channels: int) -> Spec:
    title = labelled(TITLES[measure], unit_of(measure, unit))
    return {
        "title": _title(f"{TITLES[measure]} by time step, {SERIES[part]}"),
        "height": _band_height(channels),
        "mark": {"type": "rect"},
        "encoding": {
            "x": _quantity("start", time, scale={"nice": False, "zero": False}),
            "x2": {"field": "stop"},
            "y": {
                "field": "channel",
                "type": "nominal",
                "title": "Channel",
                "sort": None,
                "axis": {"labelLimit": 110},
            },
            "color": _quantity(
                "value",
                title,
                scale={"scheme": "viridis"},
                legend={"orient": "bottom", "gradientLength": 160, "tickCount": 3, "offset": 4},
            ),
            "tooltip": [
                {"field": "channel", "type": "nominal", "title": "Channel"},
                _quantity("start", time, format=",.6~g"),
                _quantity("value", title, format=",.5~g"),
            ],
        },
    }


def step_error_frame(
    windows: StoredWindows, measure: str, labels: Sequence[str], sampling_rate_hz: float | None
) -> pd.DataFrame:
    """`start, stop, channel, value`: the mean error of each stretch of the window."""
    errors = np.asarray(windows.step_errors(measure), dtype=np.float64)  # (window_length, channels)
    length = len(errors)
    edges = np.unique(np.linspace(0, length, min(length, MOST_CELLS) + 1).round().astype(int))
    channels = np.arange(min(errors.shape[1], len(labels)))
    if len(channels) > MOST_BARS:
        channels = np.sort(np.argsort(errors.mean(axis=0))[-MOST_BARS:])
    means = np.add.reduceat(errors[:, channels], edges[:-1], axis=0) / np.diff(edges)[:, None]
    times = edges / sampling_rate_hz if sampling_rate_hz else edges
    cells = len(edges) - 1
    return pd.DataFrame(
        {
            "start": np.tile(times[:-1], len(channels)),
            "stop": np.tile(times[1:], len(channels)),
            "channel": np.repeat([labels[c] for c in channels], cells),
            "value": means.T.reshape(-1),
        }
    )


@lru_cache(maxsize=64)
def histogram_spec(measure: str, unit: str) -> Spec:
    title = labelled(f"{TITLES[measure]} of a window", unit_of(measure, unit))
    share = _quantity("share", "Share of windows (%)")
    is_mark = "datum.part == 'shown'"
    return {
        "title": _title(
            f"Distribution of the windows' {TITLES[measure]}", "the line marks the window shown"
        ),
        "height": BAND_HEIGHTS[0],
        "layer": [
            {
                "transform": [{"filter": f"!({is_mark})"}],
                "mark": {"type": "bar", "opacity": 0.55, "binSpacing": 0},
                "encoding": {
                    "x": _quantity("low", title, axis={"tickCount": 6}),
                    "x2": {"field": "high"},
                    "y": share | {"stack": None},
                    "y2": {"datum": 0},
                    "color": _part_colour(),
                    "tooltip": [
                        {"field": "part", "type": "nominal", "title": "Part"},
                        _quantity("low", "From", format=",.5~g"),
                        _quantity("high", "to", format=",.5~g"),
                        _quantity("share", "Share (%)", format=".3~g"),
                    ],
                },
            },
            {
                "transform": [{"filter": is_mark}],
                "mark": {"type": "rule", "strokeWidth": 2, "color": palette.RECONSTRUCTION},
                "encoding": {
                    "x": _quantity("low", title),
                    "tooltip": [_quantity("low", "The window shown", format=",.5~g")],
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
    frames = [pd.DataFrame({"low": [shown], "high": [shown], "share": [0.0], "part": ["shown"]})]
    if len(together):
        edges = np.histogram_bin_edges(together, bins=bins)
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


# The model


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
        "title": _title("Layers"),
        "height": 280,
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 3},
                "encoding": {
                    "y": _quantity("low", "", axis=None),
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
                        _quantity("steps", "Time steps", format=","),
                        _quantity("channels", "Channels", format=","),
                        _quantity("parameters", "Parameters", format=","),
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
        "encoding": {"y": _quantity(y, ""), "text": {"field": field, "type": "nominal"}},
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
