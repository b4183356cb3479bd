"""What room a visitor's runs find on a public demo."""

import pytest

from core import session
from core.admission import LimitExceeded, run_bytes
from core.config import DataConfig, ExperimentConfig
from core.session import visitor
from core.views import matrix_training
from tests.fake_runs import Lab

CONFIG = ExperimentConfig(data=DataConfig(time_steps=50_000))  # 1.6 MB, and a run of some 4 MB


@pytest.fixture
def demo(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    return Lab(tmp_path, monkeypatch)


def room_for_runs(monkeypatch, demo, count):
    """Let the disk hold what there is, and what so many runs may write."""
    session.split(CONFIG)
    visitor.disk().forget()
    each = run_bytes(CONFIG, demo.store.data_folder)
    most = visitor.disk().used_bytes() + count * each
    monkeypatch.setenv("LAB_PUBLIC_MAX_DISK_MB", str(most // 1_000_000 + 1))


def test_what_runs_may_write_is_theirs_before_it_is_written(demo, monkeypatch):
    room_for_runs(monkeypatch, demo, 2)
    first, _ = session.submit(CONFIG), session.submit(CONFIG)
    with pytest.raises(LimitExceeded, match=r"with what comes, .* MB could be in use"):
        session.submit(CONFIG)
    with pytest.raises(LimitExceeded, match="could be in use"), visitor.room_for(3_000_000):
        pass
    demo.store.open(first).transition("cancelled")
    session.submit(CONFIG)


def test_a_run_that_is_resumed_or_trained_further_needs_room_too(demo, monkeypatch):
    room_for_runs(monkeypatch, demo, 1)
    paused = session.submit(CONFIG)
    demo.store.open(paused).transition("paused")
    other = session.submit(CONFIG)
    for go_on in (
        lambda: session.resume(paused),
        lambda: session.train_further(paused, epochs=30, patience=0, name=""),
    ):
        with pytest.raises(LimitExceeded, match="could be in use"):
            go_on()
    demo.store.open(other).transition("cancelled")
    session.resume(paused)


def test_a_paused_run_takes_its_own_place_again(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_RUNS_PER_VISITOR", "1")
    paused = session.submit(CONFIG)
    demo.store.open(paused).transition("paused")
    with pytest.raises(LimitExceeded, match="waiting or paused"):
        session.submit(CONFIG)
    assert matrix_training._room() == 0
    session.resume(paused)


def test_a_run_that_takes_too_much_memory_is_refused(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_MEMORY_MB", "50")
    said = r"up to 50 MB of memory; this one could take [1-9].* smaller batch"
    with pytest.raises(LimitExceeded, match=said):
        session.submit(CONFIG)
    assert demo.store.list() == []
