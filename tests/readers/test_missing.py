"""Gaps in channels, their extremes, block by block on several threads, and values of no use."""

import numpy as np
import pandas as pd
import pytest

from core.config import NormalizationConfig, OutputActivation, WindowsConfig, choices
from core.matrix import matrix, normalizations_like
from core.metrics import constant_baseline
from core.signals.readers import missing, read_recording
from core.signals.readers.missing import channel_extremes, without_gaps
from core.signals.recording import DataError
from core.windows import split_windows


@pytest.mark.parametrize("shape", [(50, 3), (50, 20), (50, 4, 3), (1, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_extremes_are_of_all_blocks(monkeypatch, shape, dtype):
    monkeypatch.setattr(missing, "_ROWS_AT_ONCE", 16)
    axes = tuple(range(len(shape) - 1))
    for seed in range(8):  # the ends are now in one block, now in another
        values = np.random.default_rng(seed).uniform(0, 200, shape).astype(dtype)
        lows, highs = channel_extremes(values)
        np.testing.assert_array_equal(lows, values.min(axis=axes), strict=True)
        np.testing.assert_array_equal(highs, values.max(axis=axes), strict=True)


def test_a_gap_in_any_block_is_seen(monkeypatch):
    monkeypatch.setattr(missing, "_ROWS_AT_ONCE", 16)
    values = np.zeros((50, 2))
    values[40, 1] = np.nan
    for ends in channel_extremes(values):
        np.testing.assert_array_equal(ends, [0, np.nan])


@pytest.mark.parametrize("gap", [0.0, np.nan])
@pytest.mark.parametrize("size", [1e100, 1.1e100, -1.7e308])
def test_a_number_that_cannot_be_computed_with_is_refused(gap, size):
    values = np.zeros((50, 2))
    values[40, 1], values[7, 1] = size, gap
    if abs(size) <= missing.GREATEST:
        assert without_gaps(values, "ab", "zero")[0][40, 1] == size
        return
    with pytest.raises(DataError, match=r"'b' holds .* at time step 41 \(1 such value in all\)"):
        without_gaps(values, "ab", "zero")


@pytest.mark.parametrize("size", [missing.GREATEST, -missing.GREATEST])
def test_the_greatest_numbers_have_floors_and_verdicts(size):
    for values in (np.sin(np.arange(400.0) / 9), np.arange(400) == 200, np.ones(400)):
        parts = split_windows(size * values[:, None], WindowsConfig(window_length=20, stride=20))
        constants = constant_baseline(parts)[1]["train"]
        rows = normalizations_like(NormalizationConfig())
        cells = matrix(parts, rows, choices(OutputActivation), "a", constants)
        assert np.isfinite([(cell.train.mse, cell.train.target_low[0]) for cell in cells]).all()


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
@pytest.mark.parametrize("are_dates", [False, True])
def test_a_gap_is_filled_at_its_time(tmp_path, kind, are_dates):
    times = np.array([0.0, 1, 10, 11, 15])
    times = pd.to_datetime(times, unit="s") if are_dates else times
    x = np.array([0.0, np.nan, 10, np.nan, 15])
    path = tmp_path / f"gap.{kind}"
    frame = pd.DataFrame({"time": times, "x": x})
    if kind == "npz":
        np.savez(path, time=np.asarray(times), x=x)
    else:
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    assert read_recording(path).values[:, 0] == pytest.approx([0, 1, 10, 11, 15])


@pytest.mark.parametrize("times", [[0, 1, 1, 3, 3], [0, 4, 1, 2, 3]])
def test_a_gap_is_filled_by_rows_where_times_do_not_rise(tmp_path, times):
    path = tmp_path / "gap.csv"
    frame = pd.DataFrame({"time": np.array(times) / 2, "x": [0, np.nan, 2, np.nan, 4]})
    frame.to_csv(path, index=False)
    assert read_recording(path).values[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_gap_in_the_long_form_is_filled_at_its_time(tmp_path):
    path = tmp_path / "gap.csv"
    path.write_text("id,time,x\na,0.5,0\na,1.5,1\na,10.5,10\nb,0.5,0\nb,10.5,10\n")
    assert read_recording(path).values.tolist() == [[0, 0], [1, 1], [10, 10]]
