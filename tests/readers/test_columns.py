"""What the columns of a table are, and which lines are rows, whichever way it is parsed."""

import numpy as np
import pandas as pd
import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.readers.csv_comments import Comments
from core.signals.recording import DataError


def written(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def in_format(tmp_path, kind, frame):
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    return path


XYZ = pd.DataFrame({name: np.arange(20.0) * number for number, name in enumerate("xyz", start=1)})


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("chosen", [("x", "y"), ()])
def test_all_channels_are_offered_whatever_is_chosen(tmp_path, kind, chosen):
    found = outline(in_format(tmp_path, kind, XYZ), ReadOptions(channels=chosen))
    assert found.channels == ("x", "y", "z")
    assert bool(found.problem) is not bool(chosen)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_labels_that_were_saved_as_floats_are_no_channels(tmp_path, kind):
    """As SKAB, a benchmark of anomalies in pump signals, writes them."""
    marks = {"anomaly": [0.0, 1.0] * 10, "changepoint": [0.0] * 19 + [np.nan]}
    path = in_format(tmp_path, kind, XYZ.assign(**marks))
    assert outline(path).label_columns == ("anomaly", "changepoint")
    assert read_recording(path).channel_names == ("x", "y", "z")
    targets = in_format(tmp_path, kind, XYZ.assign(target=[20.0, 21.5] * 10))
    assert read_recording(targets).channel_names == ("x", "y", "z", "target")


def test_categories_of_pandas_are_plain_texts(tmp_path):
    times = pd.date_range("2020-01-01", periods=20, freq="1s")
    states = pd.Categorical(["on", "off"] * 10, categories=["never", "off", "on"])
    wide = in_format(tmp_path, "parquet", pd.DataFrame({"t": times, "x": 1.5, "state": states}))
    assert read_recording(wide, ReadOptions(layout="wide")).labels["state"][1] == "off"
    long = pd.DataFrame({"t": np.repeat(times[:10], 2), "who": states, "x": np.arange(20.0)})
    recording = read_recording(in_format(tmp_path, "parquet", long))
    assert recording.channel_names == ("on", "off")  # as they first occur, and no other
    assert recording.values[1].tolist() == [2, 3]


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path):
    with pytest.raises(DataError, match=r"missing\.csv: it cannot be opened \(No such file"):
        read_recording(tmp_path / "missing.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(DataError, match=r"folder\.csv: it cannot be opened \(Is a directory"):
        read_recording(folder)


# Comment lines


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("x\n1\n# pause\n2\n", 1),
        ("x,y\n1,2\n# pause, cable off\n3,4\n", 2),
        ("x y\n1 2\n # pause off\n3 4\n", 2),
        ("x;y\n1;2\n#;\n3;4\n", 2),
        ('x,y,"of ""what"""\n1,2,a\n# it\'s "off"\n3,4,b\n', 2),
    ],
)
def test_a_comment_between_rows_is_left_out(tmp_path, text, columns):
    path = written(tmp_path, "# first\n\n" + text)
    recording = read_recording(path)
    assert recording.values.shape == (2, columns)
    assert recording.values.ravel().tolist() == [*range(1, 2 * columns + 1)]
    assert "1 comment line between the rows was skipped." in recording.notes


def test_a_mark_within_a_cell_is_part_of_it(tmp_path):
    path = written(tmp_path, "x state\n1 A#0\n2 A#1\n3 A#0\n")
    assert read_recording(path).labels["state"].tolist() == ["A#0", "A#1", "A#0"]


def test_the_line_at_fault_is_counted_with_comments(tmp_path):
    for separator in ", ":
        path = written(tmp_path, f"x{separator}y\n1{separator}2\n# pause\n3{separator}?!\n" * 1)
        with pytest.raises(DataError, match="line 4"):
            read_recording(path, ReadOptions(label_columns=[]))


def test_comments_in_blocks():
    comments = Comments("#", '"', first_line=2)
    blocks = [b"# before\nx\n1\n", b'#a\n"q\n', b'# in a cell\n"\n', b"  # b\r\n2\n"]
    assert list(map(comments.blanked, blocks)) == [
        *(b"\nx\n1\n", b'\n"q\n', b'# in a cell\n"\n', b"\r\n2\n")
    ]
    assert comments.found == 2


# The long form


def states(rows, step=1.0):
    """A state and a value at each time: the wide form."""
    on = np.arange(rows) // 35 % 2
    return pd.DataFrame({"time": np.arange(rows) * step, "value": 0.5, "state": on}).replace(
        {"state": {0: "off", 1: "on"}}
    )


def set_back(frame):
    back = np.where(np.arange(len(frame)) < len(frame) // 2, 0.0, 30.0)
    return frame.assign(time=frame["time"] - back)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    "frame",
    [
        *(states(rows) for rows in (2001, 3999, 6000)),  # whose first and last rows overlapped
        states(100).assign(state=["", *["start"], *[""] * 98]),
        states(100).assign(state=["on", "", "off", "on", *[""] * 96]),
        states(2000, 0.1).assign(time=lambda frame: frame["time"] // 1),
        set_back(states(2000)),
    ],
)
def test_a_state_beside_each_value_is_not_the_long_form(tmp_path, kind, frame):
    found = outline(in_format(tmp_path, kind, frame))
    assert found.layout == "wide"
    assert found.label_columns == ("state",)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("times", "names"),
    [
        (np.tile(np.arange(50.0), 2), np.repeat(["a", "b"], 50)),
        (np.repeat(np.arange(50.0), 2), np.tile(["a", "b"], 50)),
        (np.arange(100) // 20, np.tile(["a", "b"], 50)),  # several values at a time
        ([*range(0, 100, 2), *range(1, 100, 2)], np.repeat(["a", "b"], 50)),  # no time in common
        (np.tile(np.arange(2200.0), 2), np.repeat(["a", "b"], 2200)),
    ],
)
def test_times_that_come_again_for_another_text_are_the_long_form(tmp_path, kind, times, names):
    frame = pd.DataFrame({"time": times, "who": names, "value": np.arange(len(times)) + 0.5})
    assert outline(in_format(tmp_path, kind, frame)).layout == "long"


# The index that pandas saves


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("start", [0, 500])
def test_row_numbers_beside_times_are_no_channel(tmp_path, kind, start):
    frame = XYZ.assign(time=np.arange(20) / 4)
    frame.index = [*range(start, start + 20)]
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path) if kind == "csv" else frame.to_parquet(path)
    recording = read_recording(path)
    assert recording.channel_names == outline(path).channels == ("x", "y", "z")
    assert recording.sampling_rate_hz == 4
    index = "column 1" if kind == "csv" else "__index_level_0__"
    assert f"'{index}' counts the rows beside the times in 'time'" in " ".join(recording.notes)
    chosen = read_recording(path, ReadOptions(channels=(index,)))
    assert chosen.values[:2, 0].tolist() == [start, start + 1]


@pytest.mark.parametrize(
    "index", [np.arange(20.0) / 8, np.roll(np.arange(20), 9), [*range(10)] * 2]
)
@pytest.mark.parametrize("time", [True, False])
def test_an_index_without_a_name_is_no_channel(tmp_path, index, time):
    frame = XYZ.assign(time=np.arange(20) / 4) if time else XYZ
    path = tmp_path / "t.parquet"
    frame.set_index(np.asarray(index)).to_parquet(path)
    recording = read_recording(path)
    assert recording.channel_names == ("x", "y", "z")
    told = "'__index_level_0__' is an index that pandas saved: it was left out."
    hint = "" if time else " Set it as the time column if it holds the times."
    assert told + hint in recording.notes
    chosen = read_recording(path, ReadOptions(channels=("x", "__index_level_0__")))
    assert chosen.values[:, 1].tolist() == [*index]


def test_an_index_does_not_hide_the_long_form(tmp_path):
    frame = pd.DataFrame({"time": np.repeat(np.arange(9.0), 2), "who": ["a", "b"] * 9, "v": 1.5})
    frame.to_csv(tmp_path / "t.csv")
    assert outline(tmp_path / "t.csv").layout == "long"


def test_what_does_not_count_by_one_is_a_channel_though_it_has_no_name(tmp_path):
    rows = "".join(f"{i * i},{i / 4},{i}.5\n" for i in range(20))
    assert read_recording(written(tmp_path, f",time,x\n{rows}")).channel_names == ("column 1", "x")
