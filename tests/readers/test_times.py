"""The time axis of a table: its rate, its dates, and which column it is."""

import numpy as np
import pandas as pd
import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

PLAIN = ReadOptions()


def read_table(tmp_path, header, columns, options=PLAIN):
    """The recording of a text table with these columns."""
    path = tmp_path / "t.csv"
    rows = "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))
    path.write_text(f"{header}\n{rows}")
    return read_recording(path, options)


def read_times(tmp_path, times, name="time"):
    return read_table(tmp_path, f"{name},x", (times, [f"{i % 7}.5" for i in range(len(times))]))


# Regular, rounded and irregular times


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("rate", [60, 128, 256, 512, 700, 900])
def test_rounded_times_have_the_rate_of_their_mean_step(tmp_path, rate, gap):
    seconds = np.arange(4000) / rate
    seconds[2000:] += gap
    recording = read_times(tmp_path, [f"{t:.3f}" for t in seconds])
    assert recording.sampling_rate_hz == pytest.approx(rate, rel=1e-3)
    assert ("1 step in 'time' differs" in " ".join(recording.notes)) is bool(gap)


JITTER = np.random.default_rng(0).uniform(-0.5, 0.5, 2000)


@pytest.mark.parametrize(
    "milliseconds",
    [
        2 * np.arange(1, 2001) + JITTER,
        np.cumsum(2 + 2 * JITTER),
        np.cumsum(5 + np.round(5 * JITTER)),  # as whole milliseconds
        np.cumsum(2 + np.round(2 * JITTER)),
        np.cumsum(1 + (JITTER > 0)),
    ],
    ids=["clock", "steps", "whole steps", "three steps", "two steps"],
)
def test_jittery_times_have_no_rate(tmp_path, milliseconds):
    recording = read_times(tmp_path, [f"{t:.3f}" for t in milliseconds], "t [ms]")
    assert recording.sampling_rate_hz is None
    assert "not regular" in " ".join(recording.notes)


def test_steps_that_vary_a_little_are_no_gaps(tmp_path):
    steps = 1 + np.random.default_rng(0).uniform(-0.2, 0.2, 2000)
    recording = read_times(tmp_path, np.cumsum(steps).tolist())
    assert recording.sampling_rate_hz == pytest.approx(1, rel=0.01)
    assert "differ by up to 20% from the usual" in " ".join(recording.notes)


# Times as numbers


@pytest.mark.parametrize(
    ("name", "first", "unit", "rate"),
    [
        ("timestamp", 1_700_000_000, "s", 1),
        ("timestamp", 1_700_000_000_000, "ms", 1000),
        ("time", 1_700_000_000_000_000, "us", 1e6),
        ("time_ms", 1_700_000_000_000, "ms", 1000),
    ],
)
def test_epochs_that_rise_by_one_are_dates(tmp_path, name, first, unit, rate):
    recording = read_times(tmp_path, [first + i for i in range(30)], name)
    assert recording.sampling_rate_hz == rate
    assert recording.time[0] == np.datetime64(first, unit)
    assert "counts the rows" not in " ".join(recording.notes)


def test_a_name_that_is_no_time_still_counts_rows(tmp_path):
    recording = read_times(tmp_path, [1_700_000_000 + i for i in range(30)], "sample")
    assert recording.time is None
    assert "counts the rows from 1700000000" in " ".join(recording.notes)


@pytest.mark.parametrize(
    ("name", "form", "step"),
    [
        ("MESS_DATUM", "%Y%m%d%H", "1h"),
        ("MESS_DATUM", "%Y%m%d%H%M", "10min"),
        ("date", "%Y%m%d", "1D"),
        ("Zeit", "%Y%m%d%H%M%S", "1s"),
    ],
)
def test_dates_as_one_number(tmp_path, name, form, step):
    times = pd.date_range("2024-02-25", periods=40, freq=step)
    recording = read_times(tmp_path, times.strftime(form), name)
    np.testing.assert_array_equal(recording.time, times.to_numpy())
    assert recording.sampling_rate_hz == pytest.approx(1 / pd.Timedelta(step).total_seconds())


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (1_958_020_112, 1_958_020_130),  # 2032, or 12 to 30 o'clock
        (1_700_000_000, 1_700_000_018),
    ],
)
def test_an_epoch_is_no_date_as_one_number(tmp_path, first, last):
    recording = read_times(tmp_path, range(first, last + 1), "timestamp")
    assert recording.time[0] == np.datetime64(first, "s")


@pytest.mark.parametrize("days", [(20240230, 20240301), (18991231, 19000101), (20241301, 20241302)])
def test_numbers_that_are_no_dates_are_seconds(tmp_path, days):
    recording = read_times(tmp_path, [*days, days[-1] + 5], "time")
    assert recording.time.tolist() == [*days, days[-1] + 5]


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        *[
            ("Time [d]", 86400),
            ("time (days)", 86400),
            ("time_of_day", 1),
            ("time of day [ms]", 1e-3),
        ],
        *[("timeMs", 1e-3), ("timestampMs", 1e-3), ("elapsedTimeUs", 1e-6), ("millis", 1e-3)],
        *[("Zeit [µs]", 1e-6), ("TimeStamp", 1)],
    ],
)
def test_a_name_says_the_unit(tmp_path, name, scale):
    recording = read_times(tmp_path, [10 * i for i in range(30)], name)
    assert recording.time[-1] == pytest.approx(290 * scale)
    assert recording.sampling_rate_hz == pytest.approx(0.1 / scale)


def test_unixtime_is_dates(tmp_path):
    recording = read_times(tmp_path, [1_700_000_000 + i for i in range(30)], "unixtime")
    assert recording.time[0] == np.datetime64(1_700_000_000, "s")


# Dates and times of day in two columns


def in_two_columns(tmp_path, kind, day, clock, names=("Date", "Time")):
    times = pd.date_range("2006-12-16 17:24", periods=48, freq="30min")
    x = np.arange(48) + 0.5
    frame = pd.DataFrame({names[0]: times.strftime(day), names[1]: times.strftime(clock), "x": x})
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        frame[names[0]], frame[names[1]] = times.date, times.time
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep=";")
    return path


@pytest.mark.parametrize(
    ("kind", "day", "clock"),
    [
        ("csv", "%d/%m/%Y", "%H:%M:%S"),  # household power, at UCI
        ("csv", "%d/%m/%Y", "%H.%M.%S"),  # air quality, there too
        ("csv", "%Y.%m.%d", "%H:%M"),
        ("csv", "%d.%m.%y", "%H:%M"),
        ("csv", "%Y-%m-%d", "%H:%M:%S"),
        ("parquet", "", ""),
    ],
)
@pytest.mark.parametrize("names", [("Date", "Time"), ("<DATE>", "<TIME>"), ("Day", "at")])
def test_dates_apart_from_their_times_of_day_are_joined(tmp_path, kind, day, clock, names):
    path = in_two_columns(tmp_path, kind, day, clock, names)
    recording = read_recording(path)
    expected = pd.date_range("2006-12-16 17:24", periods=48, freq="30min").to_numpy()
    assert (recording.time == expected).all()
    assert recording.sampling_rate_hz == pytest.approx(1 / 1800)
    assert recording.channel_names == ("x",)
    assert not recording.labels
    said = f"The time axis is {names[0]!r} with the time of day in {names[1]!r}."
    assert said in recording.notes
    assert said in outline(path).notes
    assert outline(path).time_column == names[0]
    days = read_recording(path, ReadOptions(time_column=names[0]))
    assert days.time[0] == np.datetime64("2006-12-16")


def test_a_state_beside_dates_and_times_of_day_is_a_label(tmp_path):
    rows = [
        f"2024-01-0{1 + i // 24},{i % 24}:00,{i}.5,{'on' if i % 3 else 'off'}" for i in range(96)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["Date,Time,x,state", *rows]) + "\n")
    recording = read_recording(path)
    assert recording.sampling_rate_hz == pytest.approx(1 / 3600)
    assert recording.labels["state"][:3].tolist() == ["off", "on", "on"]


def test_a_time_of_day_that_lacks_or_is_none_is_named_with_its_line(tmp_path):
    path = in_two_columns(tmp_path, "csv", "%d/%m/%Y", "%H:%M:%S")
    text = path.read_text()
    for broken, said in (
        ("", "'Time' is empty in line 4"),
        ("24.12.:", "line 4 holds '24.12.:'"),
    ):
        path.write_text(text.replace("18:24:00", broken, 1))
        with pytest.raises(DataError, match=said):
            read_recording(path)


def test_days_that_differ_need_no_time_of_day(tmp_path):
    days = pd.date_range("2024-01-01", periods=9).strftime("%Y-%m-%d")
    columns = (["07:30"] * 9, days, [f"{i}.5" for i in range(9)])
    recording = read_table(tmp_path, "time,date,x", columns)
    assert recording.time[0] == np.datetime64("2024-01-01")
    assert recording.sampling_rate_hz == pytest.approx(1 / 86400)


# Times as text


@pytest.mark.parametrize(
    ("form", "step"),
    [
        (" %d/%m/%Y %I:%M:%S %p", "1s"),  # SWaT, of a water plant
        ("%Y-%m-%d %H:%M:%S ", "1s"),
        ("%Y-%m-%d %H:%M:%S,%f", "5ms"),
        ("%Y-%m-%d %H:%M:%S.%f UTC", "5ms"),
        ("%d.%m.%Y %H:%M GMT", "1h"),
        ("%m/%d/%Y %I:%M:%S.%f %p", "500ms"),
        ("%Y-%m-%d %I:%M%p", "1h"),
        ("%m-%d-%Y", "1D"),
        ("%d-%m-%Y %H:%M", "1D"),
        ("%d-%b-%Y %H:%M:%S", "1s"),  # MATLAB
        ("%Y%m%dT%H%M%SZ", "1s"),
        ("%Y.%m.%d %H:%M", "1h"),
    ],
)
def test_forms_of_dates(tmp_path, form, step):
    times = pd.date_range("2015-12-28", periods=40, freq=step)
    recording = read_times(tmp_path, [f'"{text}"' for text in times.strftime(form)], "when")
    np.testing.assert_array_equal(recording.time, times.to_numpy())
    notes = " ".join(recording.notes)
    assert ("shown in UTC" in notes) is form.endswith(("UTC", "GMT", "Z"))
    in_either_order = form.strip().startswith(("%d/", "%m/", "%d-%m", "%m-%d"))
    assert ("were read with the " in notes) is in_either_order


@pytest.mark.parametrize(
    ("texts", "steps"),
    [
        (("11:59:59 AM", "12:00:00 PM", "12:00:01 PM"), 1),
        (("11:59:59.500 PM", "12:00:00.000 AM"), -86399.5),
        (("0:59.250", "1:00.000", "1:00.750"), 0.75),
        (("59:59,5", "60:00,0", "60:00,5"), 0.5),
        (("23:59:59", "24:00:00", "24:00:01"), 1),
    ],
)
def test_forms_of_times_of_day(tmp_path, texts, steps):
    recording = read_times(tmp_path, [f'"{text}"' for text in texts], "when")
    assert (np.diff(recording.time) / np.timedelta64(1, "s") == steps).all()


def test_times_of_which_some_are_in_utc_are_refused(tmp_path):
    with pytest.raises(DataError, match="only some name one"):
        read_times(tmp_path, ["2024-01-01 00:00 UTC", "2024-01-01 01:00"])


# Which column is the time axis

WAVE = np.round(np.sin(np.arange(40)), 3)
STEPS = np.arange(40) / 8


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"reaction_time_ms": WAVE, "time": STEPS, "x": WAVE}, "time"),
        ({"time_a": WAVE, "sec": STEPS, "x": WAVE}, "sec"),
        ({"second harmonic": WAVE, "x": WAVE}, None),
        ({"second harmonic": 0 * WAVE, "x": WAVE}, None),
        ({"T": WAVE, "x": WAVE}, None),
        ({"T1": WAVE, "T2": STEPS}, None),
        ({"t0": STEPS, "t1": WAVE}, None),
        ({"T": STEPS, "x": WAVE}, "T"),
        ({"sample": range(40), "time": STEPS, "x": WAVE}, "time"),
        ({"sample": range(40), "reaction_time": WAVE, "x": WAVE}, "sample"),
        ({"time": [*STEPS[:20], *STEPS[:20]], "sample": range(40), "x": WAVE}, "time"),
        ({"event_time": [*STEPS[:20], *STEPS[:20]], "x": WAVE}, "event_time"),
        ({"lap": ["1:23.4", "1:21.5"] * 20, "time": STEPS, "x": WAVE}, "time"),
        ({"lap": ["1:23.4", "1:21.5"] * 20, "x": WAVE}, "lap"),
    ],
)
def test_a_column_that_rises_is_the_time(tmp_path, columns, chosen):
    path = tmp_path / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    assert outline(path).time_column == chosen


TAKEN = "was taken as the time axis, for its name; set no time column if it is a channel."
NOT_TAKEN = "rises, but was read as a channel; set it as the time column if it holds the times."
HOURS = [2024013100 + hour for hour in range(24)]


@pytest.mark.parametrize(
    ("columns", "chosen", "told"),
    [
        ({"x": WAVE, "response_time": STEPS}, None, NOT_TAKEN),
        ({"x": WAVE, "seconds_pole": STEPS}, None, NOT_TAKEN),
        ({"x": WAVE, "T": STEPS}, None, NOT_TAKEN),
        ({"response_time": STEPS, "x": WAVE}, "response_time", TAKEN),
        ({"sample": range(40), "Time, relative": STEPS, "x": WAVE}, "Time, relative", TAKEN),
        ({"first": WAVE, "second": STEPS, "third": WAVE}, "second", TAKEN),
        ({"time": STEPS, "response_time": STEPS, "x": WAVE}, "time", ""),
        ({"row": range(40), "state": ["a", "b"] * 20, "t_ms": STEPS, "x": WAVE}, "t_ms", ""),
        ({"station": [7] * 24, "MESS_DATUM": HOURS, "x": WAVE[:24]}, "MESS_DATUM", ""),
        ({"x": WAVE, "local_time": 1.7e9 + STEPS}, "local_time", ""),
    ],
)
def test_a_name_and_a_place_that_are_not_sure_are_told(tmp_path, columns, chosen, told):
    path = tmp_path / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    assert outline(path).time_column == chosen
    notes = read_recording(path).notes
    assert [note for note in notes if note.endswith((TAKEN, NOT_TAKEN))] == (
        [f"{chosen or [*columns][1]!r} {told}"] if told else []
    )
    for options in (ReadOptions(time_column=chosen), ReadOptions(time_column=None)):
        assert not any(note.endswith((TAKEN, NOT_TAKEN)) for note in outline(path, options).notes)


@pytest.mark.parametrize("step_type", ["int", "float", "timestamp"])
def test_a_pause_in_regular_times_leaves_their_rate(tmp_path, step_type):
    seconds = np.arange(400) * 60
    seconds[150:] += 3600
    shown = {
        "int": [str(second) for second in seconds],
        "float": [f"{second:.1f}" for second in seconds],
        "timestamp": [f"{np.datetime64('2024-03-01T00:00:00') + second}Z" for second in seconds],
    }[step_type]
    rows = [f"{when},{index % 7 / 4}" for index, when in enumerate(shown)]
    path = tmp_path / "pause.csv"
    path.write_text("\n".join(["time,a", *rows]))
    assert read_recording(path).sampling_rate_hz == pytest.approx(1 / 60)


def test_bursts_with_pauses_between_have_no_rate(tmp_path):
    times = np.concatenate([np.arange(10) / 100 + second for second in range(50)])
    recording = read_times(tmp_path, [f"{t:.2f}" for t in times])
    assert recording.sampling_rate_hz is None
    assert "are not regular" in " ".join(recording.notes)


def test_a_lost_sample_leaves_the_rate(tmp_path):
    times = np.delete(np.arange(500) / 250, 200)
    rows = [f"{when:.3f},{index % 7 / 4}" for index, when in enumerate(times)]
    path = tmp_path / "lost.csv"
    path.write_text("\n".join(["time,a", *rows]))
    assert read_recording(path).sampling_rate_hz == pytest.approx(250, rel=1e-3)
