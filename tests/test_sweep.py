"""A sweep: which runs it takes up, makes and cancels, and what it says."""

import shutil
from unittest.mock import Mock

import pytest

from core import runs, sweep
from core.commands.sweep import _trained
from core.config import ExperimentConfig
from core.runs import RunStore
from core.trials import Trial

CONFIG = ExperimentConfig()
BOTH = [CONFIG, CONFIG.replace({"training.seed": 1})]


@pytest.mark.parametrize(
    ("told", "way"),
    [(KeyboardInterrupt, "cancel"), (sweep.Terminated, "pause"), (OSError, "pause")],
)
def test_a_sweep_that_is_broken_off_ends_what_it_has_begun_alone(tmp_path, monkeypatch, told, way):
    store, ended = RunStore(tmp_path), []
    others = store.create(CONFIG.model_dump(mode="json"), name="in work")
    runner = Mock(**{way: ended.append})
    runner.submit = lambda config, name: store.create(config, name=name).id
    monkeypatch.setattr(sweep, "LocalRunner", lambda *_, **__: runner)
    configs = [CONFIG, CONFIG.replace({"training.seed": 1})]
    with pytest.raises(told):
        sweep.sweep(configs, store, Mock(side_effect=told), Mock())
    assert ended == [run.id for run in store.list() if run.id != others.id]


def test_a_sweep_takes_a_run_of_another_version_for_what_it_is(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "mark", lambda config: {})
        old = store.create(CONFIG.model_dump(mode="json"), name="old", state="finished")
    store.create(CONFIG.replace({"training.seed": 1}).model_dump(mode="json"), name="another")
    assert sweep._run_of(CONFIG, store, Mock(), []).id == old.id


def test_a_sweep_that_is_broken_off_while_it_begins_cancels_too(tmp_path, monkeypatch):
    store, cancelled, begun = RunStore(tmp_path), [], []

    def submit(config, name):
        if begun:
            raise KeyboardInterrupt
        begun.append(store.create(config, name=name).id)
        return begun[0]

    runner = Mock(cancel=cancelled.append, submit=submit)
    monkeypatch.setattr(sweep, "LocalRunner", lambda *_, **__: runner)
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(BOTH, store, Mock(), Mock())
    assert cancelled == begun


def test_it_outlives_the_removal_of_a_run_and_says_what_is_stuck(tmp_path, monkeypatch):
    store, told, warned = RunStore(tmp_path), [], []
    stays = store.create(BOTH[0].model_dump(mode="json"), name="stays", state="finished")
    goes = store.create(BOTH[1].model_dump(mode="json"), name="goes")
    runner, problems = Mock(problem=""), ["", "The disk is full."]

    def step(seconds):
        if problems:
            runner.problem = problems.pop()
        else:
            shutil.rmtree(goes.folder)

    monkeypatch.setattr(sweep, "LocalRunner", lambda *_, **__: runner)
    monkeypatch.setattr(sweep.time, "sleep", step)
    found = sweep.sweep(BOTH, store, lambda number, run: told.append(number), warned.append)
    assert [run.id for run in found] == [stays.id, goes.id]
    assert warned == ["The disk is full.", ""]
    assert told == [0, 1]


def test_it_leaves_a_visitors_run_alone_and_resumes_a_paused_one(tmp_path):
    store, runner, own = RunStore(tmp_path), Mock(), []
    content = CONFIG.model_dump(mode="json")
    paused = store.create(content, name="mine", state="starting")
    paused.transition("paused", "The disk is full.")
    theirs = store.create(content, name="a visitor's", state="starting", owner="a" * 64)
    theirs.transition("interrupted")
    assert sweep._run_of(CONFIG, store, runner, own).id == paused.id
    runner.resume.assert_called_once_with(paused.id)
    assert [run.id for run in own] == [paused.id]


def test_a_cell_whose_run_was_removed_is_as_one_without(tmp_path):
    run = RunStore(tmp_path).create(CONFIG.model_dump(mode="json"), name="x", state="finished")
    trial = Trial(Mock(), {"validation": {"mae": 1.0, "mse": 1.0}})
    assert _trained(trial, run).run.id == run.id
    shutil.rmtree(run.folder)
    assert _trained(trial, run) == trial
