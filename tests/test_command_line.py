"""The lab without a browser: output, exit codes, and errors that name the field."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from core import __main__ as command_line
from core import processor
from core.__main__ import main
from core.checkpoints import describe
from core.commands import floors, resume, training
from core.commands import sweep as sweep_command
from core.config import PRESETS, ExperimentConfig
from core.run_end import MEMORY
from core.runs import RunStore
from tests.fake_runs import make_run

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("config", "train", "resume", "further", "show", "floors", "sweep", "worker")
SMALL = [
    *("--set", "data.time_steps=4000", "--set", "data.channels=2"),
    *("--set", "windows.window_length=40", "--set", "windows.stride=40"),
    *("--set", "model.filters=4", "--set", "model.pooling_steps=1"),
    *("--set", "training.epochs=2", "--set", "training.batch_size=16"),
]


def core(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def here(*arguments):
    """What a command comes to in this process, which need not import all that it trains with."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as errors:
            code = main([*map(str, arguments)])
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
    return SimpleNamespace(returncode=code, stdout=output.getvalue(), stderr=errors.getvalue())


def said(*arguments):
    """What a command prints that trains nothing."""
    done = here(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def small_config(tmp_path, *more):
    path = tmp_path / "config.json"
    path.write_text(said("config", *SMALL, *more))
    return path


def test_config_prints_a_preset_with_changes(capsys):
    assert main(["config", "--preset", "question", "--set", "model.output_activation=relu"]) == 0
    printed = ExperimentConfig.from_json(capsys.readouterr().out)
    assert printed == PRESETS["question"].replace({"model.output_activation": "relu"})


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("model.colour=1", "model.colour: There is no such field."),
        ("training.epochs=0", "training.epochs: It must be at least 1. Received: '0'"),
        ("normalization.method=zscore", "normalization.method: It must be none, minmax"),
        ("training.epochs", "--set needs FIELD=VALUE"),
        ("=1", "--set needs FIELD=VALUE"),
    ],
)
def test_a_faulty_setting_names_its_field(capsys, setting, text):
    assert main(["config", "--set", setting]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert text in captured.err


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot be read"),
        ("{", "is no configuration"),
        ('{"training": {"epochs": -1}}', "training.epochs: It must be at least 1"),
        ("\udcff", "cannot be read"),
    ],
)
def test_train_refuses_a_faulty_configuration(tmp_path, capsys, content, text):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content.encode(errors="surrogateescape"))
    assert main(["train", str(path), "--runs", str(tmp_path / "runs")]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_command_that_is_broken_off_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(floors, "asked_pairs", Mock(side_effect=KeyboardInterrupt))
    done = here("floors", small_config(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "cancelled\n")


@pytest.mark.parametrize(
    ("moment", "fault", "code", "words"),
    [
        ("write", BrokenPipeError(), 141, ""),
        ("flush", BrokenPipeError(), 141, ""),
        ("flush", OSError(28, "No space left"), 2, "error: standard output cannot be written: "),
    ],
)
def test_output_that_does_not_get_through_leaves_no_traceback(
    monkeypatch, moment, fault, code, words
):
    monkeypatch.setattr(sys, "argv", ["core", "config"])
    monkeypatch.setattr(command_line.os, "dup2", redirected := Mock())
    output = Mock(**{f"{moment}.side_effect": fault})
    with redirect_stdout(output), redirect_stderr(StringIO()) as errors:
        assert command_line.main_in_a_process() == code
    assert errors.getvalue() == (f"{words}{fault}\n" if words else "")
    assert redirected.call_args_list[0].args[1] == 1  # what is left goes nowhere at the exit


@pytest.mark.parametrize("signalled", [False, True])
def test_a_sweep_says_why_a_cell_failed_and_what_ended_it(tmp_path, monkeypatch, signalled):
    def sweep(configs, store, report, warn):
        run = make_run(store, "failed", reason="The memory did not suffice.")
        report(0, run)
        if signalled:
            os.kill(os.getpid(), signal.SIGTERM)
        return [run]

    monkeypatch.setattr(sweep_command, "sweep", sweep)
    pair = ("--normalizations", "none", "--activations", "linear")
    done = here("sweep", small_config(tmp_path), *pair, "--runs", tmp_path / "runs")
    assert "failed     none + linear: The memory did not suffice.\n" in done.stderr
    assert done.returncode == (4 if signalled else 1)
    assert ("interrupted; the same command goes on" in done.stderr) == signalled


def test_a_run_resumed_by_hand_starts_without_its_cause(tmp_path, monkeypatch):
    run = make_run(RunStore(tmp_path / "runs"), "interrupted")
    run.update(auto_resumes=3, **MEMORY)
    monkeypatch.setattr(resume, "begin_here", lambda run: 0)
    assert main(["resume", str(run.folder)]) == 0
    status = run.status()
    assert (status.state, status.extra["cause"], status.extra["auto_resumes"]) == ("queued", "", 0)


@pytest.mark.parametrize(
    ("precision", "lacks", "is_said"),
    [("bfloat16", True, True), ("bfloat16", False, False), ("float32", True, False)],
)
def test_train_says_where_bfloat16_is_slower(
    tmp_path, capsys, monkeypatch, precision, lacks, is_said
):
    worker = SimpleNamespace(
        train_run=lambda *_: "finished",
        UNWRITABLE_EXIT=6,
        Unwritable=OSError,
        end_soon=None,
    )
    monkeypatch.setitem(sys.modules, "core.worker", worker)
    monkeypatch.setattr(training, "import_keras", lambda backend: None)
    monkeypatch.setattr(training, "visible_gpus", list)
    monkeypatch.setattr(training.signal, "signal", lambda *_: None)
    monkeypatch.setattr(processor, "lacks_bfloat16", lambda: lacks)
    path = tmp_path / "config.json"
    path.write_text(ExperimentConfig().replace({"training.precision": precision}).to_json())
    assert main(["train", str(path), "--runs", str(tmp_path / "runs")]) == 0
    assert ("no instructions for bfloat16" in capsys.readouterr().err) == is_said


def test_a_faulty_configuration_of_standard_input_is_said_to_be_that(monkeypatch):
    monkeypatch.setattr(sys, "stdin", StringIO("{"))
    assert here("floors", "-").stderr.startswith("error: standard input is no configuration:")


def test_every_command_has_help(capsys):
    for command in ([], *([name] for name in COMMANDS)):
        with pytest.raises(SystemExit) as caught:
            main([*command, "--help"])
        assert caught.value.code == 0
        assert "usage: python -m core" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_loads_keras_before_it_trains(command):
    program = (
        f"import sys, core.__main__, core.commands.{command} as command\n"
        "assert callable(command.run)\n"
        "assert 'keras' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_train_and_show(tmp_path):
    trained = core("train", small_config(tmp_path), "--runs", tmp_path / "runs")
    assert trained.returncode == 0, trained.stderr
    folder = Path(trained.stdout.splitlines()[-1])
    assert folder.parent == tmp_path / "runs"
    assert "epoch 2/2" in trained.stderr
    shown = core(
        *("show", folder, "--json"), *("--reconstructions", tmp_path / "out.npz"), "--part", "all"
    )
    assert shown.returncode == 0, shown.stderr
    content = json.loads(shown.stdout)
    assert content["state"] == "finished"
    assert [row["epoch"] for row in content["history"]] == [1, 2]
    assert set(content["history"][0]) == {
        *("epoch", "loss", "val_loss", "mae", "mse", "val_mae", "val_mse", "seconds"),
        *("scaled_mae", "scaled_mse", "val_scaled_mae", "val_scaled_mse", "learning_rate"),
    }
    assert content["floor"]["validation"] == {"mae": 0, "mse": 0, "huber": 0}
    assert content["constant"]["train"]["mae"] > content["train"]["mae"] * 0.5
    with np.load(tmp_path / "out.npz") as arrays:
        original, reconstruction = arrays["original"], arrays["reconstruction"]
    assert original.shape == reconstruction.shape == (100, 40, 2)
    error = np.abs(original - reconstruction)
    assert error[:80].mean() == pytest.approx(content["train"]["mae"], rel=1e-5)
    assert error[80:].mean() == pytest.approx(content["validation"]["mae"], rel=1e-5)
    assert said("show", folder).startswith(f"{content['name']}: finished")


@pytest.mark.slow
def test_train_on_a_file(tmp_path):
    values = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    np.save(tmp_path / "three.npy", values)
    config = small_config(tmp_path, "--set", "normalization.method=minmax")
    trained = here(
        *("train", config), *("--runs", tmp_path / "runs"), *("--data", tmp_path / "three.npy")
    )
    assert trained.returncode == 0, trained.stderr
    shown = json.loads(said("show", trained.stdout.splitlines()[-1], "--json"))
    assert shown["config"]["data"]["name"] == "three.npy"
    assert len(shown["channel_names"]) == 3
    assert shown["windows"] == {"train": 40, "validation": 10}


@pytest.mark.slow
def test_train_reports_what_does_not_fit(tmp_path):
    config = small_config(tmp_path, "--set", "windows.window_length=3999")
    trained = here("train", config, "--runs", tmp_path / "runs")
    assert trained.returncode == 1
    assert "fewer than one window of 3,999" in trained.stderr
    missing = here("train", config, "--runs", tmp_path / "runs", "--data", tmp_path / "no.csv")
    assert missing.returncode == 2
    assert "no.csv" in missing.stderr


@pytest.mark.parametrize(
    ("number", "code", "state"),
    [(signal.SIGINT, 3, "cancelled"), (signal.SIGTERM, 4, "interrupted")],
)
def test_a_signal_before_the_first_step_ends_the_run(tmp_path, monkeypatch, number, code, state):
    monkeypatch.setattr(training, "import_keras", lambda backend: os.kill(os.getpid(), number))
    done = here("train", small_config(tmp_path), "--runs", tmp_path / "runs")
    (run,) = RunStore(tmp_path / "runs").list()
    assert (done.returncode, run.state) == (code, state)
    assert done.stdout.splitlines()[-1].endswith(run.id)
    assert "told to end before the first step" in run.reason


@pytest.mark.slow
def test_a_run_whose_process_was_killed_can_be_resumed_and_no_other(tmp_path):
    config = ExperimentConfig.from_json(small_config(tmp_path).read_text()).model_dump(mode="json")
    store = RunStore(tmp_path / "runs")
    alive = store.create(config, name="alive", state="starting", **training.this_process())
    refused = here("resume", alive.folder)
    assert refused.returncode == 2
    assert "The run is starting: it cannot become queued" in refused.stderr
    assert alive.status().pid == os.getpid()
    dead = store.create(config, name="dead", state="starting", pid=2**22 + 1, pid_started="x")
    dead.transition("running")
    assert here("resume", dead.folder).returncode == 0
    assert dead.status().state == "finished"


def test_a_runs_folder_that_cannot_be_made_is_a_fault_of_the_command(tmp_path):
    config = small_config(tmp_path)
    done = here("train", config, "--runs", config)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_anomalies_that_are_put_into_a_file_are_told_and_its_unit(tmp_path):
    np.save(tmp_path / "three.npy", np.random.default_rng(0).normal(size=(2000, 3)))
    asked = ("--set", "data.anomalies=spike", "--set", "data.anomaly_count=2")
    asked += ("--set", "data.reading.unit=mV")
    done = here("floors", small_config(tmp_path, *asked), "--data", tmp_path / "three.npy")
    assert "note: 2 anomalies (spike) are put into it" in done.stderr
    assert re.search(r"best constant: train MAE [\d.]+ mV, validation MAE [\d.]+ mV", done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "state"),
    [(signal.SIGINT, 3, "cancelled"), (signal.SIGTERM, 4, "interrupted")],
)
def test_a_signal_ends_training_and_keeps_the_epochs(tmp_path, number, code, state):
    config = small_config(tmp_path, "--set", "training.epochs=10000")
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "train", config, "--runs", tmp_path / "runs"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        histories = list((tmp_path / "runs").glob("*/history.csv"))
        if histories and len(histories[0].read_text().splitlines()) > 3:
            break
        time.sleep(0.1)
    os.kill(process.pid, number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    content = json.loads(said("show", output.splitlines()[-1], "--json"))
    assert content["state"] == state
    assert content["reason"]
    assert len(content["history"]) >= 3
    if state == "cancelled":
        assert content["epochs_trained"] == len(content["history"])
    else:
        assert describe(Path(output.splitlines()[-1]))[0] == len(content["history"])


@pytest.mark.slow
def test_a_run_is_trained_further_and_only_an_unfinished_one_resumed(tmp_path):
    config = small_config(tmp_path, "--set", "training.epochs=2")
    folder = here("train", config, "--runs", tmp_path / "runs").stdout.splitlines()[-1]
    resumed = here("resume", folder)
    assert (resumed.returncode, resumed.stdout) == (2, "")
    assert "The run is finished: it cannot become queued" in resumed.stderr
    few = here("further", folder, "--epochs", "2")
    assert few.returncode == 2
    assert "has trained 2 epochs: ask for more" in few.stderr
    further = here("further", folder, "--epochs", "3")
    assert further.returncode == 0, further.stderr
    content = json.loads(said("show", further.stdout.splitlines()[-1], "--json"))
    assert [row["epoch"] for row in content["history"]] == [1, 2, 3]
    assert content["notes"] == ["Taken up after epoch 2."]
    assert content["history"][:2] == json.loads(said("show", folder, "--json"))["history"]


def test_floors_of_every_pair_without_training(tmp_path, capsys):
    config = small_config(tmp_path)
    assert main(["floors", str(config), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    cells = {cell["pair"]: cell for cell in content["cells"]}
    assert len(cells) == 70
    assert cells["none + relu"]["verdict"] == "impossible"
    assert cells["none + relu"]["floor"]["train"]["mae"] > 0.1
    unhindered = cells["standard:channel + linear"]["floor"]["train"]
    assert [unhindered[name] for name in ("mae", "mse", "huber")] == [0, 0, 0]
    assert unhindered["above_share"] == unhindered["below_share"] == [0, 0]
    assert content["recommended"] == "standard:channel + linear"
    twice = ["--normalizations", *["minmax:global"] * 2, "--activations", "relu", "tanh", "tanh"]
    assert main(["floors", str(config), *twice]) == 0
    printed = capsys.readouterr().out
    assert printed.count("minmax:global + tanh") == 1
    assert "standard" not in printed.split("recommended")[0]
    assert main(["floors", str(config), "--activations", "swish"]) == 2
    assert "no output activation 'swish'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_sweep_trains_what_is_missing_and_ranks_it(tmp_path):
    config, runs = small_config(tmp_path), tmp_path / "runs"
    names = ["--normalizations", "none", "minmax", "--activations", "relu", "--json"]
    done = here("sweep", config, *names, "--runs", runs)
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert sorted(cell["rank"] for cell in cells) == [1, 2]
    for cell in cells:
        assert cell["state"] == "finished"
        assert cell["reached"]["train"]["mae"] >= cell["floor"]["train"]["mae"]
    weights = {
        json.loads((runs / cell["run"] / "results.json").read_text())["initial_weights"]
        for cell in cells
    }
    assert len(weights) == 1, "all cells begin with the same weights"
    again = json.loads(here("sweep", config, *names, "--runs", runs).stdout)["cells"]
    assert [cell["run"] for cell in again] == [cell["run"] for cell in cells]
