"""What commands print as JSON is JSON, whatever became of a run."""

import json
import math

from core.__main__ import main
from core.commands import pairs
from core.commands.json_text import json_text
from core.config import ExperimentConfig
from core.runs import RunStore
from tests.fake_runs import make_run


def _refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def test_what_is_not_finite_is_null():
    value = {"a": [1.5, math.inf, (-math.inf, math.nan)], "b": {"c": "NaN", "d": 3}}
    expected = {"a": [1.5, None, [None, None]], "b": {"c": "NaN", "d": 3}}
    assert json.loads(json_text(value), parse_constant=_refuse) == expected


def test_what_floors_are_infinite_is_printed_as_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pairs, "matrix_rows", lambda trials: [{"floor": math.inf}])
    path = tmp_path / "config.json"
    path.write_text(ExperimentConfig().to_json())
    assert main(["floors", str(path), "--json", "--activations", "linear"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=_refuse)
    assert shown["cells"] == [{"floor": None}]


def test_a_run_whose_errors_are_infinite_is_shown_as_json(tmp_path, capsys):
    run = make_run(RunStore(tmp_path / "runs"))
    content = json.loads((run.folder / "results.json").read_bytes())
    run.publish_json("results.json", content | {"train": {"mae": math.inf, "mse": math.inf}})
    assert main(["show", str(run.folder), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out, parse_constant=_refuse)
    assert shown["train"] == {"mae": None, "mse": None}
