"""A reload begins a new session: what was in hand before it can be taken up again."""

import pytest

from core.config import ExperimentConfig
from core.session.last_setup import FILE
from tests.fake_runs import Lab, shown_text
from tests.pages.test_data import draft

pytestmark = pytest.mark.slow

SIGMOID = ExperimentConfig().replace({"model.output_activation": "sigmoid"})


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def offers(page):
    return [button for button in page.button if button.key == "last_setup"]


def test_what_was_in_hand_before_a_reload_is_brought_back(lab):
    assert not offers(lab.open("train"))
    lab.open("train", **SIGMOID.to_query())
    page = lab.open("train")
    assert "Output: Linear" in shown_text(page)
    (offer,) = offers(page)
    assert "Sigmoid" in offer.help
    page = offer.click().run()
    assert "Output: Sigmoid" in shown_text(page)
    assert not offers(page)
    assert not page.exception


def test_a_session_that_changes_nothing_keeps_what_another_left(lab):
    lab.open("train", **SIGMOID.to_query())
    lab.open("output")
    assert offers(lab.open("start"))


def test_a_setup_with_a_fault_is_not_kept(lab):
    page = lab.open("train", **SIGMOID.to_query())
    kept = (lab.store.root / FILE).read_bytes()
    page.session_state["draft"] = draft(page) | {"name": 5}
    page.run()
    assert (lab.store.root / FILE).read_bytes() == kept


@pytest.mark.parametrize("content", [b"", b"{oops", b'{"version": 99}', b"\xff\xfe"])
def test_a_damaged_file_is_as_none(lab, content):
    (lab.store.root / FILE).write_bytes(content)
    page = lab.open("start")
    assert not page.exception
    assert not offers(page)


def test_a_folder_that_cannot_be_written_costs_only_this(lab):
    (lab.store.root / FILE).mkdir()
    page = lab.open("train", **SIGMOID.to_query())
    assert not page.exception
    assert "Output: Sigmoid" in shown_text(page)


def test_a_public_demo_keeps_none(lab, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    lab.open("train", **SIGMOID.to_query())
    assert not (lab.store.root / FILE).exists()
    (lab.store.root / FILE).write_text(SIGMOID.to_json())
    assert not offers(lab.open("train"))
