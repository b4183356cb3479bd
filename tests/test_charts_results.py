"""The frames and specifications of the charts of runs."""

import json
import math

import altair
import numpy as np
import pytest

from core.architecture import describe_architecture
from core.charts import architecture, curves, errors, reconstruction, run_words
from core.config import ModelConfig
from core.results import read_reconstruction, read_results
from core.runs import RunStore
from tests.fake_runs import history_row, make_run

HISTORY = [history_row(epoch, 1.0) for epoch in range(1, 6)]
SPECS = {
    "curve": curves.error_curve_spec("mae", "mV", 20, ("floor", "constant")),
    "loss": curves.error_curve_spec("loss", "", 1),
    "log": curves.error_curve_spec("mse", "mV", 5, (), log=True),
    "comparison": curves.comparison_spec("mse", "mV", ("One", "Two"), 5),
    "overlay": reconstruction.overlay_spec("channel 1", "mV", "Time in the window (s)"),
    "residual": reconstruction.residual_spec("mV", "Time in the window (s)"),
    "channels": errors.channel_error_spec("mae", "mV", 4),
    "steps": errors.step_error_spec("mae", "mV", "Time in the window (s)", "validation", 4),
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


@pytest.mark.parametrize("name", SPECS)
def test_every_chart_has_titled_axes_and_tooltips(name):
    text = json.dumps(SPECS[name])
    assert '"tooltip"' in text
    assert '"title"' in text


def test_units_stand_on_the_axes():
    assert "MAE (mV)" in json.dumps(SPECS["curve"])
    assert "MSE (mV²)" in json.dumps(SPECS["comparison"], ensure_ascii=False)
    assert run_words.labelled("MAE", "") == "MAE"


def test_curves_hold_both_parts_and_the_levels():
    frame = curves.error_curve_frame(HISTORY, "mae", 20, floor=0.2, constant=3.0)
    assert set(frame["series"]) == {"training", "validation", "error floor", "best constant"}
    validation = frame[frame["series"] == "validation"]
    assert list(validation["value"]) == [row["val_mae"] for row in HISTORY]
    assert list(frame[frame["series"] == "error floor"]["epoch"]) == [1, 20]


def test_curves_leave_out_what_cannot_be_drawn():
    rows = [*HISTORY, history_row(6, math.inf), history_row(7, math.nan)]
    frame = curves.error_curve_frame(rows, "mae", 7, floor=math.nan)
    assert len(frame) == 2 * len(HISTORY)
    assert len(curves.error_curve_frame(HISTORY, "mae", 7, floor=0.0, log=True)) == 10
    assert curves.error_curve_frame([], "loss", 3).empty
    assert len(curves.error_curve_frame([{"epoch": 1}], "mae", 1)) == 0


def test_long_histories_are_thinned_to_their_ends():
    rows = [history_row(epoch, 1.0) for epoch in range(1, 10_001)]
    kept = curves.thinned(rows)
    assert len(kept) == curves.MOST_EPOCHS
    assert (kept[0]["epoch"], kept[-1]["epoch"]) == (1, 10_000)


def test_a_short_window_is_drawn_whole():
    original, other = np.arange(5.0), np.zeros(5)
    frame = reconstruction.window_frame(original, other, 10.0)
    np.testing.assert_allclose(frame["t"], np.arange(5) / 10)
    np.testing.assert_allclose(frame["residual"], -original)


def test_a_long_window_keeps_the_extremes_of_all_three_lines():
    rng = np.random.default_rng(0)
    original, other = rng.normal(size=(2, 50_000))
    original[123], other[40_000], other[77] = 99, -88, 50
    frame = reconstruction.window_frame(original, other, None)
    assert len(frame) <= 3 * reconstruction.MOST_POINTS
    assert frame["original"].max() == 99
    assert frame["reconstruction"].min() == -88
    assert frame["residual"].max() == (other - original).max()
    assert {0, 123, 77, 40_000, 49_999} <= set(frame["t"])


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
    frame = errors.step_error_frame(windows, "mse", ["a", "b"], None)
    weights = frame["stop"] - frame["start"]
    assert (frame["value"] * weights).sum() / weights.sum() == pytest.approx(
        windows.step_mse.mean()
    )
    assert frame["stop"].max() == length


def test_histogram_counts_every_window_once(run):
    parts = read_reconstruction(run)
    frame = errors.histogram_frame(parts, "mae", 0.25)
    for part in ("training", "validation"):
        assert frame[frame["part"] == part]["share"].sum() == pytest.approx(100)
    assert list(frame[frame["part"] == "shown"]["low"]) == [0.25]


def test_labels_differ_and_are_never_empty():
    assert run_words.unique_labels(["a", "b"]) == ["a", "b"]
    labels = run_words.unique_labels(["a", "a", "", "x" * 500, "x" * 501])
    assert len(set(labels)) == 5
    assert all(label.strip() and len(label) < 80 for label in labels)


def test_the_architecture_frame_agrees_with_the_architecture():
    shape = describe_architecture(ModelConfig(), 200, 4)
    frame = architecture.architecture_frame(shape, 200)
    assert frame["parameters"].sum() == shape.parameters
    latent = frame[frame["role"] == "latent"]
    assert (latent["steps"].item(), latent["channels"].item()) == shape.latent_shape
    assert frame["steps"].iloc[0] == frame["steps"].iloc[-1] == 200
