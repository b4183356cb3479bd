"""Text that would run as a formula in a spreadsheet, and text that would not."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from core.results.window_csv import window_csv
from core.spreadsheets import quoted
from core.views.quoted_frame import quoted_frame

FORMULAS = ("=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(text):
    assert quoted(text)[0] == "'"
    assert quoted(text).replace("'", "") == text.replace("'", "")
    assert quoted(quoted(text)) == quoted(text)


def test_so_does_what_would_where_semicolons_or_tabs_part_the_cells():
    for mark in ";\t\r\n":
        assert quoted(f"a{mark}=1+1{mark} @b") == f"a{mark}'=1+1{mark}' @b"


@pytest.mark.parametrize(
    "text", ["", "a", "a;b", "a;1-2", "a,=1", "a=1", "'=1", "1-2", "MLII", "x@y", "(=1)"]
)
def test_other_text_stays_as_it_is(text):
    assert quoted(text) == text


def test_a_table_keeps_its_numbers_and_quotes_texts_and_headings():
    frame = pd.DataFrame(
        {"run": ["=1+1", "b", None], "=x": [-1.5, 2.0, np.nan], "when": pd.Timestamp("2020-01-01")}
    )
    before = frame.copy()
    safe = quoted_frame(frame)
    assert list(safe.columns) == ["run", "'=x", "when"]
    assert safe["run"].tolist()[:2] == ["'=1+1", "b"]
    assert safe["run"].isna().tolist() == [False, False, True]
    assert safe["'=x"].tolist()[:2] == [-1.5, 2.0]
    assert safe["when"].dtype == frame["when"].dtype
    pd.testing.assert_frame_equal(frame, before)
    named = quoted_frame(pd.DataFrame({"a": [1]}, index=["@x"]))
    assert list(named.index) == ["'@x"]


def test_the_csv_of_a_window_holds_no_formula():
    values = np.ones((3, len(FORMULAS)))
    rows = list(csv.reader(io.StringIO(window_csv(values, values, FORMULAS, None), newline="")))
    assert len(rows) == 4
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@")) for cell in rows[0])
