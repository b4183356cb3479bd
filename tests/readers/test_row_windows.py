"""Rows that are windows, and arrays whose axes may be the other way round."""

import numpy as np
import pandas as pd
import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

AS_WINDOWS = ReadOptions(layout="windows")
STEPS = np.random.default_rng(0).integers(0, 200, (8, 30))
CLASSES = [1, 2] * 4
MAYBE = (
    "Each row was read as a time step of 31 columns; set the layout to windows if it is a window "
    "with its label first."
)


def written(tmp_path, kind, labels=CLASSES, steps=STEPS, header=True):
    frame = pd.DataFrame(steps, columns=[f"t{n}" for n in range(steps.shape[1])])
    frame.insert(0, "class", labels)
    path = tmp_path / f"set.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t", index=False, header=header)
    return path


@pytest.mark.parametrize("header", [True, False])
def test_whole_numbers_in_rows_are_told_of(tmp_path, header):
    path = written(tmp_path, "tsv", header=header)
    assert len(read_recording(path).values) == 8
    assert MAYBE in read_recording(path).notes
    assert MAYBE in outline(path).notes
    assert MAYBE not in outline(path, ReadOptions(layout="wide")).notes


@pytest.mark.parametrize("steps", [STEPS, STEPS / 8])
@pytest.mark.parametrize("labels", [CLASSES, ["up", "down"] * 4, [True, False] * 4])
@pytest.mark.parametrize(("kind", "header"), [("tsv", False), ("tsv", True), ("parquet", True)])
def test_rows_are_windows_where_that_is_set(tmp_path, kind, header, labels, steps):
    path = written(tmp_path, kind, labels, steps, header)
    found, recording = outline(path, AS_WINDOWS), read_recording(path, AS_WINDOWS)
    np.testing.assert_array_equal(recording.values, steps[:, :, None])
    assert recording.labels["label"].tolist() == labels
    assert (found.layout, found.channels, found.problem) == ("windows", ("channel 1",), "")
    assert read_recording(path, ReadOptions(layout="wide")).is_windowed is False


@pytest.mark.parametrize("kind", ["tsv", "parquet"])
@pytest.mark.parametrize(
    ("labels", "steps", "message"),
    [
        (CLASSES, STEPS[:, :1], "a label and two values|its label and two values"),
        ([1, 2, None, 2] * 2, STEPS, "no label in its first column"),
    ],
)
def test_faults_of_rows_that_are_windows(tmp_path, kind, labels, steps, message):
    with pytest.raises(DataError, match=message):
        read_recording(written(tmp_path, kind, labels, steps), AS_WINDOWS)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(("shape", "told"), [((5, 9), True), ((9, 9), False), ((9, 5), False)])
def test_a_table_that_lies_on_its_side_is_told_of(tmp_path, kind, shape, told):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=shape)).add_prefix("c")
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    note = "There are more channels (9) than time steps (5): turn the table round if its rows are "
    assert (f"{note}channels." in read_recording(path).notes) is told


@pytest.mark.parametrize(
    ("shape", "note"),
    [
        ((64, 1000), "The shape (64, 1000) was read as 64 time steps of 1000 channels; set the"),
        ((3, 64, 100), "The windows were read as 64 time steps of 100 channels; set the axes"),
        ((100, 64), ""),
        ((3, 100, 64), ""),
    ],
)
def test_more_channels_than_time_steps_are_told_of(tmp_path, shape, note):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(shape) + np.arange(shape[-1]))
    notes = read_recording(path).notes
    assert any(said.startswith(note) for said in notes) if note else "axes" not in str(notes)
    assert "axes" not in str(read_recording(path, ReadOptions(axes="channels_last")).notes)
