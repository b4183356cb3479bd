"""`show`: what a run folder holds in words, whatever has become of it."""

import json
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from core.__main__ import main
from core.commands import reconstructions
from core.runs import RunStore
from core.signals.recording import Recording
from core.signals.store import save
from tests.fake_runs import make_run
from tests.test_command_line import here, said


@pytest.mark.parametrize("command", ["show", "worker"])
def test_a_run_folder_that_is_not_there_is_named(tmp_path, capsys, command):
    assert main([command, str(tmp_path / "none" / ("0" * 32))]) == 2
    assert "There is no run folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("old", [False, True])
def test_show_puts_errors_beside_what_needs_no_model(tmp_path, capsys, old):
    run = make_run(RunStore(tmp_path / "runs"), old=old)
    assert main(["show", str(run.folder)]) == 0
    shown = capsys.readouterr().out
    for known, pca in (("floor 0.01, constant 0.64", 0.02), ("floor 0.0003, constant 0.5", 0.0006)):
        assert f"({known}{'' if old else f', PCA of 12 components {pca}'})" in shown
    content = json.loads((run.folder / "results.json").read_bytes())
    run.publish_json("results.json", content | {"pca": None})  # too large
    assert main(["show", str(run.folder)]) == 0
    assert "constant 0.64)" in capsys.readouterr().out


def test_show_has_the_unit_of_the_data_before_there_are_results(tmp_path):
    store = RunStore(tmp_path / "runs")
    recording = Recording(np.zeros((1000, 2)), ("a", "b"), "flow.csv", unit="m/s")
    key = save(recording, store.data_folder)
    file = {"data.source": "file", "data.name": "flow.csv", "data.sha256": key}
    run = make_run(store, "interrupted", changes=file)
    assert said("show", run.folder).splitlines()[1] == "MAE in m/s, MSE in (m/s)²"
    assert json.loads(said("show", run.folder, "--json"))["unit"] == "m/s"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.json", "[]"),
        ("results.json", "[" * 100_000),
        ("results.json", '{"windows": 3}'),
        ("config.json", "{"),
    ],
)
def test_show_names_a_damaged_file(tmp_path, name, content):
    run = make_run(RunStore(tmp_path / "runs"))
    (run.folder / name).write_text(content)
    for more in ([], ["--json"]):
        done = here("show", run.folder, *more)
        assert done.returncode == 2
        assert f"{run.folder}: This run's {name} is damaged" in done.stderr


def test_show_leaves_out_what_a_run_does_not_tell(tmp_path):
    run = make_run(RunStore(tmp_path / "runs"))
    run.publish_json("results.json", {"train": {"mae": 3, "mse": None}, "validation": 4})
    (run.folder / "history.csv").write_text("epoch,loss\n1,0.5\n")
    lines = said("show", run.folder).splitlines()
    assert lines[1].startswith("epoch    1  loss 0.5  MAE –")
    assert [line.split() for line in lines[2:]] == [
        ["train", "MAE", "3", "MSE", "–"],
        ["validation", "MAE", "–", "MSE", "–"],
    ]


@pytest.mark.parametrize("is_whole", [True, False])
def test_reconstructions_go_where_they_were_asked_to_or_the_model_is_named(
    tmp_path, monkeypatch, is_whole
):
    def load_model(path):
        if not is_whole:
            raise zipfile.BadZipFile("File is not a zip file")

    keras = SimpleNamespace(models=SimpleNamespace(load_model=load_model))
    monkeypatch.setitem(sys.modules, "keras", keras)
    evaluation = SimpleNamespace(reconstruct=lambda model, windows: windows)
    monkeypatch.setitem(sys.modules, "core.evaluation", evaluation)
    monkeypatch.setattr(reconstructions, "import_keras", lambda: None)
    run = make_run(RunStore(tmp_path / "runs"), changes={"data.time_steps": 1000})
    done = here("show", run.folder, "--reconstructions", tmp_path / "out")
    if is_whole:
        assert np.load(tmp_path / "out")["original"].shape[1:] == (24, 2)
    else:
        assert done.returncode == 2
        assert "The run's model.keras is damaged: File is not a zip file" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"runs", *(["out"] * is_whole)}
