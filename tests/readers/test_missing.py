"""Extremes of channels, found block by block on several threads."""

import numpy as np
import pytest

from core.signals.readers import missing
from core.signals.readers.missing import channel_extremes


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
