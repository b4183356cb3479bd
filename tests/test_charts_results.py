"""The frames and specifications of the charts of runs."""

import json
import math
import re

import altair
import numpy as np
import pytest

from core.architecture import describe_architecture
from core.charts import (
    architecture,
    compared_windows,
    comparison,
    curves,
    errors,
    reconstruction,
    replay,
    run_words,
    step_errors,
    value_counts,
    vega_spec,
)
from core.config import ModelConfig
from core.results import PARTS, Place, count_values, read_reconstruction, read_results
from core.runs import RunStore
from tests.fake_runs import history_row, make_run
from tests.test_worst_windows import stored

HISTORY = [history_row(epoch, 1.0) for epoch in range(1, 6)]
TIME = "Time in the window (s)"


@pytest.mark.parametrize(
    ("rate", "title", "last"),
    [
        (100.0, "(s)", 1.0),
        (1.0, "(s)", 100.0),
        (0.1, "(min)", 1000 / 60),
        (1 / 300, "(h)", 25 / 3),
        (1 / 86_400, "(days)", 100.0),
        (None, "Time step in the window", 101),  # the last of 101, counted from 1
    ],
)
def test_time_in_a_window_has_a_unit_that_people_use(rate, title, last):
    assert run_words.time_title(rate).endswith(title)
    values = np.arange(101.0)
    assert reconstruction.window_table(values, values, rate)["t"].to_pylist()[-1] == pytest.approx(
        last
    )


RUNS = (("One", 1), ("Two", 0))
SPECS = {
    "comparison": comparison.comparison_spec("mse", "mV", ("One", "Two"), 5),
    "comparison with lines": comparison.comparison_spec(
        "mae",
        "mV",
        ("One", "Two"),
        5,
        curves.value_axis(np.array([2.0, 90.0]), True),
        lines=("floor", "pca", "constant"),
    ),
    "comparison free of scale": comparison.comparison_spec(
        "mse", "mV", ("One", "Two"), 5, scaled=True
    ),
    "compared": compared_windows.compared_spec("a.b[0]", "mV", TIME, RUNS, "One"),
    "compared residual": compared_windows.compared_residual_spec("mV", TIME, RUNS, "One"),
    "steady overlay": reconstruction.overlay_spec("a", "mV", TIME, (-1.0, 2.0), (0.1, 0.2), True),
    "steady residual": reconstruction.residual_spec("mV", TIME, (-1.0, 2.0), (0.1, 0.2)),
    "with anomalies": reconstruction.overlay_spec("a", "mV", TIME, known=((0.1, 0.2), (3, 4))),
    "replay": replay.replay_curve_spec("mse", "mV", 12),
    "values": value_counts.value_counts_spec("a", "mV", "Sigmoid", (0.0, 1.0)),
    "log values": value_counts.value_counts_spec("a", "mV", "ReLU", (0.0,), log=True),
    "overlay": reconstruction.overlay_spec("channel 1", "mV", TIME),
    "residual": reconstruction.residual_spec("mV", TIME),
    "channels": errors.channel_error_spec("mae", "mV", 4),
    "steps": step_errors.step_error_spec("mae", "mV", TIME, "validation", 4),
    "histogram": errors.histogram_spec("mse", "mV"),
    "architecture": architecture.architecture_spec(14),
}


@pytest.fixture
def run(tmp_path):
    return make_run(RunStore(tmp_path), channels=3, windows=(60, 30), kept=20)


@pytest.mark.parametrize("name", SPECS)
def test_specifications_are_valid_vega_lite(name):
    spec = json.loads(json.dumps(SPECS[name])) | {"data": {"name": "data"}}
    altair.Chart.from_dict(spec)


@pytest.mark.parametrize("name", sorted(SPECS.keys() - {"channels", "steps", "architecture"}))
def test_labels_that_change_take_nothing_from_a_title(name):
    """In a chart of a fixed height whose value axis stands upright."""
    assert SPECS[name]["autosize"] == {"type": "fit", "contains": "padding", "resize": True}


@pytest.mark.parametrize("name", SPECS)
def test_every_chart_has_titled_axes_and_tooltips(name):
    text = json.dumps(SPECS[name])
    assert '"tooltip"' in text
    assert '"title"' in text


@pytest.mark.parametrize(
    "ticks", [(2090, 2090.5, 2091), (101325.05, 101325.1), (1e-5, 1.00005e-5), (5e6, 5e6 + 0.5)]
)
def test_near_ticks_have_labels_that_differ(ticks):
    assert len({_label(tick) for tick in ticks}) == len(ticks)


def test_a_label_says_no_more_than_its_tick():
    assert [_label(tick) for tick in (250, 0.1 + 0.2, 2090.5)] == ["250", "0.3", "2,090.5"]
    large = format(101325.15, vega_spec.NUMBER.replace("~", ""))  # as Python says it
    assert large in ("101,325.1", "101,325.2")


def _label(tick):
    """A tick's label in Python, whose `g` has no exponent where the label's digits are plain."""
    exponent, plain = re.findall(r"'(,?\.\d+)~[er]'", vega_spec.NUMBER_LABELS)
    return format(tick, f"{exponent}e" if abs(tick) >= 1e6 or abs(tick) < 1e-4 else f"{plain}g")


def test_units_stand_on_the_axes():
    assert "MSE (mV²)" in json.dumps(SPECS["comparison"], ensure_ascii=False)
    assert run_words.labelled("MSE", "(m/s)²") == "MSE in (m/s)²"
    assert run_words.labelled("MAE", "") == "MAE"


def test_long_histories_are_thinned_with_their_peaks():
    rng = np.random.default_rng(0)
    rows = [history_row(epoch, error) for epoch, error in enumerate(1 + rng.random(10_000), 1)]
    rows[4_321] |= {"val_mae": 99.0, "mae": math.nan}
    rows[4_323]["mae"] = -5.0
    rows[777]["val_loss"] = 1e-9  # the best epoch, which another error does not tell
    rows[5_555]["val_mae"] = math.inf
    kept = curves.thinned(rows, "mae", "val_mae")
    epochs = [row["epoch"] for row in kept]
    assert len(kept) <= curves.MOST_EPOCHS
    assert epochs == sorted(set(epochs))
    assert {1, 778, 4_322, 4_324, 10_000} <= set(epochs)
    for first in range(0, 10_000, 500):  # no stretch is left without its extremes
        stretch = rows[first : first + 500]
        errors = [row["val_mae"] if row["val_mae"] < math.inf else 0 for row in stretch]
        assert stretch[int(np.argmax(errors))]["epoch"] in epochs
    assert curves.thinned(rows[: curves.MOST_EPOCHS], "mae") == rows[: curves.MOST_EPOCHS]


def test_a_short_window_is_drawn_whole():
    original, other = np.arange(5.0), np.zeros(5)
    frame = reconstruction.window_table(original, other, 10.0).to_pandas()
    np.testing.assert_allclose(frame["t"], np.arange(5) / 10)
    np.testing.assert_allclose(frame["residual"], -original)


def test_a_long_window_keeps_the_extremes_of_all_three_lines():
    rng = np.random.default_rng(0)
    original, other = rng.normal(size=(2, 50_000))
    original[123], other[40_000], other[77] = 99, -88, 50
    frame = reconstruction.window_table(original, other, None).to_pandas()
    assert len(frame) <= 3 * reconstruction.MOST_POINTS
    assert frame["original"].max() == 99
    assert frame["reconstruction"].min() == -88
    assert frame["residual"].max() == (other - original).max()
    assert {1, 124, 78, 40_001, 50_000} <= set(frame["t"])


@pytest.mark.parametrize("length", [4, 5_000])
def test_what_is_not_finite_is_drawn_nowhere(length):
    original, wild = np.zeros(length), np.sin(np.arange(length))
    wild[1:3] = np.inf, -np.inf
    kept = stored(original[None, :, None], wild[None, :, None])
    frames = [
        reconstruction.window_table(original, wild, None).to_pandas(),
        compared_windows.compared_frame(original, [wild, original], None),
        step_errors.step_error_frame(kept, "mae", ["a"], None),
        errors.histogram_frame(dict.fromkeys(PARTS, kept), "mae", math.inf),
    ]
    for frame in frames:
        assert not np.isinf(frame.select_dtypes("number")).any(axis=None)
    assert np.isfinite(frames[0]["reconstruction"].iloc[-1])


def test_channel_errors_of_many_channels_are_the_worst(tmp_path):
    run = make_run(RunStore(tmp_path), channels=60, windows=(4, 3))
    results = read_results(run)
    labels = run_words.unique_labels(results.channel_names)
    frame = errors.channel_error_frame(results, "mae", labels)
    assert frame["channel"].nunique() == errors.MOST_BARS
    found = results.channel_errors["validation"]["mae"]
    worst = {labels[c] for c in np.argsort(found)[-errors.MOST_BARS :]}
    assert set(frame["channel"]) == worst


@pytest.mark.parametrize("length", [2, 24, 119, 121, 1000])
def test_step_errors_keep_the_mean(tmp_path, length):
    run = make_run(
        RunStore(tmp_path), window_length=length, windows=(3, 2), changes={"model.pooling_steps": 0}
    )
    windows = read_reconstruction(run)["train"]
    frame = step_errors.step_error_frame(windows, "mse", ["a", "b"], None)
    weights = frame["stop"] - frame["start"]
    assert (frame["value"] * weights).sum() / weights.sum() == pytest.approx(
        windows.step_mse.mean()
    )
    assert (frame["start"].min(), frame["stop"].max()) == (1, length + 1)


@pytest.mark.parametrize("length", [1, 24, 119, 121, 1000])
def test_cells_are_the_places_they_were_drawn_at(length):
    """What is clicked is what is looked at."""
    errors_by_step = np.arange(length * 2, dtype=float).reshape(length, 2)
    windows = stored(np.zeros((1, length, 2)), errors_by_step[None])
    frame = step_errors.step_error_frame(windows, "mae", ["a", "b"], None)
    for _, cell in frame.iterrows():
        place = step_errors.place_of(cell["row"], cell["cell"], length)
        assert (place.start + 1, place.stop + 1) == (cell["start"], cell["stop"])
        expected = errors_by_step[place.start : place.stop, place.channel].mean()
        assert cell["value"] == pytest.approx(expected)


def test_a_chosen_place_is_marked_where_it_is_shown(run):
    windows = read_reconstruction(run)["train"]
    frame = step_errors.step_error_frame(windows, "mae", ["a", "b", "c"], 10.0, Place(1, 3, 6))
    marked = frame[frame["marked"]]
    assert marked[["start", "stop", "channel"]].values.tolist() == [[0.3, 0.6, "b"]]
    nowhere = step_errors.step_error_frame(windows, "mae", ["a", "b"], 10.0, Place(2, 3, 6))
    assert not nowhere["marked"].any()


def test_the_clicked_cell_is_told_by_numbers_alone():
    (param,) = SPECS["steps"]["params"]
    assert param["name"] == step_errors.CLICKED
    assert param["select"]["fields"] == ["row", "cell"]
    assert param["views"] == [SPECS["steps"]["layer"][0]["name"]]


def test_curves_of_runs_with_the_baseline_first_and_its_lines():
    histories = {"One": HISTORY, "Two": [row | {"val_mae": 9.0} for row in HISTORY]}
    frame = comparison.comparison_frame(
        histories, "mae", baseline="Two", levels={"floor": 0.5, "pca": 0.7}
    )
    assert list(frame["run"].unique()) == ["Two", "One", ""]
    assert set(frame[frame["baseline"]]["run"]) == {"Two"}
    lines = frame[frame["run"] == ""]
    assert set(zip(lines["series"], lines["value"], strict=True)) == {
        (run_words.SERIES["floor"], 0.5),
        (run_words.SERIES["pca"], 0.7),
    }
    drawn = frame[(frame["run"] == "One") & (frame["series"] == "validation")]
    assert list(drawn["value"]) == [row["val_mae"] for row in HISTORY]


def test_curves_free_of_scale_leave_out_old_runs():
    old = [history_row(epoch, 1.0, old=True) for epoch in range(1, 6)]
    histories = {"New": HISTORY, "Old": old, "Waiting": []}
    frame = comparison.comparison_frame(histories, "mse", scaled=True)
    assert set(frame["run"]) == {"New"}
    assert list(frame["value"][:5]) == [row["scaled_mse"] for row in HISTORY]
    assert comparison.without_scaled(histories, "mse") == ["Old"]
    assert "MSE / variance" in json.dumps(SPECS["comparison free of scale"])


def test_a_long_compared_window_keeps_the_extremes_of_every_run():
    rng = np.random.default_rng(0)
    original, *others = rng.normal(size=(4, 20_000))
    others[0][7], others[2][19_000] = 50, -60
    frame = compared_windows.compared_frame(original, others, None)
    assert len(frame) < 20_000 / 4
    assert frame["run_0"].max() == 50
    assert frame["run_2"].min() == -60
    np.testing.assert_allclose(frame["off_1"], frame["run_1"] - frame["original"])


def test_value_counts_are_drawn_as_steps(run):
    counts = count_values(read_reconstruction(run)["validation"], None, bins=12)
    frame = value_counts.value_counts_frame(counts)
    assert frame["original"].sum() == counts.original.sum()
    assert list(frame["low"]) == list(counts.edges)
    assert frame["original_drawn"].iloc[-1] == counts.original[-1]  # closes the last step
    logged = value_counts.value_counts_frame(counts, log=True)
    assert (logged[["original_drawn", "reconstruction_drawn"]] > 0).all(axis=None)
    assert (logged["original"].dropna() == counts.original).all()


def test_ends_of_the_output_are_shown_where_they_are_near(run):
    counts = count_values(read_reconstruction(run)["validation"], None)
    low, high = counts.edges[[0, -1]].tolist()
    assert value_counts.shown_ends(counts, (low, high)) == (low, high)
    width = high - low
    assert value_counts.shown_ends(counts, (low - 0.4 * width, high + 0.6 * width)) == (
        low - 0.4 * width,
    )
    assert value_counts.shown_ends(counts, (-np.inf, np.nan)) == ()


def test_the_replay_marks_one_epoch():
    frame = replay.replay_curve_table(
        np.array([1, 5, 9]), np.array([3.0, np.nan, 1.0]), 2
    ).to_pandas()
    assert list(frame["epoch"]) == [1, 9]
    assert list(frame[frame["shown"]]["value"]) == [1.0]


def test_histogram_counts_every_window_once(run):
    parts = read_reconstruction(run)
    frame = errors.histogram_frame(parts, "mae", 0.25)
    for part in ("training", "validation"):
        assert frame[frame["part"] == part]["share"].sum() == pytest.approx(100)
    assert list(frame[frame["part"] == "shown"]["low"]) == [0.25]


def test_window_errors_that_differ_by_rounding_have_bars():
    wrong = 0.1 * (1 + np.arange(3) / 2**52)
    windows = stored(np.zeros((3, 1, 1)), wrong[:, None, None])
    assert len(np.unique(windows.window_mae)) > 1
    frame = errors.histogram_frame({"train": windows, "validation": windows}, "mae", 0.1)
    bars = frame[frame["part"] != "shown"]
    assert bars.groupby("part")["share"].sum().tolist() == pytest.approx([100, 100])
    assert (bars["low"] < bars["high"]).all()


def test_labels_differ_and_are_never_empty():
    assert run_words.unique_labels(["a", "b"]) == ["a", "b"]
    assert run_words.unique_labels(["a (2)", "a", "a"]) == ["a (2)", "a (3)", "a (4)"]
    assert run_words.unique_labels(["a", "a (1)", "a", ""]) == ["a (2)", "a (1)", "a (3)", " (4)"]
    labels = run_words.unique_labels(["a", "a", "", "x" * 500, "x" * 501])
    assert len(set(labels)) == 5
    assert all(label.strip() and len(label) < 80 for label in labels)
    data = "a recording with a long name.csv"
    labels = run_words.unique_labels([f"{data}, standard, {end}" for end in ("tanh", "relu")], 40)
    assert [label[-4:] for label in labels] == ["tanh", "relu"]
    assert [len(label) for label in labels] == [40, 40]


def test_the_architecture_frame_agrees_with_the_architecture():
    shape = describe_architecture(ModelConfig(), 200, 4)
    frame = architecture.architecture_frame(shape, 200)
    assert frame["parameters"].sum() == shape.parameters
    latent = frame[frame["role"] == "latent"]
    assert (latent["steps"].item(), latent["channels"].item()) == shape.latent_shape
    assert frame["steps"].iloc[0] == frame["steps"].iloc[-1] == 200
