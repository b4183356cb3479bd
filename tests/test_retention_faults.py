"""Removing runs and recordings where one of them is at fault, or what is asked for is nothing."""

import errno

import numpy as np
import pytest

from core import retention
from core.retention import forget_upload, forget_visitor, keys_in_use
from core.runs import Run, RunStore, RunUnreadable
from core.session.notice import removed_text
from core.signals.recording import Recording
from core.signals.store import save, stored_keys
from tests.test_retention import ANN, World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "runs")


def test_an_empty_key_is_no_recordings(world):
    key = save(Recording(values=np.zeros((9, 1)), channel_names=("a",)), world.store.data_folder)
    forget_upload(world.store, None, None, "")
    assert key in stored_keys(world.store.data_folder)


def test_while_a_run_cannot_be_read_no_recording_is_removed(world, monkeypatch):
    key = save(Recording(values=np.zeros((9, 1)), channel_names=("a",)), world.store.data_folder)
    world.store.create({"data": {"source": "file", "name": "x", "sha256": key}}, name="x")
    monkeypatch.setattr(Run, "config", unreadable)
    with pytest.raises(RunUnreadable, match="Permission denied"):
        forget_upload(world.store, None, None, key)
    with pytest.raises(RunUnreadable):
        keys_in_use(world.store)
    assert retention.make_room(world.store, 1) == []
    assert world.sweeper.sweep().recordings == []
    assert key in stored_keys(world.store.data_folder)


def unreadable(run):
    raise RunUnreadable("config.json: Permission denied") from PermissionError(errno.EACCES, "no")


def test_a_fault_at_one_run_leaves_no_other_of_a_visitors(world, monkeypatch):
    runs = [world.store.create({}, name="x", owner=ANN, state="paused") for _ in range(3)]
    delete = RunStore.delete

    def faulty(store, run_id):
        if run_id == runs[1].id:
            raise OSError(errno.ENOSPC, "No space left on device")
        delete(store, run_id)

    monkeypatch.setattr(RunStore, "delete", faulty)
    removed = forget_visitor(world.store, world.visits, ANN, world.cancelled.append)
    assert len(removed.runs) == 2
    assert "disk is full" in removed.problems[0]
    assert "Some could not be removed: " in removed_text(removed)
    assert "Some" not in removed_text(retention.Removed())


def test_a_damaged_run_is_its_visitors_too(world, monkeypatch):
    old, forgotten, own = world.run(ANN), world.run("b" * 64), world.run(None)
    for run in (old, forgotten, own):
        (world.store.root / run / "status.json").write_bytes(b"{torn")
    forget_visitor(world.store, world.visits, "b" * 64, world.cancelled.append)
    assert world.ids() == {old, own}
    assert world.sweep_after(23.9).runs == []
    may_be_whole = property(lambda store: True, lambda *what: None)
    monkeypatch.setattr(RunStore, "has_unread", may_be_whole, raising=False)
    assert world.sweep_after(1000).runs == []  # it may be whole
    monkeypatch.undo()
    assert world.sweep_after(24.1).runs == [old]
    assert world.ids() == {own}
