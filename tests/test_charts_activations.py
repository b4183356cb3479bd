"""The picture of an output activation: which targets it reaches, and its curve through them."""

import altair
import numpy as np
import pytest
from altair.utils import schemapi

from core.charts import activations
from core.config import NormalizationConfig, WindowsConfig
from core.normalization import fit_normalization
from core.output_range import ACTIVATIONS, error_floor
from core.targets import target_values
from core.windows import split_windows


@pytest.fixture(scope="module")
def question():
    """Zeros, but for 10 % of the places, uniform on 0 to 255."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 255, (40_000, 2)) * (rng.random((40_000, 2)) < 0.1)
    return split_windows(values, WindowsConfig())


def fitted(parts, method):
    return fit_normalization(NormalizationConfig(method=method), parts.train)


def test_targets_out_of_reach_are_told_from_those_within(question):
    fit = fitted(question, "none")
    floor = error_floor(fit, "sigmoid", question.train)
    values = target_values(fit, question)
    frame = activations.target_frame(values, "sigmoid")
    share = frame.groupby("reach")["share"].sum()
    assert share.sum() == pytest.approx(1)
    assert share["out of reach"] == pytest.approx(floor.above_share.mean(), abs=0.01)
    assert share["only in saturation"] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(("activation", "end"), [("hard_sigmoid", 1), ("relu6", 6)])
@pytest.mark.parametrize("others", [(-1.0, 0.5, 7.0), (0.5,), (7.0, 8.0), ()])
def test_what_is_on_a_closed_end_can_be_produced(activation, end, others):
    values = np.array([*others, *[end] * 5], np.float32)
    frame = activations.target_frame(values, activation)
    within = frame[frame["reach"] == "can be produced"]
    can_be_said = np.mean((values >= 0) & (values <= end))
    assert within["share"].sum() == pytest.approx(can_be_said)
    assert frame["share"].sum() == pytest.approx(1)
    assert (frame["high"] - frame["low"]).min() > 0.005
    above = np.full(3, np.nextafter(np.float32(end), np.float32(9)))
    frame = activations.target_frame(np.concatenate([values, above, [9]]), activation)
    assert frame[frame["low"] >= end]["reach"].unique().tolist() == ["out of reach"]


def test_the_picture_shades_what_cannot_be_said(question):
    values = target_values(fitted(question, "standard"), question)
    frame = activations.picture_frame(values, "sigmoid")
    shade = frame[frame["kind"] == "shade"].set_index("side")
    assert shade.loc["above", "low"] == 1
    assert shade.loc["below", "high"] == 0
    assert set(frame[frame["kind"] == "bar"]["reach"]) >= {"can be produced", "out of reach"}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_curve_goes_through_the_values_shown(activation):
    frame = activations.curve_frame(activation, -3.0, 10.0)
    assert np.isfinite(frame[["x", "y", "slope"]].to_numpy()).all()
    assert len(frame) > 100
    seen = frame["y"].between(-3.0, 10.0).mean()
    assert seen > 0.5


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "linear"])
def test_the_chart_is_valid_and_the_same_where_altair_does_not_check_its_parts(activation):
    """Which the app tells it not to, since that took longer than all the rest."""
    build = activations.activation_spec.__wrapped__
    with schemapi.debug_mode(True):
        checked = build(activation, -1.0, 2.0, -3.0, 3.0)
    with schemapi.debug_mode(False):
        assert build(activation, -1.0, 2.0, -3.0, 3.0) == checked
    data = {"$schema": altair.SCHEMA_URL, "data": {"values": []}}
    altair.VConcatChart.from_dict(data | checked, validate=True)
