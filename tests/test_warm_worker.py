"""A worker that waits for its run: what it has loaded, how it ends, and what it lets go."""

import gc
import weakref
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")


def test_the_warm_worker_freezes_what_it_loaded_and_none_of_what_it_trained(monkeypatch):
    made = []

    class Noted(worker.Training):
        def __init__(self, *what):
            super().__init__(*what)
            made.append(weakref.ref(self.trainer))

    monkeypatch.setattr(worker, "Training", Noted)
    gc.unfreeze()
    try:
        worker.warm_up()
        assert gc.get_freeze_count()
        assert [trainer() for trainer in made] == [None]
    finally:
        gc.freeze()


def test_a_spare_that_has_no_run_yet_ends_at_once_when_it_is_told_to(tmp_path, monkeypatch):
    installed = []
    monkeypatch.setattr(worker.signal, "signal", lambda *what: installed.append(what))
    monkeypatch.setattr(worker, "_is_wanted", lambda: True)
    monkeypatch.setattr(worker, "_next_run", lambda: None)
    assert worker.main() == 0
    assert not installed
    with pytest.raises(worker.RunNotFound):
        worker._opened(str(tmp_path / ("0" * 32)))
    assert installed == [(worker.signal.SIGTERM, worker.end_soon)]


def test_of_a_preparation_that_failed_nothing_is_left(monkeypatch):
    lines = iter([b"prepare {}\n", b""])
    seen, made = [], []

    def prepare(order, is_wanted):
        made.append(worker.keras.layers.Dense(1))
        raise MemoryError

    raw = SimpleNamespace(readline=lambda: next(lines))
    monkeypatch.setattr(worker.sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(raw=raw)))
    monkeypatch.setattr(worker, "prepare", prepare)
    monkeypatch.setattr(worker, "_let_go", lambda: seen.append(len(made)))
    assert worker._next_run() is None
    assert seen == [0, 1]
