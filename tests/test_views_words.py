"""What views say: one of a thing as one, errors in the unit that they share, help that is true."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.config import DataConfig, ExperimentConfig, NormalizationConfig, WindowsConfig
from core.normalization import Normalization
from core.output_range import Reach
from core.session import CutWindow
from core.session.notice import hours_text
from core.signals.generators import GENERATORS, generate
from core.signals.recording import DataError, Recording
from core.views import run_commands, value_counts
from core.views.clipping import _facts
from core.views.data_source import FREQUENCY_HELP, NYQUIST
from core.views.known_anomalies import told_text
from core.views.run_table import _columns
from core.views.value_counts import _ends, _left_out
from core.views.windowing import _consequence
from core.windows import split_windows
from tests.test_worst_windows import stored


@pytest.mark.parametrize(
    ("steps", "stride", "words"),
    [
        (10, 5, "**1 window to train, 1 to validate** (50 %): 5 time steps each, without overlap."),
        (12, 6, "(50 %): 5 time steps each, without overlap, 1 time step between them unused."),
        (12, 4, "neighbours share 1 time step (20 %)."),
        (20, 5, "**2 windows to train, 2 to validate**"),
    ],
)
def test_a_cut_into_windows_is_told_in_numbers(steps, stride, words):
    found = Recording(np.zeros((steps, 1)), ("a",))
    cut = WindowsConfig(window_length=5, stride=stride, validation_share=0.5)
    parts = split_windows(found.values, cut)
    assert words in _consequence(found, parts)
    timed = _consequence(replace(found, sampling_rate_hz=1 / 300), parts)
    assert "5 time steps (25 min) each" in timed


@pytest.mark.parametrize(
    ("cut", "words"),
    [(1, "1 of 200 time steps (0.5 %) is cut in"), (2, "2 of 200 time steps (1 %) are cut in")],
)
def test_what_is_cut_of_a_window_is_told_in_numbers(cut, words):
    values = np.zeros((200, 1))
    values[:cut] = 2.0
    reach = Reach(*(np.array([value]) for value in (-1.0, 1.0, 0.0, 0.0)))
    assert words in _facts("mV", CutWindow(values, reach, None))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 reconstructed value (0.1 %) lies beyond the axis. 1 reconstructed value is not"),
        (2, "2 reconstructed values (0.2 %) lie beyond the axis. 2 reconstructed values are not"),
    ],
)
def test_values_that_are_not_drawn_are_told_in_numbers(count, words):
    counts = SimpleNamespace(windows=1, beyond=count, values=1000, not_finite=count)
    assert words in _left_out(stored(*np.zeros((2, 1, 4, 1))), counts)


def test_a_unit_that_all_runs_share_stands_in_the_head_of_the_table():
    shared, mixed = _columns({"m/s"}), _columns({"m/s", "mV"})
    names = ("validation_mae", "floor_mae", "validation_mse")
    assert [shared[name]["label"] for name in names] == [
        "MAE (m/s)",
        "Floor (m/s)",
        "MSE in (m/s)²",
    ]
    assert [mixed[name]["label"] for name in names] == ["MAE", "Floor", "MSE"]


def test_one_run_of_several_that_a_click_could_not_change_is_told_as_one(monkeypatch):
    said = []
    monkeypatch.setattr(run_commands, "tell", said.append)
    monkeypatch.setattr(run_commands, "forget_active_runs", lambda: None)
    monkeypatch.setattr(run_commands.session, "may_change", lambda run_id: run_id != "a")
    for run_ids in (["a", "b"], ["a", "a", "b"], ["a"]):
        run_commands._do("paused", run_ids, lambda run_id: None)
    assert [text.partition(" not ")[0] for text in said] == [
        *("1 of 2 runs was", "2 of 3 runs were", "The run was")
    ]


def test_how_long_a_visit_is_kept_is_told_in_hours_or_days():
    assert [hours_text(hours) for hours in (1, 0.5, 24, 72)] == [
        *("1 hour", "0.5 hours", "24 hours", "3 days")
    ]


@pytest.mark.parametrize("name", sorted(set(GENERATORS) - {"question"}))  # which has no frequency
def test_help_says_which_frequencies_a_signal_can_have(name):
    data = DataConfig(name=name, frequency_hz=80, sampling_rate_hz=100, time_steps=500)
    is_limited = FREQUENCY_HELP.get(name, NYQUIST) == NYQUIST
    with pytest.raises(DataError, match="above 50 Hz") if is_limited else nullcontext():
        generate(data)


def test_ends_that_clipping_sets_are_not_told_of_the_output_alone(monkeypatch):
    scaling = NormalizationConfig(method="none", clip_percentile=1)
    fit = Normalization(scaling, *(np.array([value]) for value in (0.0, 1.0, -1.0, 1.0, False)))
    monkeypatch.setattr(value_counts, "normalization_of", lambda run_id: fit)
    monkeypatch.setattr(value_counts.session, "run_config", lambda run_id: ExperimentConfig())
    counts = SimpleNamespace(edges=np.array([-1.0, 1.0]))
    assert _ends("", 0, counts) == ("Linear with clipping", (-1.0, 1.0))


@pytest.mark.parametrize(
    ("held", "windows", "words"),
    [
        (0, 60, "None of 60 validation windows holds a known anomaly."),
        (
            60,
            60,
            "60 of 60 validation windows hold a known anomaly, so that there are no others to",
        ),
        (
            1,
            2,
            "1 of 2 validation windows holds a known anomaly; its MAE is the larger one in 97 %",
        ),
        (1, 2, "of all pairs with the other (ROC AUC 0.97)."),
        (5, 1_060, "5 of 1,060 validation windows hold a known anomaly; their MAE is the larger"),
        (5, 60, "of all pairs with the others (ROC AUC 0.97)."),
    ],
)
def test_what_the_errors_say_of_known_anomalies(held, windows, words):
    assert words in told_text(held, windows, 0.97, "validation", "MAE")
