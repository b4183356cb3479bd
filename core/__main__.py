"""The lab without a browser: what the app's worker runs, and what scripts and a cluster use.

    python -m core config --preset question --set model.output_activation=relu > relu.json
    python -m core train relu.json --runs runs
    python -m core resume runs/<id>
    python -m core further runs/<id> --epochs 100
    python -m core show runs/<id> --json
    python -m core floors relu.json
    python -m core sweep relu.json --activations relu linear --runs runs

Exit codes: 0 done; 1 the run failed; 2 a configuration, a file or an argument is faulty, with the
reason on standard error; 3 cancelled (also by Ctrl-C); 4 interrupted (by SIGTERM), 5 paused (also
by a full disk), 6 the run folder cannot be written: after these three, `resume` goes on.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.config import PRESETS, ExperimentConfig, explain

FAULTY = 2
CANCELLED = 3


class Fault(Exception):
    """Something the caller can mend; its text goes to standard error."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        return FAULTY


def _parser() -> argparse.ArgumentParser:
    summary, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description=summary,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    config = commands.add_parser("config", help="print a configuration as JSON")
    config.add_argument("--preset", choices=PRESETS, default="default", help="where to start from")
    config.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field by its dotted name, such as training.epochs=50; may be repeated",
    )
    config.set_defaults(command=_config)

    train = commands.add_parser(
        "train", help="train a configuration; the last line printed is the run folder"
    )
    train.add_argument("config", metavar="CONFIG.json", help="a configuration, or - to read it")
    train.add_argument("--runs", type=Path, required=True, metavar="DIR", help="the runs folder")
    train.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="a recording to use in place of the configured data, read as data.reading says",
    )
    train.set_defaults(command=_train)

    resume = commands.add_parser(
        "resume", help="go on with a paused or interrupted run, from its newest checkpoint"
    )
    resume.add_argument("run", type=Path, metavar="RUN_DIR")
    resume.set_defaults(command=_resume)

    further = commands.add_parser(
        "further",
        help="train a finished or cancelled run for more epochs, as a new run beside it, as if "
        "they had been asked for at first",
    )
    further.add_argument("run", type=Path, metavar="RUN_DIR")
    further.add_argument("--epochs", type=int, required=True, metavar="N", help="in all")
    further.add_argument("--patience", type=int, metavar="N", help="another one; 0: never stop")
    further.set_defaults(command=_further)

    show = commands.add_parser("show", help="print a run's state, history, errors and floors")
    show.add_argument("run", type=Path, metavar="RUN_DIR")
    show.add_argument("--json", action="store_true", help="as JSON, with everything")
    show.add_argument(
        "--reconstructions",
        type=Path,
        metavar="FILE.npz",
        help="write original and reconstruction, each (windows, window_length, channels), in "
        "original units, of every window of --part, reconstructed anew by the saved model",
    )
    show.add_argument("--part", choices=("train", "validation", "all"), default="validation")
    show.set_defaults(command=_show)

    floors = commands.add_parser(
        "floors", help="print the error floor and the verdict of every pair, before any training"
    )
    _add_data_arguments(floors)
    floors.add_argument("--json", action="store_true", help="as JSON, with everything")
    floors.set_defaults(command=_floors)

    sweep = commands.add_parser(
        "sweep",
        help="train pairs with the same data, split, seed and initial weights, and rank them; "
        "what the runs folder already holds is not trained again",
    )
    _add_data_arguments(sweep)
    sweep.add_argument("--runs", type=Path, required=True, metavar="DIR", help="the runs folder")
    sweep.add_argument("--json", action="store_true", help="as JSON, with everything")
    sweep.set_defaults(command=_sweep)

    worker = commands.add_parser(
        "worker", help="train one run: the given one, or the one named on standard input"
    )
    worker.add_argument("run", nargs="?", metavar="RUN_DIR")
    worker.set_defaults(command=_worker)
    return parser


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """What `floors` and `sweep` are asked for: the experiment, its data, and the pairs."""
    parser.add_argument("config", metavar="CONFIG.json", help="a configuration, or - to read it")
    parser.add_argument("--data", type=Path, metavar="FILE", help="as of train")
    parser.add_argument(
        "--normalizations",
        nargs="+",
        metavar="METHOD[:SCOPE]",
        help="such as none standard minmax:global; all, with the configured scope, if not given",
    )
    parser.add_argument("--activations", nargs="+", metavar="NAME", help="all if not given")


def _config(options: argparse.Namespace) -> int:
    changes = {}
    for item in options.set:
        field, equals, value = item.partition("=")
        if not equals:
            raise Fault(f"--set needs FIELD=VALUE. Received: {item!r}")
        changes[field.strip()] = value
    try:
        print(PRESETS[options.preset].replace(changes).to_json())
    except ValidationError as error:
        raise Fault(_faults(error)) from error
    return 0


def _faults(error: ValidationError) -> str:
    return "\n       ".join(f"{field}: {text}" for field, text in explain(error).items())


def _train(options: argparse.Namespace) -> int:
    config = _read_config(options.config)
    from core.processes import process_identity
    from core.runs import RunStore

    store = RunStore(options.runs)
    if options.data is not None:
        config = _with_file(config, options.data, store.data_folder)
    run = store.create(
        config.model_dump(mode="json"),
        name=config.name or options.config,
        state="starting",
        pid=os.getpid(),
        pid_started=process_identity(os.getpid()),
    )
    return _train_here(run)


def _resume(options: argparse.Namespace) -> int:
    from core.runs import TransitionRefused

    _, run = _open(options.run)
    try:
        run.transition("queued")
        return _begin_here(run)
    except TransitionRefused as error:
        raise Fault(f"{options.run}: {error}") from error


def _further(options: argparse.Namespace) -> int:
    from core.continuation import train_further
    from core.runs import TransitionRefused

    store, run = _open(options.run)
    try:
        further = train_further(store, run.id, epochs=options.epochs, patience=options.patience)
        return _begin_here(further)
    except TransitionRefused as error:
        raise Fault(f"{options.run}: {error}") from error
    except ValidationError as error:
        raise Fault(_faults(error)) from error


def _begin_here(run: Any) -> int:
    """Take a queued run. Raises TransitionRefused if a runner was faster."""
    from core.processes import process_identity

    run.transition("starting", pid=os.getpid(), pid_started=process_identity(os.getpid()))
    return _train_here(run)


def _train_here(run: Any) -> int:
    """Train a run that this process has; Ctrl-C cancels it, SIGTERM leaves it to be resumed."""
    _import_keras()
    from core.worker import EXIT_CODES, UNWRITABLE_EXIT, Unwritable, end_soon, train_run

    def cancel(number: int, frame: object) -> None:
        run.request_cancel()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second one ends it at once

    signal.signal(signal.SIGINT, cancel)
    signal.signal(signal.SIGTERM, end_soon)
    print(f"run {run.folder}", file=sys.stderr)
    try:
        state = train_run(run, run.folder.parent / "data", _progress_bar)
    except Unwritable as error:
        print(f"\n{error}", file=sys.stderr)
        return UNWRITABLE_EXIT
    print(file=sys.stderr)
    status = run.status()
    print(f"{status.state}{': ' if status.reason else ''}{status.reason}", file=sys.stderr)
    print(run.folder)
    return EXIT_CODES.get(state, 1)


def _open(path: Path) -> tuple:
    """The store and the run of a run folder."""
    from core.runs import RunNotFound, RunStore, RunUnreadable

    folder = path.resolve()
    if not folder.is_dir():
        raise Fault(f"There is no run folder {path}.")
    store = RunStore(folder.parent)
    try:
        run = store.open(folder.name)
        run.status()
    except (RunNotFound, RunUnreadable) as error:
        raise Fault(f"{path}: {error}") from error
    return store, run


def _read_config(path: str) -> ExperimentConfig:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"{path} cannot be read: {error}") from error
    try:
        return ExperimentConfig.from_json(text)
    except ValidationError as error:
        raise Fault(f"{path} is no configuration:\n       {_faults(error)}") from error


def _with_file(config: ExperimentConfig, path: Path, data_folder: Path) -> ExperimentConfig:
    """The configuration with a file's recording, which is put into the data folder."""
    from core.signals.readers import read_recording
    from core.signals.recording import DataError
    from core.signals.store import save

    try:
        recording = read_recording(path, config.data.reading)
    except DataError as error:
        raise Fault(str(error)) from error
    for note in recording.notes:
        print(f"note: {note}", file=sys.stderr)
    return config.replace(
        {
            "data.source": "file",
            "data.name": path.name[:200],
            "data.sha256": save(recording, data_folder),
        }
    )


def _floors(options: argparse.Namespace) -> int:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:  # for the data; nothing is kept
        config, cells, trials = _matrix(options, Path(folder) / "data")
        _print_matrix(options, config, cells, trials)
    return 0


def _sweep(options: argparse.Namespace) -> int:
    from core.matrix import pair_text, with_pair
    from core.results import read_results
    from core.runs import RunStore, RunSummary
    from core.sweep import sweep
    from core.trials import Trial, side_by_side

    store = RunStore(options.runs)
    config, cells, trials = _matrix(options, store.data_folder)
    names = [pair_text(cell.normalization, cell.activation) for cell in cells]
    configs = [
        with_pair(config, cell.normalization, cell.activation).replace({"name": name})
        for cell, name in zip(cells, names, strict=True)
    ]

    def report(number: int, run: Any) -> None:
        print(f"{run.status().state:<10} {names[number]}", file=sys.stderr, flush=True)

    try:
        runs = sweep(configs, store, report)
    except KeyboardInterrupt:
        print("cancelled; the same command goes on with what is left", file=sys.stderr)
        return CANCELLED
    summaries = [RunSummary(id=run.id, **vars(run.status())) for run in runs]
    results = [read_results(run) if run.status().state == "finished" else None for run in runs]
    trained = [
        Trial(trial.cell, trial.constant, summary, found.errors if found else None)
        for trial, summary, found in zip(trials, summaries, results, strict=True)
    ]
    trials = side_by_side(trained)
    _print_matrix(options, config, cells, trials)
    return 0 if all(results) else 1


def _matrix(options: argparse.Namespace, data_folder: Path) -> tuple:
    """The configuration with the data, the cells asked for, and the cells as untrained trials."""
    from core.config import OutputActivation, choices
    from core.matrix import matrix, normalizations_like, parse_normalization
    from core.metrics import constant_baseline
    from core.signals.recording import DataError
    from core.signals.store import open_recording
    from core.trials import Trial
    from core.windows import split_windows

    config = _read_config(options.config)
    known = choices(OutputActivation)
    activations = options.activations or known
    if unknown := [name for name in activations if name not in known]:
        raise Fault(f"there is no output activation {unknown[0]!r}. Choose of {', '.join(known)}")
    like = config.normalization
    try:
        rows = [parse_normalization(text, like) for text in options.normalizations or ()]
    except ValueError as error:
        raise Fault(str(error)) from error
    try:
        if options.data is not None:
            config = _with_file(config, options.data, data_folder)
        recording = open_recording(config.data, data_folder)
        split = split_windows(recording.values, config.windows, config.training.seed)
    except DataError as error:
        raise Fault(str(error)) from error
    constant, deviations = constant_baseline(split)
    rows = rows or normalizations_like(like)
    cells = matrix(split, rows, activations, recording.channel_names, deviations)
    return config, cells, [Trial(cell, constant) for cell in cells]


def _print_matrix(options: argparse.Namespace, config: Any, cells: list, trials: list) -> None:
    from core.matrix import pair_text, recommended
    from core.matrix_report import matrix_rows, matrix_text

    rows, best = matrix_rows(trials), recommended(cells)
    if not options.json:
        print(matrix_text(rows, best))
        return
    pair = pair_text(best.cell.normalization, best.cell.activation) if best else None
    content = {
        "config": config.model_dump(mode="json"),
        "cells": rows,
        "recommended": pair,
        "reason": best.reason if best else "",
    }
    print(json.dumps(content, indent=2))


def _progress_bar(progress: dict[str, Any], width: int = 24) -> None:
    """One line on standard error, drawn over itself."""
    if "batch" not in progress:
        line = progress["phase"]
        if "share" in progress:
            line += f" {progress['share']:.0%}"
    else:
        share = progress["batch"] / progress["batches"]
        bar = "#" * round(share * width)
        line = (
            f"epoch {progress['epoch']}/{progress['epochs']} [{bar:<{width}}] "
            f"{progress['phase']}  MAE {progress['mae']:.4g}  {progress['eta_seconds']:.0f} s left"
        )
    print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)


def _show(options: argparse.Namespace) -> int:
    from core.runs import RunUnreadable

    _, run = _open(options.run)
    try:
        status, config = run.status(), run.config()
    except RunUnreadable as error:
        raise Fault(f"{options.run}: {error}") from error
    results = _results(run.folder / "results.json")
    shown = {
        "id": run.id,
        "name": status.name,
        "state": status.state,
        "reason": status.reason,
        "history": run.history(),
        "train": None,
        "validation": None,
        "floor": None,
        **results,
        "config": config,
    }
    if options.reconstructions is not None:
        _write_reconstructions(run, options.reconstructions, options.part)
    print(json.dumps(shown, indent=2) if options.json else _summary(shown))
    return 0


def _results(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Fault(f"{path} is damaged: {error}") from error


def _summary(shown: dict[str, Any]) -> str:
    lines = [f"{shown['name']}: {shown['state']} {shown['reason']}".rstrip()]
    for row in shown["history"]:
        lines.append(
            f"epoch {row['epoch']:>4}  loss {row['loss']:.6g}  MAE {row['mae']:.6g}  "
            f"MSE {row['mse']:.6g}  validation MAE {row['val_mae']:.6g}  MSE {row['val_mse']:.6g}"
        )
    for part in ("train", "validation"):
        if shown[part]:
            errors = (_reached(shown, part, measure) for measure in ("mae", "mse"))
            lines.append(f"{part:<10}  {'  '.join(errors)}")
    return "\n".join(lines)


def _reached(shown: dict[str, Any], part: str, measure: str) -> str:
    """An error beside what needs no model, of which runs of earlier versions tell less."""
    names = {"floor": "floor", "constant": "constant", "pca": "PCA"}
    known = {name: (shown.get(key) or {}).get(part, {}) for key, name in names.items()}
    beside = [f"{name} {errors[measure]:.6g}" for name, errors in known.items() if errors]
    return f"{measure.upper()} {shown[part][measure]:.6g} ({', '.join(beside)})"


def _write_reconstructions(run: Any, path: Path, part: str) -> None:
    if not (run.folder / "model.keras").is_file():
        raise Fault("The run has no model: it has not finished an epoch.")
    _import_keras()
    import keras
    import numpy as np

    from core.evaluation import reconstruct
    from core.signals.recording import DataError
    from core.signals.store import open_recording
    from core.windows import split_windows

    try:
        config = ExperimentConfig.model_validate(run.config())
    except ValidationError as error:
        raise Fault(
            f"The run has a configuration of another version:\n  {_faults(error)}"
        ) from error
    try:
        recording = open_recording(config.data, run.folder.parent / "data")
    except DataError as error:
        raise Fault(str(error)) from error
    split = split_windows(recording.values, config.windows, config.training.seed)
    model = keras.models.load_model(run.folder / "model.keras")
    parts = {"train": [split.train], "validation": [split.validation]}.get(
        part, [split.train, split.validation]
    )
    original = np.concatenate([block for windows in parts for _, block in windows.chunks()])
    reconstruction = np.concatenate(
        [reconstruct(model, block) for w in parts for _, block in w.chunks(400_000)]
    )
    try:
        np.savez(path, original=original, reconstruction=reconstruction)
    except OSError as error:
        raise Fault(f"{path} cannot be written: {error}") from error


def _worker(options: argparse.Namespace) -> int:
    from core.priority import stand_back

    stand_back()  # already the imports take seconds of every core
    _import_keras()
    from core.worker import main as work

    return work(options.run)


def _import_keras() -> None:
    """Import Keras without its back end's chatter, and let it take only the GPU memory it needs.

    TensorFlow writes lines to descriptor 2 before any setting of its own can silence them.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    sys.stderr.flush()
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


if __name__ == "__main__":
    sys.exit(main())
