"""The floors of many pairs at once: the same as of each alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import (
    NormalizationConfig,
    NormalizationMethod,
    NormalizationScope,
    choices,
)
from core.normalization import fit_normalization
from core.output_range import ACTIVATIONS, error_floor
from core.pair_floors import error_floors
from core.windows import Windows

SHARES = ("channel_mae", "channel_mse", "below_share", "above_share", "at_open_end_share")
recordings = hnp.arrays(
    st.sampled_from([np.float64, np.float32]),
    st.tuples(st.integers(1, 3), st.integers(6, 24), st.integers(1, 3)),
    elements=st.one_of(st.sampled_from([0.0, 1.0, -1.0, 6.0]), st.floats(-300, 300, width=32)),
)


@pytest.mark.slow
@given(
    recorded=recordings,
    scope=st.sampled_from(choices(NormalizationScope)),
    clip=st.sampled_from([None, 0.0, 5.0]),
    stride=st.integers(1, 6),
    beyond=st.floats(0.5, 2),
    size=st.sampled_from([1, 1e-13]),
)
@settings(max_examples=25)
def test_many_pairs_have_the_floors_of_each(recorded, scope, clip, stride, beyond, size):
    recorded = (size * recorded).astype(recorded.dtype)
    clip = None if scope == "window" else clip
    train, other = (
        Windows(recorded, 5, stride),
        Windows(recorded * recorded.dtype.type(beyond), 5, stride),
    )
    fits = [
        fit_normalization(
            NormalizationConfig(method=method, scope=scope, clip_percentile=clip), train
        )
        for method in choices(NormalizationMethod)
    ]
    pairs = [(fit, activation) for fit in fits for activation in ACTIVATIONS]
    for windows in (train, other):
        for (fit, activation), found in zip(pairs, error_floors(pairs, windows), strict=True):
            alone = error_floor(fit, activation, windows)
            said = f"{fit.config.method} with {activation}: "
            for name in ("mae", "mse", "huber", *SHARES):
                values = getattr(found, name), getattr(alone, name)
                np.testing.assert_allclose(
                    *values, rtol=1e-9, atol=1e-12 * size, err_msg=said + name
                )
            for name in ("target_low", "target_high"):  # alone, in the values' own precision
                values = getattr(found, name), getattr(alone, name)
                np.testing.assert_allclose(*values, rtol=1e-5, atol=1e-5, err_msg=said + name)


def test_huber_is_half_the_square_near_and_one_half_less_far():
    values = np.array([1.5, 1.0, 0.5, 4.0, 0.0]).reshape(1, 5, 1)
    windows = Windows(values, 5, 5)
    fit = fit_normalization(NormalizationConfig(method="none"), windows)
    floor = error_floor(fit, "sigmoid", windows)  # distances 0.5 and 3
    assert floor.mae == pytest.approx(3.5 / 5)
    assert floor.mse == pytest.approx((0.25 + 9) / 5)
    assert floor.huber == pytest.approx((0.125 + 2.5) / 5)
    assert (floor.target_low[0], floor.target_high[0]) == (0, 4)
