"""What needs no model: constants and PCA, with what is mere rounding left out."""

import numpy as np
import pytest

from core.baselines import measure_baselines
from core.config import WindowsConfig
from core.windows import split_windows


@pytest.mark.parametrize("windows", [20, 200])
def test_components_that_say_every_training_window_have_no_error(windows):
    values = np.random.default_rng(0).normal(1000, 1, (windows * 10, 4)).astype(np.float32)
    parts = split_windows(values, WindowsConfig(window_length=10, stride=10))
    found = measure_baselines(parts, 1000)
    assert found["pca"]["train"] == {"mae": 0, "mse": 0}
    assert found["constant"]["train"]["mae"] == pytest.approx(0.8, rel=0.1)
    if windows == 20:  # 16 training windows cannot span the 40 values of the others
        assert found["pca"]["validation"]["mae"] > 0.1
    else:
        assert found["pca"]["validation"]["mae"] == 0
