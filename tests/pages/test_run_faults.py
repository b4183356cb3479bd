"""What a visitor is told and can do when a run rests, or when the runs folder fails."""

import errno
import json
import os
import shutil

import numpy as np
import pytest

from core import checkpoints, disk
from core.checkpoints import Checkpoint
from core.runner import LocalRunner
from core.session.store_notice import VIEW_ONLY
from core.training_state import TrainingState
from tests.fake_runs import FakeRunner, Lab, history_row, make_run, shown_text
from tests.fake_workers import eventually

PAGES = ("start", "data", "output", "explain", "train", "reconstructions", "runs")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def rest(lab, state, name, epoch=0, batch=0):
    """A run at rest; with a checkpoint's name if `epoch` is given."""
    run = make_run(lab.store, state, name=name, epochs=8, reason=f"Why {name} rests.")
    if epoch:
        (run.folder / f"checkpoint-{epoch:06}-{batch:08}").mkdir()
    return run


def text_of(page):
    return shown_text(page).replace("\\", "")


def labels(page):
    return [button.label for button in page.button]


# Pause and resume


def test_a_run_in_work_can_be_paused_and_says_so(lab):
    run = make_run(lab.store, "running", name="Live")
    page = lab.open("train", run=run.id)
    page = page.button(key=f"pause-{run.id}").click().run()
    assert run.pause_requested()
    button = page.button(key=f"pause-{run.id}")
    assert (button.label, button.disabled) == ("Pausing…", True)
    assert not page.button(key=f"cancel-{run.id}").disabled


def test_a_queued_run_is_paused_at_once(lab):
    run = make_run(lab.store, "queued")
    page = lab.open("train", run=run.id)
    page = page.button(key=f"pause-{run.id}").click().run()
    assert run.status().state == "paused"
    assert "begins with its first epoch" in text_of(page)


@pytest.mark.parametrize(
    ("epoch", "batch", "said"),
    [
        (0, 0, "It has no checkpoint yet, so that it begins with its first epoch."),
        (3, 0, "It goes on with epoch 4."),
        (3, 17, "It goes on within epoch 4, after 17 of its batches."),
        (8, 0, "All its epochs are done: it goes on with measuring what they have reached."),
    ],
)
def test_a_run_at_rest_says_where_it_goes_on(lab, epoch, batch, said):
    run = rest(lab, "paused", "one", epoch, batch)
    page = lab.open("train", run=run.id)
    assert page.warning[0].value.replace("\\", "") == f"This run is paused. Why one rests. {said}"
    assert len(page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")) > 0
    page.button(key=f"cancel-{run.id}").click().run()
    assert run.status().state == "cancelled"


@pytest.mark.parametrize(
    ("reason", "batch", "said"),
    [
        ("Paused in epoch 4, after 17 batches of it.", 17, "It goes on from there."),
        ("Paused after epoch 3.", 0, "It goes on from there."),
        ("Paused after epoch 30.", 0, "It goes on with epoch 4."),
    ],
)
def test_a_place_that_was_just_said_is_not_said_again(lab, reason, batch, said):
    run = make_run(lab.store, "paused", epochs=8, reason=reason)
    (run.folder / f"checkpoint-000003-{batch:08}").mkdir()
    page = lab.open("train", run=run.id)
    assert page.warning[0].value.replace("\\", "") == f"{reason} {said}"


def test_where_a_run_goes_on_is_said_once(lab):
    reason = "Paused: the disk is full. Free some space, then resume it. It goes on after epoch 2."
    run = make_run(lab.store, "paused", reason=reason)
    page = lab.open("train", run=run.id)
    assert page.warning[0].value.replace("\\", "") == reason


def test_interrupted_runs_are_offered_at_the_start(lab):
    first, second = (rest(lab, "interrupted", name, 3) for name in ("*one*", "two"))
    paused = rest(lab, "paused", "three")
    page = lab.open("train")
    text = shown_text(page)
    assert "2 runs were interrupted and 1 is paused." in text
    assert "\\*one\\* · It goes on with epoch 4." in text
    page = page.button(key="resume_all").click().run()
    assert not page.exception
    states = [run.status().state for run in (first, second, paused)]
    assert states == ["queued", "queued", "paused"]
    assert "1 run is paused." in shown_text(page)
    assert "resume_all" not in [button.key for button in page.button]
    page = page.button(key=f"drop-{paused.id}").click().run()
    assert paused.status().state == "cancelled"
    assert "paused." not in shown_text(page)


def test_many_interrupted_runs_are_counted_and_one_is_resumed_alone(lab):
    runs = [rest(lab, "interrupted", str(number)) for number in range(7)]
    page = lab.open("train")
    assert "and 2 more, listed on the page Runs." in shown_text(page)
    page = page.button(key=f"resume-{runs[0].id}").click().run()
    assert [run.status().state for run in runs[:2]] == ["queued", "interrupted"]
    assert page.query_params == {"run": runs[0].id}  # it is in view, and stays so at its end


def test_an_interrupted_run_that_is_removed_meanwhile_does_no_harm(lab):
    runs = [rest(lab, "interrupted", str(number)) for number in range(2)]
    page = lab.open("train")
    shutil.rmtree(runs[0].folder)
    page = page.button(key="resume_all").click().run()
    assert not page.exception
    assert runs[1].status().state == "queued"


@pytest.mark.slow
def test_selected_runs_are_paused_and_resumed_together(lab):
    queued = [make_run(lab.store, "queued", name=str(number)) for number in range(2)]
    resting = rest(lab, "interrupted", "three")

    def all_rows(page):
        key = page.dataframe[0].key
        page.session_state[key] = {"selection": {"rows": [0, 1, 2], "columns": [], "cells": []}}
        return page.run()

    page = all_rows(lab.open("runs"))
    assert {"Pause 2", "Resume 1"} <= set(labels(page))
    page = page.button(key="runs_pause").click().run()
    assert [run.status().state for run in queued] == ["paused", "paused"]
    page = all_rows(page).button(key="runs_resume").click().run()
    assert [run.status().state for run in [*queued, resting]] == ["queued"] * 3
    assert not page.exception


# Training further


def give_checkpoint(run, done, best=None):
    """A whole checkpoint after some epochs, of weights that no model has."""
    weights = [np.zeros(3, np.float32)]
    state = TrainingState(
        done=done,
        batch=0,
        best_epoch=best or done,
        best_loss=0.1,
        drops=0,
        last_drop=0,
        seconds=0.0,
        windows=0,
        sums={},
        **dict.fromkeys(("variables", "best_weights", "last_weights"), weights),
    )
    rows = [history_row(epoch, 0.5) for epoch in range(1, done + 1)]
    checkpoints.save(run.folder, Checkpoint(state, rows, "", {}, 1.0, []))


def test_a_finished_run_is_trained_further_as_a_new_one(lab):
    run = make_run(lab.store, name="Done", epochs=4)
    give_checkpoint(run, 4)
    before = run.status()
    page = lab.open("train", run=run.id)
    assert page.number_input(key=f"further-epochs-{run.id}").value == 8
    page.number_input(key=f"further-epochs-{run.id}").set_value(6)
    page = page.button(key=f"further-start-{run.id}").click().run()
    assert not page.exception
    assert run.status() == before
    new = lab.store.open(lab.store.list()[-1].id)
    assert new.config()["training"]["epochs"] == 6
    assert (new.status().state, new.status().name) == ("queued", "Done, 6 epochs")
    assert page.query_params["run"] in (new.id, [new.id])


def test_a_run_that_stopped_early_needs_more_patience(lab):
    changes = {"training.patience": 2}
    run = make_run(lab.store, epochs=4, changes=changes, reason="Stopped early after epoch 4.")
    config = run.config()
    config["training"]["epochs"] = 50
    run.publish_json("config.json", config)
    give_checkpoint(run, 4, best=2)
    page = lab.open("train", run=run.id)
    assert "It stopped early, 2 epochs after its best one." in shown_text(page)
    assert page.number_input(key=f"further-epochs-{run.id}").value == 50
    assert page.number_input(key=f"further-patience-{run.id}").value == 0
    page.number_input(key=f"further-patience-{run.id}").set_value(1)
    page = page.button(key=f"further-start-{run.id}").click().run()
    assert "Choose a patience above 2, or 0 for none" in page.toast[0].value.replace("\\", "")
    assert len(lab.store.list()) == 1


def test_a_run_without_a_checkpoint_cannot_be_trained_further(lab):
    page = lab.open("train", run=make_run(lab.store).id)
    assert not [item for item in page.button if "further" in str(item.key)]
    running = make_run(lab.store, "running")
    page = lab.open("train", run=running.id)
    assert not [item for item in page.button if "further" in str(item.key)]


# The runs folder fails


def make_read_only(monkeypatch, root):
    """What a read-only file system does, also to a user who may do everything."""
    real = {name: getattr(os, name) for name in ("open", "mkdir", "replace", "utime", "access")}

    def is_inside(path):
        return isinstance(path, str | os.PathLike) and str(path).startswith(str(root))

    def opened(path, flags, *arguments, **options):
        if is_inside(path) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return real["open"](path, flags, *arguments, **options)

    def refuse(name):
        def call(path, *arguments, **options):
            if is_inside(path):
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            return real[name](path, *arguments, **options)

        return call

    def access(path, mode, **options):
        return not (is_inside(path) and mode & os.W_OK) and real["access"](path, mode, **options)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "access", access)
    for name in ("mkdir", "replace", "utime"):
        monkeypatch.setattr(os, name, refuse(name))


@pytest.mark.slow
def test_bad_input_101_a_read_only_store_can_be_looked_at(lab, monkeypatch):
    run = make_run(lab.store, name="Done")
    resting = rest(lab, "interrupted", "two")
    make_read_only(monkeypatch, lab.store.root)
    for stem in PAGES:
        page = lab.open(stem)
        assert not page.exception, stem
        assert page.warning[0].value == VIEW_ONLY, stem
    page = lab.open("train", run=run.id)
    assert page.button(key="start").disabled
    assert page.metric[0].label == "MAE, validation"
    page = lab.open("train", run=resting.id)
    page = page.button(key=f"resume-{resting.id}").click().run()
    assert not page.exception
    said = page.toast[0].value.replace("\\", "")
    assert said == "The run was not resumed: the runs folder is read-only; make it writable."
    assert resting.status().state == "interrupted"


def test_bad_input_101_the_queue_of_a_read_only_store_says_why(lab, monkeypatch):
    make_run(lab.store, "queued")
    make_read_only(monkeypatch, lab.store.root)
    runner = LocalRunner(lab.store, spare=False, poll_seconds=0.01)
    runner.start()
    try:
        assert "read-only; make it writable" in eventually(lambda: runner.problem)
    finally:
        runner.stop()


def test_bad_input_102_a_full_disk_is_told_on_every_page(lab, monkeypatch):
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 3_000_000)
    page = lab.open("train")
    assert "has only 3 MiB left" in page.warning[0].value
    assert page.button(key="start").disabled
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 10**12)
    page = page.run()
    assert not any("MiB left" in item.value for item in page.warning)
    assert not page.button(key="start").disabled


def test_fault_10_an_end_that_could_not_be_written_is_shown(lab, monkeypatch):
    run = make_run(lab.store, "running")
    monkeypatch.setattr(
        FakeRunner, "unrecorded_end", lambda self, run_id: "Paused: the disk is full."
    )
    text = text_of(lab.open("train", run=run.id))
    assert "Its training has ended: Paused: the disk is full. This is not in its folder" in text


# Several tabs, several visitors


@pytest.mark.slow
def test_fault_21_22_two_tabs_show_one_truth(lab):
    """And fault 22: the second cancel of a run changes nothing."""
    run = make_run(lab.store, "queued", name="One")
    tabs = [lab.open("train", run=run.id) for _ in range(2)]
    tabs[0] = tabs[0].button(key=f"cancel-{run.id}").click().run()
    first = run.status()
    tabs[1] = tabs[1].button(key=f"cancel-{run.id}").click().run()
    assert run.status() == first
    for tab in tabs:
        assert not tab.exception
        assert "The run was cancelled" in text_of(tab) or "Cancelled." in text_of(tab)
    resting = rest(lab, "interrupted", "two")
    tabs = [lab.open("train", run=resting.id) for _ in range(2)]
    tabs = [tab.button(key=f"resume-{resting.id}").click().run() for tab in tabs]
    assert resting.status().state == "queued"
    assert not any(tab.exception or tab.toast for tab in tabs)


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["train", "reconstructions"])
def test_bad_input_100_a_run_removed_while_it_is_viewed_is_told(lab, stem):
    run = make_run(lab.store, "running" if stem == "train" else "finished")
    page = lab.open(stem, run=run.id)
    shutil.rmtree(run.folder)
    page = page.run()
    assert not page.exception
    assert "There is no run with this link" in shown_text(page)


@pytest.mark.slow
def test_bad_inputs_96_98_99_odd_folders_leave_the_others_alone(lab, tmp_path):
    good = make_run(lab.store, name="Good")
    damaged, newer = make_run(lab.store, name="Torn"), make_run(lab.store, name="New")
    (damaged.folder / "status.json").write_bytes(b'{"version": 1, "state"')
    content = json.loads((newer.folder / "status.json").read_text()) | {"version": 99}
    (newer.folder / "status.json").write_text(json.dumps(content))
    before = (newer.folder / "status.json").read_bytes()
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    shutil.copytree(good.folder, elsewhere)
    link = lab.store.root / ("a" * 32)
    link.symlink_to(elsewhere)
    page = lab.open("runs")
    assert not page.exception
    states = sorted(page.dataframe[0].value["state"])
    assert states == ["damaged", "finished", "newer"]
    for run, said in ((damaged, "damaged"), (newer, "newer version")):
        page = lab.open("train", run=run.id)
        assert not page.exception
        assert said in page.error[0].value
    page = lab.open("train", run=link.name)
    assert "There is no run with this link" in shown_text(page)
    assert (newer.folder / "status.json").read_bytes() == before
