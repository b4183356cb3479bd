"""One run in one process: what the runner starts, and what `python -m core train` calls.

python -m core worker            wait with Keras imported, print "ready", read a run folder
                                 from standard input, train it, exit
python -m core worker RUN_DIR    train that run, exit
"""

import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import durable
from core.architecture import Architecture, describe_architecture
from core.baselines import measure_baselines
from core.config import ExperimentConfig, NormalizationConfig, TrainingConfig
from core.epoch_records import EpochRecords
from core.evaluation import evaluate
from core.meters import describe_cpu, describe_device
from core.output_range import error_floor
from core.runs import ACTIVE_STATES, Run, RunStore, TransitionRefused
from core.signals.recording import DataError, Recording
from core.signals.store import open_recording
from core.training import Cancelled, Diverged, Progress, Training
from core.windows import Windows, split_windows

EXIT_CODES = {"finished": 0, "failed": 1, "cancelled": 3, "interrupted": 4}
LEAST_STEPS = 256  # values that 32 bits tell apart between a channel's least and greatest
NICENESS = 10  # of a worker that trains for the app
BASELINES = "measuring the best constant and principal components"
_REPORT_SECONDS = 0.2  # between two writes of progress.json

Report = Callable[[dict[str, Any]], None]


class Interrupted(Exception):
    """The process was told to end (SIGTERM); the run may be started again."""


def train_run(run: Run, data_folder: Path, report: Report = lambda progress: None) -> str:
    """Train a run that is `starting` to its end. Returns the state it ends in.

    Whatever goes wrong becomes the run's state with a sentence; only faults of the folder itself
    (a full disk, a folder removed) are raised.
    """
    state, reason = "failed", ""
    pid = os.getpid()
    try:
        config = ExperimentConfig.model_validate(run.config())
        report = _throttled(run, report)
        report({"phase": "loading the data"})
        recording = open_recording(config.data, data_folder)
        run.transition("running", by_pid=pid, device=device_name())
        state, reason = _train(run, config, recording, report)
    except DataError as error:
        reason = str(error)
    except MemoryError as error:
        reason = f"The memory did not suffice: {error}. Try a smaller batch or model."
    except KeyboardInterrupt:
        state, reason = "cancelled", "Cancelled by a second Ctrl-C; the results are not complete."
    except Interrupted:
        state, reason = "interrupted", "The worker was told to end; the run can be started again."
    except TransitionRefused:
        return run.status().state  # the run was given up, or given to another process
    except Exception as error:
        if "ResourceExhausted" in type(error).__name__:
            reason = "The graphics memory did not suffice. Try a smaller batch size."
        else:
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            sys.excepthook(*sys.exc_info())  # the whole of it, into log.txt
    if run.status().state in ACTIVE_STATES:
        run.transition(state, reason, by_pid=pid)
    return run.status().state


def _train(
    run: Run, config: ExperimentConfig, recording: Recording, report: Report
) -> tuple[str, str]:
    began = time.monotonic()
    report({"phase": "building the model"})
    split = split_windows(recording.values, config.windows, config.training.seed)
    _check_precision(split.train, recording.channel_names)
    training = Training(config, split)
    run.publish_json("normalization.json", training.normalization.to_dict())
    run.replace_history([])  # of a run that was interrupted and starts anew
    durable.remove(run.folder / "baselines.json")
    records = EpochRecords(run, training)

    known: dict[str, Any] = {}  # what stays the same from the first batch on
    baselines: dict[str, Any] = {}  # from the first epoch on

    def each_batch(progress: Progress) -> None:
        report(asdict(progress) | known)
        if not known:
            known["first_step_seconds"] = _seconds_since(run.status().created)
            known["floor"] = _floors(training)

    state, reason, epochs = "finished", "", 0
    try:
        for epoch in training.epochs(each_batch, _stop_check(run)):
            run.append_history(asdict(epoch))
            epochs = epoch.epoch
            records.add(epochs)
            if not baselines:
                total = config.training.epochs
                report({"phase": BASELINES, "epoch": min(2, total), "epochs": total} | known)
                baselines = _baselines(training, known["floor"], _stop_check(run))
                run.publish_json("baselines.json", baselines)
        if epochs < config.training.epochs:
            reason = (
                f"Stopped early after epoch {epochs}: the validation loss has not fallen for "
                f"{config.training.patience} epochs."
            )
    except Cancelled:
        state, reason = "cancelled", f"Cancelled after {epochs} of {config.training.epochs} epochs."
    except Diverged as error:
        state, reason = "failed", _diverged_sentence(error.args[0], epochs)
    if epochs == 0:
        return state, reason
    records.finish()
    if config.training.keep_best or state == "failed":
        training.keep_best()
    else:
        training.keep_last()
    run.publish("model.keras", training.trainer.export.save)  # safe before the long part

    def reconstructing(share: float) -> None:
        report(
            {
                "phase": "reconstructing",
                "epoch": epochs,
                "epochs": config.training.epochs,
                "share": share,
            }
        )

    reconstructing(0.0)
    seconds = time.monotonic() - began
    _publish_results(run, training, recording, baselines, epochs, seconds, reconstructing)
    return state, reason


def _check_precision(train: Windows, names: tuple[str, ...]) -> None:
    """Raise DataError for a channel whose values differ too little for 32-bit numbers."""
    low, high = np.inf, -np.inf
    for block, _ in train.values():
        low = np.minimum(low, block.min(axis=0))
        high = np.maximum(high, block.max(axis=0))
    low, high = low.astype(np.float64), high.astype(np.float64)
    steps = (high - low) / (
        np.finfo(np.float32).eps * np.maximum(np.abs(low), np.abs(high)) + 1e-300
    )
    for channel in np.flatnonzero((high > low) & (steps < LEAST_STEPS)):
        raise DataError(
            f"Channel {names[channel]!r} varies between {low[channel]:.12g} and "
            f"{high[channel]:.12g}: models compute with 32 bits, which tell only "
            f"{steps[channel]:.0f} values apart there. Subtract a constant from it first."
        )


def _floors(training: Training) -> dict[str, dict[str, float]]:
    """The error floor of each part, in original units."""
    activation = training.config.model.output_activation
    return {
        part: error_floor(training.normalization, activation, windows).to_dict()
        for part, windows in training.split.parts()
    }


def _baselines(
    training: Training, floors: dict[str, Any], is_cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """What `baselines.json` holds."""
    components = _architecture(training).latent_values
    deviations = training.channel_deviations.tolist()
    measured = measure_baselines(training.split, components, is_cancelled)
    return {"floor": floors} | measured | {"channel_std": deviations}


def _architecture(training: Training) -> Architecture:
    config, channels = training.config, training.split.train.segments.shape[2]
    return describe_architecture(config.model, config.windows.window_length, channels)


def _publish_results(
    run: Run,
    training: Training,
    recording: Recording,
    baselines: dict[str, Any],
    epochs: int,
    seconds: float,
    report: Callable[[float], None],
) -> None:
    model, deviations = training.trainer.export, training.channel_deviations
    results, arrays = evaluate(model, training.split, recording, deviations, report)
    architecture = _architecture(training)
    run.publish("reconstruction.npz", lambda path: np.savez(path, **arrays))
    run.publish_json(
        "results.json",
        results
        | baselines
        | {
            "initial_weights": training.initial_weights,
            "best_epoch": training.best_epoch,
            "epochs_trained": epochs,
            "parameters": architecture.parameters,
            "compression_ratio": architecture.compression_ratio,
            "device": device_name(),
            "backend": keras.backend.backend(),
            "seconds": seconds,
        },
    )


def _diverged_sentence(epoch: int, epochs: int) -> str:
    kept = f"The best of the {epochs} epochs before is kept. " if epochs else ""
    return (
        f"Diverged in epoch {epoch}: the loss is no finite number any more. {kept}"
        "Lower training.learning_rate, or normalize the data."
    )


def _seconds_since(iso_time: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(iso_time)).total_seconds()


def _stop_check(run: Run) -> Callable[[], bool]:
    """Whether to stop, asked before each batch: by a marker file, or by SIGTERM."""

    def is_cancelled() -> bool:
        if _TERMINATED:
            raise Interrupted
        return run.cancel_requested()

    return is_cancelled


_TERMINATED: list[int] = []  # signals that came; a handler can do no more than note them


def end_soon(number: int, frame: object = None) -> None:
    """A signal handler: leave as interrupted before the next batch."""
    _TERMINATED.append(number)


def _throttled(run: Run, report: Report) -> Report:
    """Write progress to the run folder and pass it on, a few times a second at the most."""
    last_phase, last_time = None, -math.inf

    def throttled(progress: dict[str, Any]) -> None:
        nonlocal last_phase, last_time
        now = time.monotonic()
        if progress["phase"] == last_phase and now - last_time < _REPORT_SECONDS:
            return
        last_phase, last_time = progress["phase"], now
        run.write_progress(progress)
        report(progress)

    return throttled


def device_name() -> str:
    """What this process trains on."""
    return describe_device() if keras.distribution.list_devices("gpu") else describe_cpu()


def warm_up() -> None:
    """Train a tiny model once, so that what Keras loads late is loaded before it is needed."""
    config = ExperimentConfig(
        normalization=NormalizationConfig(), training=TrainingConfig(epochs=1, batch_size=4)
    )
    values = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    training = Training(config, split_windows(values, config.windows))
    for _ in training.epochs():
        break
    keras.backend.clear_session()


def _stand_back() -> Report:
    """After the first step, lower this process's priority once: the app answers its visitors first.

    Training takes every core; whatever the app leaves is still its own.
    """
    stood_back = False

    def report(progress: dict[str, Any]) -> None:
        nonlocal stood_back
        if not stood_back and "first_step_seconds" in progress:
            stood_back = True
            tasks = Path("/proc/self/task")  # on Linux a priority is a thread's, not a process's
            threads = [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else [0]
            for thread in threads:
                with suppress(OSError):  # it has ended
                    os.setpriority(os.PRIO_PROCESS, thread, NICENESS)

    return report


def main(run_folder: str | None = None) -> int:
    """Wait for a run folder on standard input, unless it is given; train it. Returns exit code."""
    signal.signal(signal.SIGTERM, end_soon)
    if run_folder is None:
        if not select.select([sys.stdin], [], [], 0)[0]:  # a run that already waits comes first
            warm_up()
        with suppress(BrokenPipeError):  # the app is gone; a line it wrote before still counts
            print("ready", flush=True)
        run_folder = sys.stdin.readline().strip()
        if not run_folder:
            return 0  # the app is gone, and nothing was given to this spare
    folder = Path(run_folder)
    run = RunStore(folder.parent).open(folder.name)
    with open(run.folder / "log.txt", "ab", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    state = train_run(run, folder.parent / "data", _stand_back())
    return EXIT_CODES.get(state, 1)
