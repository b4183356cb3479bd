"""Curves of one run with lines of what is possible: where these stand, and what is said of them."""

import json
import math

import altair
import numpy as np
import pytest

from core.charts import palette, run_words
from core.charts.curves import value_axis
from core.charts.error_curves import error_curve_spec, error_curve_table, levels_of
from tests.fake_runs import history_row

HISTORY = [history_row(epoch, 1.0) for epoch in range(1, 6)]
ALL = ("floor", "floor-train", "pca", "pca-train", "constant", "constant-train")
CURVE_LOW, CURVE_HIGH = HISTORY[-1]["mae"], HISTORY[0]["val_mae"]
SPAN = CURVE_HIGH - CURVE_LOW
SPECS = {
    "lines": error_curve_spec("mae", "mV", 20, ALL),
    "loss": error_curve_spec("loss", "", 1),
    "log": error_curve_spec("mse", "mV", 5, ("pca",), value_axis(np.array([2.0, 90.0]), True)),
}


def parts(train, validation):
    both = {"train": train, "validation": validation}
    return {part: {"mae": value, "mse": value**2} for part, value in both.items()}


def error_curve_frame(*what, **more):
    return error_curve_table(*what, **more).to_pandas()


def line(frame, key):
    """Where a line is drawn, its level, and what is said beside it."""
    rows = frame[frame["series"] == run_words.SERIES[key]]
    (value,), (level,) = set(rows["value"]), set(rows["level"])
    return value, level, "".join(rows["note"])


@pytest.mark.parametrize("name", SPECS)
def test_specifications_are_valid_vega_lite(name):
    spec = json.loads(json.dumps(SPECS[name])) | {"data": {"name": "data"}}
    altair.Chart.from_dict(spec)
    assert '"tooltip"' in json.dumps(spec)
    assert "MAE (mV)" in json.dumps(SPECS["lines"])
    assert "MSE (mV²)" in json.dumps(SPECS["log"], ensure_ascii=False)


def test_both_parts_and_the_levels_are_drawn():
    frame = error_curve_frame(HISTORY, "mae", 20, {"floor": 1.2, "constant": 3.0}, "mV")
    assert set(frame["series"]) == {"training", "validation", "error floor", "best constant"}
    validation = frame[frame["series"] == "validation"]
    assert list(validation["value"]) == [row["val_mae"] for row in HISTORY]
    assert list(frame[frame["series"] == "error floor"]["epoch"]) == [1, 20]
    assert line(frame, "floor") == (1.2, 1.2, "")


def test_what_cannot_be_drawn_is_left_out():
    rows = [*HISTORY, history_row(6, math.inf), history_row(7, math.nan)]
    assert len(error_curve_frame(rows, "mae", 7)) == 2 * len(HISTORY)
    assert error_curve_frame([], "loss", 3).empty
    assert error_curve_frame([{"epoch": 1}], "mae", 1).empty
    assert len(error_curve_frame([], "mae", 3, {"floor": 1.0})) == 2
    assert error_curve_frame([], "mae", 3, {"floor": 0.0}, log=True).empty


def test_a_log_axis_leaves_out_what_is_not_positive():
    rows = [
        {"epoch": e, "mae": error, "val_mae": 1.0} for e, error in ((1, 0.0), (2, -1.0), (3, 2.0))
    ]
    assert error_curve_frame(rows, "mae", 3, log=True)["value"].tolist() == [2.0, 1.0, 1.0, 1.0]
    assert len(error_curve_frame(rows, "mae", 3)) == 6


@pytest.mark.parametrize(("spans", "arrow"), [(1.9, ""), (2.1, "↓")])
def test_a_line_stays_where_it_is_within_twice_the_curves_height(spans, arrow):
    level = CURVE_LOW - spans * SPAN
    value, known, note = line(error_curve_frame(HISTORY, "mae", 5, {"floor": level}, "mV"), "floor")
    assert known == level
    assert note.startswith(arrow)
    frame = error_curve_frame(HISTORY, "mae", 5, {"floor": level}, "mV")
    ends = frame[frame["series"] == "error floor"]["epoch"].tolist()
    assert ends == pytest.approx([1, 1.48] if arrow else [1, 5])
    assert (value == level) == (not arrow)


@pytest.mark.parametrize("log", [False, True])
def test_far_lines_stand_at_the_edges_and_leave_the_curves_their_room(log):
    rows = [{"epoch": e, "mae": 10 - 0.1 * e, "val_mae": 10.1 - 0.1 * e} for e in range(1, 6)]
    low, high = 9.5, 10.0
    frame = error_curve_frame(
        rows, "mae", 5, {"floor": 0.0, "pca": 1e-6, "constant": 5000.0}, "mV", log
    )
    assert line(frame, "floor")[2] == "↓ floor 0 mV"
    assert line(frame, "pca")[2] == "↓ PCA 1.000e−06 mV"
    assert line(frame, "constant")[2] == "↑ constant 5,000 mV"
    floor, pca, constant = (line(frame, key)[0] for key in ("floor", "pca", "constant"))
    assert floor < pca < low < high < constant  # in their order, nearest first
    scale = math.log if log else float
    height = scale(constant) - scale(floor)
    assert scale(high) - scale(low) > 0.6 * height
    for gap in (scale(pca) - scale(floor), scale(constant) - scale(high)):
        assert gap > 0.1 * height  # room for what is said beside the line


def test_a_flat_curve_has_a_height_all_the_same():
    rows = [history_row(1, 1.0)] * 3
    frame = error_curve_frame(rows, "mae", 5, {"floor": rows[0]["mae"] * 0.99, "pca": 0.0})
    assert line(frame, "floor")[2] == ""
    assert line(frame, "pca")[2] == "↓ PCA 0"


SPIKE = [(3e8, 4000.0), (1e4, 2.5), (3.0, 2.4), (2.5, 2.3), (2.4, 2.2)]


def rows_of(pairs):
    return [{"epoch": e, "mae": mae, "val_mae": val} for e, (mae, val) in enumerate(pairs, 1)]


def test_a_linear_axis_leaves_out_huge_epochs_and_tells_of_them():
    frame = error_curve_frame(rows_of(SPIKE), "mae", 5, {"floor": 0.0, "constant": 2.0}, "mV")
    curves = frame[frame["value"] == frame["level"]]
    assert curves[curves["series"] == "training"]["epoch"].tolist() == [3, 4, 5]
    assert curves[curves["series"] == "validation"]["epoch"].tolist() == [2, 3, 4, 5]
    assert line(frame, "constant") == (2.0, 2.0, "")
    notes = frame[frame["note"] != ""].set_index("series")
    assert notes["note"]["training"] == "↑ training, 2 epochs up to 3.000e+08 mV"
    assert notes["note"]["validation"] == "↑ validation, 1 epoch up to 4,000 mV"
    assert 3 < notes["value"]["validation"] < notes["value"]["training"] < 6
    assert "↑" in json.dumps(SPECS["loss"], ensure_ascii=False)  # also without any line
    logged = error_curve_frame(rows_of(SPIKE), "mae", 5, {}, "mV", log=True)
    assert len(logged) == 10


@pytest.mark.parametrize(("first", "count"), [(1000.0, 6), (1001.0, 5)])
def test_an_epoch_up_to_a_thousand_times_the_median_is_drawn(first, count):
    frame = error_curve_frame(rows_of([(first, 1.0), (1.0, 1.0), (1.0, 1.0)]), "mae", 3)
    assert (frame["value"] == frame["level"]).sum() == count


def test_the_training_line_is_drawn_where_it_differs_notably():
    lines = {"constant": parts(10.0, 10.4), "pca": parts(1.0, 2.0), "floor": parts(0.0, 0.04)}
    assert levels_of(lines, "mae") == {
        "constant": 10.4,  # 4 % apart
        "pca": 2.0,
        "pca-train": 1.0,
        "floor": 0.04,  # apart, but by less than can be seen
    }
    assert levels_of({"pca": parts(math.nan, math.nan)}, "mae") == {}
    assert levels_of({"floor": parts(1.0, math.nan)}, "mae") == {"floor-train": 1.0}


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.009, 0.12), (0.01, 0.02, 0.05, 0.1)),
        ((1.0, 1000.0), (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
        ((3e-5, 7.0), (1e-4, 1e-3, 0.01, 0.1, 1)),  # decades alone
        ((1e-12, 1e7), tuple(float(f"1e{power}") for power in range(-12, 8, 2))),
        ((0.055, 0.12), (0.06, 0.08, 0.1)),
        ((0.15, 0.19), ()),  # the browser's own are even steps
    ],
)
def test_a_log_axis_has_decades_and_the_steps_between(values, ticks):
    axis = value_axis(np.array(values), log=True)
    assert axis.ticks == ticks
    assert axis.scale() == {"type": "log", "nice": False, "padding": 8}
    assert axis.axis() == ({"values": list(ticks)} if ticks else {})
    assert value_axis(np.array(values), log=False).axis() == {}


@pytest.mark.parametrize("log", [False, True])
def test_one_value_alone_has_an_axis_of_more_than_its_own_digits(log):
    frame = error_curve_frame([], "mae", 3, {"floor": 0.015739002734}, log=log)
    low, high = value_axis(frame["value"].to_numpy(), log).scale()["domain"]
    assert 0 < low < 0.01574 < high < 0.02
    assert "domain" not in value_axis(np.array([0.01, 0.0101]), log).scale()
    assert "domain" not in value_axis(np.array([]), log).scale()
    assert "domain" not in value_axis(np.array([0.0]), False).scale()


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", ["#FFFFFF", "#12171E"])
@pytest.mark.parametrize("key", list(run_words.SERIES))
def test_lines_stand_out_from_both_backgrounds(key, background):
    pair = sorted((luminance(run_words.series_colour(key)), luminance(background)))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def test_kinds_of_lines_differ_in_colour_and_in_dash():
    kinds = list(run_words.LINES)
    assert len({run_words.series_colour(kind) for kind in (*kinds, "train", "validation")}) == 5
    assert len({run_words.line_dash(kind) for kind in kinds}) == 3
    assert run_words.line_dash("floor-train") == palette.FLOOR_DASH
    assert len(set(run_words.SERIES.values())) == len(run_words.SERIES)


def test_the_legend_tells_lines_of_both_parts_apart():
    validation, train = run_words.legend("floor", "floor-train")
    assert (validation.colour, validation.dash) == (train.colour, train.dash)
    assert (validation.is_thin, train.is_thin) == (False, True)
    assert not any(line.is_thin for line in run_words.legend("train", "validation"))


def test_the_legend_tells_how_many_components_pca_has_where_that_is_known():
    keys = ("pca", "pca-train", "floor")

    def labels(components):
        return [line.label for line in run_words.legend(*keys, components=components)]

    assert labels(239) == ["PCA, 239 components", "PCA, 239 components, training", "error floor"]
    assert labels(1)[0] == "PCA, 1 component"
    assert labels(None) == ["PCA", "PCA, training", "error floor"]
