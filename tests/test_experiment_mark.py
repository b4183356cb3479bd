"""The mark of an experiment in a run's status: equal where the result is, and only there."""

import re
from unittest.mock import Mock

import pytest

from core import runs, sweep
from core.config import ExperimentConfig
from core.experiment_mark import KEY, fingerprint, mark
from core.runs import RunStore

CONFIG = ExperimentConfig()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"name": "Another"}, True),
        ({"training.seed": 1}, False),
        ({"data.time_steps": CONFIG.data.time_steps + 1}, False),
        ({"model.output_activation": "relu"}, False),
    ],
)
def test_it_is_equal_where_the_result_is(changes, same):
    other = CONFIG.replace(changes)
    assert (
        (fingerprint(other) == fingerprint(CONFIG))
        is same
        is (other.identity() == CONFIG.identity())
    )


def test_a_new_run_has_it_in_its_status_and_a_faulty_configuration_none(tmp_path):
    store = RunStore(tmp_path)
    run = store.create(CONFIG.model_dump(mode="json"), name="x", note="kept")
    assert run.status().extra == {KEY: fingerprint(CONFIG), "note": "kept"}
    assert store.list()[0].extra[KEY] == fingerprint(CONFIG)
    assert mark({"model": {"dropout": 7}}) == {}
    assert re.fullmatch("experiment-2-[0-9a-f]{16}", KEY)


def test_a_sweep_that_is_broken_off_cancels_what_it_has_begun_alone(tmp_path, monkeypatch):
    store, cancelled = RunStore(tmp_path), []
    others = store.create(CONFIG.model_dump(mode="json"), name="in work")
    runner = Mock(cancel=cancelled.append)
    runner.submit = lambda config, name: store.create(config, name=name).id
    monkeypatch.setattr(sweep, "LocalRunner", lambda *_, **__: runner)
    configs = [CONFIG, CONFIG.replace({"training.seed": 1})]
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(configs, store, Mock(side_effect=KeyboardInterrupt))
    assert cancelled == [run.id for run in store.list() if run.id != others.id]


def test_a_sweep_takes_a_run_of_another_version_for_what_it_is(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "mark", lambda config: {})
        old = store.create(CONFIG.model_dump(mode="json"), name="old", state="finished")
    store.create(CONFIG.replace({"training.seed": 1}).model_dump(mode="json"), name="another")
    assert sweep._run_of(CONFIG, store, Mock(), []).id == old.id
