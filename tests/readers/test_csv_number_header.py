"""A first line of numbers: names of columns, or a row."""

import numpy as np
import pandas as pd
import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording

WHOLE = np.random.default_rng(0).integers(0, 50, (40, 5))
PARTS = WHOLE / 8
OCTAVES = [31.5, 63, 125, 250, 500]


def written(tmp_path, first, rows):
    path = tmp_path / "t.csv"
    pd.DataFrame(rows).to_csv(path, header=[f"{name:g}" for name in first], index=False)
    return path


@pytest.mark.parametrize("rows", [WHOLE, PARTS])
@pytest.mark.parametrize(
    "first", [range(5), range(100, 600, 100), np.arange(1, 6) * 0.1953125, [1, 2, 3, 4, 5]]
)
def test_even_steps_name_columns(tmp_path, first, rows):
    path = written(tmp_path, first, rows)
    recording = read_recording(path)
    assert recording.channel_names == tuple(f"{name:g}" for name in first)
    np.testing.assert_array_equal(recording.values, rows)
    [note] = [note for note in outline(path).notes if "first line" in note]
    assert note.endswith("was taken as the header; set the header to no if it is a row.")
    as_row = read_recording(path, ReadOptions(header="no"))
    assert len(as_row.values) == 41
    assert not any("first line" in note for note in as_row.notes)


@pytest.mark.parametrize(
    ("first", "rows", "told"),
    [
        (OCTAVES, WHOLE, True),
        (range(2), np.abs(WHOLE[:, :2] - 25), True),
        (range(3), np.column_stack([np.arange(1, 41), WHOLE[:, :2]]), True),
        (WHOLE[0], WHOLE[1:], False),
        (range(5), np.arange(5, 105).reshape(20, 5), True),
        (range(7, 12), np.arange(12, 112).reshape(20, 5), False),
        ([5, 10, 15, 20], np.outer(range(2, 20), [5, 10, 15, 20]), False),
        ([0, 0.5, 1, 1.5], PARTS.cumsum(axis=1)[:, :4] + np.arange(4), True),
    ],
)
def test_what_may_be_a_row_is_read_as_one(tmp_path, first, rows, told):
    if first is WHOLE[0]:
        assert not (np.diff(first) > 0).all()
    path = written(tmp_path, first, rows)
    recording = read_recording(path, ReadOptions(time_column=None))
    assert recording.values[0].tolist() == [*first]
    notes = [note for note in recording.notes if "first line" in note]
    assert len(notes) == told
    assert all(note.endswith("set the header to yes if it names the columns.") for note in notes)


def test_what_a_text_is_stripped_of_is_no_part_of_a_number(tmp_path):
    """As a record separator, which fuzzing put behind one."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,4\n1\x1e,4\n3,7\n8,8\n")
    assert outline(path).header is False


def test_one_column_that_pandas_did_not_name(tmp_path):
    path = tmp_path / "t.csv"
    pd.Series(PARTS[:, 0]).to_csv(path)
    recording = read_recording(path)
    assert recording.channel_names == ("0",)
    assert recording.values[:, 0].tolist() == PARTS[:, 0].tolist()
    assert recording.missing == (0,)
