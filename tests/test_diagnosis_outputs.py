"""Each rule on what an output says, with evidence made by hand, at both sides of each threshold."""

from dataclasses import replace

import numpy as np
import pytest

from core.diagnosis import diagnose
from core.results import MEASURES, PARTS
from tests.evidence import (
    CONFIG,
    RELU,
    SIGMOID,
    both,
    dead_lines,
    healthy,
    kinds,
    line,
    lines,
    only,
    over,
    row,
    rows,
)

# Floor


@pytest.mark.parametrize(("error", "found"), [(12.41, True), (13.57, True), (13.58, False)])
def test_an_error_is_put_down_to_its_floor_up_to_a_tenth_above(error, found):
    evidence = healthy(
        history=[row(1, error)], outputs=[], floor=both(12.34), constant=both(20.0), unit="mV"
    )
    assert kinds(evidence, SIGMOID) == ["floor"] * found


def test_the_floor_is_said_with_its_numbers():
    evidence = healthy(history=[row(1, 12.41)], floor=both(12.34), constant=both(12.34), unit="mV")
    finding = only(evidence, SIGMOID | {"normalization.method": "none"})
    assert finding.sentence == (
        "MAE 12.41 mV is 0.6 % above its floor 12.34 mV: 99.4 % of it is clipping, and training "
        "gains little more. Up to 10 % above counts as at the floor."
    )
    assert finding.severity == "error"
    assert finding.remedy == {"model.output_activation": "linear"}


@pytest.mark.parametrize(("constant", "found"), [(0.99, True), (1.01, False)])
def test_a_floor_under_a_hundredth_of_the_constant_does_not_matter(constant, found):
    evidence = healthy(history=[row(1, 0.01)], floor=both(0.01), constant=both(constant))
    assert kinds(evidence, SIGMOID) == ["floor"] * found


@pytest.mark.parametrize(("constant", "severity"), [(0.99, "error"), (1.01, "warning")])
def test_a_floor_over_a_tenth_of_the_constant_spoils_the_run(constant, severity):
    evidence = healthy(history=[row(1, 0.1)], floor=both(0.1), constant=both(constant))
    assert only(evidence, SIGMOID).severity == severity


def test_the_floor_is_that_of_the_measure_of_the_loss():
    errors = healthy(history=[row(1, 2.0)], floor=both(1.0, 3.9), constant=both(9.0))
    assert kinds(errors, SIGMOID) == []
    finding = only(errors, SIGMOID | {"training.loss": "mse"})
    assert finding.kind == "floor"
    assert finding.sentence.startswith("MSE 4 is 2.6 % above its floor 3.9")


def test_a_floor_of_the_training_part_alone_is_named():
    evidence = healthy(history=[row(1, 1.0, val_mae=2.0)], floor=both(1.0), constant=both(3.0))
    assert "on the training windows" in only(evidence, SIGMOID).sentence


@pytest.mark.parametrize(
    ("activation", "beyond", "remedy"),
    [
        ("linear", False, {"normalization.clip_percentile": None}),
        ("sigmoid", False, {"normalization.clip_percentile": None}),
        (
            "sigmoid",
            True,
            {"model.output_activation": "linear", "normalization.clip_percentile": None},
        ),
    ],
)
def test_clipping_at_percentiles_is_told_from_the_activations(activation, beyond, remedy):
    changes = {"model.output_activation": activation, "normalization.clip_percentile": 5.0}
    record = line(1, target_maximum=3.0 if beyond else 1.0)
    evidence = healthy(history=[row(1, 1.0)], outputs=[record], floor=both(1.0))
    assert only(evidence, changes).remedy == remedy


def test_the_floor_explains_outputs_that_are_flat_at_their_ends():
    flat = lines(5, at_low=0.5, at_high=0.5, slope=0.0, spread=0.01)
    evidence = healthy(outputs=flat, history=rows([1.0] * 5), floor=both(0.99))
    assert kinds(evidence, SIGMOID) == ["floor"]


# Dead


def test_a_dead_channel_is_named_with_the_epoch_it_died_in():
    finding = only(healthy(outputs=dead_lines(3)), RELU)
    assert (finding.kind, finding.severity) == ("dead", "error")
    assert finding.title == "Dead output in 1 of 2 channels"
    assert "gives level nothing but its lowest value, 0" in finding.sentence
    assert "since epoch 3" in finding.sentence
    assert finding.evidence["Dead since epoch"] == [3]
    assert finding.remedy == {"model.output_activation": "linear"}


@pytest.mark.parametrize(("dead_from", "found"), [(4, True), (5, False)])
def test_one_epoch_is_not_enough_to_call_a_channel_dead(dead_from, found):
    assert kinds(healthy(outputs=dead_lines(dead_from)), RELU) == ["dead"] * found


def test_a_channel_that_came_back_is_dead_since_it_went_again():
    came_back = [*dead_lines(1, 2), line(3), *dead_lines(4)[3:]]
    assert "since epoch 4" in only(healthy(outputs=came_back), RELU).sentence
    assert kinds(healthy(outputs=[*dead_lines(1, 4), line(5)]), RELU) == []


def test_a_channel_whose_targets_are_all_at_the_end_is_right_there():
    assert kinds(healthy(outputs=dead_lines(1, target_at_low=1.0)), RELU) == []
    assert kinds(healthy(outputs=dead_lines(1, target_at_low=0.999)), RELU) == ["dead"]


def test_an_open_end_is_never_dead():
    for activation in ("softplus", "exponential", "elu", "sigmoid"):
        assert "dead" not in kinds(
            healthy(outputs=dead_lines(1)), {"model.output_activation": activation}
        )


def test_a_channel_may_die_at_the_upper_end():
    record = lines(5, at_high=[1.0, 0.0])
    finding = only(healthy(outputs=record), RELU | {"model.output_activation": "hard_sigmoid"})
    assert "gives flow nothing but its highest value, 1" in finding.sentence


def extremes(output_high):
    """Of all windows: channel 1's outputs reach so far."""
    one = {part: np.array([0.0, 0.0]) for part in ("train", "validation")}
    return {
        "output_low": one,
        "output_high": {part: np.array([1.0, output_high]) for part in one},
        "target_low": one,
        "target_high": {part: np.ones(2) for part in one},
    }


@pytest.mark.parametrize(("output_high", "found"), [(0.0, True), (0.5, False)])
def test_death_is_confirmed_on_all_windows_at_the_end(output_high, found):
    evidence = over(outputs=dead_lines(2), **extremes(output_high))
    assert ("dead" in kinds(evidence, RELU)) == found


def test_weights_from_before_the_death_do_not_deny_it():
    history = rows([0.5, 0.4, 0.6, 0.7, 0.8])
    known = extremes(0.5) | {"errors": both(0.4)}
    evidence = over(outputs=dead_lines(3), history=history, **known)
    assert "The weights that were kept are those of epoch 2, before." in (
        diagnose(CONFIG.replace(RELU), evidence)[0].sentence
    )


def test_without_recorded_outputs_all_windows_tell():
    assert "dead" in kinds(over(outputs=[], **extremes(0.0)), RELU)
    assert "dead" not in kinds(over(outputs=[], **extremes(0.5)), RELU)
    assert "dead" not in kinds(over(outputs=[], **extremes(0.0)), SIGMOID)


def test_where_sparse_signals_died_as_a_whole_the_loss_is_changed_too():
    evidence = healthy(outputs=lines(5, at_low=1.0), constant=both(0.2, 1.0))
    assert only(evidence, RELU).remedy == {
        "model.output_activation": "linear",
        "training.loss": "mse",
    }


# Saturated


@pytest.mark.parametrize(("share", "found"), [(0.31, True), (0.29, False)])
def test_outputs_well_above_the_targets_share_are_saturated(share, found):
    evidence = healthy(outputs=lines(3, at_high=share, target_at_high=0.1))
    assert kinds(evidence, SIGMOID) == ["saturated"] * found


@pytest.mark.parametrize(("error", "found"), [(0.26, True), (0.24, False)])
def test_saturation_matters_only_while_much_is_not_learned(error, found):
    evidence = healthy(outputs=lines(3, at_high=0.9), history=[row(1, error)])
    assert kinds(evidence, SIGMOID) == ["saturated"] * found


def test_saturation_takes_two_recorded_epochs():
    at_end = line(2, at_low=0.9)
    assert kinds(healthy(outputs=[line(1), at_end]), SIGMOID) == []
    assert kinds(healthy(outputs=[at_end]), SIGMOID) == []
    assert kinds(healthy(outputs=[at_end, line(3, at_low=0.8)]), SIGMOID) == ["saturated"]


def test_the_sentence_counts_the_end_that_outputs_are_at():
    record = lines(2, at_high=0.47, target_at_high=0.14, target_at_low=0.25)
    changes = {"model.output_activation": "tanh", "normalization.method": "standard"}
    finding = only(healthy(outputs=record), changes)
    assert finding.sentence.startswith(
        "47 % of what Tanh says in flow and level lies within 0.02 of an end of its range "
        "(−1, 1), where 14 %"
    )


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        (SIGMOID | {"training.learning_rate": 0.1}, {"training.learning_rate": 0.01}),
        (SIGMOID, {"model.output_activation": "linear"}),
        (
            {"model.output_activation": "tanh", "normalization.method": "standard"},
            {"normalization.method": "minmax_symmetric"},
        ),
        (
            {"model.output_activation": "sigmoid", "normalization.method": "standard"},
            {"normalization.method": "minmax"},
        ),
    ],
)
def test_the_remedy_of_saturation_depends_on_its_cause(changes, remedy):
    assert only(healthy(outputs=lines(2, at_low=0.9)), changes).remedy == remedy


# Vanishing


@pytest.mark.parametrize(("slope", "found"), [(0.009, True), (0.011, False)])
def test_a_slope_under_a_hundredth_of_the_steepest_vanishes(slope, found):
    evidence = healthy(outputs=lines(3, slope=[slope, 0.5]))
    assert kinds(evidence, SIGMOID) == ["vanishing"] * found
    if found:
        finding = only(evidence, SIGMOID)
        assert "0.9 % of its steepest slope in flow" in finding.sentence
        assert finding.title == "Vanishing slope in 1 of 2 channels"


@pytest.mark.parametrize(("error", "found"), [(0.26, True), (0.24, False)])
def test_a_flat_output_far_above_the_floor_is_a_fault(error, found):
    evidence = healthy(outputs=lines(3, slope=0.001), history=[row(1, error)])
    assert kinds(evidence, SIGMOID) == ["vanishing"] * found


def test_the_slope_of_a_linear_output_never_vanishes():
    flat = healthy(outputs=lines(5, slope=0.0))
    assert kinds(flat, {"model.output_activation": "tanh"}) == ["vanishing"]
    assert kinds(flat, {"model.output_activation": "linear"}) == []


def test_vanishing_takes_three_recorded_epochs():
    assert kinds(healthy(outputs=lines(2, slope=0.001)), SIGMOID) == []
    assert kinds(healthy(outputs=[line(1), *lines(2, slope=0.001)]), SIGMOID) == []


def test_a_channel_has_one_heading():
    """Of four channels the first three say constants, each for another reason."""
    record = lines(
        4,
        channels=4,
        at_low=[1.0, 0.2, 0.2, 0.0],
        slope=[0.0, 0.001, 0.6, 0.6],
        spread=[0.0, 0.001, 0.001, 0.9],
    )
    evidence = healthy(outputs=record, channel_names=("a", "b", "c", "d"))
    findings = diagnose(CONFIG.replace(RELU), evidence)
    assert [(item.kind, item.evidence["Channel"]) for item in findings] == [
        ("dead", ["a"]),
        ("vanishing", ["b"]),
        ("constant", ["c"]),
    ]


# Constant


@pytest.mark.parametrize(
    ("spread", "error", "found"),
    [(0.09, 0.99, True), (0.11, 0.99, False), (0.09, 0.97, False), (0.09, 1.4, True)],
)
def test_a_constant_model_hardly_varies_and_is_no_better_than_a_constant(spread, error, found):
    evidence = healthy(outputs=lines(3, spread=spread), history=rows([error] * 3))
    assert kinds(evidence) == ["constant"] * found


@pytest.mark.parametrize(("spread", "found"), [(0.019, True), (0.021, False)])
def test_a_single_constant_channel_is_known_by_its_spread_alone(spread, found):
    evidence = healthy(outputs=lines(3, spread=[0.9, spread]))
    assert kinds(evidence) == ["constant"] * found
    if found:
        assert "The output in level varies 1.9 % as much as the targets" in only(evidence).sentence


def test_a_constant_takes_three_recorded_epochs():
    like = rows([1.0, 1.0])
    assert kinds(healthy(outputs=lines(2, spread=0.0), history=like)) == []
    assert kinds(healthy(outputs=[line(1), *lines(2, spread=0.0)], history=like)) == []


def test_a_channel_whose_targets_are_constant_is_none():
    record = lines(3, spread=[0.0, 0.0], target_minimum=[0, 5.0], target_maximum=[1.0, 5.0])
    assert only(healthy(outputs=record, history=rows([1.0] * 3))).evidence["Channel"] == ["flow"]


def test_a_channel_that_the_activation_cannot_say_is_not_blamed_on_the_learning():
    record = lines(3, spread=[0.001, 0.9], target_maximum=[200.0, 1.0])
    assert kinds(healthy(outputs=record), SIGMOID) == []
    assert kinds(healthy(outputs=record)) == ["constant"]


@pytest.mark.parametrize(
    ("changes", "constant", "remedy"),
    [
        ({"normalization.method": "none"}, both(80, 1e4), {"normalization.method": "standard"}),
        ({"normalization.method": "none"}, both(8e-4, 1e-6), {"normalization.method": "standard"}),
        ({"normalization.method": "none"}, both(0.8, 1.0), {"training.learning_rate": 0.003}),
        ({"training.learning_rate": 0.3}, both(0.8, 1.0), {"training.learning_rate": 0.03}),
        ({}, both(0.49, 1.0), {"training.loss": "mse"}),
        ({}, both(0.51, 1.0), {"training.learning_rate": 0.003}),
        ({"training.loss": "mse"}, both(0.3, 0.6), {"training.learning_rate": 0.003}),
        ({"training.learning_rate": 1e-6}, both(0.8, 1.0), {"training.learning_rate": 0.001}),
        ({"training.learning_rate": 0.003}, both(0.8, 1.0), {"training.epochs": 40}),
        (
            {"training.learning_rate": 0.001, "training.optimizer": "sgd"},
            both(0.8, 1.0),
            {"training.learning_rate": 0.01},
        ),
    ],
)
def test_the_remedy_of_a_constant_depends_on_its_cause(changes, constant, remedy):
    error = constant["train"]["mae"] * 1.5
    evidence = healthy(
        outputs=lines(3, spread=0.0), constant=constant, history=[row(i, error) for i in (1, 2, 3)]
    )
    assert only(evidence, changes).remedy == remedy


# No better than a constant


@pytest.mark.parametrize(("error", "found"), [(0.99, True), (0.97, False), (1.4, True)])
@pytest.mark.parametrize("outputs", [[], lines(3)])  # an old run has recorded none
def test_a_run_that_is_over_may_be_no_better_than_a_constant(outputs, error, found):
    evidence = over(outputs=outputs, history=rows([error] * 5), errors=both(error), unit="mV")
    assert kinds(evidence) == ["no_better"] * found
    assert kinds(replace(evidence, is_over=False)) == []
    if found:
        sentence = f"MAE {error} mV, the best constant's 1 mV: to say the median"
        assert only(evidence).sentence.startswith(sentence)
        assert only(evidence).evidence["MAE of the best constant"] == "1 mV"
        assert only(evidence).remedy == {"training.learning_rate": 0.003}


def test_who_is_no_better_but_still_falls_is_told_to_go_on():
    history = rows(np.linspace(2.0, 1.0, 20).tolist())
    assert kinds(over(history=history, errors=both(1.0))) == ["still_falling"]


def channels_beside(errors, constants=(1.0, 2.0), **changes):
    """A run that is over, with errors of two channels beside those of the best constants."""
    beside = {"channel_errors": errors, "channel_constants": constants}
    of_parts = {
        name: {part: dict.fromkeys(MEASURES, np.array(values)) for part in PARTS}
        for name, values in beside.items()
    }
    return over(**of_parts | changes)


@pytest.mark.parametrize(
    ("errors", "constants", "found"),
    [
        ((0.3, 1.96), (1.0, 2.0), True),
        ((0.3, 1.95), (1.0, 2.0), False),
        ((0.3, 0.0), (1.0, 0.0), False),  # a constant channel is learned
        ((0.3, 5.0), (1.0,), False),  # as a damaged file may have it
    ],
)
def test_a_channel_that_was_not_learned_is_named(errors, constants, found):
    evidence = channels_beside(errors, constants)
    assert kinds(evidence) == ["no_better"] * found
    if found:
        finding = only(evidence)
        assert finding.title == "No better than a constant in 1 of 2 channels"
        assert "In level the model does no better than a constant" in finding.sentence
        assert "MAE on validation is 1.96, the best constant's 2." in finding.sentence
        assert finding.evidence["Channel"] == ["level"]


def test_a_channel_is_told_to_go_on_while_the_run_is_falling():
    history = rows(np.linspace(0.9, 0.5, 5))
    evidence = channels_beside((0.3, 2.0), history=history)
    changes = {"training.epochs": 5}
    assert set(kinds(evidence, changes)) == {"still_falling", "no_better"}
    remedies = {f.kind: f.remedy for f in diagnose(CONFIG.replace(changes), evidence)}
    assert remedies["no_better"] == remedies["still_falling"] == {"training.epochs": 10}


def test_a_channel_that_is_dead_is_not_told_again():
    evidence = channels_beside((0.3, 2.0), outputs=dead_lines(1))
    assert kinds(evidence, RELU) == ["dead"]


def test_two_epochs_are_too_few_to_call_a_run_no_better():
    evidence = over(history=rows([1.0] * 2), errors=both(1.0))
    assert kinds(evidence) == []


@pytest.mark.parametrize(("pca", "is_blamed"), [(0.99, True), (0.97, False), (None, False)])
def test_data_that_components_cannot_hold_either_need_a_larger_latent_layer(pca, is_blamed):
    known = both(0.8, 1.0), pca and both(0.5, pca)
    evidence = over(history=rows([0.8] * 5), errors=both(0.8, 1.0), constant=known[0], pca=known[1])
    finding = only(evidence)
    assert ("larger latent layer" in finding.sentence) == is_blamed
    wanted = {"model.latent_channels": 16} if is_blamed else {"training.learning_rate": 0.003}
    assert finding.remedy == wanted
