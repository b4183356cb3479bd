"""The unit of the values: what a file says, and what is set in its place."""

import edfio
import numpy as np
import pytest
import soundfile

from core.config import ReadOptions
from core.signals.readers import outline, read_recording

UNITS = ("time,a,b\n(s),(uV),(uV)\n", "time,a,b\n")


@pytest.mark.parametrize(("head", "said"), list(zip(UNITS, ("uV", ""), strict=True)))
def test_the_unit_that_is_set_is_that_of_the_values(tmp_path, head, said):
    path = tmp_path / "unit.csv"
    path.write_text(head + "\n".join(f"{i / 10},{i % 5}.5,{i % 3}.25" for i in range(100)))
    as_said, set_here = read_recording(path), read_recording(path, ReadOptions(unit=" mV\n"))
    assert (as_said.unit, outline(path).unit) == (said, said)
    assert set_here.unit == "mV"
    np.testing.assert_array_equal(set_here.values, as_said.values)
    notes = [note for note in set_here.notes if note not in as_said.notes]
    told = f"The file says {said}; mV was set and is used, the values as they are."
    assert notes == ([told] if said else [])


def test_the_unit_of_sound_is_shown_before_another_is_set(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.sin(np.arange(500) / 9), 8000)
    assert outline(path).unit == read_recording(path).unit == "full scale"


@pytest.mark.parametrize(
    ("channels", "unit"), [(None, ""), (("A",), "µV"), (("B",), "°C"), (("A", "q"), "µV")]
)
def test_the_unit_of_an_edf_is_that_of_the_channels_chosen(tmp_path, channels, unit):
    digital = np.arange(200, dtype=np.int16)
    path = tmp_path / "two.edf"
    signals = [
        edfio.EdfSignal.from_digital(digital, 10, label=label, physical_dimension=dimension)
        for label, dimension in (("A", "uV"), ("B", "degC"))
    ]
    edfio.Edf(signals).write(path)
    options = ReadOptions(channels=channels, sampling_rate_hz=10)
    assert outline(path, options).unit == unit
    if channels is None or "q" not in channels:
        assert read_recording(path, options).unit == unit


def test_the_unit_of_the_long_form_is_that_of_its_values(tmp_path):
    """Its series are no columns, which the line of units is of."""
    path = tmp_path / "long.csv"
    rows = [f"{series},{index / 10},{index % 5}.5" for series in (1, 2) for index in range(60)]
    path.write_text("\n".join(["id,time,value", "(-),(s),(mV)", *rows]))
    options = ReadOptions(layout="long", id_column="id", value_column="value")
    found = outline(path, options)
    assert (found.layout, found.unit, found.problem) == ("long", "mV", "")
    assert read_recording(path, options).unit == "mV"
