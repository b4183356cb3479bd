"""An empty cell keeps its column, whatever separates and whatever marks decimals."""

import numpy as np
import pytest

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


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolon"), ("|", "pipe"), ("\t", "tab")])
def test_a_date_ends_with_its_cell_though_commas_mark_decimals(tmp_path, mark, name):
    path = tmp_path / "plain.csv"
    path.write_text("\n".join(f"2024-03-01T10:00:{i:02}{mark}{i % 7},25" for i in range(60)))
    assert outline(path).separator == name
    assert read_recording(path).values[:3, 0].tolist() == [0.25, 1.25, 2.25]
