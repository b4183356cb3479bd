import pytest

from core import durable
from core.runs import RunStore


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Nobody pulls the plug during these tests; when syncs happen has its own test."""
    monkeypatch.setattr(durable, "sync", lambda descriptor: None)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")
