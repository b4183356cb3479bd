"""What is known of dead outputs at the end of a run, and by which results."""

import numpy as np
import pytest

from core.results import PARTS
from tests.evidence import RELU, both, dead_lines, kinds, over

BY_WINDOW = RELU | {"normalization.scope": "window"}


def reconstructed(low, high):
    """Of all windows: the ends of the outputs of two channels; their targets vary."""
    ends = {"output_low": low, "output_high": high, "target_low": [0, 0], "target_high": [9, 9]}
    return {name: {part: np.array(values) for part in PARTS} for name, values in ends.items()}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (BY_WINDOW, True),  # each window's least value, whichever that is
        (BY_WINDOW | {"normalization.method": "none"}, False),
        (BY_WINDOW | {"normalization.method": "log1p"}, False),
        (RELU, False),
    ],
)
def test_a_channel_that_says_the_least_of_each_window_may_be_dead(changes, found):
    evidence = over(outputs=dead_lines(1), errors=both(0.5), **reconstructed([0, 0], [9, 3]))
    assert kinds(evidence, changes) == ["dead"] * found
