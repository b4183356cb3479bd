"""Charts: peaks survive thinning, and every chart says what it shows."""

import json

import altair
import numpy as np
import pytest

from core.charts import activations, channels, palette, question, signals
from core.charts.altair_spec import FLUSH
from core.charts.thinning import POINTS, Envelope, thin
from core.charts.time_axis import STAMPS, TimeAxis, duration_text, rate_text, time_axis
from core.metrics import summarize_channels
from core.signals.recording import Anomaly, Recording


def marks(node):
    """Every view of a specification that draws something."""
    if isinstance(node, dict):
        if "mark" in node:
            yield node
        for child in node.values():
            yield from marks(child)
    elif isinstance(node, list):
        for child in node:
            yield from marks(child)


# Thinning


@pytest.mark.parametrize("steps", [50, 30_000, 1_500_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint8, np.float16])
def test_a_peak_of_one_time_step_survives(steps, dtype):
    values = np.zeros((steps, 2), dtype)
    values[:, 0] = np.random.default_rng(0).integers(0, 10, steps)
    peak = steps * 2 // 3 + 1
    values[peak, 0] = 100
    envelope = Envelope(values[:, 0])
    places = envelope.places(0, steps)
    assert peak in places
    assert len(places) <= POINTS + 100
    assert (np.diff(places) > 0).all()
    assert envelope.places(peak, peak + 40).tolist() == list(range(peak, min(peak + 40, steps)))


def test_the_last_time_steps_of_a_long_recording_are_drawn():
    values = np.zeros((1_000_017, 1), np.float32)
    values[-1] = 5
    assert len(values) - 1 in Envelope(values[:, 0]).places(0, len(values))


@pytest.mark.parametrize("at", [7, 4_321, 9_990])
def test_a_peak_beside_a_trough_and_both_ends_are_drawn(at):
    values = np.sin(np.arange(10_000) / 300)
    values[at : at + 2] = 10.0, -10.0
    places = thin(values)
    assert {0, at, at + 1, len(values) - 1} <= set(places.tolist())
    assert len(places) <= POINTS
    assert (np.diff(places) > 0).all()


def test_a_part_of_a_long_recording_keeps_within_it():
    values = np.random.default_rng(1).standard_normal((2_000_000, 1))
    places = Envelope(values[:, 0]).places(300_001, 1_700_003)
    assert places[0] >= 300_001
    assert places[-1] < 1_700_003


# The time axis


def test_time_is_counted_in_seconds_or_by_timestamps():
    values = np.zeros((100, 1))
    counted = time_axis(Recording(values, ("a",)))
    assert (counted.title, counted.text(11)) == ("time step", "time step 12")
    assert (counted.at(0), counted.steps(1, 100, 100), counted.count(2, 4, 100)) == (1, (0, 100), 3)
    seconds = time_axis(Recording(values, ("a",), sampling_rate_hz=50.0))
    assert (seconds.title, seconds.text(25)) == ("time (s)", "0.5 s")
    assert seconds.steps(0.5, 1.0, 100) == (24, 52)
    start = np.datetime64("2024-05-01T00:00:00")
    time = start + np.arange(100) * np.timedelta64(60, "s")
    stamps = time_axis(Recording(values, ("a",), time=time))
    assert (stamps.title, stamps.text(1)) == ("time", "2024-05-01 00:01:00")
    low, high = float(stamps.at(10)), float(stamps.at(20))
    first, last = stamps.steps(low, high, 100)
    assert first <= 10
    assert last >= 21
    assert low == time[10].astype("datetime64[ms]").astype(int)


@pytest.mark.parametrize(
    ("rate", "step", "text"),
    [
        (1.0, 1_000_000, "1,000,000 s"),
        (100.0, 123_456_789, "1,234,567.89 s"),
        (360.0, 1, "0.00278 s"),
        (16.0, 3, "0.1875 s"),
        (44_100.0, 4_410_001, "100.0000227 s"),
        (1 / 300, 7, "2,100 s"),
    ],
)
def test_a_time_in_seconds_is_as_exact_as_the_time_steps(rate, step, text):
    assert TimeAxis("seconds", rate=rate).text(step) == text
    times = TimeAxis("seconds", np.arange(step - 1, step + 2) / rate)
    assert times.text(1) == text


@pytest.mark.parametrize(
    ("spacing", "text"),
    [(2_000_000, "00:00:06"), (4_000, "00:00:00.012"), (25, "00:00:00.000075")],
)
def test_a_timestamp_is_as_exact_as_the_time_steps(spacing, text):
    time = np.datetime64("2024-05-01T00:00:00") + np.arange(4) * np.timedelta64(spacing, "us")
    assert TimeAxis("timestamps", time).text(3) == f"2024-05-01 {text}"


def test_irregular_seconds_are_kept():
    time = np.array([0.0, 1.0, 5.0, 6.0])
    axis = time_axis(Recording(np.zeros((4, 1)), ("a",), time=time))
    assert axis.at(np.array([2, 3])).tolist() == [5.0, 6.0]
    assert axis.steps(4.0, 5.5, 4) == (1, 4)


@pytest.mark.parametrize(
    ("time", "is_axis"),
    [
        ([0.0, 1.0, 2.0, 2.0, 3.0], True),  # a time that repeats
        ([0.0, 1.0, 2.0, 1.5, 3.0], False),  # that goes back, as clocks do past midnight
        ([5.0, 5.0, 5.0, 5.0, 6.0], False),  # dates of days, say
        (np.array(["2024-05-01"] * 5, "datetime64[s]"), False),
    ],
)
def test_times_that_go_back_or_mostly_repeat_are_no_axis(time, is_axis):
    axis = time_axis(Recording(np.zeros((5, 1)), ("a",), time=np.asarray(time)))
    assert (axis.kind == "time steps") is not is_axis
    first, last = (float(axis.at(step)) for step in (0, 4))
    assert first < last
    assert axis.steps(first, last, 5) == (0, 5)
    assert axis.count(first, last, 5) == 5


TIMES = {
    "repeating": {"time": np.arange(40) // 2.0},
    "counted": {},
    "sampled": {"sampling_rate_hz": 7.0},
    "irregular": {"time": np.cumsum(np.arange(1.0, 41.0) % 7 + 0.25)},
    "stamped": {
        "time": np.datetime64("2024-05-01T00:00:00") + np.arange(40) * np.timedelta64(7, "s")
    },
}


@pytest.mark.parametrize("kind", TIMES)
def test_time_steps_between_two_places_are_counted(kind):
    axis = time_axis(Recording(np.zeros((40, 1)), ("a",), **TIMES[kind]))
    places = axis.at(np.arange(40))
    ends = [*places[[0, 1, 2, 20, 37, 38, 39]], *(places[:-1] + np.diff(places) / 3)]
    for low in ends:
        for high in (end for end in ends if end >= low):
            inside = np.count_nonzero((places >= low) & (places <= high))
            assert axis.count(float(low), float(high), 40) == inside


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (100.0, "100 Hz"),
        (1 / 300, "a time step every 5 min"),
        (1 / 86_400 / 7, "every 7 days"),
        (1 / 86_400, "every day"),
    ],
)
def test_rates_in_words(rate, said):
    assert rate_text(rate).endswith(said)


# Specifications


def test_the_signal_chart_names_its_channels_units_and_values():
    names = ("a.b[0]:c'", "<script>", "$x$")
    spec = signals.signal_spec(names, (0, 1, 2), "time (s)", "mV", (0.0, 10.0))
    json.dumps(spec)
    assert spec["title"]
    assert len(spec["vconcat"]) == 3
    for row, name in zip(spec["vconcat"], names, strict=True):
        line = row["layer"][0]["encoding"]
        assert line["y"]["title"] == name
        assert {line["x"]["field"], line["y"]["field"]} == {"t", "v"}  # no name is a field
        hover = next(layer for layer in row["layer"] if layer["mark"]["type"] == "rule")
        assert [item["field"] for item in hover["encoding"]["tooltip"]] == ["v", "t", "n"]
        assert "(mV)" in hover["encoding"]["tooltip"][0]["title"]
    assert spec["vconcat"][-1]["layer"][0]["encoding"]["x"]["title"] == "time (s)"
    (view,) = spec["params"]
    assert view["name"] == "view"
    assert len(view["views"]) == 3


def test_timestamps_are_drawn_in_utc():
    spec = signals.signal_spec(("a",), (0,), "time", "", (0.0, 10.0))
    x = spec["vconcat"][0]["layer"][0]["encoding"]["x"]
    assert (x["type"], x["scale"]["type"]) == ("temporal", "utc")
    assert "utcFormat" in json.dumps(spec)


@pytest.mark.parametrize(
    "spec",
    [
        signals.signal_spec(("a", "b"), (0, 1), "time step", "mV", (0.0, 5.0)),
        signals.signal_spec(("a",), (3,), STAMPS, "", (0.0, 5.0), "One", ("training",)),
        signals.overview_spec("time step", (0.0, 5.0), "a"),
        channels.histogram_spec("a", 0, "mV"),
        activations.activation_spec("sigmoid", -1.0, 2.0, -8.0, 8.0),
        question.question_spec(),
    ],
)
def test_every_chart_has_a_title_tooltips_and_fits_its_page(spec):
    assert '"data"' not in json.dumps(spec), "no part has data of its own"
    altair.Chart.from_dict({"data": {"name": "points"}} | spec, validate=True)
    assert any("title" in view for view in (spec, *spec.get("vconcat", ())))
    assert any("tooltip" in view.get("encoding", {}) for view in marks(spec))
    assert spec["autosize"]["type"] == "fit-x"
    assert not spec.get("datasets")


@pytest.mark.parametrize(
    "spec",
    [
        signals.signal_spec(("a", "b"), (0, 1), "time step", "", (0.0, 5.0)),
        signals.overview_spec("time step", (0.0, 5.0), "a"),
    ],
    ids=["signal", "overview"],
)
def test_what_is_selected_is_selected_in_a_view_that_is_there(spec):
    rows = spec.get("vconcat", [spec])
    there = {layer.get("name") for row in rows for layer in row["layer"]}
    (selection,) = spec["params"]
    assert selection["views"]
    assert set(selection["views"]) <= there


def test_labels_at_the_end_of_the_time_axis_stay_inside():
    strip = signals.overview_spec("time step", (0.0, 82_499.0), "a")
    axes = [view["encoding"]["x"]["axis"] for view in marks(strip)]
    assert {axis["labelFlush"] for axis in axes} == {FLUSH}


def test_what_is_written_on_a_chart_fits_a_phone():
    assert len(signals.overview_spec("s", (0.0, 5.0), "a")["title"]["text"]) <= 50
    legends = [
        view["encoding"]["color"]["legend"]
        for view in marks(activations.activation_spec("sigmoid", -1.0, 2.0, -8.0, 8.0))
        if "color" in view.get("encoding", {})
    ]
    assert [legend["columns"] for legend in legends] == [1]
    spec = activations.activation_spec("sigmoid", -1.0, 2.0, -8.0, 8.0)
    assert spec["resolve"]["legend"] == {"color": "independent"}, "it stays with its picture"
    assert question.question_spec()["title"]["limit"] >= 300


def test_regions_mark_both_parts_and_anomalies_in_their_channel():
    axis = TimeAxis("seconds", rate=10.0)
    anomalies = (Anomaly("spike", 2, 40, 41), Anomaly("dropout", 0, 5, 9), Anomaly("x", -1, 1, 2))
    frame = signals.region_table(axis, 100, 80, anomalies, [0, 1, 2]).to_pandas()
    assert frame["kind"].tolist() == ["training", "validation", *["anomaly"] * 3]
    assert frame[["from", "to"]].values.tolist() == [[1, 80], [81, 100], [41, 41], [6, 9], [2, 2]]
    assert frame.loc[2, ["t", "t2"]].tolist() == [4.0, 4.1]
    assert frame["c"].tolist() == [-1, -1, 2, 0, -1]
    assert frame.loc[0, ["t", "t2"]].tolist() == [0.0, 8.0]
    spec = json.dumps(signals.signal_spec(("a",), (0,), "time (s)", "", (0, 1)))
    assert "luminance(background) < 0.5 ? 0.22 : 0.09" in spec  # 0.09 is not seen on a dark page
    shown = signals.region_table(axis, 100, 80, anomalies, [1])
    assert shown["c"].to_pylist() == [-1, -1, -1]  # what is in channels not shown is left out


def test_points_come_first_and_what_is_shaded_after_them():
    axis = TimeAxis("seconds", rate=2.0)
    envelopes = [Envelope(np.array([1.0, np.nan, 3.0])), Envelope(np.array([4.0, 5.0, 6.0]))]
    points = signals.signal_table(envelopes, axis, 0, 3)
    assert points["c"].to_pylist() == [0, 0, 0, 1, 1, 1]
    assert points["v"].to_pylist() == [1.0, None, 3.0, 4.0, 5.0, 6.0]
    assert points["t"].to_pylist() == [0.0, 0.5, 1.0] * 2
    assert points["n"].to_pylist() == [1.0, 2.0, 3.0] * 2
    assert points["kind"].null_count == 6

    regions = signals.region_table(axis, 3, 2)
    both = signals.signal_table(envelopes, axis, 0, 3, regions)
    assert both.slice(0, 6).select(points.column_names) == points
    assert both.slice(6)["kind"].to_pylist() == ["training", "validation"]
    assert both.slice(6)["v"].null_count == 2
    assert len(both.to_batches()) == 1
    assert signals.region_table(axis, 3, None).num_rows == 0

    strip = signals.signal_table(envelopes[:1], axis, 0, 3, signals.view_table(0.5, 1.0))
    assert strip.slice(3).select(["kind", "t", "t2"]).to_pylist() == [
        {"kind": "view", "t": 0.5, "t2": 1.0}
    ]


def test_histogram_bars_cover_all_values():
    values = np.random.default_rng(0).standard_normal((1000, 1))
    values[0] = 0
    summaries = summarize_channels(values)
    assert channels.summary_frame(summaries, ("a",))["zeros"].tolist() == pytest.approx([0.1])  # %
    assert channels.histogram_spec("a", 0, "mV")["encoding"]["y"]["title"] == "share (root scale)"
    frame = channels.histogram_table(summaries[0]).to_pandas()
    assert frame["count"].sum() == 1000
    assert frame["share"].sum() == pytest.approx(1)


def luminance(color):
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    return linear[0] * 0.2126 + linear[1] * 0.7152 + linear[2] * 0.0722


def test_colours_are_legible_on_both_backgrounds():
    named = [v for k, v in vars(palette).items() if k.isupper() and isinstance(v, str)]
    for color in {*named, *palette.CHANNELS}:
        assert 1.05 / (luminance(color) + 0.05) >= 3, color
        assert (luminance(color) + 0.05) / (luminance("#12171E") + 0.05) >= 3, color


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0025, "0.0025 s"), (2, "2 s"), (90, "90 s"), (150, "2.5 min"), (60_000, "16.67 h")],
)
def test_a_duration_is_told_in_the_unit_of_its_size(seconds, said):
    assert duration_text(seconds) == said
