"""How TensorFlow is set up before it is imported."""

import os

import pytest

from core import cores

SETTINGS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_ENABLE_ONEDNN_OPTS")


@pytest.fixture
def settings(monkeypatch):
    """Those of a machine with five cores, none set from outside; put back at the end."""
    for name in SETTINGS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(cores, "cores", lambda: 5)
    return lambda: [os.environ.get(name) for name in SETTINGS]


@pytest.mark.parametrize(
    ("machine", "onednn"),
    [("x86_64", "1"), ("AMD64", "1"), ("aarch64", None), ("arm64", None), ("", None)],
)
def test_what_is_set(machine, onednn, settings, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: machine)
    cores.set_up_tensorflow()
    assert settings() == ["1", "5", onednn]


def test_what_was_set_from_outside_stays(settings, monkeypatch):
    for name in SETTINGS:
        monkeypatch.setenv(name, "0")
    cores.set_up_tensorflow()
    assert settings() == ["0", "0", "0"]
