"""Each rule on the course of a run with evidence made by hand, at both sides of each threshold."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.config import OutputActivation, choices
from core.diagnosis import SEVERITIES, Evidence, diagnose
from core.diagnosis.words import channels_text
from tests.evidence import (
    CONFIG,
    RELU,
    SIGMOID,
    both,
    dead_lines,
    healthy,
    kinds,
    line,
    only,
    over,
    row,
    rows,
)


def test_a_healthy_run_has_no_findings():
    assert kinds(healthy()) == []
    assert kinds(over(), {"training.epochs": 30}) == []  # it was to go on
    assert kinds(Evidence()) == []


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
    finding = only(over(history=overfitted(), outputs=[], errors=both(0.5)))
    assert (finding.kind, finding.severity) == ("overfitting", "warning")
    assert "Since epoch 6 the validation loss has risen by 25 % in 6 epochs" in finding.sentence
    assert "The weights that were kept are those of epoch 6." in finding.sentence
    assert finding.remedy == {"model.dropout": 0.1, "training.patience": 5}
    unkept = only(over(state="failed", history=overfitted(), outputs=[]))
    assert "were kept" not in unkept.sentence


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
    evidence = over(history=falling(gain), unit="mV")
    assert kinds(evidence) == ["still_falling"] * found
    if found:
        finding = only(evidence)
        assert "The last 5 epochs of 20" in finding.sentence
        assert finding.evidence["MAE at the end"] == "0.47 mV"
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
    evidence = healthy(history=history, outputs=[])
    assert ("diverged" in kinds(evidence)) == found
    if found:
        said = "to 3.2, and was more than 3 times the least in each of the last 3 epochs"
        assert said in only(evidence).sentence


def test_a_loss_that_is_still_far_below_its_start_is_unsteady_at_worst():
    assert kinds(healthy(history=rows([9.0, 0.1, 0.4, 0.4, 0.4]), outputs=[])) == []


def test_errors_far_beyond_normalized_values_diverged_from_the_start():
    history = rows([90.0, 70.0, 60.0, 50.0])
    assert "threw the model off" in only(healthy(history=history, outputs=[])).sentence
    unnormalized = {"normalization.method": "none"}  # on its way to values far from 0
    assert "diverged" not in kinds(healthy(history=history, outputs=[]), unnormalized)


FAR_LINES = [line(1, target_minimum=-2.0, target_maximum=[1.0, 5.0])]


@pytest.mark.parametrize(
    ("loss", "mae", "more", "found"),
    [
        (50.1, 10.0, {}, True),
        (50.1, 9.99, {}, False),  # 100 times the constant's 0.1
        (49.9, 10.0, {}, False),  # ten times the greatest target, where weights may begin
        (50.1, 10.0, {"constant": None}, False),
        (50.1, 10.0, {"constant": both(0.0)}, False),
        (10.1, 10.0, {"outputs": []}, True),
        (9.9, 10.0, {"outputs": []}, False),
    ],
)
def test_an_epoch_whose_error_is_a_hundred_constants_diverged_whatever_came_after(
    loss, mae, more, found
):
    history = [row(1, loss, mae=mae), *rows([0.4, 0.3, 0.12, 0.12])[1:]]
    plain = {"history": history, "outputs": FAR_LINES, "constant": both(0.1), "unit": "mV"}
    findings = diagnose(CONFIG.replace({"training.learning_rate": 1.0}), over(**(plain | more)))
    assert ("diverged" in [item.kind for item in findings]) == found
    if found:
        assert findings[0].sentence == (
            "In epoch 1 MAE on the training windows was 10 mV, 100 times the best constant's: the "
            "steps are far too large."
        )
        assert findings[0].remedy == {"training.learning_rate": 0.001}
        assert findings[0].evidence["MAE in epoch 1"] == "10 mV"


def test_a_far_epoch_is_judged_by_the_size_of_the_loss():
    history = [row(1, 2400.0, mae=10.0), *rows([0.4, 0.3])[1:]]  # 49 squared
    evidence = healthy(history=history, outputs=FAR_LINES, constant=both(0.1))
    assert kinds(evidence, {"training.loss": "huber"}) == ["diverged"]
    assert kinds(evidence, {"training.loss": "mse"}) == []
    unnormalized = {"normalization.method": "none"}  # how large targets are, records tell
    assert kinds(evidence, unnormalized) == ["diverged"]
    assert kinds(healthy(history=history, outputs=[], constant=both(0.1)), unnormalized) == []


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({"training.learning_rate": 0.002}, 0.0002),  # no wild one
        ({"training.learning_rate": 0.005}, 0.001),
        ({"training.learning_rate": 0.05, "training.optimizer": "sgd"}, 0.005),
        ({"training.learning_rate": 10.0, "training.optimizer": "sgd"}, 0.01),
    ],
)
def test_what_diverged_learns_at_a_rate_that_can_work(changes, rate):
    evidence = Evidence(state="failed", is_over=True, reason="Diverged in epoch 1: the loss is ...")
    assert only(evidence, changes).remedy == {"training.learning_rate": rate}


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


@example("linear", [(2.0, 1.0)], [(0.0, 1.0, 0.0, 0.0, 0.0, 0.0)] * 2, (1.0, 1.0), False)
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


def test_channels_in_words():
    evidence = Evidence(channel_names=tuple("abcdefg"))
    assert channels_text(evidence, [0]) == "a"
    assert channels_text(evidence, [0, 2]) == "a and c"
    assert channels_text(evidence, range(5)) == "a, b, c, d and e"
    assert channels_text(evidence, range(7)) == "a, b, c, d and 3 more"
    assert channels_text(evidence, [8]) == "channel 9"
