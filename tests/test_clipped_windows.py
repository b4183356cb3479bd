"""What an output cuts off the windows."""

import numpy as np
import pytest

from core import clipped_windows as module
from core.clipped_windows import beyond, clipped_windows, reach
from core.config import NormalizationConfig
from core.normalization import fit_normalization
from core.output_range import Reach, error_floor
from core.windows import Windows

RNG = np.random.default_rng(0)


def windows_of(values: np.ndarray, length: int = 10, stride: int = 10) -> Windows:
    return Windows(values[None], length, stride)


def test_the_window_that_loses_most_and_the_one_in_the_middle():
    values = np.zeros((50, 1))
    values[10:20] = 3.0  # loses 2 at each step
    values[20:30] = 1.5
    values[30:40] = 1.25
    values[40:] = 1.125
    windows = windows_of(values)
    fit = fit_normalization(NormalizationConfig(method="none"), windows)
    found = clipped_windows(fit, "sigmoid", windows, np.array([0.5]))
    np.testing.assert_allclose(found.loss, [0, 4, 1, 0.5, 0.25])
    assert (found.most, found.typical) == (1, 3)
    assert (found.clipped, found.windows, found.is_whole) == (4, 5, True)


def test_a_channel_that_never_changes_does_not_divide_by_zero():
    windows = windows_of(np.full((20, 1), 5.0))
    fit = fit_normalization(NormalizationConfig(method="none"), windows)
    found = clipped_windows(fit, "sigmoid", windows, np.zeros(1))
    np.testing.assert_allclose(found.loss, [4.0, 4.0])


@pytest.mark.parametrize("scope", ["channel", "window"])
@pytest.mark.parametrize("method", ["none", "standard", "minmax_symmetric", "log1p"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "relu6", "linear"])
@pytest.mark.parametrize("size", [1, 1e-13])
def test_the_windows_losses_make_up_the_floor(method, scope, activation, size):
    values = (size * RNG.normal(2, 5, (600, 2))).astype(np.float32)
    windows = windows_of(values, 20, 20)
    fit = fit_normalization(NormalizationConfig(method=method, scope=scope), windows)
    found = clipped_windows(fit, activation, windows, np.ones(2))
    floor = error_floor(fit, activation, windows).mae
    assert found.loss.mean() == pytest.approx(floor, rel=1e-6, abs=0)
    if method in ("none", "log1p") and activation != "linear":
        assert floor == pytest.approx(np.maximum(-values, 0).mean(), rel=1e-6, abs=0) or size == 1


def test_clipping_narrows_the_reach():
    values = np.arange(100.0)[:, None]
    windows = windows_of(values)
    scaling = NormalizationConfig(method="minmax", clip_percentile=10)
    fit = fit_normalization(scaling, windows)
    low, high, *_ = reach(fit, "linear", windows.take(np.arange(3)))
    np.testing.assert_allclose([low.item(), high.item()], [9.9, 89.1])


def test_many_windows_are_looked_at_evenly(monkeypatch):
    monkeypatch.setattr(module, "MOST_WINDOWS", 7)
    values = RNG.normal(size=(1000, 1))
    windows = windows_of(values)
    fit = fit_normalization(NormalizationConfig(method="none"), windows)
    found = clipped_windows(fit, "relu", windows, np.ones(1))
    assert len(found.positions) == 7
    assert (found.positions[0], found.positions[-1]) == (0, 99)
    assert not found.is_whole
    whole = np.maximum(-windows.take(found.positions), 0).mean(axis=(1, 2))
    np.testing.assert_allclose(found.loss, whole)


def test_few_windows_are_looked_at_where_each_is_large(monkeypatch):
    monkeypatch.setattr(module, "MOST_VALUES", 25)
    windows = windows_of(RNG.normal(size=(1000, 1)))
    fit = fit_normalization(NormalizationConfig(method="none"), windows)
    assert len(clipped_windows(fit, "relu", windows, np.ones(1)).positions) == 2


def test_values_on_an_end_are_within():
    unit = Reach(0.0, 1.0, 1e-14, 1e-14)
    under, over = beyond(np.array([-1e-15, 0.1 + 0.2, 1.0, 1.5, -2.0]), unit)
    np.testing.assert_allclose(under, [0, 0, 0, 0, 2])
    np.testing.assert_allclose(over, [0, 0, 0, 0.5, 0])
    assert beyond(np.array([0.1 + 0.2]), Reach(-np.inf, 0.3, 0.0, 3e-15))[1].item() == 0
    assert beyond(np.array([1e9]), Reach(-np.inf, np.inf, 0.0, 0.0))[1].item() == 0
