"""The page Runs: the table, its filters, and what can be done with chosen rows."""

import json
import re

import pytest

from core.results import RunRow, RunTable
from core.views import stored
from core.views.comparison import SETTING
from tests.fake_runs import Lab, make_run, shown_text


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def rows(page):
    return page.dataframe[0].value


def select(page, *numbers):
    key = page.dataframe[0].key
    page.session_state[key] = {"selection": {"rows": list(numbers), "columns": [], "cells": []}}
    return page.run()


def settings_of(page):
    return next(item.value for item in page.dataframe if SETTING in item.value)


def errors_of(page):
    return next(item.value for item in page.dataframe if "percent" in item.value)


def open_files_of(run):
    return [path for path in stored._files()._values if run.id in path.parts]


def text_of(page):
    return shown_text(page).replace("\\", "")


def press(page, label):
    return next(item for item in page.button if item.label == label).click().run()


def test_without_runs_it_leads_on(lab):
    page = lab.open("runs")
    assert "There are no runs yet" in page.info[0].value
    assert page.get("page_link")[0].label == "Set up a run"


def test_every_state_is_listed_newest_first(lab):
    for state in ("finished", "failed", "cancelled", "running", "queued"):
        make_run(lab.store, state, name=f"The {state} one")
    damaged = make_run(lab.store, name="Damaged")
    (damaged.folder / "status.json").write_text("{oops")
    newer = make_run(lab.store, name="Newer")
    status = newer.folder / "status.json"
    status.write_text(status.read_text().replace('"version": 1', '"version": 99'))
    page = lab.open("runs")
    assert not page.exception
    assert list(rows(page)["state"]) == [
        *("newer", "waiting", "training", "cancelled", "failed", "finished", "damaged")
    ]
    assert rows(page)["validation_mae"].notna().sum() == 2


@pytest.mark.slow
def test_search_and_states_narrow_the_table(lab):
    make_run(lab.store, name="Alpha", changes={"model.output_activation": "sigmoid"})
    make_run(lab.store, "failed", name="Beta")
    page = lab.open("runs")
    page = page.text_input(key="runs_search").set_value("SIGMOID alpha").run()
    assert list(rows(page)["name"]) == ["Alpha"]
    page = page.text_input(key="runs_search").set_value("gamma").run()
    assert "No run matches" in shown_text(page)
    page = page.text_input(key="runs_search").set_value("").run()
    page = page.pills(key="runs_states").set_value(["failed"]).run()
    assert list(rows(page)["name"]) == ["Beta"]


def test_chosen_runs_are_compared(lab):
    make_run(lab.store, name="One", epochs=3)
    make_run(lab.store, name="Two", epochs=6, changes={"training.batch_size": 64})
    page = select(lab.open("runs"), 0, 1)
    assert not page.exception
    table = settings_of(page).set_index(SETTING)
    assert set(table.index) == {"training: epochs", "training: batch size"}
    assert list(table.loc["training: batch size"]) == ["64", "32"]


def test_a_run_may_be_named_as_the_column_of_settings(lab):
    for number, name in enumerate(("Setting", SETTING)):
        make_run(lab.store, name=name, changes={"training.seed": number})
    page = select(lab.open("runs"), 0, 1)
    assert not page.exception
    assert list(settings_of(page).columns) == [SETTING, "without a name", "Setting"]


def test_a_choice_stays_with_its_runs_as_the_table_changes(lab):
    for number, name in enumerate(("One", "Two", "Three")):
        make_run(lab.store, name=name, changes={"training.seed": number})
    page = select(lab.open("runs"), 1, 2)
    assert list(settings_of(page).columns) == [SETTING, "Two", "One"]
    make_run(lab.store, name="Four")
    page.run()
    assert list(rows(page)["name"]) == ["Four", "Three", "Two", "One"]
    assert list(settings_of(page).columns) == [SETTING, "Two", "One"]
    page = page.text_input(key="runs_search").set_value("o").run()
    assert list(rows(page)["name"]) == ["Four", "Two", "One"]
    assert list(settings_of(page).columns) == [SETTING, "Two", "One"]
    page = page.text_input(key="runs_search").set_value("three").run()
    assert SETTING not in {name for frame in page.dataframe for name in frame.value}


def test_runs_without_an_epoch_compare_without_a_curve(lab):
    make_run(lab.store, "queued", name="Waiting")
    page = select(lab.open("runs"), 0)
    assert "No epoch is finished yet." in shown_text(page)


def test_a_run_with_a_damaged_configuration_is_left_out_of_the_comparison(lab):
    for number in range(3):
        run = make_run(lab.store, name=f"Run {number}", changes={"training.seed": number})
    (run.folder / "config.json").write_text("{oops")
    page = select(lab.open("runs"), 0, 1, 2)
    assert not page.exception
    assert list(settings_of(page).columns) == [SETTING, "Run 1", "Run 0"]


def test_edit_loads_the_configuration(lab):
    make_run(lab.store, name="One", changes={"training.epochs": 9})
    page = press(select(lab.open("runs"), 0), "Duplicate and edit")
    assert page.title[0].value == "Train"
    assert {item.label: item.value for item in page.number_input}["Epochs"] == 9


@pytest.mark.slow
def test_delete_asks_before_it_removes(lab):
    run = make_run(lab.store, name="One")
    page = press(select(lab.open("runs"), 0), "Delete")
    assert "removed from the disk" in shown_text(page)
    page = press(select(page, 0), "Keep")
    assert lab.store.open(run.id)
    page = press(select(page, 0), "Delete")
    lab.open("reconstructions", run=run.id)  # which maps its files
    assert open_files_of(run)
    page = press(select(page, 0), "Delete 1 run")
    assert not page.exception
    assert not lab.store.list()
    assert not open_files_of(run)


@pytest.mark.slow
def test_the_question_tells_names_with_commas_apart(lab):
    for name in ("one, linear", "two, linear"):
        make_run(lab.store, name=name)
    page = press(select(lab.open("runs"), 0, 1), "Delete")
    when = r" · finished, created \d{4}-\d\d-\d\d \d\d:\d\d"  # tells those of one name apart
    asked = rf"\*\*Delete for good\?\*\*\n- two, linear{when}\n- one, linear{when}\n"
    assert re.search(asked, text_of(page))


@pytest.mark.slow
def test_an_active_run_is_not_deleted(lab):
    run = make_run(lab.store, "running")
    page = press(select(lab.open("runs"), 0), "Delete")
    page = press(select(page, 0), "Delete 1 run")
    assert "cancel it first" in page.toast[0].value
    assert lab.store.open(run.id).is_active


@pytest.mark.slow
def test_rename(lab):
    run = make_run(lab.store, name="One")
    page = select(lab.open("runs"), 0)
    page.text_input(key=f"rename-{run.id}").set_value("Two $x$")
    page = select(page, 0).button(key="runs_rename").click().run()
    assert lab.store.open(run.id).status().name == "Two $x$"
    assert list(rows(page)["name"]) == ["Two $x$"]


@pytest.mark.slow
def test_open_goes_to_the_run(lab):
    run = make_run(lab.store, name="One")
    page = press(select(lab.open("runs"), 0), "Open")
    assert page.title[0].value == "Reconstructions"
    assert page.query_params == {"run": run.id}


def test_nothing_can_be_done_before_a_choice(lab):
    make_run(lab.store)
    assert all(button.disabled for button in lab.open("runs").button)


def test_a_damaged_run_can_only_be_deleted(lab):
    run = make_run(lab.store)
    (run.folder / "status.json").write_text("{oops")
    page = select(lab.open("runs"), 0)
    assert {button.label for button in page.button if not button.disabled} == {"Delete"}


def test_thousands_of_runs_come_in_pages(lab, monkeypatch):
    many = [
        RunRow(f"{i:032x}", i, "finished", "", f"Run {i}", "2026-01-01T00:00:00+00:00", "")
        for i in range(1200)
    ]
    monkeypatch.setattr(RunTable, "rows", lambda table: many)
    page = lab.open("runs")
    assert not page.exception
    assert len(rows(page)) == 500
    assert "1,200 runs" in shown_text(page)


def test_the_baseline_comes_first_and_changes_are_measured_from_it(lab):
    make_run(lab.store, name="One", error=0.5)
    make_run(lab.store, name="Two", error=0.25, changes={"training.seed": 3})
    page = select(lab.open("runs"), 0, 1)
    table = errors_of(page)
    assert list(table["run"]) == ["Two · baseline", "One"]
    assert table["percent"][1] == pytest.approx(100)
    assert table["change"][1] == pytest.approx(table["mae"][1] - table["mae"][0])
    assert table["change"].isna()[0]
    assert list(table["pca"]) == [0.02, 0.02]
    columns = next(item.proto.columns for item in page.dataframe if "percent" in item.value)
    assert "The MAE of 12 principal components, as many as" in columns
    page = choose_baseline(page, "One")
    table = errors_of(page)
    assert list(table["run"]) == ["One · baseline", "Two"]
    assert table["percent"][1] == pytest.approx(-50)
    assert list(settings_of(page).columns) == [SETTING, "One", "Two"]
    page = page.segmented_control(key="runs_measure").set_value("mse").run()
    assert errors_of(page)["percent"][1] == pytest.approx(-75)
    assert not page.exception


@pytest.mark.parametrize(
    ("changes", "windows", "is_known"),
    [
        ({"windows.validation_share": 0.3}, (40, 10), False),
        ({"training.seed": 3}, (30, 10), False),  # others validate
        ({"training.seed": 3}, (40, 10), True),
    ],
)
def test_errors_are_compared_on_the_same_validation_windows(lab, changes, windows, is_known):
    make_run(lab.store, name="One", windows=(40, 10))
    make_run(lab.store, name="Two", windows=windows, changes=changes)
    table = errors_of(select(lab.open("runs"), 0, 1))
    assert list(table[["change", "percent"]].notna().iloc[1]) == [is_known] * 2


def choose_baseline(page, name):
    box = page.selectbox(key="runs_baseline")
    return box.select_index(box.options.index(name)).run()


def test_runs_with_the_same_curves_are_named(lab):
    for name in ("One", "Two", "Three"):
        error = 0.5 if name != "Three" else 0.4
        make_run(lab.store, name=name, error=error)
    page = select(lab.open("runs"), 0, 1, 2)
    assert "**Two** and **One** are the same to the last digit." in text_of(page)


def test_free_of_scale_old_runs_are_left_out(lab):
    make_run(lab.store, name="Old", old=True)
    make_run(lab.store, name="New")
    page = select(lab.open("runs"), 0, 1)
    assert page.pills(key="runs_lines").value == ["floor"]
    page = page.segmented_control(key="runs_scale").set_value("scaled").run()
    assert "Left out, as trained before such errors were recorded: Old." in text_of(page)
    assert not page.exception


def test_the_legend_names_no_line_that_a_logarithmic_axis_cannot_show(lab):
    run = make_run(lab.store, name="One")
    results = json.loads((run.folder / "results.json").read_bytes())
    results["floor"]["validation"] |= {"mae": 0.0, "mse": 0.0}
    (run.folder / "results.json").write_text(json.dumps(results))
    page = select(lab.open("runs"), 0)
    page = page.pills(key="runs_lines").set_value(["floor", "pca"]).run()
    assert "error floor" in legends(page)
    page = page.toggle(key="runs_log").set_value(True).run()
    assert "error floor" not in legends(page)
    assert "PCA, 12 components" in legends(page)
    assert "a logarithmic axis does not reach 0: error floor." in text_of(page)
    page = page.toggle(key="runs_log").set_value(False).run()
    assert "does not reach 0" not in text_of(page)


def test_a_line_whose_error_is_no_number_is_not_offered(lab):
    run = make_run(lab.store, name="One")
    results = json.loads((run.folder / "results.json").read_bytes())
    results["pca"]["validation"] |= {"mae": None, "mse": None}
    (run.folder / "results.json").write_text(json.dumps(results))
    page = select(lab.open("runs"), 0)
    page = page.toggle(key="runs_log").set_value(True).run()
    assert not page.exception
    offered = page.pills(key="runs_lines").options
    assert "error floor" in offered
    assert "PCA" not in offered


def legends(page):
    return "".join(item.proto.body for item in page.get("html"))


@pytest.mark.parametrize(
    ("changes", "is_said"),
    [
        ({"data.name": "question", "data.noise": 0.3}, True),
        ({"data.name": "question", "data.frequency_hz": 3.0}, False),  # which it has no use for
    ],
)
def test_runs_of_different_data_are_told_by_their_data_not_by_its_name(lab, changes, is_said):
    make_run(lab.store, name="One", changes={"data.name": "question"})
    make_run(lab.store, name="Two", changes=changes)
    page = select(lab.open("runs"), 0, 1)
    assert ("These runs are of different data" in text_of(page)) is is_said


@pytest.mark.slow
def test_the_same_window_of_several_runs(lab):
    make_run(lab.store, name="One", error=0.5, windows=(40, 10))
    make_run(lab.store, name="Two", error=0.25, windows=(40, 10), kept=4)
    page = select(lab.open("runs"), 0, 1)
    assert not page.exception
    assert "4 windows are kept by all of these runs" in text_of(page)
    page = page.number_input(key="compared_number").set_value(1).run()
    table = next(item.value for item in page.dataframe if "mae_here" in item.value)
    assert table["mae"][1] == pytest.approx(2 * table["mae"][0])
    page = page.button(key="compared_next").click().run()
    assert page.number_input(key="compared_number").value == 4
    page = page.number_input(key="compared_number").set_value(5).run()  # a step: the neighbour
    assert page.number_input(key="compared_number").value == 7
    page = page.number_input(key="compared_number").set_value(99).run()
    assert page.number_input(key="compared_number").value == 10
    page = page.selectbox(key="compared_channel").set_value(1).run()
    page = page.segmented_control(key="compared_part").set_value("train").run()
    assert "of 40" in text_of(page)
    assert not page.exception


def test_windows_that_are_not_the_same_are_not_compared(lab):
    make_run(lab.store, name="One")
    make_run(lab.store, name="Two", window_length=12)
    make_run(lab.store, name="Three", windows=(30, 10))
    make_run(lab.store, "failed", name="Four")
    page = choose_baseline(select(lab.open("runs"), 0, 1, 2, 3), "One")
    text = text_of(page) + page.info[0].value.replace("\\", "")
    assert "window length is 12 in Two and 24 in One" in text
    assert "Three and One have different training windows" in text
    assert "Without reconstructions, and so left out: Four." in text
    assert not page.exception


def test_many_runs_of_one_name_are_told_apart(lab):
    for _ in range(12):
        make_run(lab.store, name="$same$ `name`", windows=(4, 3))
    page = select(lab.open("runs"), *range(12))
    assert not page.exception
    assert errors_of(page)["run"].is_unique
    assert len(errors_of(page)) == 10


def copied_link(page):
    return next(
        text
        for item in page.get("bidi_component")
        if "runs=" in (text := json.loads(item.proto.json or "{}").get("text", ""))
    )


def test_a_link_opens_the_comparison_with_its_baseline(lab):
    ids = [make_run(lab.store, name=name).id for name in ("One", "Two", "Three")]
    page = choose_baseline(select(lab.open("runs"), 0, 2), "One")
    link = copied_link(page)
    assert link.endswith(f"/runs?runs={ids[0]}%2C{ids[2]}")
    page = lab.open("runs", runs=f"{ids[0]},{ids[2]}")
    assert list(rows(page)["name"]) == ["Three", "One"]
    assert list(errors_of(page)["run"]) == ["One · baseline", "Three"]
    assert "A link has opened these 2 runs." in shown_text(page)
    page = choose_baseline(page, "Three")
    assert list(errors_of(page)["run"]) == ["Three · baseline", "One"]  # the link is opened once
    page = press(page, "All runs")
    assert list(rows(page)["name"]) == ["Three", "Two", "One"]
    assert list(errors_of(page)["run"]) == ["Three · baseline", "One"]


def test_a_link_to_runs_that_are_gone_says_so(lab):
    run = make_run(lab.store, name="One")
    page = lab.open("runs", runs=f"{run.id},{'f' * 32},../etc,{run.id}")
    assert list(rows(page)["name"]) == ["One"]
    assert "Of the 3 runs of this link 1 is here." in shown_text(page)
    page = lab.open("runs", runs="f" * 32)
    assert "The run of this link is not here." in shown_text(page)
    assert not page.exception
