"""Data that are sorted once for whoever asks next, and let go when nobody does."""

import gc
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core import session
from core.config import ExperimentConfig, WindowsConfig
from core.session import data as session_data
from core.session import fitted, sorted_parts
from core.signals.recording import Recording
from core.windows import split_windows

WINDOWS = WindowsConfig(window_length=20, stride=20)
RECORDING = Recording(
    np.random.default_rng(0).normal(size=(3000, 2)).astype(np.float32), ("a", "b")
)


@pytest.fixture(autouse=True)
def nothing_held():
    session_data.forget_recordings()
    fitted.forget_recordings()
    yield
    session_data.forget_recordings()
    fitted.forget_recordings()


@pytest.fixture
def times_sorted(monkeypatch) -> list:
    """The splits that were sorted so far."""
    done, sort = [], sorted_parts.sorted_split
    monkeypatch.setattr(
        sorted_parts, "sorted_split", lambda parts: done.append(parts) or sort(parts)
    )
    return done


def ask(recorded: str = "key", windows: WindowsConfig = WINDOWS):
    parts = split_windows(RECORDING.values, windows)
    return sorted_parts.sorted_parts(recorded, windows, 0, parts)


def has_data(monkeypatch, config: ExperimentConfig) -> None:
    """The session has RECORDING, cut as `config` says."""
    parts = split_windows(RECORDING.values, config.windows)
    monkeypatch.setattr(session_data, "_opened", lambda *asked: RECORDING)
    monkeypatch.setattr(session_data, "_parts", lambda *asked: parts)
    monkeypatch.setattr(session_data, "part", lambda name: getattr(config, name))


def test_statistics_and_floors_of_all_pairs_sort_once(monkeypatch, times_sorted):
    config = ExperimentConfig().replace({"windows.window_length": 20})
    has_data(monkeypatch, config)
    session.summaries(config.data)
    session.matrix(config)
    session.matrix(config.replace({"normalization.clip_percentile": 1.0}))
    assert len(times_sorted) == 1


def test_statistics_sort_no_parts_where_most_is_between_windows(monkeypatch, times_sorted):
    config = ExperimentConfig().replace({"windows.window_length": 20, "windows.stride": 21})
    has_data(monkeypatch, config)
    first, _ = session.summaries(config.data)
    assert first.minimum == RECORDING.values[:, 0].min()
    assert not times_sorted


def test_those_who_ask_at_once_wait_for_the_same(monkeypatch, times_sorted):
    sort = sorted_parts.sorted_split
    monkeypatch.setattr(sorted_parts, "sorted_split", lambda parts: time.sleep(0.1) or sort(parts))
    with ThreadPoolExecutor(5) as visitors:
        found = list(visitors.map(lambda _: ask(), range(5)))
    assert len(times_sorted) == 1
    assert all(one is found[0] for one in found)


def test_another_takes_the_place_of_the_one_before(monkeypatch, times_sorted):
    first, sort, still_held = weakref.ref(ask().train[0]), sorted_parts.sorted_split, []

    def looking(parts):
        gc.collect()
        still_held.append(first())
        return sort(parts)

    monkeypatch.setattr(sorted_parts, "sorted_split", looking)
    others = [ask("another"), ask("another", WindowsConfig(window_length=30, stride=30))]
    assert still_held == [None, None]
    assert others[0] is not others[1]
    assert len(times_sorted) == 3


def test_it_is_let_go_some_time_after_its_last_use(monkeypatch):
    monkeypatch.setattr(sorted_parts, "HELD_SECONDS", 0.1)
    held = weakref.ref(ask().train[0])
    deadline = time.monotonic() + 20
    while held() is not None and time.monotonic() < deadline:
        time.sleep(0.02)
        gc.collect()
    assert held() is None


def test_a_timer_that_was_too_late_to_stop_lets_go_of_nothing(times_sorted):
    holder = sorted_parts._holder()
    ask()
    late = holder._end
    ask()
    late.function(*late.args)
    ask()
    assert len(times_sorted) == 1
    holder._end.function(*holder._end.args)
    ask()
    assert len(times_sorted) == 2


def test_it_is_let_go_where_a_recording_is_removed():
    held = weakref.ref(ask().train[0])
    session_data.forget_recordings()
    gc.collect()
    assert held() is None


def test_windows_are_cut_once_and_let_go_with_their_recording(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    config = ExperimentConfig()
    cut = weakref.ref(session.split(config))
    assert session.split(config.replace({"training.epochs": 3})) is cut()
    other = session.split(config.replace({"training.seed": 1}))
    assert other is not cut()
    assert session.split(config.replace({"windows.stride": 7})).train.stride == 7
    session_data.forget_recordings()
    gc.collect()
    assert cut() is None
