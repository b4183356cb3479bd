"""The matrix of pairs: its cells, the pair to begin with, and names given on a command line."""

import dataclasses

import numpy as np
import pytest

from core.channel_values import sorted_split
from core.config import (
    ExperimentConfig,
    NormalizationConfig,
    NormalizationScope,
    OutputActivation,
    WindowsConfig,
    choices,
)
from core.matrix import (
    matrix,
    normalizations_like,
    pair_text,
    parse_normalization,
    recommended,
    with_pair,
)
from core.metrics import constant_baseline
from core.normalization import fit_normalization
from core.output_range import error_floor
from core.windows import split_windows

LIKE = NormalizationConfig()


def cells_of(values, like=LIKE):
    parts = split_windows(values, WindowsConfig(window_length=50, stride=50))
    names = [f"c{i}" for i in range(values.shape[1])]
    rows = normalizations_like(like)
    constants = constant_baseline(parts)[1]["train"]
    return parts, matrix(parts, rows, choices(OutputActivation), names, constants)


@pytest.fixture(scope="module")
def waves():
    return np.sin(np.arange(8000) / 9)[:, None] * np.array([3.0, 0.5])


def test_a_cell_for_each_pair_with_its_own_floor(waves):
    parts, cells = cells_of(waves)
    assert len(cells) == 7 * 10
    assert len({pair_text(cell.normalization, cell.activation) for cell in cells}) == 70
    for cell in cells[::9]:
        fit = fit_normalization(cell.normalization, parts.train)
        assert cell.train.mae == pytest.approx(error_floor(fit, cell.activation, parts.train).mae)
        floor = error_floor(fit, cell.activation, parts.validation)
        assert cell.validation.mae == pytest.approx(floor.mae)


@pytest.mark.parametrize("scope", choices(NormalizationScope))
@pytest.mark.parametrize("clip", [None, 5.0])
def test_sorted_channels_give_the_same_cells(waves, scope, clip):
    clip = None if scope == "window" else clip
    rows = normalizations_like(NormalizationConfig(scope=scope, clip_percentile=clip))
    values = (waves + np.random.default_rng(0).normal(size=waves.shape)).astype(np.float32)
    parts = split_windows(values, WindowsConfig(window_length=50, stride=20))
    constants = constant_baseline(parts)[1]["train"]
    given = parts, rows, choices(OutputActivation), ("a", "b"), constants
    for cell, known in zip(matrix(*given), matrix(*given, sorted_split(parts)), strict=True):
        assert (known.kind, known.sentence, known.notes) == (cell.kind, cell.sentence, cell.notes)
        for name in ("offset_", "scale_", "low_", "high_"):
            fits = getattr(known.fit, name), getattr(cell.fit, name)
            np.testing.assert_allclose(*fits, rtol=1e-12, atol=1e-12)
        for part in ("train", "validation"):
            floors = getattr(known, part).mae, getattr(cell, part).mae
            np.testing.assert_allclose(*floors, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scaling", ["none", "log1p"])
def test_small_values_are_not_taken_for_rounding(waves, scaling):
    """Fields of a brain, in tesla: half of them lie below 0, which these outputs cannot say."""
    _, cells = cells_of(1e-14 * waves)
    kinds = {c.activation: c.kind for c in cells if c.normalization.method == scaling}
    assert {kinds[name] for name in ("sigmoid", "hard_sigmoid", "relu", "relu6")} == {"impossible"}
    assert kinds["linear"] == kinds["tanh"] == "compatible"


def test_real_values_call_for_a_linear_output(waves):
    best = recommended(cells_of(waves)[1])
    assert (best.cell.normalization.method, best.cell.activation) == ("standard", "linear")
    assert "every real value" in best.reason


def test_what_clipping_loses_is_not_said_to_be_in_nobodys_way(waves):
    best = recommended(cells_of(waves, NormalizationConfig(clip_percentile=1))[1])
    assert (best.cell.activation, best.cell.kind) == ("linear", "compatible")
    assert "so only clipping loses some of yours" in best.reason


def test_values_that_are_often_zero_call_for_relu():
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 255, (8000, 2)) * (rng.random((8000, 2)) < 0.1)
    best = recommended(cells_of(values)[1])
    assert best.cell.activation == "relu"
    assert best.cell.kind == "compatible"
    assert "90.1 % of your values are exactly 0" in best.reason


def pulses(*shares, height=255):
    """Channels that are 0 but for such a share of the time steps."""
    rng = np.random.default_rng(0)
    size = (8000, len(shares))
    return rng.uniform(0, height, size) * (rng.random(size) < np.array(shares))


def recommended_of(values):
    cell = recommended(cells_of(values)[1]).cell
    return cell.normalization.method, cell.activation


def test_each_channel_that_varies_must_often_be_zero_for_relu():
    pressure = 1013 + np.random.default_rng(0).normal(size=(8000, 7))
    assert recommended_of(np.hstack([pressure, np.zeros((8000, 1))])) == ("standard", "linear")
    assert recommended_of(np.hstack([pressure, pulses(0.1)])) == ("standard", "linear")
    assert recommended_of(np.hstack([pulses(0.1, 0.3), np.zeros((8000, 1))])) == ("none", "relu")


def test_a_quiet_or_a_constant_channel_is_not_left_as_it_is_beside_a_loud_one():
    quiet = pulses(0.5, height=0.01)
    assert recommended_of(np.hstack([pulses(0.5, height=1000), quiet])) == ("maxabs", "relu")
    constant = np.full((8000, 1), 1013.0)
    assert recommended_of(np.hstack([pulses(0.5), constant])) == ("maxabs", "relu")


def test_a_negative_value_in_the_validation_part_calls_for_a_linear_output():
    values = pulses(0.5, 0.5)
    values[7900] = -1
    assert recommended_of(values) == ("standard", "linear")


@pytest.mark.parametrize(
    ("methods", "activations", "pair"),
    [
        (("none", "minmax", "standard"), ("relu", "linear"), ("none", "relu")),
        (("standard",), ("relu", "linear"), ("standard", "linear")),
        (("minmax", "log1p"), ("linear", "tanh"), ("minmax", "linear")),
    ],
)
def test_what_is_recommended_does_not_hang_on_what_else_is_asked_for(methods, activations, pair):
    parts = split_windows(pulses(0.5, 0.5), WindowsConfig(window_length=50, stride=50))
    rows = [NormalizationConfig(method=method) for method in methods]
    cells = matrix(parts, rows, activations, "ab", constant_baseline(parts)[1]["train"])
    best = recommended(cells)
    assert (best.cell.normalization.method, best.cell.activation) == pair
    if pair[1] == "linear":
        assert best.reason.endswith("values of about unit size suit training.")


def test_of_values_that_are_not_scaled_no_size_is_said(waves):
    cells = [cell for cell in cells_of(waves)[1] if cell.normalization.method == "none"]
    best = recommended(cells)
    assert best.cell.activation == "linear"
    assert best.reason.endswith("stands in the way of none of yours.")


def test_where_all_lies_on_ends_that_are_never_reached_no_pair_loses_anything():
    parts = split_windows(pulses(0.5), WindowsConfig(window_length=50, stride=50))
    rows = [NormalizationConfig(method="minmax")]
    cells = matrix(parts, rows, ["sigmoid"], "a", constant_baseline(parts)[1]["train"])
    zero = [dataclasses.replace(c, validation=c.train) for c in cells]
    assert [cell.kind for cell in cells] == ["saturation"]
    assert "this one loses none" in recommended(zero).reason


def test_where_nothing_reaches_the_least_floor_is_recommended(waves):
    _, cells = cells_of(waves)
    impossible = [cell for cell in cells if cell.kind == "impossible"]
    best = recommended(impossible)
    assert best.cell.train.mae == min(cell.train.mae for cell in impossible)
    assert "No pair" in best.reason
    assert recommended([]) is None


def test_an_experiment_changes_in_its_pair_alone():
    config = ExperimentConfig().replace({"training.seed": 5})
    other = with_pair(config, NormalizationConfig(method="minmax"), "sigmoid")
    assert other == config.replace(
        {"normalization.method": "minmax", "model.output_activation": "sigmoid"}
    )


def test_normalizations_are_named_by_method_and_scope():
    clipping = NormalizationConfig(scope="global", clip_percentile=1)
    assert parse_normalization("minmax", clipping) == NormalizationConfig(
        method="minmax", scope="global", clip_percentile=1
    )
    assert parse_normalization("robust:window", clipping).clip_percentile is None
    assert pair_text(parse_normalization("robust:window", LIKE), "tanh") == "robust:window + tanh"
    assert pair_text(NormalizationConfig(method="none"), "relu") == "none + relu"
    for text, words in (("zscore", "no normalization 'zscore'"), ("minmax:all", "no scope 'all'")):
        with pytest.raises(ValueError, match=words):
            parse_normalization(text, LIKE)


@pytest.mark.parametrize(("scale", "method"), [(255, "none"), (1e-3, "maxabs"), (1e6, "maxabs")])
def test_a_relu_takes_values_as_they_are_unless_they_are_tiny_or_huge(scale, method):
    rng = np.random.default_rng(0)
    values = scale * rng.uniform(0, 1, (8000, 2)) * (rng.random((8000, 2)) < 0.8)
    best = recommended(cells_of(values)[1])
    assert (best.cell.normalization.method, best.cell.activation) == (method, "relu")
