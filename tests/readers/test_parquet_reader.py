"""Parquet in the wide and the long form."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.readers.missing import GREATEST
from core.signals.recording import DataError


def written(tmp_path, columns, **options):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_wide_with_times_labels_and_what_is_left_out(tmp_path):
    times = pd.date_range("2020-01-01", periods=10, freq="1s")
    path = written(
        tmp_path,
        {
            "when": times,
            "x": np.arange(10, dtype=np.float32),
            "state": ["a", "b"] * 5,
            "nested": [[1, 2]] * 10,
            "raw": [b"1.5"] * 10,
        },
    )
    recording = read_recording(path)
    assert recording.channel_names == ("x",)
    assert recording.values.dtype == np.float32
    assert recording.sampling_rate_hz == 1.0
    assert recording.labels["state"].tolist() == ["a", "b"] * 5
    assert "nested (list<" in " ".join(recording.notes)
    assert "raw (binary" in " ".join(recording.notes)
    found = outline(path)
    assert found.time_column == "when"
    assert found.channels == ("x",)
    assert found.label_columns == ("state",)


def test_row_groups_are_joined_and_late_gaps_make_integers_floats(tmp_path):
    path = written(tmp_path, {"x": [1, 2, 3, 4, None, 6], "y": range(6)}, row_group_size=2)
    recording = read_recording(path)
    assert recording.values.tolist() == [[1, 0], [2, 1], [3, 2], [4, 3], [5, 4], [6, 5]]
    assert "x: 1 missing" in " ".join(recording.notes)


def test_long_form_by_detection_and_by_options(tmp_path):
    days = pd.date_range("2020-01-01", periods=3, freq="1D")
    path = written(
        tmp_path,
        {
            "what": ["a"] * 3 + ["b"] * 3,
            "when": [*days, *days],
            "price": [1.0, 2.0, 3.0, 10.0, None, 30.0],
        },
    )
    expected = [[1, 10], [2, 20], [3, 30]]
    recording = read_recording(path)
    assert recording.values.tolist() == expected
    assert recording.channel_names == ("a", "b")
    assert recording.sampling_rate_hz == pytest.approx(1 / 86400)
    options = ReadOptions(id_column="what", time_column="when", value_column="price")
    assert read_recording(path, options).values.tolist() == expected
    assert read_recording(path, ReadOptions(channels=("b",))).values.ravel().tolist() == [
        10,
        20,
        30,
    ]
    with pytest.raises(DataError, match="no series q"):
        read_recording(path, ReadOptions(channels=("q",)))
    with pytest.raises(DataError, match="missing in all"):
        read_recording(path, ReadOptions(missing="error"))


def test_numeric_ids_by_options(tmp_path):
    path = written(tmp_path, {"id": [7, 7, 9, 9], "t": [0, 1, 0, 1], "v": [1.0, 2.0, 3.0, 4.0]})
    options = ReadOptions(layout="long", id_column="id", time_column="t", value_column="v")
    recording = read_recording(path, options)
    assert recording.channel_names == ("7", "9")
    assert recording.values.tolist() == [[1, 3], [2, 4]]


def test_repeated_times_of_a_series_are_noted(tmp_path):
    path = written(tmp_path, {"id": ["a", "a", "a", "b"], "time": [1, 2, 2, 1], "v": [1, 2, 3, 4]})
    recording = read_recording(path, ReadOptions(layout="long"))
    assert recording.values[:, 0].tolist() == [1, 3]
    assert "1 row repeats a time" in " ".join(recording.notes)


def test_faults(tmp_path, monkeypatch):
    good = written(tmp_path, {"x": np.arange(100.0)})
    damaged = tmp_path / "d.parquet"
    damaged.write_bytes(good.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"d\.parquet: The Parquet file is damaged or cut off"):
        read_recording(damaged)
    monkeypatch.setattr("core.signals.readers.limits.MAX_UNPACKED_BYTES", 100)
    with pytest.raises(DataError, match="would unpack to"):
        read_recording(good)
    monkeypatch.undo()
    with pytest.raises(DataError, match="no rows"):
        read_recording(written(tmp_path, {"x": pa.array([], pa.float64())}))
    with pytest.raises(DataError, match="infinite value at row 2"):
        read_recording(written(tmp_path, {"x": [1.0, np.inf, 2.0]}))
    with pytest.raises(DataError, match="'x' should hold numbers, but row 3 holds 'oops'"):
        read_recording(written(tmp_path, {"x": ["1.5", "2", "oops"]}))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint8]),
        st.tuples(st.integers(2, 40), st.integers(1, 5)),
        elements={"allow_nan": False, "allow_infinity": False},
    )
)
def test_round_trip(tmp_path, values):
    values[np.abs(values) > np.float64(GREATEST)] = 0  # they are refused
    names = [f"c{index} x" for index in range(values.shape[1])]
    path = written(tmp_path, {name: values[:, i] for i, name in enumerate(names)}, row_group_size=7)
    recording = read_recording(path, ReadOptions(time_column=None))
    np.testing.assert_array_equal(recording.values, values)
    assert recording.values.dtype == values.dtype
    assert recording.channel_names == tuple(names)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_types_of_other_writers(tmp_path, unit):
    seconds = pa.array(range(2, 42, 2), pa.int64())
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    table = pa.table(
        {
            "time": pc.multiply(seconds, per_second).cast(pa.duration(unit)),
            "x": pa.array([*range(19), None], pa.int64()).cast(pa.decimal128(21, 2)),
            "state": pa.array(["on", "off"] * 10).cast(pa.string_view()),
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    recording = read_recording(path)
    assert recording.sampling_rate_hz == 0.5
    assert recording.time[:2].tolist() == [2, 4]
    assert recording.values[:, 0].tolist() == [*range(19), 18]
    assert recording.labels["state"][1] == "off"
