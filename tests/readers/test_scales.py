"""Times and values in the scale that a file gives them."""

import os

import edfio
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.signals import store
from core.signals.readers import outline, read_recording


@pytest.mark.parametrize(
    ("name", "step", "rate"), [("time_ms", 10, 100), ("time (min)", 10, 1 / 600), ("time", 2, 0.5)]
)
def test_times_of_the_long_form_are_scaled_once(tmp_path, name, step, rate):
    path = tmp_path / "long.csv"
    rows = [
        f"{series},{index * step + 0.5},{index % 7 / 4}" for series in "ab" for index in range(60)
    ]
    path.write_text("\n".join([f"id,{name},value", *rows]))
    recording = read_recording(path)
    assert recording.values.shape == (60, 2)
    assert recording.sampling_rate_hz == pytest.approx(rate)
    assert np.diff(recording.time) == pytest.approx(1 / rate)


@pytest.mark.parametrize("layout", ["wide", "long"])
@pytest.mark.parametrize(("unit", "name"), [("ms", "elapsed_ms"), ("us", "time"), ("s", "t_ms")])
def test_a_duration_has_the_unit_of_its_type(tmp_path, unit, name, layout):
    steps = np.arange(40) * {"s": 10, "ms": 10_000, "us": 10_000_000}[unit]
    times = pa.array(steps, pa.duration(unit))
    table = pa.table({name: times, "x": np.sin(np.arange(40.0))})
    if layout == "long":
        table = pa.concat_tables(table.append_column("id", pa.array([s] * 40)) for s in "ab")
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    recording = read_recording(path)
    assert recording.sampling_rate_hz == 0.1
    assert recording.time[-1] == 390


@pytest.mark.parametrize("between", ["", "(-)"])
def test_the_line_of_units_is_that_of_the_long_form_too(tmp_path, between):
    rows = [f"{series},{i * 10},{i % 5}.5" for series in "ab" for i in range(60)]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["id,time,value", f"{between},(ms),(mV)", *rows]))
    recording = read_recording(path)
    assert recording.values.shape == (60, 2)
    assert recording.sampling_rate_hz == pytest.approx(100)
    assert (recording.unit, outline(path).unit) == ("mV", "mV")


def test_an_edf_without_a_physical_range_has_no_unit(tmp_path):
    digital = np.arange(200, dtype=np.int16)
    signals = [
        edfio.EdfSignal.from_digital(
            digital, 10, label=label, physical_dimension="uV", physical_range=(-500.0, 500.0)
        )
        for label in ("A", "B")
    ]
    path = tmp_path / "flat.edf"
    edfio.Edf(signals).write(path)
    assert (read_recording(path).unit, outline(path).unit) == ("µV", "µV")
    content = bytearray(path.read_bytes())
    start = 256 + 2 * (16 + 80 + 8)  # of the physical minima, which the maxima follow
    content[start + 16 : start + 24] = content[start : start + 8]
    path.write_bytes(content)
    recording = read_recording(path)
    assert (recording.unit, outline(path).unit) == ("", "")
    assert recording.values[:, 0].tolist() == digital.tolist()
    assert any("digital numbers of the file, in no unit: A." in note for note in recording.notes)


def test_a_use_that_cannot_be_noted_is_no_fault(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(os, "utime", refuse)
    store.note_use("0" * 64, tmp_path)
