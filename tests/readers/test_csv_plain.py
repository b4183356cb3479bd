"""Large tables of numbers: read by pandas to what the other way of reading finds, or left to it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.config import ReadOptions
from core.signals.readers import csv_plain, csv_reader, limits
from core.signals.readers.csv_plain import read_plain
from core.signals.readers.csv_reader import read_csv
from core.signals.readers.csv_sheet import judge_sheet
from core.signals.recording import DataError

OPTIONS = ReadOptions()
NEVER = 1 << 60


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0)


def read(path, least_bytes: int):
    """The recording, or the words of why there is none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_plain, "LEAST_BYTES", least_bytes)
        try:
            return read_csv(path, OPTIONS, "x.csv")
        except DataError as error:
            return str(error)


def check_same(path) -> bool:
    """Both ways read the same; whether the table was plain."""
    plain, other = read(path, 0), read(path, NEVER)
    if isinstance(other, str):
        assert plain == other
        return False
    np.testing.assert_array_equal(plain.values, other.values, strict=True)
    assert (plain.notes, plain.missing) == (other.notes, other.missing)
    assert (plain.channel_names, plain.unit) == (other.channel_names, other.unit)
    return read_plain(path, judge_sheet(path, OPTIONS).dialect) is not None


def plain_values(path) -> np.ndarray | None:
    return read_plain(path, judge_sheet(path, OPTIONS).dialect)


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e6, 1e6).map("{:.3f}".format),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-100, 100).map(str),
    st.sampled_from(["", "nan", "NA", "-nan", "inf", "1e400", "1e-400", " 2.5", "3 ", "+4", ".5"]),
    st.sampled_from(
        ["5.", "-0", "007", "1e5", "1E+2", "0x10", "true", "x", '"6"', "1_000", '"1\n2"']
    ),
    st.sampled_from(
        ['"1.5"', '" 2"', '"3', '""', '"NA"', '"1""2"', '4"', "'5'", '"1,5"', '"1\n2"']
    ),
    st.sampled_from(["2020-01-01", "#", "# 1", "1\0", "\0", "1.2.3", "--1", "1d5", "1e", "é"]),
)
usual = st.floats(-1e6, 1e6).map(repr)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_read_the_same(tmp_path, data):
    columns = data.draw(st.integers(1, 3))
    usual_rows = st.lists(usual, min_size=columns, max_size=columns)
    rows = data.draw(st.lists(usual_rows, min_size=2, max_size=6))
    for _ in range(data.draw(st.integers(0, 2))):  # faults, most often after the first lines
        odd = st.lists(st.one_of(usual, cells), min_size=1, max_size=columns + 1)
        rows.insert(data.draw(st.integers(0, len(rows))), data.draw(odd))
    separator = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    lines = [separator.join(row) for row in rows]
    if data.draw(st.booleans()):
        lines.insert(0, separator.join(["a", "b", "c"][:columns]))
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    content = end.join(lines) + data.draw(st.sampled_from(["", end, 2 * end, f"{end} {end}"]))
    path = tmp_path / "x.csv"
    path.write_bytes(data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + content.encode())
    check_same(path)


def write(path, values, fmt="%r", head="a,b,c") -> None:
    rows = "\n".join(",".join(fmt % value for value in row) for row in values.tolist())
    path.write_text(f"{head}\n{rows}\n")


@pytest.mark.parametrize("kind", ["floats", "integers", "mixed", "gaps", "tiny", "great"])
def test_plain_tables_are_read_to_the_last_digit(tmp_path, kind):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3000, 3)) * 10.0 ** rng.integers(-15, 15, (3000, 3))
    path = tmp_path / "x.csv"
    if kind == "integers":
        values = rng.integers(-(2**60), 2**60, (3000, 3))
    elif kind == "tiny":
        values *= 1e-308
    elif kind == "great":
        values *= 1e3
    write(path, values, fmt="%d" if kind == "integers" else "%r")
    expected = values
    if kind == "mixed":
        text = path.read_text().replace("a,b,c\n", "a,b,c\n1,2,3\n4,5,6\n")
        path.write_text(text)
        expected = np.concatenate([[[1, 2, 3], [4, 5, 6]], values])
    elif kind == "gaps":
        lines = path.read_text().split("\n")
        lines[1500] = ",nan,1.5"
        path.write_text("\n".join(lines))
        expected = values.copy()
        expected[1499] = [np.nan, np.nan, 1.5]
    found = plain_values(path)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == (np.int64 if kind == "integers" else np.float64)
    assert check_same(path)


NOT_PLAIN = (
    *("1,2", "1,2,3,4", "1,2,x", "1,2,inf", "1,2,1e300", "# 1,2,3", "1,2,true", '1,2,"3'),
    *("1,2,-nan", "1,2,1.#QNAN"),
    *("1,2,18446744073709551615", "1,2,99999999999999999999", "1,\x00,3", "1\x00,2,3"),
)


@pytest.mark.parametrize("line", NOT_PLAIN)
@pytest.mark.parametrize("row", [2, 2500])
def test_what_is_not_plain_is_left_to_the_other_way(tmp_path, line, row):
    path = tmp_path / "x.csv"
    write(path, np.random.default_rng(0).standard_normal((3000, 3)))
    lines = path.read_text().split("\n")
    lines.insert(row, line)
    path.write_text("\n".join(lines))
    assert not check_same(path)


@pytest.mark.parametrize("row", [1, 150, 299, 300])
@pytest.mark.parametrize("end", ["\0\n", "\r", "\r\n"])
def test_what_lies_in_any_piece_of_the_file_is_seen(tmp_path, monkeypatch, row, end):
    monkeypatch.setattr(csv_plain, "_PIECE_BYTES", 128)
    path = tmp_path / "x.csv"
    write(path, np.random.default_rng(0).standard_normal((300, 3)))
    dialect = judge_sheet(path, OPTIONS).dialect
    assert csv_plain._may_be_plain(path, dialect)
    lines = path.read_text().removesuffix("\n").split("\n")
    content = "\n".join(lines[: row + 1]) + end + "\n".join(lines[row + 1 :])
    path.write_bytes(content.encode())
    assert csv_plain._may_be_plain(path, dialect) == (end == "\r\n")


def test_too_many_rows_and_an_endless_line_are_found_before_all_is_parsed(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write(path, np.zeros((300, 3)))
    dialect = judge_sheet(path, OPTIONS).dialect
    assert read_plain(path, dialect) is not None
    parsed = []
    monkeypatch.setattr(csv_plain.pd, "read_csv", lambda *given, **options: parsed.append(given))
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MAX_TIME_STEPS", 200)
        assert read_plain(path, dialect) is None
    with path.open("ab") as file:
        file.write(b"1" * 2 * csv_plain._PIECE_BYTES)
    assert read_plain(path, dialect) is None
    assert not parsed


def test_a_small_file_a_column_that_is_no_channel_and_want_of_memory(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    values = np.random.default_rng(0).standard_normal((300, 3))
    write(path, values)
    assert plain_values(path) is not None
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", path.stat().st_size + 1)
    assert plain_values(path) is None
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0)
    asked = []
    monkeypatch.setattr(csv_reader, "read_plain", lambda *given: asked.append(given))
    rows = "\n".join(f"{second},{row[0]!r}" for second, row in enumerate(values.tolist()))
    path.write_text(f"time,a\n{rows}\n")
    assert read_csv(path, OPTIONS, "x.csv").channel_names == ("a",)
    assert not asked
    write(path, values)
    monkeypatch.undo()
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0)

    def too_much(*_, **__):
        raise MemoryError

    monkeypatch.setattr(csv_plain.pd, "read_csv", too_much)
    np.testing.assert_array_equal(read_csv(path, OPTIONS, "x.csv").values, values)


@pytest.mark.slow
def test_a_table_that_is_parsed_in_parts_at_once(tmp_path):
    values = np.random.default_rng(0).standard_normal((150_000, 4)).astype(np.float32)
    path = tmp_path / "x.csv"
    write(path, values.astype(np.float64), head="a,b,c,d")
    assert path.stat().st_size > 10_000_000
    assert check_same(path)
    np.testing.assert_array_equal(plain_values(path), values)
    with path.open("a") as file:
        file.write("1,2,3\n")  # too short, in the last part
    assert not check_same(path)


@pytest.mark.parametrize(
    ("before", "is_plain"),
    [('"x","y"\n', True), ('"x\n(m)","y"\n', False), ('# 5" pipe\nx,y\n', False)],
)
def test_quotes_before_the_rows(tmp_path, before, is_plain):
    path = tmp_path / "x.csv"
    path.write_text(before + "".join(f"{i}.5,{i}.25\n" for i in range(40)))
    assert check_same(path) is is_plain
    assert len(read(path, 0).values) == 40
