"""Text tables: dialects, roles of columns, and the faults that are named by their line."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

ROWS = np.array([[1.5, 20.0], [2.5, 30.25], [-3.5, 40.0], [4.0, 1e-3]])


def written(tmp_path, text, name="table.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def table(separator=",", decimal=".", end="\n", header="a,b", before=""):
    lines = [header.replace(",", separator)] if header else []
    lines += [separator.join(repr(float(v)).replace(".", decimal) for v in row) for row in ROWS]
    return before + end.join(lines) + end


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (table(), "utf-8"),
        (table("\t"), "utf-8"),
        (table(";"), "utf-8"),
        (table(";", ","), "utf-8"),
        (table("\t", ","), "utf-8"),
        (table("|"), "utf-8"),
        (table("   "), "utf-8"),
        (table(end="\r\n"), "utf-8"),
        (table(end="\r"), "utf-8"),
        (table(), "utf-8-sig"),
        (table(), "utf-16"),
        (table(), "utf-16-le"),
        (table(), "utf-16-be"),
        (table(";", ",", end="\r\n"), "utf-16"),
        (table(before="# a remark, with commas\n\n# more\n"), "utf-8"),
        (table(header="'a','b'"), "utf-8"),
        (table(header='"a","b"'), "utf-8"),
        (table()[:-1], "utf-8"),
        (table(end="\n\n"), "utf-8"),
        (table().replace("30.25\n", "30.25\n# remark\n"), "utf-8"),
    ],
)
def test_every_dialect_gives_the_same_values(tmp_path, text, encoding):
    recording = read_recording(written(tmp_path, text, encoding=encoding))
    np.testing.assert_array_equal(recording.values, ROWS)
    assert recording.channel_names == ("a", "b")
    assert recording.time is None


def test_outline_shows_what_is_read(tmp_path):
    path = written(tmp_path, "# remark\nzeit;wert\n0,5;1,25\n1,0;2,5\n1,5;3,75\n")
    found = outline(path)
    assert (found.separator, found.decimal, found.header) == ("semicolon", "comma", True)
    assert (found.comment_lines, found.encoding) == (1, "utf-8")
    assert found.columns == ("zeit", "wert")
    assert found.time_column == "zeit"
    assert found.channels == read_recording(path).channel_names == ("wert",)
    assert read_recording(path).sampling_rate_hz == 2.0
    assert found.preview["wert"].tolist() == [1.25, 2.5, 3.75]


def test_no_header_is_detected(tmp_path):
    recording = read_recording(written(tmp_path, table(header="")))
    np.testing.assert_array_equal(recording.values, ROWS)
    assert recording.channel_names == ("column 1", "column 2")


def test_options_override_what_is_detected(tmp_path):
    path = written(tmp_path, "1.5,2.5\n3.5,4.5\n5.5,6.5\n")
    recording = read_recording(path, ReadOptions(header="yes"))
    assert recording.channel_names == ("1.5", "2.5")
    assert recording.values.tolist() == [[3.5, 4.5], [5.5, 6.5]]


def test_quoted_names_and_a_counted_column_as_physionet_writes_them(tmp_path):
    rows = "".join(f"{i},{i / 8},{-i}.5\n" for i in range(30))
    recording = read_recording(written(tmp_path, f"'sample #','MLII','V5'\n{rows}"))
    assert recording.channel_names == ("MLII", "V5")
    assert recording.values.shape == (30, 2)
    assert "counts the rows" in " ".join(recording.notes)


def test_a_line_of_units(tmp_path):
    rows = "".join(f"{i / 4},{i}.5,{i}.25\n" for i in range(9))
    text = f"'Elapsed time','I','II'\n'seconds','mV','mV'\n{rows}"
    recording = read_recording(written(tmp_path, text))
    assert recording.channel_names == ("I", "II")
    assert recording.unit == "mV"
    assert recording.sampling_rate_hz == 4.0


@pytest.mark.parametrize(
    ("first", "step", "form", "rate"),
    [
        ("2014-04-01 00:00:00", "5min", "%Y-%m-%d %H:%M:%S", 1 / 300),
        ("2014-04-01", "10ms", "%Y-%m-%dT%H:%M:%S.%f", 100.0),
        ("2014-04-01", "1h", "%d.%m.%Y %H:%M", 1 / 3600),
        ("2014-04-01", "1h", "%m/%d/%Y %H:%M:%S", 1 / 3600),
        ("2014-04-01", "1D", "%Y-%m-%d", 1 / 86400),
    ],
)
def test_timestamps_become_the_time_axis(tmp_path, first, step, form, rate):
    times = pd.date_range(first, periods=40, freq=step)
    text = "when,x\n" + "".join(f"{t.strftime(form)},{i}.5\n" for i, t in enumerate(times))
    recording = read_recording(written(tmp_path, text))
    assert recording.channel_names == ("x",)
    assert recording.sampling_rate_hz == pytest.approx(rate, rel=1e-12)
    np.testing.assert_array_equal(recording.time, times.to_numpy())


def test_seconds_rounded_to_milliseconds_are_regular(tmp_path):
    text = "time,x\n" + "".join(f"{i / 360:.3f},{i}.5\n" for i in range(361))
    assert read_recording(written(tmp_path, text)).sampling_rate_hz == pytest.approx(360, rel=1e-3)


def test_unsorted_and_repeated_times_are_noted(tmp_path):
    text = "time,x\n0.0,1\n0.5,2\n0.25,3\n0.25,4\n"
    recording = read_recording(written(tmp_path, text))
    assert recording.values.ravel().tolist() == [1, 2, 3, 4]
    assert recording.sampling_rate_hz is None
    assert "go back 1 time, first in line 4" in " ".join(recording.notes)
    assert "repeat" in " ".join(recording.notes)


def test_text_columns_are_labels_and_can_be_left_out(tmp_path):
    path = written(tmp_path, "x,state,y\n1,up,4\n2,down,5\n3,up,7\n")
    recording = read_recording(path)
    assert recording.channel_names == ("x", "y")
    assert recording.labels["state"].tolist() == ["up", "down", "up"]
    assert read_recording(path, ReadOptions(label_columns=())).labels == {}
    numeric = read_recording(path, ReadOptions(label_columns=("y",)))
    assert numeric.labels["y"].tolist() == [4, 5, 7]
    assert numeric.channel_names == ("x",)


def test_channels_restrict_and_order(tmp_path):
    path = written(tmp_path, "x,y,z\n1,4,7\n2,5,8\n")
    recording = read_recording(path, ReadOptions(channels=("z", "x")))
    assert recording.channel_names == ("z", "x")
    assert recording.values.tolist() == [[7, 1], [8, 2]]
    with pytest.raises(DataError, match=r"table\.csv: There is no channel q\. There are: x, y, z"):
        read_recording(path, ReadOptions(channels=("q",)))
    assert "no channel q" in outline(path, ReadOptions(channels=("q",))).problem


def test_integers_stay_integers_and_booleans_become_numbers(tmp_path):
    recording = read_recording(written(tmp_path, "x,on\n1,true\n2,false\n"))
    assert recording.values.dtype.kind in "iu"
    assert recording.values.tolist() == [[1, 1], [2, 0]]
    assert "True and false" in " ".join(recording.notes)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("interpolate", [1, 2, 3, 3]), ("previous", [1, 1, 3, 3]), ("zero", [1, 0, 3, 0])],
)
def test_missing_values_are_filled_and_counted(tmp_path, policy, expected):
    path = written(tmp_path, "x,y\n1,1\n,2\n3,4\nNA,9\n")
    recording = read_recording(path, ReadOptions(missing=policy))
    assert recording.values[:, 0].tolist() == expected
    assert "x: 2 missing values" in " ".join(recording.notes)
    with pytest.raises(DataError, match="'x' has no value at line 3, and 2 values"):
        read_recording(path, ReadOptions(missing="error"))


def test_a_short_row_is_filled_with_a_note(tmp_path):
    recording = read_recording(written(tmp_path, "x,y\n1,1\n2\n3,5\n"))
    assert recording.values.tolist() == [[1, 1], [2, 3], [3, 5]]
    assert "too short" in " ".join(recording.notes)


def test_separators_at_the_line_ends_make_no_channel(tmp_path):
    recording = read_recording(written(tmp_path, "x,y,\n1,1,\n2,3,\n"))
    assert recording.channel_names == ("x", "y")


def test_names_are_made_unique_short_and_visible(tmp_path):
    long = "n" * 300
    text = f'a,a,,"x\u200b\u202ey",{long}\n1,2,3,4,5\n2,3,4,5,7\n'
    recording = read_recording(written(tmp_path, text))
    assert recording.channel_names[:4] == ("a", "a (2)", "column 3", "xy")
    assert recording.channel_names[4] == "n" * 79 + "…"
    assert "occurs twice" in " ".join(recording.notes)


def test_latin1_is_read_with_a_note(tmp_path):
    early = read_recording(written(tmp_path, "größe,b\n1,2\n2,5\n", encoding="latin-1"))
    assert early.channel_names == ("größe", "b")
    assert "Latin-1" in " ".join(early.notes)
    rows = "1.5,x\n" * 20_000 + "2.5,é\n"
    late = read_recording(written(tmp_path, f"v,name\n{rows}", encoding="latin-1"))
    assert late.labels["name"][-1] == "é"
    assert "Latin-1" in " ".join(late.notes)


def test_thousands_are_asked_for(tmp_path):
    path = written(tmp_path, "x;y\n1.234,5;1\n2.345.678,25;2\n3,5;4\n")
    recording = read_recording(path, ReadOptions(thousands="point", decimal="comma"))
    assert recording.values[:, 0].tolist() == [1234.5, 2345678.25, 3.5]
    with pytest.raises(DataError, match="thousands"):
        read_recording(path)


def test_ucr_windows_and_the_ordinary_table_instead(tmp_path):
    windows = np.random.default_rng(0).normal(size=(8, 30)).round(6)
    lines = ["\t".join([str(1 + i % 2), *map(str, row)]) for i, row in enumerate(windows)]
    path = written(tmp_path, "\n".join(lines), "set.tsv")
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.values, windows[:, :, None])
    assert recording.labels["label"].tolist() == [1, 2] * 4
    assert outline(path).layout == "windows"
    assert read_recording(path, ReadOptions(layout="wide")).values.shape == (8, 31)


def test_the_long_form_is_turned(tmp_path):
    text = "id,time,v\na,1,10\na,2,20\nb,2,200\nb,3,300\na,3,30\n"
    path = written(tmp_path, text)
    recording = read_recording(path, ReadOptions(missing="zero"))
    assert recording.channel_names == ("a", "b")
    assert recording.values.tolist() == [[10, 0], [20, 200], [30, 300]]
    assert recording.time.tolist() == [1, 2, 3]
    assert "b: 1 missing" in " ".join(recording.notes)
    assert outline(path).layout == "long"


def test_a_label_per_time_step_is_not_the_long_form(tmp_path):
    text = "time,state,v\n" + "".join(f"{i},{'ab'[i > 9]},{i}.5\n" for i in range(20))
    recording = read_recording(written(tmp_path, text))
    assert recording.channel_names == ("v",)
    assert recording.labels["state"].shape == (20,)


def test_a_number_too_great_is_missing_with_a_note(tmp_path):
    recording = read_recording(written(tmp_path, "x\n1.0\n1e400\n3.0\n"))
    assert recording.values.ravel().tolist() == [1, 2, 3]
    assert "1e400" in " ".join(recording.notes)


def test_quoted_line_breaks_are_no_open_quotes(tmp_path):
    rows = "".join(f'{i}.5,"one\ntwo"\n' for i in range(5))
    recording = read_recording(written(tmp_path, f"x,text\n{rows}"))
    assert recording.values.ravel().tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]


def test_pieces_are_joined_as_if_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("core.signals.readers.csv_parse._PIECE_BYTES", 200)
    rows = [f"{i},{i if i < 90 else i + 0.5},{'a' if i < 50 else 'b'}" for i in range(150)]
    recording = read_recording(written(tmp_path, "x,y,s\n" + "\r\n".join(rows)))
    assert recording.values[:, 0].tolist()[:3] == [0, 1, 2] or recording.channel_names == ("y",)
    assert recording.values[:, -1].tolist() == [i if i < 90 else i + 0.5 for i in range(150)]
    assert recording.labels["s"].tolist() == ["a"] * 50 + ["b"] * 100


def test_a_date_with_slashes_is_read_in_the_order_that_never_goes_back(tmp_path):
    days = pd.date_range("2014-01-30", periods=12, freq="1D")  # 02/01 ... 02/10 fit both orders
    for form, first in (("%d/%m/%Y", "day before month"), ("%m/%d/%Y", "month before day")):
        text = "date,x\n" + "".join(f"{t.strftime(form)},{i}.5\n" for i, t in enumerate(days[2:]))
        recording = read_recording(written(tmp_path, text))
        np.testing.assert_array_equal(recording.time, days[2:].to_numpy())
        assert first in " ".join(recording.notes)


def test_text_late_in_a_column_is_named_and_late_text_labels_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("core.signals.readers.csv_parse._PIECE_BYTES", 20_000)
    late = "x,s\n" + MANY + "1.5,up\n"
    labels = read_recording(written(tmp_path, late), ReadOptions(label_columns=("s",))).labels["s"]
    assert labels[0] == "0.25"
    assert labels[-1] == "up"
    with pytest.raises(DataError, match="'s' should hold numbers, but line 20002 holds 'up'"):
        read_recording(written(tmp_path, late))


MANY = "".join(f"{i}.5,{i}.25\n" for i in range(20_000))  # beyond the part that is judged


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n \n# only a remark\n", "nothing but blank lines and comments"),
        ("a,b\n", "header but no data"),
        ("a,b\n1,2\n", "only one row"),
        ("a,b\n1,2\n3,4,5\n6,7\n", "Line 3 has 3 fields, the header 2"),
        ("a,b\n1,2,3\n4,5,6\n", "Line 2 has 3 fields, the header 2"),
        (f"a,b\n{MANY}1,2,3\n", "Line 20002 has 3 fields, the header 2"),
        ("a,b\n1,2\n\0,4\n", "Line 3 holds a NUL byte"),
        (f"a,b\n{MANY}\0,3\n", "Line 20002 holds a NUL byte"),
        ('a,b\n1,2\n"3,4\n5,6\n7,8\n', "Line 3 opens a quote"),
        (f'a,b\n{MANY}"3,4\n5,6\n7,8\n', "Line 20002 opens a quote"),
        ("a,b\n1,2\n2,3\n3,x7\n4,5\n", "'b' should hold numbers, but line 4 holds 'x7'"),
        (f"a,b\n{MANY}1,oops\n", "'b' should hold numbers, but line 20002 holds 'oops'"),
        ("a,b\n1,\n2,\n3,\n", "No values at all in: b"),
        ("a,b\n1,2\n2,inf\n3,4\n", "infinite value in line 3, column 'b'"),
        ("a,b\n1,2\n2,123456789012345678901234567890\n3,4\n", "that 64 bits cannot hold"),
        (
            "t,x\n2014-01-01T00:00:00+01:00,1\n2014-01-01T01:00:00+02:00,2\n",
            "mixed time zones",
        ),
        ("t,x\n2014-01-01T00:00:00Z,1\n2014-01-01T01:00:00,2\n", "mixed time zones"),
        ("time,x\n2014-01-01,1\n,2\n2014-01-03,5\n", "'time' is empty in line 3"),
        (
            "time,x\n" + "2014-01-01,1\n" * 20 + "bad,2\n",
            "line 22 holds 'bad'",
        ),
        ("sample,symbol\n18,+\n77,N\n370,N\n", "no column of numbers.*annotations"),
        ("a,b\n" + "x" * 20_000_000, "longer than"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_recording(written(tmp_path, text))
    assert str(caught.value).startswith("table.csv: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# one\n\na,b\n1,2\n\n# x\n3,4,5\n", "Line 7 has 3 fields"),
        ("a,b\n\n1,2\n# two\n\n2,inf\n3,4\n", "infinite value in line 6, column 'b'"),
        ('a,s\n1,"x\ny"\n2,"z"\nfoo,"w"\n', "line 5 holds 'foo'"),
        ("a  b\n1 2\n\n3 4\n5 x\n", "line 5 holds 'x'"),
        ("a,b\r\n1,2\r3,4\n5,x\r\n", "line 4 holds 'x'"),
    ],
)
def test_lines_are_counted_as_an_editor_does(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_recording(written(tmp_path, text.encode()))


@pytest.mark.parametrize("text", ["a b c\n1 2 3\n4 5\n6 7 9\n8\n", "a,b,c\n1,2,3\n4,5\n6,7,9\n8\n"])
def test_short_rows_are_counted_whatever_the_separator(tmp_path, text):
    recording = read_recording(written(tmp_path, text))
    assert "2 rows are too short, the first in line 3" in " ".join(recording.notes)
    assert recording.values[:, 2].tolist() == [3, 6, 9, 9]


def test_a_column_that_counts_the_rows_needs_no_name(tmp_path):
    rows = "".join(f"{i},{i}.5\n" for i in range(30))
    recording = read_recording(written(tmp_path, f",x\n{rows}"))
    assert recording.channel_names == ("x",)
    assert "no name" not in " ".join(recording.notes)


def test_unknown_columns_in_the_options(tmp_path):
    path = written(tmp_path, "a,b\n1,2\n2,3\n")
    for options, what in (
        (ReadOptions(time_column="q"), "time column q"),
        (ReadOptions(label_columns=("q",)), "label column q"),
        (ReadOptions(id_column="q"), "id column q"),
        (ReadOptions(layout="long"), "id column"),
    ):
        with pytest.raises(DataError, match=what):
            read_recording(path, options)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    values=hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.integers(1, 4)),
        elements=st.floats(-1e15, 1e15, allow_subnormal=False),
    ),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)
def test_round_trip(tmp_path, values, separator, decimal, encoding):
    if separator == ",":
        decimal = "."
    names = [f"signal {letter}" for letter in "abcd"[: values.shape[1]]]
    path = tmp_path / "round.csv"
    frame = pd.DataFrame(values, columns=names)
    frame.to_csv(path, sep=separator, decimal=decimal, index=False, encoding=encoding)
    words = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
    options = ReadOptions(
        separator="auto" if values.shape[1] > 1 else words[separator],
        decimal="point" if decimal == "." else "comma",
        time_column=None,
    )
    recording = read_recording(path, options)
    np.testing.assert_array_equal(recording.values, values)
    assert recording.channel_names == tuple(names)


@pytest.mark.parametrize("role", [{"time_column": "x"}, {"label_columns": ("x",)}])
@pytest.mark.parametrize("text", ["t,x\n0,1\n1,2\n2,4\n", ",x\n2:00,"])  # the second by fuzzing
def test_a_column_has_one_role(tmp_path, text, role):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="a channel and as the time or a label: x"):
        read_recording(path, ReadOptions(channels=("x",), **role))


def test_gaps_are_counted_for_each_channel(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("a,b,c\n1,5,1\n,6,\n3,7,\n4,8,4\n")
    recording = read_recording(path)
    assert recording.missing == (1, 0, 2)
    np.testing.assert_array_equal(recording.values, [[1, 5, 1], [2, 6, 2], [3, 7, 3], [4, 8, 4]])
