"""Dates as text: the order of day, month and year, and the names of months."""

import numpy as np
import pandas as pd
import pytest

from core.signals.readers import outline, read_recording

YEAR_FIRST = "year before month and day"
DAY_FIRST = "day before month"


def read(tmp_path, texts, ids="a"):
    path = tmp_path / "t.csv"
    rows = [f'{one},"{text}",{i % 7}.5' for one in ids for i, text in enumerate(texts)]
    path.write_text("\n".join(["id,when,x", *rows]))
    assert outline(path).time_column == "when"
    return read_recording(path)


@pytest.mark.parametrize(
    ("form", "order"),
    [
        ("%y/%m/%d", YEAR_FIRST),
        ("%y-%m-%d %H:%M", YEAR_FIRST),
        ("%y.%m.%d", YEAR_FIRST),
        ("%d.%m.%y", DAY_FIRST),
        ("%d-%m-%y", DAY_FIRST),
        ("%d/%m/%y %H:%M:%S", DAY_FIRST),
        ("%d.%m.%Y", ""),
        ("%d %b %Y", ""),
        ("%d %b %Y %H:%M:%S", ""),
        ("%d %B %Y", ""),
        ("%d-%b-%y %H:%M", ""),
        ("%d/%b/%Y", ""),
    ],
)
@pytest.mark.parametrize("first", ["2020-01-20", "2024-01-30", "2012-11-10"])
def test_the_order_of_dates_is_that_of_even_steps(tmp_path, form, order, first):
    times = pd.date_range(first, periods=40, freq="1D")
    recording = read(tmp_path, times.strftime(form))
    np.testing.assert_array_equal(recording.time, times.to_numpy())
    told = [note for note in recording.notes if "were read with" in note]
    shown = f"Dates such as {times[0].strftime(form)!r} were read with the {order}."
    assert told == ([shown] if order else [])


def test_the_order_of_dates_is_told_in_the_long_form_too(tmp_path):
    times = pd.date_range("2020-01-20", periods=40, freq="1D").strftime("%d/%m/%Y")
    recording = read(tmp_path, times, ids="ab")
    assert recording.channel_names == ("a", "b")
    assert "Dates such as '20/01/2020' were read with the day before month." in recording.notes


def test_a_month_that_is_none_is_named(tmp_path):
    texts = pd.date_range("2020-01-20", periods=40, freq="1D").strftime("%d %b %Y").tolist()
    texts[5] = "25 Jamuary 2020"
    with pytest.raises(ValueError, match=r"'when' are not understood: line 7 holds '25 Jamuary"):
        read(tmp_path, texts)
