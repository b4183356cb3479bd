"""What the page Data says of how a file was read: what it does not name, and what is in use."""

import numpy as np
import pytest

from core.config import DataConfig
from tests.fake_runs import Lab, shown_text
from tests.pages.test_data import TABLE, array_bytes, draft, opened, upload, widget

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def test_what_a_file_does_not_name_is_said_until_it_is_set(lab):
    values = np.random.default_rng(0).normal(size=(2000, 2))
    page = upload(lab.open("data").run(), "rows.npy", array_bytes(values))
    assert "names no sampling rate and no unit: you can set them below" in shown_text(page)
    widget(page, "number_input", "data.reading.sampling_rate_hz@").set_value(50.0)
    page.run()
    assert "names no unit: you can set it below" in shown_text(page)
    widget(page, "text_input", "data.reading.unit@").set_value("mV")
    page.run()
    assert "names no" not in shown_text(page)


def test_how_a_file_was_read_is_shown_though_it_is_not_in_hand(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    widget(page, "text_input", "data.reading.unit@").set_value("mV")
    page.run()
    first = DataConfig.model_validate(draft(page)["data"])
    page = upload(page, "zwei.npy", array_bytes(np.eye(500, 3)))
    page = opened(page, first)
    said = next(item.value for item in page.caption if item.value.startswith("In use"))
    assert "2 channels: links, rechts · 10 Hz · unit: mV. To read it in" in said
