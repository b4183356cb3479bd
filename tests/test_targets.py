"""Normalized targets: all of them while they are few, evenly spaced ones of many."""

import numpy as np
import pytest

from core import targets
from core.config import NormalizationConfig, WindowsConfig
from core.normalization import fit_normalization
from core.windows import split_windows

VALUES = np.random.default_rng(0).normal(3, 2, (2000, 3))


def parts_and_fit(scope):
    parts = split_windows(VALUES, WindowsConfig(window_length=20, stride=20))
    return parts, fit_normalization(NormalizationConfig(scope=scope), parts.train)


@pytest.mark.parametrize("scope", ["channel", "window"])
@pytest.mark.parametrize("channel", [None, 1])
def test_few_targets_are_all_looked_at(scope, channel):
    parts, fit = parts_and_fit(scope)
    slowly = []
    for windows in (parts.train, parts.validation):
        for number in range(len(windows)):
            window = fit.transform(windows.take(np.array([number])))[0]
            slowly.append(window if channel is None else window[:, channel])
    slowly = np.concatenate([block.reshape(-1) for block in slowly])
    found = targets.target_values(fit, parts, channel)
    np.testing.assert_allclose(np.sort(found), np.sort(slowly), atol=1e-5)


@pytest.mark.parametrize("scope", ["channel", "window"])
def test_of_many_targets_an_even_choice_is_looked_at(scope, monkeypatch):
    parts, fit = parts_and_fit(scope)
    everything = targets.target_values(fit, parts)
    monkeypatch.setattr(targets, "MOST_VALUES", 1500)
    some = targets.target_values(fit, parts)
    assert 1000 < len(some) < 1700
    assert some.mean() == pytest.approx(everything.mean(), abs=0.1)
    assert some.std() == pytest.approx(everything.std(), abs=0.1)
