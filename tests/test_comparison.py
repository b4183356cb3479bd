"""Runs beside each other: the same, comparable, how far apart."""

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.results import (
    change,
    common_positions,
    cut_alike,
    have_same_data,
    read_reconstruction,
    same_histories,
    same_originals,
    why_not_comparable,
)
from core.runs import RunStore
from core.views.compared_curves import _common_unit
from tests.fake_runs import history_row, make_run
from tests.test_worst_windows import stored

HISTORY = [history_row(epoch, 1.0) for epoch in range(1, 5)]


def test_the_same_to_the_last_digit():
    clocked = [row | {"seconds": 99.0} for row in HISTORY]
    near = [row | {"mae": math.nextafter(row["mae"], 9)} for row in HISTORY]
    shorter = HISTORY[:-1]
    older = [history_row(epoch, 1.0, old=True) for epoch in range(1, 5)]
    between = [HISTORY[0], near[1], *HISTORY[2:]]
    histories = {"a": HISTORY, "b": near, "c": clocked, "d": shorter, "e": [], "f": [], "g": older}
    groups = same_histories(histories | {"h": between})
    assert groups == [["a", "c", "g"]]


def test_diverged_histories_can_be_the_same():
    rows = [row | {"mae": math.nan} for row in HISTORY]
    assert same_histories({"a": rows, "b": [dict(row) for row in rows]}) == [["a", "b"]]


@pytest.mark.parametrize(
    ("error", "baseline", "expected"),
    [(1.5, 1.0, (0.5, 50.0)), (0.5, 2.0, (-1.5, -75.0)), (1.0, 1.0, (0.0, 0.0))],
)
def test_change(error, baseline, expected):
    assert change(error, baseline) == pytest.approx(expected)


def test_change_without_sense_is_not_a_number():
    assert math.isnan(change(1.0, 0.0)[1])
    assert all(math.isnan(value) for value in change(math.nan, 1.0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ()),
        ({"model.output_activation": "relu", "training.epochs": 7, "training.seed": 5}, ()),
        ({"normalization.method": "minmax"}, ()),
        ({"data.amplitude": 2.0}, ("different data: amplitude is 2 in B and 1 in A",)),
        ({"data.channels": 2, "data.frequency_hz": 3}, ("channels is 2 in B and 4 in A",)),
        ({"windows.window_length": 100}, ("window length is 100 in B and 200 in A",)),
        ({"windows.validation_share": 0.5}, ("validation share is 0.5 in B",)),
    ],
)
def test_why_windows_are_not_the_same(changes, words):
    config = ExperimentConfig()
    reason = why_not_comparable("B", config.replace(changes), "A", config)
    assert bool(reason) == bool(words)
    assert all(word in reason for word in words)


def test_a_field_that_leaves_the_data_as_they_are_does_not_matter():
    config = ExperimentConfig()
    other = config.replace({"data.anomaly_count": 5})  # of no kind
    assert why_not_comparable("B", other, "A", config) == ""


def test_files_of_one_name_can_differ():
    first = ExperimentConfig().replace(
        {"data.source": "file", "data.name": "pump.csv", "data.sha256": "1" * 64}
    )
    renamed = first.replace({"data.name": "other.csv"})
    changed = first.replace({"data.sha256": "2" * 64, "data.time_steps": 5000})  # left over
    assert why_not_comparable("B", renamed, "A", first) == ""
    assert "different content" in why_not_comparable("B", changed, "A", first)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"data.noise": 0.1}, {"data.noise": 0.2}, False),
        ({"data.name": "question"}, {"data.name": "question", "data.frequency_hz": 3.0}, True),
        ({"training.seed": 1}, {"training.seed": 2}, True),
    ],
)
def test_errors_change_between_runs_of_the_same_data_alone(one, other, same):
    configs = [ExperimentConfig().replace(c).model_dump(mode="json") for c in (one, other)]
    assert have_same_data(*configs) is same
    later = [{"data": content["data"] | {"a field of later": 1}} for content in configs]
    assert have_same_data(later[0], later[0])  # of another version: as it is written


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({"training.seed": 2, "model.output_activation": "relu"}, True),
        ({"data.noise": 0.2}, False),
        ({"windows.validation_share": 0.3}, False),
        ({"windows.stride": 50}, False),
    ],
)
def test_runs_that_cut_the_same_data_alike(changes, alike):
    config = ExperimentConfig().replace({"data.noise": 0.1})
    configs = [c.model_dump(mode="json") for c in (config, config.replace(changes))]
    assert cut_alike(*configs) is alike
    del configs[0]["windows"]["split"]  # of an earlier version, which had no such choice
    assert cut_alike(*configs) is alike
    later = [content | {"windows": content["windows"] | {"later": 1}} for content in configs]
    assert cut_alike(later[1], later[1])
    assert not cut_alike(configs[1], later[1])


def test_a_unit_stands_at_an_axis_where_all_runs_have_it():
    def of(unit):
        return SimpleNamespace(results=None if unit is None else SimpleNamespace(unit=unit))

    assert _common_unit([of("mV"), of("mV"), of(None)]) == "mV"  # one has no results yet
    assert _common_unit([of("mV"), of("")]) == _common_unit([of("mV"), of("V")]) == ""


def test_common_windows(tmp_path):
    runs = [make_run(RunStore(tmp_path), windows=(40, 10), kept=kept) for kept in (7, 13, None)]
    windows = [read_reconstruction(run)["train"] for run in runs]
    expected = set.intersection(*(set(item.positions.tolist()) for item in windows))
    assert common_positions(windows).tolist() == sorted(expected)
    assert len(expected) >= 2


def test_other_originals_are_found():
    rng = np.random.default_rng(0)
    original, reconstruction = rng.normal(size=(2, 9, 6, 2))
    reference = stored(original, reconstruction)
    same = stored(original.copy(), reconstruction * 2)
    changed = original.copy()
    changed[-1, 3, 1] += 1e-9
    assert same_originals(same, reference)
    assert not same_originals(stored(changed, changed), reference)
    assert not same_originals(stored(original[:8], reconstruction[:8]), reference)


def test_missing_values_are_the_same_where_both_miss_them():
    original = np.full((3, 2, 1), np.nan)
    windows = stored(original, original)
    other = dataclasses.replace(windows, original=original.copy())
    assert same_originals(windows, other)
