"""Windows with known anomalies, and the pairs that errors tell apart: against slow references."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import WindowsConfig
from core.signals.recording import Anomaly
from core.window_anomalies import roc_auc, windows_with, within_window
from core.windows import split_windows

RECORDING = np.zeros((60, 2), np.int64)
READY = np.zeros((6, 10, 2), np.int64)  # 60 time steps, counted through all windows
places = st.lists(st.tuples(st.integers(0, 58), st.integers(1, 15)), max_size=4)


@given(places, st.sampled_from([RECORDING, READY]), st.integers(2, 10), st.integers(1, 4))
def test_windows_with_an_anomaly_are_those_that_hold_a_marked_value(found, values, length, stride):
    anomalies = [
        Anomaly("spike", number % 3 - 1, start, min(start + steps, 60))
        for number, (start, steps) in enumerate(found)
    ]
    marked = mark(values, anomalies)
    split = split_windows(marked, WindowsConfig(window_length=length, stride=stride), seed=3)
    for part, windows in split.parts():
        positions = np.arange(len(windows))
        cut, first = windows.take(positions), split.first_steps(part, positions)
        assert windows_with(anomalies, first, length).tolist() == cut.any(axis=(1, 2)).tolist()
        for window, step in zip(cut, first.tolist(), strict=True):
            own = within_window(anomalies, step, length)
            assert mark(np.zeros_like(window), own).tolist() == window.tolist()


def mark(values, anomalies):
    """A copy with 1 at every value of an anomaly; time steps are counted through all windows."""
    marked = values.copy()
    for anomaly in anomalies:
        channels = slice(None) if anomaly.channel < 0 else anomaly.channel
        marked.reshape(-1, 2)[anomaly.start : anomaly.stop, channels] = 1
    return marked


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, math.inf, math.nan]), st.booleans())))
def test_the_share_of_pairs_agrees_with_counting_them(windows):
    errors = np.array([error for error, _ in windows], float)
    is_held = np.array([held for _, held in windows], bool)
    ranked = np.where(np.isnan(errors), math.inf, errors)
    pairs = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one in ranked[is_held]
        for other in ranked[~is_held]
    ]
    expected = np.mean(pairs) if pairs else math.nan
    assert roc_auc(errors, is_held) == pytest.approx(expected, nan_ok=True)
