"""An empty cell keeps its column, whatever separates and whatever marks decimals."""

import numpy as np
import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording


@pytest.mark.parametrize("separator", ["\t", ";"])
def test_between_decimal_commas(tmp_path, separator):
    rows = [
        [f"{index / 100:.2f}", f"{index % 7 / 7:.3f}", f"{5 + index % 3 / 3:.3f}"]
        for index in range(400)
    ]
    rows[15][1] = ""
    path = tmp_path / "gap.csv"
    lines = [separator.join(["time", "a", "b"])]
    lines += [separator.join(row).replace(".", ",") for row in rows]
    path.write_text("\n".join(lines))
    recording = read_recording(path)
    expected = [float(row[2]) for row in rows]
    np.testing.assert_allclose(recording.values[:, 1], expected)
    assert recording.missing == (1, 0)


def test_beside_a_date_that_a_semicolon_ends(tmp_path):
    rows = [
        f"2024-03-01T10:{index // 60:02}:{index % 60:02};{index % 7},25" for index in range(300)
    ]
    rows[9] = "2024-03-01T10:00:09;"
    path = tmp_path / "gap.csv"
    path.write_text("\n".join(["time;a", *rows]))
    recording = read_recording(path)
    assert outline(path).separator == "semicolon"
    assert recording.values[:3, 0].tolist() == [0.25, 1.25, 2.25]
    assert recording.sampling_rate_hz == 1.0


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
