"""The charts of the page Explain: what is drawn, told from the tables."""

import numpy as np
import pytest

from core.charts import explain as charts
from core.charts import palette
from core.output_range import ACTIVATIONS


def rows_of(table, kind):
    return [row for row in table.to_pylist() if row["kind"] == kind]


def test_each_channel_has_its_range_in_both_parts():
    table = charts.ranges_table(
        ["a.b", "c[0]"],
        {
            "training": (np.array([0.0, -1.0]), np.array([2.0, 1.0])),
            "validation": (np.array([0.5, -2.0]), np.array([1.5, 3.0])),
        },
    )
    assert table.to_pylist()[0] == {"channel": "a.b", "part": "training", "low": 0, "high": 2}
    assert table.to_pylist()[3] == {"channel": "c[0]", "part": "validation", "low": -2, "high": 3}


def test_the_reach_of_every_output_is_drawn_with_its_ends():
    table = charts.reach_table({"training": (-2.0, 10.0), "validation": (-1.0, 12.0)})
    reach = {row["output"]: row for row in rows_of(table, "reach")}
    assert list(reach) == [output.title for output in ACTIVATIONS.values()]
    assert (reach["Tanh"]["low"], reach["Tanh"]["high"]) == (-1, 1)
    assert reach["Linear"]["low"] < -2
    assert reach["Linear"]["high"] > 12
    assert {row["output"] for row in rows_of(table, "closed")} == {"Hard sigmoid", "ReLU", "ReLU6"}
    assert len(rows_of(table, "open")) == 7  # sigmoid 2, tanh 2, elu, softplus, exponential
    assert {row["output"] for row in rows_of(table, "low-on")} == {"Leaky ReLU", "Linear"}
    assert rows_of(table, "validation")[0]["high"] == 12


def test_an_end_far_from_the_targets_is_told_and_no_end_goes_on():
    table = charts.reach_table({"training": (0.0, 0.5), "validation": (0.0, 0.5)})
    assert [(row["output"], row["high"]) for row in rows_of(table, "high-beyond")] == [("ReLU6", 6)]
    (told,) = [layer for layer in charts.reach_spec()["layer"] if layer["mark"]["type"] == "text"]
    assert told["transform"][1]["calculate"] == "'to ' + datum.high"
    assert told["mark"]["color"] == palette.RECONSTRUCTION  # black is not seen on a dark page
    on = {row["output"] for row in rows_of(table, "high-on")}
    assert on == {"ReLU", "Leaky ReLU", "ELU", "Softplus", "Exponential", "Linear"}


def test_the_targets_have_a_named_scale_and_a_legend_in_their_colours_alone():
    bars = charts.targets_spec()["layer"][-1]
    assert "stroke" in bars["mark"]
    assert bars["encoding"]["color"]["legend"]["symbolStrokeWidth"] == 0
    assert bars["encoding"]["y"]["title"] == "share (root scale)"


def test_bars_are_told_apart_by_reach_and_what_cannot_be_said_is_shaded():
    edges = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    shares = np.array([0.4, 0.0, 0.4, 0.2])
    table = charts.targets_table(shares, edges, "sigmoid", 2.0, -0.5)  # from -0.5 to 1.5
    bars = rows_of(table, "bar")
    assert [(bar["low"], bar["high"]) for bar in bars] == [(-0.5, 0), (0.5, 1), (1, 1.5)]
    assert [bar["reach"] for bar in bars] == ["out of reach", "can be produced", "out of reach"]
    assert sum(bar["share"] for bar in bars) == pytest.approx(1)
    shades = rows_of(table, "shade")
    assert [(s["low"], s["high"]) for s in shades] == [(-2.5, 0), (1, 6.5)]
    assert not rows_of(charts.targets_table(shares, edges, "linear", 2.0, 0.0), "shade")


def test_the_floor_by_factor_has_a_point_for_each_factor_and_part():
    factors = np.array([1.0, 2.0])
    floors = {"training": np.array([0.0, 1.0]), "validation": np.array([0.5, 2.0])}
    table = charts.factor_table(factors, floors, 1.5, 0.1)
    lines = [(r["part"], r["factor"], r["floor"]) for r in rows_of(table, "line")]
    assert lines == [
        ("training", 1, 0),
        ("training", 2, 1),
        ("validation", 1, 0.5),
        ("validation", 2, 2),
    ]
    assert rows_of(table, "now")[0]["factor"] == 1.5
    assert rows_of(table, "room")[0]["floor"] == 0.1


@pytest.mark.parametrize(
    "spec",
    [
        charts.ranges_spec("As recorded", "value (mV)"),
        charts.reach_spec(),
        charts.targets_spec(),
        charts.factor_spec("mV"),
    ],
)
def test_specifications_are_valid(spec):
    import altair

    data = {"data": {"values": []}}
    altair.LayerChart.from_dict({"$schema": altair.SCHEMA_URL} | data | spec, validate=True)
