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


@pytest.mark.parametrize(
    ("at_hand", "batch", "window_bytes", "parts"),
    [
        (2, 256, 51_200, 4),  # the question's
        (2, 128, 51_200, 2),
        (2, 1024, 51_200, 16),
        (16, 256, 51_200, 16),
        (64, 4096, 51_200, 64),  # sixteen at a time
        (3, 256, 51_200, 3),  # as many for each core
        (2, 256, 1_600, 2),  # small parts are not cut again
        (2, 31, 1_600, 1),  # or at all, of so few windows
        (2, 8, 2_560_000, 6),  # few windows that are large
        (2, 2, 100_000_000, 2),  # no part is less than a window
        (2, 1, 100_000_000, 1),
        (1, 256, 1_600, 1),
    ],
)
def test_into_how_many_parts_a_batch_is_cut(at_hand, batch, window_bytes, parts, monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: at_hand)
    assert cores.parts_of(batch, window_bytes) == parts
