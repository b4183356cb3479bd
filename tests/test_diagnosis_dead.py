"""What is known of dead outputs at the end of a run, and by which results."""

import numpy as np
import pytest

from core.diagnosis import diagnose
from core.results import PARTS
from tests.evidence import (
    CONFIG,
    RELU,
    both,
    dead_lines,
    healthy,
    kinds,
    lines,
    only,
    over,
    rows,
)

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


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "in all the windows looked at since epoch 3."),  # it failed, say
        (reconstructed([0, 0], [9, 0]), "in every window since epoch 3."),
        (reconstructed([0, 0], [9, 3]), "in all the windows looked at since epoch 3."),
    ],
)
def test_only_what_was_looked_at_is_said_of_windows(known, words):
    history = rows([0.5, 0.4, 0.6, 0.7, 0.8])  # the weights of epoch 2 were kept, if any were
    evidence = over(outputs=dead_lines(3), history=history, **known)
    assert words in only(evidence, RELU).sentence


@pytest.mark.parametrize(("errors", "is_said"), [(None, False), (both(0.5), True)])
def test_without_results_no_weights_were_kept(errors, is_said):
    history = rows([0.5, 0.4, 0.6, 0.7, 0.8])
    evidence = over(outputs=dead_lines(3), history=history, errors=errors)
    (finding,) = (f for f in diagnose(CONFIG.replace(RELU), evidence) if f.kind == "dead")
    assert ("The weights that were kept are those of epoch 2" in finding.sentence) == is_said


@pytest.mark.parametrize(
    ("at_low", "words"),
    [
        ([0.0, 1.0], "so its own error cannot bring it back: only the layers that it shares with"),
        ([1.0, 1.0], "so their own errors cannot bring them back."),
    ],
)
def test_what_still_moves_behind_dead_channels_is_said(at_low, words):
    assert words in only(healthy(outputs=lines(5, at_low=at_low)), RELU).sentence
