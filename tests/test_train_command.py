"""`train`: what a run is called."""

import numpy as np
import pytest

from core.commands import train
from core.config import PRESETS
from core.runs import RunStore
from tests.test_command_line import here


@pytest.mark.parametrize(
    ("changes", "is_on_a_file", "name"),
    [
        ({}, False, "The public question"),
        ({}, True, "ecg.npy, none, sigmoid"),
        ({"data.name": "sines"}, False, "sines, none, sigmoid"),
        ({"name": "Mine"}, True, "Mine"),
        ({"name": ""}, False, "question, none, sigmoid"),
    ],
)
def test_a_run_has_its_owners_name_or_that_of_its_data(
    tmp_path, monkeypatch, changes, is_on_a_file, name
):
    monkeypatch.setattr(train, "train_here", lambda run: 0)
    (tmp_path / "relu.json").write_text(PRESETS["question"].replace(changes).to_json())
    np.save(tmp_path / "ecg.npy", np.zeros((2000, 2)))
    data = ("--data", tmp_path / "ecg.npy") if is_on_a_file else ()
    done = here("train", tmp_path / "relu.json", "--runs", tmp_path / "runs", *data)
    assert done.returncode == 0, done.stderr
    (run,) = RunStore(tmp_path / "runs").listing()
    assert run.name == name
    assert RunStore(tmp_path / "runs").open(run.id).config()["name"] in (name, "")
