"""Tables as instruments and other programs write them."""

import numpy as np
import pytest

from core.config import ReadOptions
from core.signals.readers import csv_plain, read_recording

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
