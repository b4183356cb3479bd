"""Dates counted in days or years: read as dates in a column of dates, and told of in any other."""

import numpy as np
import pandas as pd
import pytest

from core.signals.readers import read_recording

HOURS = np.arange(48) / 24
COUNTS = [  # what is written, the first date, what it is called, steps a day
    (45_290 + HOURS, "2023-12-30", "days since 1900, as Excel counts them", 24),
    (45_290 + np.arange(48), "2023-12-30", "days since 1900, as Excel counts them", 1),
    (739_250 + HOURS, "2023-12-30", "days since the year 0, as MATLAB counts them", 24),
    (1958 + np.arange(48) / 48, "1958-01-01", "years", 48 / 365),
]


def read(tmp_path, name, values, ids=None):
    frame = pd.DataFrame({name: values, "x": np.sin(np.arange(len(values)))})
    if ids:
        frame = pd.concat([frame.assign(id=one) for one in ids])
    frame.to_csv(tmp_path / "t.csv", index=False)
    return read_recording(tmp_path / "t.csv")


@pytest.mark.parametrize(("values", "first", "what", "a_day"), COUNTS)
@pytest.mark.parametrize("ids", [None, "ab"], ids=["wide", "long"])
def test_a_column_of_dates_holds_dates(tmp_path, values, first, what, a_day, ids):
    recording = read(tmp_path, "Date", values, ids)
    assert recording.time[0] == np.datetime64(first)
    assert recording.sampling_rate_hz == pytest.approx(a_day / 86400, rel=1e-6)
    assert f"The numbers in 'Date' were read as {what}." in recording.notes


@pytest.mark.parametrize("count", [0, 2, 3])
@pytest.mark.parametrize("ids", [None, "ab"], ids=["wide", "long"])
def test_times_that_may_be_dates_are_told(tmp_path, count, ids):
    values, _, what, _ = COUNTS[count]
    recording = read(tmp_path, "time", values, ids)
    assert recording.time[0] == values[0]
    told = f"were taken as seconds. If they are {what}, name the column date."
    assert f"The times in 'time' {told}" in recording.notes


@pytest.mark.parametrize("name", ["time_s", "elapsed seconds", "t"])
def test_seconds_are_not_told_of(tmp_path, name):
    values = COUNTS[0][0]
    said = " ".join(read(tmp_path, name, values).notes)
    assert ("Excel" in said) is (name == "t")


def test_numbers_of_no_known_form_are_told(tmp_path):
    values = [202_311, 202_312, *range(202_401, 202_413)]
    recording = read(tmp_path, "date", values)
    told = "The numbers in 'date' are in no known form of dates: they were taken as seconds."
    assert told in recording.notes
    assert "taken as seconds" not in " ".join(read(tmp_path, "time", values).notes)
