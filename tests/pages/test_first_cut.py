"""The windows that a recording begins with, and how their length and stride go together."""

import numpy as np
import pytest

from core.config import DataConfig, with_changes
from tests.fake_runs import Lab
from tests.pages.test_data import array_bytes, draft, opened, upload, widget

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def cut(page):
    windows = draft(page)["windows"]
    return windows["window_length"], windows["stride"]


def windows_file(length, seed=0):
    return array_bytes(np.random.default_rng(seed).normal(size=(30, length, 2)))


def with_cut(page, length, stride):
    page.session_state["draft"] = with_changes(
        draft(page), {"windows.window_length": length, "windows.stride": stride}
    )
    return page.run()


def test_a_file_of_windows_begins_with_these_and_goes_on_as_they_are_set(lab):
    page = with_cut(lab.open("data").run(), 360, 360)
    page = upload(page, "short.npy", windows_file(20))
    assert not page.error
    assert cut(page) == (20, 20)
    page = upload(page, "long.npy", windows_file(40))
    assert cut(page) == (40, 40)
    page = with_cut(page, 25, 10)
    widget(page, "text_input", "data.reading.unit@").set_value("mV")
    page.run()
    assert cut(page) == (25, 10)
    page = with_cut(page, 60, 60)
    assert page.error
    assert page.button(key="cut").label == "Use each whole window: 40 time steps"


def test_a_setup_of_a_link_keeps_its_cut_also_as_its_file_comes(lab):
    page = upload(lab.open("data").run(), "mine.npy", windows_file(40))
    data = DataConfig.model_validate(draft(page)["data"])
    page = upload(page, "other.npy", windows_file(40, seed=1))
    page = opened(page, data)
    assert cut(page) == (200, 200)
    page = upload(page, "mine.npy", windows_file(40))
    assert draft(page)["data"]["sha256"] == data.sha256
    assert cut(page) == (200, 200)


@pytest.mark.parametrize(("rows", "begun"), [(995, (49, 24)), (1000, (200, 200))])
def test_a_recording_without_room_for_a_window_begins_with_shorter_ones(lab, rows, begun):
    values = np.random.default_rng(0).normal(size=(rows, 2))
    page = upload(lab.open("data").run(), "rows.npy", array_bytes(values))
    assert cut(page) == begun
    assert not page.error


def test_a_source_that_is_opened_again_has_its_own_cut(lab):
    page = lab.open("data").run()
    widget(page, "segmented_control", "source@").set_value("sample")
    page.run()
    page.button(key="sample-digits").click().run()
    for source, expected in (("generator", (200, 200)), ("sample", (8, 8))):
        widget(page, "segmented_control", "source@").set_value(source)
        page.run()
        assert cut(page) == expected


def test_a_stride_equal_to_the_length_follows_it(lab):
    page = lab.open("data").run()
    for path, new, expected in (
        ("window_length", 36, (36, 36)),
        ("stride", 18, (36, 18)),
        ("window_length", 50, (50, 18)),
    ):
        widget(page, "number_input", f"windows.{path}@").set_value(new)
        page.run()
        assert cut(page) == expected
