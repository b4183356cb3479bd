"""Tables as instruments and other programs write them."""

import numpy as np
import pytest

from core.config import ReadOptions
from core.signals.readers import csv_plain, outline, read_recording
from core.signals.recording import DataError

ROWS = "".join(f"{i},{i}.5\n" for i in range(40))


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


@pytest.fixture
def any_size(monkeypatch):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0)


@pytest.mark.usefixtures("any_size")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(("before", "end"), [("", "\n"), ('# 5" pipe\n\n', "\r\n")])
@pytest.mark.parametrize("thousands", ["none", "apostrophe"])
@pytest.mark.parametrize("units", ["", '"(s\n)","(V)"\n'])
def test_line_breaks_in_the_header_cost_no_rows(tmp_path, before, end, encoding, thousands, units):
    text = f'{before}"Flöw\n(l)","Volt\n(V)"\n{units}{ROWS}'.replace("\n", end)
    options = ReadOptions(thousands=thousands, time_column=None)
    recording = read_recording(written(tmp_path, text, encoding), options)
    np.testing.assert_array_equal(recording.values, [[i, i + 0.5] for i in range(40)])
    assert recording.channel_names == ("Flöw (l)", "Volt (V)")


@pytest.mark.parametrize(("row", "gap"), [("40\n", 1), ("# pause\n40\n", 1)])
def test_a_short_row_below_a_header_with_line_breaks(tmp_path, row, gap):
    path = written(tmp_path, f'"x\n(m)","Volt\n(V)"\n{ROWS}{row}')
    recording = read_recording(path, ReadOptions(time_column=None))
    assert len(recording.values) == 41
    assert recording.missing == (0, gap)


# Comments that are none


@pytest.mark.parametrize(
    ("before", "separator", "names"),
    [
        ("# time,a,b\n", ",", ("a", "b")),
        ("# made today, by hand, with care\n#time,a (mV),b\n\n", ",", ("a (mV)", "b")),
        ("# time a b\n", " ", ("a", "b")),
        ('#"time"\t"a"\t"b"\n', "\t", ("a", "b")),
        ("# pause at 10\n", " ", ("column 1", "column 2", "column 3")),
        ("# time,a\n", ",", ("column 1", "column 2", "column 3")),
        ("# time,,b\n", ",", ("column 1", "column 2", "column 3")),
    ],
)
def test_a_header_in_the_last_comment(tmp_path, before, separator, names):
    rows = "".join(separator.join((f"{i / 4}", f"{i}.5", f"{-i}.5\n")) for i in range(9))
    recording = read_recording(written(tmp_path, before + rows))
    assert recording.channel_names == names
    assert recording.sampling_rate_hz == (4.0 if "a" in names[0] else None)
    assert ("last comment line" in " ".join(recording.notes)) == ("a" in names[0])


def test_a_comment_above_a_header_is_none(tmp_path):
    recording = read_recording(written(tmp_path, "# of,these\nx,y\n1,2\n3,5\n"))
    assert recording.channel_names == ("x", "y")


@pytest.mark.parametrize("word", ["#N/A", "#NA", "#DIV/0!", "#NV", "#VALUE!", "#NUM!", "#REF!"])
@pytest.mark.parametrize("separator", [",", ";", " "])
@pytest.mark.parametrize("first", ["", "x{}y\n"])
def test_a_spreadsheets_error_is_a_missing_value(tmp_path, word, separator, first):
    lines = ("1{}2", "{}4", "5{}6", "#{}8", "#NVIDIA{}9", "7{}8")
    rows = "".join(f"{line}\n" for line in lines).replace("{}4", f"{word}{{}}4", 1)
    path = written(tmp_path, (first + rows).replace("{}", separator))
    recording = read_recording(path, ReadOptions(time_column=None))
    assert recording.values.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert recording.missing == (1, 0)
    started = written(tmp_path, (first + f"{word}{{}}2\n3{{}}4\n5{{}}6\n").replace("{}", separator))
    assert read_recording(started, ReadOptions(time_column=None)).missing == (1, 0)


# Units


@pytest.mark.parametrize(
    ("header", "rate", "unit"),
    [
        ("Time,Channel A\n(ms),(V)\n\n", 10_000, "V"),  # PicoScope
        ("time,x\nms,mV\n", 10_000, "mV"),
        ("Time [s],x\n[us],[m/(s)]\n", 1e7, "m/(s)"),
        ("time_ms,x\n,mV\n", 10_000, "mV"),
        ("time,x\ns,\n", 10, ""),
        ("time_ms,x\nsince start,V\n", 10_000, "V"),
    ],
)
def test_the_unit_of_the_times_stands_in_the_line_of_units(tmp_path, header, rate, unit):
    rows = "".join(f"{i * 0.1:.1f},{i}.5\n" for i in range(40))
    recording = read_recording(written(tmp_path, header + rows))
    assert recording.sampling_rate_hz == pytest.approx(rate)
    assert recording.unit == unit
    assert recording.values[:3, 0].tolist() == [0.5, 1.5, 2.5]


def test_a_counted_sample_has_no_unit_of_time(tmp_path):
    """As PhysioNet writes it."""
    rows = "".join(f"{i},{i}.5\n" for i in range(40))
    path = written(tmp_path, f"'sample interval','I'\n'(0.004 sec)','mV'\n{rows}")
    recording = read_recording(path)
    assert recording.channel_names == ("I",)
    assert recording.sampling_rate_hz is None


# Lines before the table


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\n', "SEP=;\n\n# of a test\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_separator_that_is_declared(tmp_path, first, encoding):
    text = f"{first}x;y\n" + "".join(f"{i},5;{i}\n" for i in range(9))
    recording = read_recording(written(tmp_path, text, encoding), ReadOptions(time_column=None))
    assert recording.channel_names == ("x", "y")
    assert recording.values[:2].tolist() == [[0.5, 0], [1.5, 1]]
    assert "left out" not in " ".join(recording.notes)


@pytest.mark.parametrize(
    ("before", "count"),
    [
        ("%OpenBCI Raw EEG Data\n%Sample Rate = 250 Hz\n\n", 3),
        ('"TOA5","CR1000","1","CPU:Signals, all.CR1"\n', 1),
        ("Device,Signal 5\nA remark, with commas, in it, and more\nNo 7\n", 3),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_before_the_table_are_left_out_with_a_note(tmp_path, before, count, end):
    text = before + "index,x,y\n" + "1,2.5,3\n" * 20 + "1,x,3\n"
    path = written(tmp_path, text.replace("\n", end))
    recording = read_recording(path, ReadOptions(channels=("y",)))
    assert recording.values.ravel().tolist() == [3] * 21
    were = "line was" if count == 1 else "lines were"
    assert f"Before the table {count} {were} left out." in recording.notes
    with pytest.raises(DataError, match=f"line {count + 22} holds 'x'"):
        read_recording(path, ReadOptions(channels=("x",), label_columns=()))


@pytest.mark.parametrize("before", ["a,b\n", "Device 5\n", "Device,5\nof,it\n", "Device\nno,5,\n"])
def test_lines_that_may_be_a_header_are_not_left_out(tmp_path, before):
    path = written(tmp_path, before + "1,2.5,3\n" * 20)
    with pytest.raises(DataError, match="lines before the table: remove them"):
        read_recording(path)


def test_a_data_loggers_lines_around_its_header(tmp_path):
    """TOA5, as Campbell Scientific's loggers write it."""
    rows = "".join(f'"2020-01-01 00:{i:02}:00",{i},{i}.5,"NAN"\n' for i in range(1, 40))
    text = (
        '"TOA5","CR1000","1","CR1000.Std.25","CPU:Signals.CR1","1","Table"\n'
        '"TIMESTAMP","RECORD","Wind","Rain"\n"TS","RN","m/s","mm"\n"","","Avg","Tot"\n'
        f'{rows}"2020-01-01 00:40:00",40,40.5,1\n'
    )
    recording = read_recording(written(tmp_path, text), ReadOptions(channels=("Wind", "Rain")))
    assert recording.sampling_rate_hz == pytest.approx(1 / 60)
    assert recording.values[:, 0].tolist() == [i + 0.5 for i in range(1, 41)]
    assert recording.missing == (0, 39)
    assert "The line below it, of text too, was left out." in recording.notes


# Numbers as other places write them


@pytest.mark.parametrize(
    ("thousands", "cells", "values"),
    [
        ("point", ("1.234,5", "2.345.678,25", "3,5"), [1234.5, 2345678.25, 3.5]),
        ("point", ("1.234", "2.345.678", "3"), [1234, 2345678, 3]),
        ("comma", ('"1,234.5"', "2", "3.5"), [1234.5, 2, 3.5]),
        ("space", ("1 100,10", "2\u00a0345\u00a0678,25", "3,5"), [1100.1, 2345678.25, 3.5]),
        ("space", ("1\u202f100.10", "2\u2009000", "3.5"), [1100.1, 2000, 3.5]),
        ("apostrophe", ("1'234,5", "2", "3,5"), [1234.5, 2, 3.5]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("header", ["", "x;y\n"])
def test_thousands_need_no_choice_of_the_decimal_sign(
    tmp_path, thousands, cells, values, encoding, header
):
    text = header + "".join(f"{cell};{i}\n" for i, cell in enumerate(cells))
    options = ReadOptions(thousands=thousands, time_column=None)
    recording = read_recording(written(tmp_path, text, encoding), options)
    assert recording.values[:, 0].tolist() == values


@pytest.mark.parametrize("end", [";", ";;", ";;;"])
def test_separators_at_the_line_ends_make_no_channels(tmp_path, end):
    """Two, as the UCI repository's table of air quality has them."""
    path = written(tmp_path, "".join(f"{line}{end}\n" for line in ("x;y", "1;1", "2;3")))
    assert read_recording(path).channel_names == outline(path).channels == ("x", "y")
    assert "made by separators" in " ".join(read_recording(path).notes)


@pytest.mark.parametrize("rows", [1, 20_000])
def test_signs_that_windows_adds_to_latin1(tmp_path, rows):
    text = "price,unit\n" + "1.5,x\n" * rows + "2.5,€\n"
    assert read_recording(written(tmp_path, text, "cp1252")).labels["unit"][-1] == "€"


@pytest.mark.parametrize(("decimal", "header"), [(".", "x;y\n"), (",", "x;y\n"), (".", "")])
@pytest.mark.parametrize("late", [0, 20_000])
def test_cells_of_blanks_are_missing_values(tmp_path, decimal, header, late):
    rows = [*["7.5;1"] * late, "1.5;2", "  ;2", " NA ;2", " 4.5 ;3", "5;6"]
    path = written(tmp_path, header + "\n".join(rows).replace(".", decimal))
    recording = read_recording(path, ReadOptions(time_column=None))
    np.testing.assert_allclose(recording.values[late:, 0], [1.5, 2.5, 3.5, 4.5, 5])
    assert recording.missing == (2, 0)


def test_a_text_among_blanks_is_named(tmp_path):
    with pytest.raises(DataError, match="line 4 holds 'off'"):
        read_recording(written(tmp_path, "x,y\n1,2\n  ,2\noff,3\n4,5\n5,6\n"))
    with pytest.raises(DataError, match="infinite value in line 4"):
        read_recording(written(tmp_path, "x,y\n1,2\n  ,2\ninf,3\n4,5\n5,6\n"))
