"""A slope that is nearly 0 is a fault only where more of the targets need one."""

import pytest

from tests.evidence import SIGMOID, both, kinds, lines, of_channels, over, rows

RELU = {"model.output_activation": "relu", "normalization.method": "none"}


def sparse(targets_at_low, outputs_at_low, **changes):
    """The second of two channels is at 0 most of the time."""
    record = lines(
        5,
        at_low=[0.1, outputs_at_low],
        target_at_low=[0.1, targets_at_low],
        slope=[0.9, 1 - outputs_at_low],
        spread=[0.9, 0.5],
    )
    return over(**{"outputs": record, "history": rows([0.9, 0.8, 0.7, 0.6, 0.5])} | changes)


@pytest.mark.parametrize(
    ("targets", "outputs", "is_found"),
    [(0.993, 0.993, False), (0.993, 0.995, False), (0.993, 0.998, True), (0.9, 0.995, True)],
)
def test_a_rectifier_is_rightly_at_0_where_its_targets_are(targets, outputs, is_found):
    assert ("vanishing" in kinds(sparse(targets, outputs), RELU)) is is_found


@pytest.mark.parametrize(("error", "is_found"), [(0.05, False), (0.5, True)])
def test_a_channel_that_was_learned_has_no_fault_though_the_others_have_much_to_learn(
    error, is_found
):
    known = {"channel_errors": of_channels(0.5, error), "channel_constants": of_channels(1.0, 1.0)}
    floors = {"channel_floors": of_channels(0.0, 0.0), "errors": both(0.5)}
    evidence = sparse(0.99, 0.998, **known, **floors)
    assert ("vanishing" in kinds(evidence, RELU)) is is_found


def test_at_an_open_end_the_slope_vanishes_whatever_the_targets():
    assert "vanishing" in kinds(sparse(0.995, 0.995), SIGMOID)
