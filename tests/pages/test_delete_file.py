"""The button that deletes the file in use: what goes with it, and what stays."""

import errno

import numpy as np
import pytest

from core import retention
from core.signals.recording import Recording
from core.signals.store import origin, save, stored_keys
from tests.fake_runs import Lab, make_run, shown_text
from tests.pages.test_data import TABLE, array_bytes, draft, upload, widget

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def delete_file(page):
    page.button(key="forget_file").click().run()
    page.button(key="forget_sure").click().run()


@pytest.mark.parametrize("in_use", ["a generated signal", "a file"])
def test_to_delete_a_file_of_which_nothing_was_taken_deletes_no_recording(lab, in_use):
    values = np.random.default_rng(0).normal(size=(2000, 2))
    good = save(Recording(values=values, channel_names=("a", "b")), lab.store.data_folder)
    page = lab.open("data").run()
    if in_use == "a file":
        page = upload(page, "gut.npy", array_bytes(values))
        good = draft(page)["data"]["sha256"]
    page = upload(page, "leer.csv", b"")
    assert page.error
    delete_file(page)
    assert not page.exception
    assert not page.error
    assert "The file is deleted" in shown_text(page)
    assert good in stored_keys(lab.store.data_folder)
    assert draft(page)["data"]["sha256"] == (good if in_use == "a file" else "")


def test_a_file_that_was_read_is_deleted_with_its_values_though_not_if_read_otherwise(lab):
    rows = "\n".join(f"{t % 7},{t if t % 50 else ''}" for t in range(2000))
    page = upload(lab.open("data").run(), "gaps.csv", f"a,b\n{rows}".encode())
    key = draft(page)["data"]["sha256"]
    page.button(key="forget_file").click().run()
    assert r"Delete gaps\.csv for good?" in shown_text(page)
    page.button(key="forget_keep").click().run()
    assert "for good" not in shown_text(page)
    assert key in stored_keys(lab.store.data_folder)
    widget(page, "multiselect", "data.anomalies@").set_value(["spike"])
    page.run()
    widget(page, "selectbox", "data.reading.missing@").set_value("error")
    page.run()
    assert page.error
    delete_file(page)
    assert key not in stored_keys(lab.store.data_folder)
    assert draft(page)["data"]["source"] == "generator"
    assert draft(page)["data"]["anomalies"] == []


def test_values_that_a_run_needs_stay_and_the_next_file_is_asked_about_anew(lab):
    page = upload(lab.open("data").run(), "eins.csv", TABLE.encode())
    make_run(lab.store, changes={f"data.{k}": v for k, v in draft(page)["data"].items()})
    page.button(key="forget_file").click().run()
    page = upload(page, "zwei.csv", TABLE.replace("zeit", "t").encode())
    assert "for good" not in shown_text(page)
    delete_file(page)
    assert "The file is deleted; the values read of it stay for the runs" in shown_text(page)


def test_a_file_that_cannot_be_deleted_stays_in_use_and_the_page_says_why(lab, monkeypatch):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())

    def refuse(*what):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(retention, "delete", refuse)
        delete_file(page)
    assert not page.exception
    assert "could not be deleted" in shown_text(page)
    assert draft(page)["data"]["name"] == "messung.csv"
    delete_file(page)
    assert draft(page)["data"]["source"] == "generator"
    folder = lab.store.data_folder
    assert all(origin(key, folder) for key in stored_keys(folder))  # but for generated signals
