"""Each rule of the diagnosis with evidence made by hand, at both sides of each threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import ExperimentConfig, OutputActivation, choices
from core.diagnosis import SEVERITIES, Evidence, diagnose
from core.diagnosis.words import channels_text, percent

CONFIG = ExperimentConfig().replace({"training.epochs": 20, "model.latent_channels": 8})


def both(mae, mse=None):
    """The errors of both parts."""
    return {
        part: {"mae": mae, "mse": mae**2 if mse is None else mse}
        for part in ("train", "validation")
    }


def row(epoch, loss, val_loss=None, mae=None, val_mae=None):
    val_loss = loss if val_loss is None else val_loss
    mae = loss if mae is None else mae
    val_mae = mae if val_mae is None else val_mae
    return {
        "epoch": epoch,
        "loss": loss,
        "val_loss": val_loss,
        "mae": mae,
        "mse": mae**2,
        "val_mae": val_mae,
        "val_mse": val_mae**2,
        "seconds": 1.0,
    }


def rows(losses, val_losses=None):
    val_losses = losses if val_losses is None else val_losses
    return [row(i, *pair) for i, pair in enumerate(zip(losses, val_losses, strict=True), 1)]


def line(epoch, channels=2, **statistics):
    """A healthy output, but for what is said otherwise: a number for all channels, or a list."""
    healthy = {
        "minimum": 0.1,
        "maximum": 0.9,
        "target_minimum": 0.0,
        "target_maximum": 1.0,
        "at_low": 0.0,
        "at_high": 0.0,
        "target_at_low": 0.0,
        "target_at_high": 0.0,
        "slope": 0.7,
        "spread": 0.9,
    }
    return {"epoch": epoch, "windows": 64} | {
        name: list(value) if isinstance(value, list | tuple) else [value] * channels
        for name, value in (healthy | statistics).items()
    }


def lines(epochs, **statistics):
    return [line(epoch, **statistics) for epoch in range(1, epochs + 1)]


def healthy(**changes):
    """A run in its course that nothing is wrong with: half of the constant's error is gone."""
    plain = {
        "history": rows([0.9, 0.8, 0.7, 0.6, 0.5]),
        "outputs": lines(5),
        "floor": both(0.0),
        "constant": both(1.0, 1.5),
        "channel_names": ("flow", "level"),
        "compression_ratio": 4.0,
    }
    return Evidence(**plain | changes)


def over(**changes):
    """The same, come to its end."""
    return healthy(**{"state": "finished", "is_over": True} | changes)


def kinds(evidence, changes=None):
    return [finding.kind for finding in diagnose(CONFIG.replace(changes or {}), evidence)]


def only(evidence, changes=None):
    (finding,) = diagnose(CONFIG.replace(changes or {}), evidence)
    return finding


RELU = {"model.output_activation": "relu", "normalization.method": "minmax"}
SIGMOID = {"model.output_activation": "sigmoid", "normalization.method": "minmax"}


def test_a_healthy_run_has_no_findings():
    assert kinds(healthy()) == []
    assert kinds(over(), {"training.epochs": 30}) == []  # it was to go on
    assert kinds(Evidence()) == []


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
        "MAE 12.41 mV is 0.6 % above its floor 12.34 mV: what is left is clipping, more training "
        "cannot help."
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


def dead_lines(dead_from, epochs=5, channel=1, **statistics):
    """Channel 1 of 2 is dead from an epoch on."""

    def share(epoch):
        return [1.0 if epoch >= dead_from and c == channel else 0.3 for c in (0, 1)]

    return [line(e, at_low=share(e), **statistics) for e in range(1, epochs + 1)]


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
    evidence = over(outputs=dead_lines(3), history=history, **extremes(0.5))
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
        "47 % of what Tanh says in flow and level lies at an end of its range (−1, 1), where 14 %"
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


@pytest.mark.parametrize(("error", "found"), [(0.99, True), (0.97, False), (1.03, False)])
def test_an_old_run_is_known_by_its_errors_alone(error, found):
    evidence = over(outputs=[], history=rows([error] * 5), errors=both(error))
    assert kinds(evidence) == ["constant"] * found


# No bottleneck


@pytest.mark.parametrize(("ratio", "found"), [(1.0, True), (0.5, True), (1.01, False)])
def test_no_bottleneck(ratio, found):
    assert kinds(healthy(compression_ratio=ratio)) == ["no_bottleneck"] * found


def test_the_remedy_compresses_at_least_four_times():
    question = {"model.latent_channels": 32}  # 25 x 32 latent values for 200 x 4
    finding = only(healthy(compression_ratio=1.0), question)
    assert finding.severity == "info"
    assert finding.remedy == {"model.latent_channels": 8}
    assert "800 values for the 800 of a window" in finding.sentence


def test_where_one_latent_channel_is_too_much_it_is_pooled_more():
    changes = {"model.pooling_steps": 0, "model.latent_channels": 1}  # 200 latent for 200 values
    finding = only(healthy(compression_ratio=1.0), changes)
    assert finding.remedy == {"model.latent_channels": 1, "model.pooling_steps": 2}
    assert finding.remedy_text == "Use 1 latent channel and 2 pooling steps"


# Overfitting


def overfitted(rise=0.3, fall=0.5, after=6):
    """Validation is best in epoch 6, then rises by a share; training falls on by a share."""
    steps = np.arange(1, after + 1) / after
    validation = [*np.linspace(1, 0.5, 6), *(0.5 * (1 + rise * steps))]
    training = [*np.linspace(0.9, 0.4, 6), *(0.4 * (1 - fall * steps))]
    return rows(training, validation)


def test_overfitting_is_told_with_epochs_and_numbers():
    finding = only(over(history=overfitted(), outputs=[]))
    assert (finding.kind, finding.severity) == ("overfitting", "warning")
    assert "Since epoch 6 the validation loss has risen by 25 % in 6 epochs" in finding.sentence
    assert "The weights that were kept are those of epoch 6." in finding.sentence
    assert finding.remedy == {"model.dropout": 0.1, "training.patience": 5}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"rise": 0.08}, True),
        ({"rise": 0.07}, False),  # the mean of the last three epochs has risen by less
        ({"fall": 0.06}, True),
        ({"fall": 0.02}, False),
        ({"after": 3}, True),
        ({"after": 2}, False),
        ({"fall": -0.3}, False),  # both rise: something else
    ],
)
def test_overfitting_needs_a_rise_a_fall_and_epochs(changes, found):
    assert kinds(healthy(history=overfitted(**changes), outputs=[])) == ["overfitting"] * found


def test_a_noisy_validation_loss_is_not_overfitting():
    rng = np.random.default_rng(0)
    mistaken = 0
    for _ in range(300):
        validation = 0.5 + 0.05 * rng.normal(size=30)
        history = rows(np.linspace(0.5, 0.3, 30).tolist(), validation.tolist())
        mistaken += kinds(healthy(history=history, outputs=[])) != []
    assert mistaken <= 3


def test_a_training_loss_that_was_high_in_the_first_epoch_is_no_overfitting():
    """An epoch's training loss is a mean over it: at its end the model was better by far."""
    history = rows([4.3, 0.51, 0.61, 0.7, 0.72, 0.75], [0.39, 0.5, 0.6, 0.7, 0.74, 0.76])
    assert "overfitting" not in kinds(healthy(history=history, outputs=[]))


def test_a_remedy_adds_to_what_there_is():
    changes = {"model.dropout": 0.2, "training.patience": 3}
    assert only(healthy(history=overfitted(), outputs=[]), changes).remedy == {"model.dropout": 0.3}
    changes = {"model.dropout": 0.6, "training.patience": 3}
    assert only(healthy(history=overfitted(), outputs=[]), changes).remedy == {}


# Still falling


def falling(gain, epochs=20):
    """Flat but for the last quarter, which takes a share off."""
    early = epochs - epochs // 4
    return rows([0.5] * early + np.linspace(0.5, 0.5 * (1 - gain), epochs // 4).tolist())


@pytest.mark.parametrize(("gain", "found"), [(0.06, True), (0.04, False)])
def test_a_run_that_gained_to_the_end_is_told_to_go_on(gain, found):
    evidence = over(history=falling(gain))
    assert kinds(evidence) == ["still_falling"] * found
    if found:
        finding = only(evidence)
        assert "The last 5 epochs of 20" in finding.sentence
        assert finding.remedy == {"training.epochs": 40}


def test_one_last_epoch_is_told_in_words():
    changes = {"training.epochs": 6}
    evidence = over(history=rows([0.5] * 5 + [0.46]))
    assert "The last epoch of 6 brought" in only(evidence, changes).sentence


def test_the_gain_is_measured_above_the_floor():
    changes = SIGMOID
    assert kinds(over(history=falling(0.04), floor=both(0.3)), changes) == ["still_falling"]


@pytest.mark.parametrize(
    "changes", [{"state": "cancelled"}, {"state": "running", "is_over": False}]
)
def test_only_a_finished_run_is_told_to_go_on(changes):
    assert kinds(over(history=falling(0.5), **changes)) == []


def test_a_run_that_stopped_early_is_not_told_to_go_on():
    assert kinds(over(history=falling(0.5)), {"training.epochs": 21}) == []


def test_a_best_epoch_long_ago_is_not_still_falling():
    history = [*falling(0.5)[:18], row(19, 0.5), row(20, 0.5)]
    assert kinds(over(history=history)) == []


def test_values_far_from_0_are_normalized_before_more_epochs():
    history = [row(i, 900 - 20 * i) for i in range(1, 21)]
    evidence = over(history=history, constant=both(50, 4000))
    assert only(evidence, {"normalization.method": "none"}).remedy == {
        "normalization.method": "standard"
    }


# Diverged


def test_a_loss_that_was_not_finite_diverged():
    evidence = Evidence(state="failed", is_over=True, reason="Diverged in epoch 1: the loss is ...")
    finding = only(evidence, {"normalization.method": "none"})
    assert (finding.kind, finding.severity) == ("diverged", "error")
    assert finding.remedy == {
        "training.learning_rate": 0.0001,
        "normalization.method": "standard",
    }
    assert only(evidence).remedy == {"training.learning_rate": 0.0001}


def test_another_failure_is_no_divergence():
    assert kinds(Evidence(state="failed", is_over=True, reason="The memory did not suffice.")) == []


@pytest.mark.parametrize(
    ("late", "found"),
    [([3.2] * 3, True), ([2.9] * 3, False), ([3.2, 0.9, 3.2], False), ([3.2, 3.2], False)],
)
def test_a_loss_that_rises_to_a_multiple_and_stays_diverged(late, found):
    history = rows([2.0, 1.0, *late])
    assert ("diverged" in kinds(healthy(history=history, outputs=[]))) == found


def test_a_loss_that_is_still_far_below_its_start_is_unsteady_at_worst():
    assert kinds(healthy(history=rows([9.0, 0.1, 0.4, 0.4, 0.4]), outputs=[])) == []


def test_errors_far_beyond_normalized_values_diverged_from_the_start():
    history = rows([5000.0, 900.0, 600.0, 500.0])
    assert "diverged" in kinds(healthy(history=history, outputs=[]))
    unnormalized = {"normalization.method": "none"}  # on its way to values far from 0
    assert "diverged" not in kinds(healthy(history=history, outputs=[]), unnormalized)


# All together


def test_the_gravest_come_first():
    evidence = healthy(
        outputs=dead_lines(1),
        history=overfitted(),
        compression_ratio=1.0,
    )
    findings = diagnose(CONFIG.replace(RELU), evidence)
    assert [item.kind for item in findings] == ["dead", "overfitting", "no_bottleneck"]
    severities = [SEVERITIES.index(item.severity) for item in findings]
    assert severities == sorted(severities)


shares = st.floats(0, 1)
errors = st.floats(1e-6, 1e6)


@given(
    st.sampled_from(choices(OutputActivation)),
    st.lists(st.tuples(errors, errors), min_size=0, max_size=12),
    st.lists(st.tuples(shares, shares, shares, shares, shares, st.floats(0, 5)), max_size=6),
    st.one_of(st.none(), st.tuples(errors, errors)),
    st.booleans(),
)
def test_whatever_is_known_every_remedy_is_a_valid_change(activation, losses, shapes, known, over_):
    names = ("at_low", "at_high", "target_at_low", "target_at_high", "slope", "spread")
    floor, constant = known or (None, None)
    evidence = Evidence(
        history=[row(i, *pair) for i, pair in enumerate(losses, 1)],
        outputs=[
            line(i, 1, **dict(zip(names, shape, strict=True))) for i, shape in enumerate(shapes, 1)
        ],
        floor=known and both(floor),
        constant=known and both(constant),
        is_over=over_,
        state="finished" if over_ else "running",
        compression_ratio=1.0,
    )
    config = CONFIG.replace({"model.output_activation": activation, "training.epochs": 12})
    findings = diagnose(config, evidence)
    assert len({item.kind for item in findings}) == len(findings)
    for finding in findings:
        assert config.replace(finding.remedy) != config or not finding.remedy
        assert bool(finding.remedy) == bool(finding.remedy_text)
        assert finding.sentence.endswith(".")
        assert "nan" not in finding.sentence


def test_shares_and_channels_in_words():
    assert [percent(x) for x in (0, 0.0004, 0.0061, 0.06, 0.5, 1)] == [
        *("0 %", "under 0.1 %", "0.6 %", "6 %", "50 %", "100 %")
    ]
    evidence = Evidence(channel_names=tuple("abcdefg"))
    assert channels_text(evidence, [0]) == "a"
    assert channels_text(evidence, [0, 2]) == "a and c"
    assert channels_text(evidence, range(5)) == "a, b, c, d and e"
    assert channels_text(evidence, range(7)) == "a, b, c, d and 3 more"
    assert channels_text(evidence, [8]) == "channel 9"
