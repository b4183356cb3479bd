"""What goes first where a public demo's disk is full."""

import numpy as np
import pytest

from core import session
from core.config import DataConfig, ExperimentConfig
from core.retention import make_room
from core.runs import RunStore
from core.session import visitor
from core.signals.recording import Recording
from core.signals.store import (
    note_use,
    open_recording,
    recording_key,
    save,
    stored_bytes,
    stored_keys,
)
from tests.fake_runs import Lab, shown_text


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def made(store, seed, used_at):
    """The key of a signal that was last used at a time."""
    data = DataConfig(time_steps=1000, seed=seed)
    open_recording(data, store.data_folder)
    note_use(recording_key(data), store.data_folder, at=used_at)
    return recording_key(data)


def test_the_longest_unused_go_first_and_no_more_than_must(store):
    third, first, second = (made(store, seed, at) for seed, at in enumerate((900.0, 1.0, 500.0)))
    size = stored_bytes(first, store.data_folder)
    assert size > 1000 * 4 * 4
    assert make_room(store, size + 1) == [first, second]
    assert stored_keys(store.data_folder) == (third,)


def test_what_a_run_needs_and_what_nobody_can_make_again_stays(store):
    needed = made(store, 7, 1.0)
    config = ExperimentConfig(data=DataConfig(time_steps=1000, seed=7))
    store.create(config.model_dump(mode="json"), name="", owner=None)
    file = Recording(values=np.ones((9, 1)), channel_names=("a",), name="x")
    upload = save(file, store.data_folder, is_visitors=True)
    other = made(store, 8, 2.0)
    assert make_room(store, 10) == [other]
    assert make_room(store, 10) == []
    assert set(stored_keys(store.data_folder)) == {needed, upload}


def test_where_all_would_not_do_none_goes(store):
    key = made(store, 1, 1.0)
    assert make_room(store, 10**9) == []
    assert stored_keys(store.data_folder) == (key,)


@pytest.mark.slow
def test_a_visitor_with_many_signals_does_not_keep_the_next_one_from_any(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    monkeypatch.setenv("LAB_PUBLIC_MAX_DISK_MB", "3")
    demo = Lab(tmp_path, monkeypatch)
    links = [
        ExperimentConfig(data=DataConfig(time_steps=100_000, channels=2, seed=seed)).to_query()
        for seed in range(6)
    ]
    for link in links:  # 0.8 MB each, of at most 1.6
        page = demo.open("data", **link).run()
        assert not page.error
        assert "100,000 × 2" in shown_text(page).replace("\\", "")
        assert visitor.disk().used_bytes() < 4_000_000
    kept = [recording_key(ExperimentConfig.from_query(link).data) for link in links]
    assert kept[0] not in stored_keys(demo.store.data_folder)
    assert kept[-1] in stored_keys(demo.store.data_folder)
    again = ExperimentConfig.from_query(links[0]).data
    assert session.recording(again).values.shape == (100_000, 2)
    assert kept[0] in stored_keys(demo.store.data_folder)
