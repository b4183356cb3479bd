"""The page Start: the question, its published logs, and the experiment run here."""

import re

import pytest

from core.config import PRESETS, ExperimentConfig
from tests.fake_runs import Lab, shown_text

PAIR = ("sigmoid", "relu")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def question(activation):
    return PRESETS["question"].replace({"model.output_activation": activation})


def stored(lab, activation, state, epochs=4):
    """A run of the question's configuration in a state, made without training."""
    run = lab.store.create(question(activation).model_dump(mode="json"), name="A run")
    if state != "queued":
        run.transition("starting")
        run.transition("running")
        for epoch in range(1, epochs + 1):
            row = {"loss": 12.5 / epoch, "mae": 12.5 / epoch, "mse": 2000.0 / epoch}
            run.append_history({"epoch": epoch, **row})
    if state not in ("queued", "running"):
        run.transition(state, "It ended.")
    return run


def losses(page):
    """The rows of the table by their names."""
    (table,) = (html.proto.body for html in page.get("html"))
    rows = [re.findall(r">([^<]*)</t[hd]>", row) for row in table.split("</tr>")]
    return {name: texts for name, *texts in filter(None, rows)}


def test_first_visit_shows_the_question_its_numbers_and_the_answer(lab):
    page = lab.open("start").run()
    assert not page.exception
    text = shown_text(page)
    assert "Can ReLU be used at the last layer" in text
    assert "12.34" in text
    table = losses(page)
    assert table["loss (MAE)"] == ["1", "2", "3", "4", "MSE"]
    assert table["ReLU, published"] == ["9.82", "8.19", "7.35", "6.61", "1266 → 621"]
    assert table["Sigmoid, here"] == ["–"] * 5
    assert [item.label for item in page.button] == ["Run the experiment here"]


def test_one_click_submits_both_runs_and_shows_them(lab):
    page = lab.open("start").run()
    page.button(key="run-question").click().run()
    assert not page.exception
    assert len(lab.runner.submitted) == 2
    configs = [
        ExperimentConfig.model_validate(lab.store.open(run).config())
        for run in lab.runner.submitted
    ]
    assert [config.model.output_activation for config in configs] == list(PAIR)
    assert all(config.data == PRESETS["question"].data for config in configs)
    assert page.button(key="run-question").disabled
    assert shown_text(page).count("waiting") == 2
    page.run()
    assert len(lab.runner.submitted) == 2  # drawing again submits nothing


def test_a_second_click_before_the_first_had_an_effect_starts_nothing(lab, monkeypatch):
    page = lab.open("start").run()
    page.button(key="run-question").click().run()
    monkeypatch.setattr(  # of a button that a browser has not drawn as disabled yet
        "streamlit.testing.v1.element_tree.Widget._assert_can_interact", lambda self: None
    )
    page.button(key="run-question").click().run()
    assert len(lab.runner.submitted) == 2


def test_epochs_appear_while_it_trains(lab):
    stored(lab, "sigmoid", "running", epochs=2)
    stored(lab, "relu", "queued")
    page = lab.open("start").run()
    assert not page.exception
    assert "2 of 4 epochs done" in shown_text(page)
    assert losses(page)["Sigmoid, here"] == ["12.50", "6.25", "–", "–", "2000 → 1000"]


def test_an_earlier_pair_is_shown_again_with_its_reconstructions(lab):
    for activation in PAIR:
        stored(lab, activation, "finished")
    page = lab.open("start").run()
    assert not page.exception
    assert [link.label for link in page.get("page_link")].count("Reconstructions") == 2
    assert page.button(key="run-question").label == "Run it again"


def test_a_failed_run_says_why_and_can_be_started_again(lab):
    stored(lab, "sigmoid", "failed", epochs=1)
    page = lab.open("start").run()
    assert not page.exception
    assert "It ended" in shown_text(page)
    assert not page.button(key="run-question").disabled


def test_a_full_disk_is_said(lab, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lab.runner, "submit", full)
    page = lab.open("start").run()
    page.button(key="run-question").click().run()
    assert not page.exception
    assert "the disk is full; free some space" in page.error[0].value
