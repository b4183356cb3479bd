"""A text without any number is told from a table that is written in an unknown way."""

import pytest

from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

PROSE = "Dear colleague,\nplease find the minutes below.\nWe agreed on nothing.\nRegards\n"


@pytest.mark.parametrize("text", [PROSE, PROSE.replace(",", ""), "a,b\n\nNA,none\nNA,none\n"])
@pytest.mark.parametrize("look", [read_recording, outline])
def test_a_text_without_numbers_is_no_table(tmp_path, look, text):
    path = tmp_path / "letter.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=r"letter.txt: No numbers were found in this file\. It was"):
        look(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1:2\n3:4\n", "has 2 fields, and no row more than 1"),
        ("a,b\n", "header but no data"),
        ("where,what\nhere,x1\nthere,x2\n", "no column of numbers"),
    ],
)
def test_a_table_that_cannot_be_read_keeps_its_own_error(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_recording(path)


def test_truth_values_are_numbers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("on,off\ntrue,false\nfalse,true\n")
    assert read_recording(path).values.tolist() == [[1, 0], [0, 1]]
