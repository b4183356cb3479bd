"""Blank lines in a text table of one column: left out, and counted."""

import pytest

from core.config import ReadOptions
from core.signals.readers import csv_plain, read_recording
from core.signals.readers.csv_blanks import BlankLines


def told(recording):
    return [note for note in recording.notes if "blank line" in note]


@pytest.mark.parametrize("least_bytes", [0, 1 << 40])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("options", [{}, {"separator": "space"}])
@pytest.mark.parametrize(
    ("text", "values", "count"),
    [
        ("x\n1\n2\n\n4\n5\n\n\n", [1, 2, 4, 5], 1),
        ("x\n\n1\n2\n\n\n4\n\n5\n", [1, 2, 4, 5], 3),
        ("1\n2\n\n4.5\n5\n", [1, 2, 4.5, 5], 1),
        ("x\n1\n2\n", [1, 2], 0),
    ],
)
def test_blank_lines_are_counted(
    tmp_path, monkeypatch, least_bytes, end, options, text, values, count
):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", least_bytes)
    path = tmp_path / "t.csv"
    path.write_bytes(text.replace("\n", end).encode())
    recording = read_recording(path, ReadOptions(**options))
    assert recording.values[:, 0].tolist() == values
    were = (
        "1 blank line between the rows was"
        if count == 1
        else f"{count} blank lines between the rows were"
    )
    note = f"{were} left out; write NaN there if values are missing."
    assert told(recording) == ([note] if count else [])


def test_a_comment_is_no_blank_line(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x\n1\n# pause\n2\n")
    assert not told(read_recording(path))


def test_blank_lines_between_rows_of_columns_are_no_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n\n3,5\n")
    assert not told(read_recording(path))


@pytest.mark.parametrize("least_bytes", [0, 1 << 40])
def test_words_for_gaps_in_one_column_are_filled(tmp_path, monkeypatch, least_bytes):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", least_bytes)
    path = tmp_path / "t.csv"
    path.write_text("x\n1\nNaN\n3\n   \n5\n")
    recording = read_recording(path)
    assert recording.values[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert recording.missing == (2,)


def test_blank_lines_in_blocks():
    blanks = BlankLines(first_line=3)
    for block in (b"x\n\n", b"\n1\n\n", b"\n", b"\n2\n", b"3\n\n\n4\n", b"\n\n"):
        blanks.see(block)
    assert blanks.found == 5
