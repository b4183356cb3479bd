"""What came of the matrix' verdicts."""

import dataclasses
import math

import numpy as np
import pytest

from core.config import NormalizationConfig
from core.matrix import Cell, Traits
from core.normalization import Normalization
from core.output_range import ErrorFloor
from core.runs import RunSummary
from core.trials import Trial, key, rank_key, ranks, side_by_side

CONSTANT = {part: {"mae": 10.0, "mse": 100.0} for part in ("train", "validation")}


def floor_of(mae: float) -> ErrorFloor:
    values = {field.name: np.zeros(1) for field in dataclasses.fields(ErrorFloor)}
    return ErrorFloor(**values | {"mae": mae, "mse": mae**2, "huber": mae})


def cell_of(kind="compatible", train=0.0, validation=None, activation="relu", method="none"):
    validation = train if validation is None else validation
    scaling = NormalizationConfig(method=method)
    fit = Normalization(scaling, *np.zeros((5, 1)))
    floors = floor_of(train), floor_of(validation)
    data = Traits(np.zeros(1), np.zeros(1))
    return Cell(scaling, activation, *floors, kind, "A reason.", (), fit, data)


def trial_of(reached, *, train=None, state="finished", **cell) -> Trial:
    """A cell and its finished run; reached: its MAE on validation."""
    train = reached if train is None else train
    errors = {
        part: {"mae": value, "mse": value**2}
        for part, value in (("train", train), ("validation", reached))
    }
    return Trial(cell_of(**cell), CONSTANT, RunSummary(id="0" * 32, state=state), errors)


@pytest.mark.parametrize(
    ("kind", "floor", "reached", "outcome"),
    [
        ("impossible", 4.0, 4.1, "confirmed"),
        ("impossible", 4.0, 4.3, "open"),
        ("impossible", 4.0, 3.9, "refuted"),
        ("impossible", 4.0, 4.0 * (1 - 1e-6), "confirmed"),  # the rounding of 32 bits
        ("validation", 4.0, 4.1, "confirmed"),
        ("compatible", 0.0, 4.9, "confirmed"),
        ("compatible", 0.0, 5.1, "open"),
        ("compatible", 0.1, 0.05, "refuted"),
        ("saturation", 0.0, 0.5, "unsaid"),
        ("saturation", 0.5, 0.4, "refuted"),
    ],
)
def test_a_verdict_is_confirmed_refuted_or_open(kind, floor, reached, outcome):
    trial = dataclasses.replace(trial_of(reached), cell=cell_of(kind, floor))
    assert trial.outcome("mae") == outcome


def test_each_measure_has_an_outcome_of_its_own():
    trial = dataclasses.replace(trial_of(4.1), cell=cell_of("impossible", 4.0))
    assert trial.outcome("mae") == "confirmed"
    assert trial.outcome("mse") == "open"  # 5.1 % above it


def test_an_error_under_the_floor_of_the_training_part_refutes_too():
    trial = dataclasses.replace(trial_of(9.0, train=3.0), cell=cell_of("impossible", 4.0, 1.0))
    assert trial.outcome("mae") == "refuted"


def test_an_impossible_pair_is_judged_where_its_floor_is():
    """The validation part holds nothing that is out of reach: its error says nothing."""
    trial = dataclasses.replace(trial_of(1.0, train=4.1), cell=cell_of("impossible", 4.0, 0.0))
    assert trial.outcome("mae") == "confirmed"
    trial = dataclasses.replace(trial_of(1.0, train=6.0), cell=cell_of("impossible", 4.0, 0.0))
    assert trial.outcome("mae") == "open"


def test_what_was_not_trained_has_no_outcome():
    assert Trial(cell_of(), CONSTANT).outcome("mae") == ""
    assert trial_of(math.nan).outcome("mae") == ""
    assert math.isnan(Trial(cell_of(), CONSTANT).achieved("train", "mae"))


def test_an_error_that_is_not_finite_is_open_and_has_no_rank():
    trial = trial_of(math.inf)
    assert trial.outcome("mae") == "open"
    assert ranks([trial], "mae") == {}


def test_the_floor_is_relative_to_the_best_constant():
    assert Trial(cell_of(train=5.0), CONSTANT).relative_floor("train", "mae") == 0.5
    assert Trial(cell_of(train=5.0), CONSTANT).relative_floor("train", "mse") == 0.25
    assert Trial(cell_of(train=99.0), CONSTANT).relative_floor("train", "mae") == 1.0
    assert Trial(cell_of(train=1e-6), CONSTANT).floor("train", "mae") == 0.0
    nothing = {part: {"mae": 0.0, "mse": 0.0} for part in ("train", "validation")}
    assert Trial(cell_of(), nothing).relative_floor("train", "mae") == 0.0
    assert Trial(cell_of(train=1.0), nothing).relative_floor("train", "mae") == 1.0


def test_ranks_go_by_the_validation_error_and_equal_ones_share():
    reached = {"relu": 3.0, "tanh": 1.0, "linear": 3.0, "elu": 2.0}
    trials = [trial_of(error, activation=name) for name, error in reached.items()]
    trials.append(Trial(cell_of(activation="sigmoid"), CONSTANT))
    found = ranks(trials, "mae")
    assert {name: found.get(("none", name, "channel")) for name in [*reached, "sigmoid"]} == {
        "tanh": 1,
        "elu": 2,
        "relu": 3,
        "linear": 3,
        "sigmoid": None,
    }
    assert key(trials[0].cell) == ("none", "relu")


def test_one_method_in_two_scopes_has_two_ranks():
    trials = []
    for scope, error in (("channel", 3.0), ("global", 1.0)):
        scaling = NormalizationConfig(method="minmax", scope=scope)
        cell = dataclasses.replace(cell_of(), normalization=scaling)
        trials.append(dataclasses.replace(trial_of(error), cell=cell))
    found = ranks(trials, "mae")
    assert [found[rank_key(trial.cell)] for trial in trials] == [2, 1]


def test_what_the_best_pair_leaves_too_explains_the_rest_above_a_floor():
    free = trial_of(2.0, kind="compatible")
    blocked = trial_of(9.9, kind="impossible", validation=8.0)
    slow = trial_of(10.1, kind="impossible", validation=8.0)
    assert [trial.outcome("mae") for trial in (blocked, slow)] == ["open", "open"]
    beside = side_by_side([free, blocked, slow])
    assert [trial.outcome("mae") for trial in beside] == ["confirmed", "explained", "open"]
    assert [t.outcome("mae") for t in side_by_side([blocked])] == ["open"]


def test_a_pair_that_has_learned_little_explains_nothing():
    free = trial_of(9.0, kind="compatible")  # the best constant's is 10
    blocked = trial_of(9.9, kind="impossible", validation=8.0)
    assert [trial.outcome("mae") for trial in side_by_side([free, blocked])] == ["open", "open"]
