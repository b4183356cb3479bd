"""The list of runs: what is read again, and how a change becomes known."""

import errno
import os
import shutil
from contextlib import suppress

import pytest

from core import durable, runs, store_changes
from core.runs import RunStore


def test_a_second_list_reads_only_what_changed(store, monkeypatch):
    listed = [store.create({}, name=f"{number}") for number in range(5)]
    store.list()
    read = []
    real = runs.read_status
    monkeypatch.setattr(runs, "read_status", lambda folder: read.append(folder) or real(folder))
    store.list()
    assert read == []
    path = listed[2].folder / "status.json"
    found = path.stat()
    listed[2].update(name="X")  # same size; and the same time, as by a coarse clock
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    read.clear()
    assert [summary.name for summary in store.list()] == ["0", "1", "X", "3", "4"]
    assert read == [listed[2].folder]


def test_a_listing_is_the_same_object_until_a_run_changes(store):
    run = store.create({}, name="A")
    before = store.listing()
    assert store.listing() is before
    run.update(name="B")
    after = store.listing()
    assert [summary.name for summary in after] == ["B"]
    run.update(name="C")
    assert store.listing(max_age_seconds=60) is after
    assert [summary.name for summary in store.listing()] == ["C"]
    store.delete(store.create({}, name="D", state="cancelled").id)
    assert len(store.listing()) == 1


def test_a_listing_looks_at_the_runs_again_only_when_somebody_noted_a_change(store, monkeypatch):
    run = store.create({}, name="A")
    other = RunStore(store.root)
    assert [summary.name for summary in other.listing()] == ["A"]
    looks, look = [], RunStore._look
    monkeypatch.setattr(RunStore, "_look", lambda self: looks.append(self) or look(self))
    other.listing()
    assert looks == []

    run.transition("cancelled")
    assert [summary.state for summary in other.listing()] == ["cancelled"]
    store.rename(run.id, "B")
    assert [summary.name for summary in other.listing()] == ["B"]
    store.delete(run.id)
    assert other.listing() == ()
    assert looks == [other] * 3


def test_a_change_that_an_error_followed_is_noted(store, monkeypatch):
    run, other = store.create({}, name="A"), RunStore(store.root)
    other.listing()

    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(durable, "sync_path", fail)
    with suppress(OSError):
        run.transition("cancelled")
    assert [summary.state for summary in other.listing()] == [run.status().state]


def test_a_run_that_could_not_be_made_safe_is_not_there(store, monkeypatch):
    kept = store.create({}, name="A")

    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "sync_path", fail)
        with pytest.raises(OSError, match="Input/output"):
            store.create({}, name="B")
    assert [run.id for run in store.list()] == [run.id for run in store.listing()] == [kept.id]
    assert not list(store.root.glob(".new-*"))


def test_what_nobody_noted_is_seen_by_list_and_within_seconds_by_listing(store, monkeypatch):
    run = store.create({}, name="A")
    assert len(store.listing()) == 1
    shutil.rmtree(run.folder)
    assert len(store.listing()) == 1
    assert store.list() == []
    assert store.listing() == ()

    (store.root / store_changes.FILE).unlink()  # as an earlier version leaves a folder
    monkeypatch.setattr(store_changes, "note", lambda root: None)
    store.create({}, name="B")
    assert [summary.name for summary in store.listing()] == ["B"]
    monkeypatch.undo()
    store.create({}, name="C")
    store.listing()
    shutil.rmtree(store.root / store.listing()[0].id)
    monkeypatch.setattr(runs, "LOOK_SECONDS", -1)
    assert [summary.name for summary in store.listing()] == ["C"]


def test_a_look_that_failed_has_seen_nothing(store, monkeypatch):
    run, other = store.create({}, name="A"), RunStore(store.root)
    other.listing()
    run.update(name="B")

    def fail(path):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        with pytest.raises(OSError, match="Too many"):
            other.listing()
    assert [summary.name for summary in other.listing()] == ["B"]


def test_a_change_that_cannot_be_noted_is_made_all_the_same(store, monkeypatch):
    run = store.create({}, name="A")
    (store.root / store_changes.FILE).unlink()
    (store.root / store_changes.FILE).mkdir()
    run.transition("cancelled")
    assert [summary.state for summary in store.listing()] == ["cancelled"]
