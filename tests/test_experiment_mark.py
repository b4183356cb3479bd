"""The mark of an experiment in a run's status: equal where the result is, and only there."""

import re

import pytest

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
