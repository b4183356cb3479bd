"""The matrix as a heat map, and a window with the band that can be reached."""

import json
import math

import altair
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts import clipping, matrix, matrix_cells
from core.config import NormalizationMethod, OutputActivation, choices
from core.output_range import Reach
from core.runs import RunSummary
from core.trials import Trial
from tests.test_trials import CONSTANT, cell_of, trial_of

METHODS = tuple((method, method.title()) for method in choices(NormalizationMethod))
SPECS = {
    "matrix": matrix.matrix_spec(METHODS, choices(OutputActivation), "mse"),
    "clipping": clipping.clipping_spec("channel 1", "mV", "Time in the window (s)"),
}
VERDICTS = {kind: kind.title() for kind in ("impossible", "saturation", "validation", "compatible")}


def rows_of(trials, part="validation", measure="mae"):
    pairs = ("none", "relu"), ("none", "tanh")
    table = matrix_cells.matrix_table(trials, part, measure, *pairs, dict(METHODS), VERDICTS, "mV")
    return table.to_pylist()


@pytest.mark.parametrize("name", SPECS)
def test_specifications_are_valid_vega_lite(name):
    spec = json.loads(json.dumps(SPECS[name])) | {"data": {"name": "data"}}
    altair.Chart.from_dict(spec)


@pytest.mark.parametrize("name", SPECS)
def test_every_chart_has_tooltips_and_titles(name):
    text = json.dumps(SPECS[name])
    assert '"tooltip": [' in text
    assert '"title"' in text


def test_values_have_their_unit():
    assert "Value (mV)" in json.dumps(SPECS["clipping"])


def test_every_method_and_every_verdict_but_the_good_one_has_words_and_marks():
    assert set(matrix.SHORT_METHODS) == set(choices(NormalizationMethod))
    assert {*matrix.MARKS, "compatible"} == set(VERDICTS)


def test_a_cell_shows_its_floor_until_it_is_trained():
    (row,) = rows_of([Trial(cell_of("impossible", 4.0, 5.0), CONSTANT)])
    assert (row["big"], row["small"], row["place"]) == ("5", "", "")
    assert row["relative"] == 0.5
    assert (row["chosen"], row["recommended"], row["trained"]) == (True, False, False)
    assert row["t_floor"] == "validation 5 mV · training 4 mV"
    assert row["t_reached"] == "–"
    assert row["t_pair"] == "None and ReLU"
    (row,) = rows_of([Trial(cell_of("impossible", 4.0, 5.0), CONSTANT)], "train", "mse")
    assert (row["big"], row["relative"]) == ("16", 0.16)
    assert "mV²" in row["t_floor"]


def test_names_are_told_as_they_are():
    assert matrix_cells.plain(r"and 3 in a\_b \*c\* \\ d") == r"and 3 in a_b *c* \ d"


def test_a_trained_cell_shows_its_error_its_floor_its_rank_and_the_outcome():
    good = trial_of(4.1, kind="impossible", train=4.1)
    trials = [
        Trial(cell_of("impossible", 4.0), CONSTANT, good.run, good.errors),
        trial_of(2.5, activation="tanh"),
        trial_of(7.0, activation="elu"),
    ]
    first, second, third = rows_of(trials)
    assert (first["big"], first["small"], first["small_short"]) == ("4.1", "floor 4", "≥4")
    assert [row["place"] for row in (first, second, third)] == ["2 ✓", "1 ✓", "3 …"]
    assert [row["place_short"] for row in (first, second, third)] == ["2✓", "1✓", "3"]
    assert second["recommended"]
    assert third["t_outcome"] == "not reached yet"


@pytest.mark.parametrize(
    ("state", "epoch", "text"),
    [
        ("queued", 0, "waiting"),
        ("starting", 0, "starting"),
        ("running", 0, "starting"),
        ("running", 7, "epoch 7"),
        ("failed", 0, "failed"),
        ("cancelled", 0, "cancelled"),
    ],
)
def test_a_cell_says_what_its_run_is_at(state, epoch, text):
    run = RunSummary(id="0" * 32, state=state)
    (row,) = rows_of([Trial(cell_of(), CONSTANT, run, None, epoch)])
    assert row["small"] == text
    assert len(row["small_short"]) <= 6


@given(st.floats(1e-300, 1e300))
def test_a_short_number_fits_a_narrow_cell_and_is_near(value):
    text = matrix_cells.short_text(value)
    assert len(text) <= 6
    plain = text.replace("−", "-")
    for letter, power in (("k", "e3"), ("M", "e6"), ("G", "e9")):
        plain = plain.replace(letter, power)
    assert float(plain) == pytest.approx(value, rel=0.35)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.345, "12.3"),
        (0.2479, "0.248"),
        (999.4, "999"),
        (2089, "2.1k"),
        (118_200, "118k"),
        (999_900, "1.0M"),
        (4.02e-5, "4e−5"),
        (math.inf, "∞"),
        (math.nan, "–"),
    ],
)
def test_short_numbers(value, text):
    assert matrix_cells.short_text(value) == text


def test_a_number_too_long_for_a_wide_cell_is_short():
    assert matrix_cells.cell_text(12.3456) == "12.35"
    assert matrix_cells.cell_text(1_234_567.0) == "1.2M"
    assert matrix_cells.cell_text(4.02e-5) == "4e−5"
    assert matrix_cells.cell_text(0.009558) == "0.00956"  # not 0.01, as in a narrow one
    assert matrix_cells.cell_text(math.nan) == "–"


def test_tints_grow_with_the_floor():
    tints = [matrix.tint(share) for share in (0, 0.01, 0.1, 0.5, 1)]
    assert tints[0] == 0
    assert tints == sorted(tints)
    assert tints[-1] == matrix.MOST_TINT


# A window and the band


def points_of(values, low, high, rate=None):
    reach = Reach(low, high, 0.0, 0.0)
    rows = clipping.clipping_table(np.array(values, float), reach, rate).to_pylist()
    return [row for row in rows if row["kind"] == "point"], rows


def test_the_line_is_cut_where_it_leaves_the_band():
    points, _ = points_of([0, 4, 4, 0], 0.0, 1.0)
    assert [(row["t"], row["v"], row["above"]) for row in points] == [
        (1, 0, None),
        (1.25, 1, 1),
        (2, 4, 4),
        (3, 4, 4),
        (3.75, 1, 1),
        (4, 0, None),
    ]
    assert [row["said"] for row in points] == [0, 1, 1, 1, 1, 0]
    assert [row["real"] for row in points] == [True, False, True, True, False, True]
    assert all(row["below"] is None for row in points)


def test_a_jump_over_the_whole_band_is_cut_on_both_sides():
    points, _ = points_of([3, -3], -1.0, 1.0)
    assert [row["above"] for row in points] == [3, 1, None, None]
    assert [row["below"] for row in points] == [None, None, -1, -3]


def test_values_that_rest_on_an_end_are_within():
    points, _ = points_of([0, 0, 0, 5, 0, 0, -1, 0, 0], 0.0, np.inf)
    assert all(row["above"] is None for row in points)
    assert [row["below"] for row in points] == [None] * 5 + [0, -1, 0, None]


def test_the_band_goes_on_to_the_edge_where_it_has_no_end():
    _, rows = points_of([0, 10], 2.0, np.inf)
    kinds = {row["kind"]: row["v"] for row in rows if row["kind"] in ("low", "high")}
    assert kinds["low"] == 2.0
    assert kinds["high"] == max(row["v"] for row in rows) > 10
    assert [row["v"] for row in rows if row["kind"] == "end"] == [2.0]


def test_an_end_far_from_the_values_does_not_flatten_them():
    _, rows = points_of([0, 1], -1000.0, 1000.0)
    assert not [row for row in rows if row["kind"] == "end"]
    assert max(abs(row["v"]) for row in rows) < 2
    assert not clipping.ends_near(np.array([0.0, 1.0]), -1000.0, 1000.0)
    assert clipping.ends_near(np.array([0.0, 1.0]), -1000.0, 1.4)
    assert not clipping.ends_near(np.array([0.0, 1.0]), -np.inf, np.inf)


def test_an_end_that_all_values_lie_beyond_is_drawn_if_it_is_not_too_far():
    _, rows = points_of([0, 1], 2.5, np.inf)
    assert [row["v"] for row in rows if row["kind"] == "end"] == [2.5]
    _, rows = points_of([0, 1], 50.0, np.inf)
    assert not [row for row in rows if row["kind"] == "end"]


def test_a_long_window_keeps_its_peak_and_its_seconds():
    values = np.sin(np.arange(60_000) / 50)
    values[31_337] = 99
    points, _ = points_of(values, -2.0, 2.0, 100.0)
    assert len(points) < 2 * clipping.MOST_POINTS
    assert (313.37, 99.0) in [(row["t"], row["above"]) for row in points]


def test_a_window_of_one_value_has_height():
    _, rows = points_of([5, 5, 5], -np.inf, np.inf)
    shown = [row["v"] for row in rows if row["kind"] == "room"]
    assert shown[0] < 5 < shown[1]
