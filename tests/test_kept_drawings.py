"""What a session's process holds of what it draws: little of what is large."""

from importlib import import_module

import numpy as np
import pytest

from core import session
from core.config import DataConfig, ExperimentConfig
from core.session import fitted
from tests.fake_runs import Lab

clipped = import_module("core.session.clipped")  # the package has a function of this name
CONFIG = ExperimentConfig(data=DataConfig(time_steps=2000, seed=71))


@pytest.fixture(autouse=True)
def lab(tmp_path, monkeypatch):
    yield Lab(tmp_path, monkeypatch)
    for made_of in (clipped, fitted):
        made_of.forget_recordings()


def test_a_large_window_is_cut_again(monkeypatch):
    small = session.cut_window(CONFIG, "train", 3)
    assert session.cut_window(CONFIG, "train", 3) is small
    assert session.cut_window(CONFIG, "train", 4) is not small
    monkeypatch.setattr(clipped, "_KEPT_VALUES", 799)  # of the 800 there are
    large = session.cut_window(CONFIG, "train", 3)
    assert large is not session.cut_window(CONFIG, "train", 3)
    np.testing.assert_array_equal(large.values, small.values)
    np.testing.assert_array_equal(large.reach, small.reach)


def test_for_a_picture_that_is_drawn_no_values_are_held(monkeypatch):
    looks, look = [], fitted.target_values
    monkeypatch.setattr(fitted, "target_values", lambda *what: looks.append(what) or look(*what))
    pictures = [session.activation_picture(CONFIG) for _ in range(2)]
    fitted._targets.clear()
    pictures += [session.activation_picture(CONFIG)]
    assert len(looks) == 1
    assert all(picture is pictures[0] for picture in pictures)
