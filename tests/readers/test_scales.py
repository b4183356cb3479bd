"""Times and values in the scale that a file gives them."""

import os

import edfio
import numpy as np
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
    assert (read_recording(path).unit, outline(path).unit) == ("uV", "uV")
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
