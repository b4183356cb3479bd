"""One run at a time: what the runner starts, and what `python -m core train` calls.

python -m core worker            wait with Keras imported, print "ready", read a run folder
                                 from standard input, train it, exit; before it, there may be
                                 lines that ask to prepare a run: each is answered with "ready".
                                 After a run that ended in good order on the CPU, and left little
                                 behind: print "done" and its exit code, and wait for another
python -m core worker RUN_DIR    train that run, exit
"""

import gc
import logging
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.src.utils.naming import reset_uids

from core import checkpoints, gpu_faults
from core.backends import check_backend
from core.config import ExperimentConfig, NormalizationConfig, TrainingConfig
from core.disk import fault_text
from core.gpu import has_gpu
from core.preparation import Prepared, prepare
from core.processes import DONE, PREPARE, resident_bytes
from core.run_end import EXIT_CODES, MEMORY, End
from core.run_training import Report, RunTraining, Stopped, device_name
from core.runs import ACTIVE_STATES, Run, RunNotFound, RunStore, RunUnreadable, TransitionRefused
from core.signals.recording import DataError
from core.signals.store import open_recording
from core.take_up import AllDamaged, place_text
from core.training import Training
from core.windows import split_windows

UNWRITABLE_EXIT = 6  # not even the state could be written; the last line of log.txt says why
_REPORT_SECONDS = 1.0  # between two writes of progress.json, which the cores wait for
_STOP_SECONDS = 0.1  # between two looks at whether to stop, likewise
_ORDERLY = {EXIT_CODES[state] for state in ("finished", "cancelled", "paused")}
_MOST_LEFT = 1 << 29  # bytes that runs may leave in the memory of a process that goes on


class Unwritable(Exception):
    """The run's folder cannot be written, not even its state; the text says why."""


class Interrupted(Stopped):
    """The process was told to end (SIGTERM)."""


class Paused(Stopped):
    """Somebody asked the run to wait."""


def train_run(
    run: Run,
    data_folder: Path,
    report: Report = lambda progress: None,
    prepared: Prepared | None = None,
) -> str:
    """Train a run that is `starting` to its end, or to where it is stopped. Returns its state.

    prepared: of this run (`Prepared.is_of`). A run with checkpoints goes on from the newest.
    Whatever goes wrong becomes the run's state with a sentence. Raises Unwritable if even that
    cannot be written.
    """
    try:
        end = _end_of_training(run, data_folder, report, prepared)
        if run.status().state in ACTIVE_STATES:
            run.transition(end.state, end.reason, by_pid=os.getpid(), **end.changes)
    except OSError as error:
        if not run.folder.is_dir():
            return "failed"  # removed: there is nothing to write to
        reason = _unwritten_sentence(run, error)
        try:
            run.transition("paused", reason, by_pid=os.getpid())
        except (RunNotFound, TransitionRefused):
            pass  # its end was written whole, and only making it last failed
        except (OSError, RunUnreadable):
            raise Unwritable(reason) from error
    except (RunNotFound, TransitionRefused):
        pass  # removed, given up, or given to another process
    except RunUnreadable as error:
        raise Unwritable(str(error)) from error
    try:
        return run.status().state
    except RunNotFound:
        return "failed"
    except RunUnreadable as error:
        raise Unwritable(str(error)) from error


def _end_of_training(run: Run, data_folder: Path, report: Report, prepared: Prepared | None) -> End:
    """Train, and say in which state the run ends and why.

    Raises OSError for a fault of the run folder, TransitionRefused if it is another process's.
    """
    try:
        config = ExperimentConfig.model_validate(run.config())
        _check_backend(config.training.backend)
        report = _throttled(run, report)
        training, baselines = None, None
        if prepared is not None:
            recording, training = prepared.recording, prepared.training
            baselines = prepared.baselines
        else:
            report({"phase": "loading the data"})
            recording = open_recording(config.data, data_folder)
        run.transition("running", by_pid=os.getpid(), device=device_name())
        checked = _stop_check(run)
        begun = RunTraining(run, config, recording, report, checked, training, baselines)
        return End(*begun.train())
    except (DataError, AllDamaged) as error:
        return End("failed", str(error))
    except Paused as stop:
        return End("paused", f"Paused {stop}.")
    except Interrupted as stop:
        reason = f"The worker was told to end {stop}; the run can go on from there."
        return End("interrupted", reason)
    except KeyboardInterrupt:
        return End("cancelled", "Cancelled by a second Ctrl-C; the results are not complete.")
    except (OSError, TransitionRefused, RunNotFound):
        raise
    except Exception as error:
        sys.excepthook(*sys.exc_info())  # the whole of it, into log.txt
        whole = f"{type(error).__name__}: {error}"
        of_machine = not has_gpu() and gpu_faults.tells_of_memory(whole)
        if isinstance(error, MemoryError) or of_machine:
            return _out_of_memory(run)
        said = str(error).splitlines()[0] if str(error) else ""
        known = gpu_faults.explain(whole)
        return End(*(known or ("failed", f"{type(error).__name__}: {said}")))


def _check_backend(wanted: str) -> None:
    """Raise DataError for a run that wants another back end than Keras has here."""
    check_backend(wanted)
    if (present := keras.backend.backend()) != wanted:
        raise DataError(
            f"training.backend={wanted}, but this process was started with KERAS_BACKEND={present}."
        )


def _out_of_memory(run: Run) -> End:
    """What has been trained can go on when there is memory again; nothing else could."""
    reason = "The memory did not suffice. Try a smaller batch or model."
    found = checkpoints.describe(run.folder)
    if not found:
        return End("failed", reason, MEMORY)
    reason += f" Or free memory and resume it {place_text(*found)}."
    return End("interrupted", reason, MEMORY)


def _unwritten_sentence(run: Run, error: OSError) -> str:
    found = checkpoints.describe(run.folder)
    goes_on = f"it goes on {place_text(*found)}" if found else "it begins anew"
    return f"Paused: {fault_text(error)}, then resume the run: {goes_on}."


def _stop_check(run: Run) -> Callable[[], bool]:
    """Whether to cancel, asked before each batch; a pause and SIGTERM raise."""
    looked = -math.inf

    def is_cancelled() -> bool:
        nonlocal looked
        if _TERMINATED:
            raise Interrupted
        if (now := time.monotonic()) - looked < _STOP_SECONDS:
            return False
        looked = now
        if run.cancel_requested():
            return True
        if run.pause_requested():
            raise Paused
        return False

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
        with suppress(OSError):  # it only matters while the worker lives
            run.write_progress(progress)
        report(progress)

    return throttled


def warm_up() -> None:
    """Train a tiny model once, so that what Keras loads late is loaded before it is needed."""
    config = ExperimentConfig(
        normalization=NormalizationConfig(), training=TrainingConfig(epochs=1, batch_size=32)
    )
    values = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    training = Training(config, split_windows(values, config.windows))
    for _ in training.epochs():
        break
    del training
    _let_go()
    gc.freeze()  # what is loaded stays: looking through it again and again delays a first step


def _let_go() -> None:
    """Give back what a training that nobody refers to any more held: it is full of cycles.

    Layers are numbered anew, as `keras.utils.clear_session` does it. That one would also take all
    operations that TensorFlow has ready: of a model like the last they save 0.2 s.
    """
    reset_uids()
    gc.collect()


def _prepared(order: str) -> Prepared | None:
    """What was asked for, or None: a run of this setup would say what is the matter with it."""
    try:
        return prepare(order, _is_wanted)
    except Exception:
        return None


def _is_wanted() -> bool:
    """Whether there is another line to read, or the app is gone."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _next_run() -> tuple[Run, Prepared | None] | None:
    """What to train, with what was prepared of just that; None at the end of the input: the app is
    gone, or wants no run of this process.

    Each line is read by itself, so that one can be waited for.
    """
    prepared = None
    while True:
        with suppress(BrokenPipeError):  # the app is gone; a line it wrote before still counts
            print("ready", flush=True)
        line = os.fsdecode(sys.stdin.buffer.raw.readline()).strip()
        if not line:
            return None
        if not line.startswith(PREPARE):
            break
        prepared = None
        _let_go()  # before the next one takes its memory
        prepared = _prepared(line.removeprefix(PREPARE))
        if prepared is None:
            _let_go()
    run = _opened(line)
    if prepared is not None and not prepared.is_of(run):
        prepared = None
        _let_go()
    return run, prepared


def main(run_folder: str | None = None) -> int:
    """Train a run; without one, those whose folders come on standard input. Returns exit code."""
    if run_folder is not None:
        return _train(_opened(run_folder), None)
    if not _is_wanted():  # a run that already waits comes first
        warm_up()
    logging.getLogger("tensorflow").addFilter(_is_no_count_of_traces)
    code, begun_with = 0, resident_bytes()
    output, errors = os.dup(1), os.dup(2)
    while given := _next_run():
        code = _train(*given)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # without a run it ends the process at once
        del given
        _let_go()
        if not _can_go_on(code, begun_with):
            break
        _write_to(output, errors)
        with suppress(BrokenPipeError):
            print(f"{DONE}{code}", flush=True)
    return code


def _is_no_count_of_traces(record: logging.LogRecord) -> bool:
    """TensorFlow warns of many traces of a function: here each was of another run's model."""
    return "tf.function retracing" not in record.getMessage()


def _opened(run_folder: str) -> Run:
    """The run, which is told of a signal that comes from now on. Raises RunNotFound."""
    signal.signal(signal.SIGTERM, end_soon)
    folder = Path(run_folder)
    return RunStore(folder.parent).open(folder.name)


def _train(run: Run, prepared: Prepared | None) -> int:
    """Train a run, with its log for all output. Returns the exit code that stands for its end."""
    log = os.open(run.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    _write_to(log, log)
    os.close(log)
    try:
        state = train_run(run, run.folder.parent / "data", prepared=prepared)
    except Unwritable as error:
        with suppress(OSError):
            print(error, flush=True)
        return UNWRITABLE_EXIT
    return EXIT_CODES.get(state, 1)


def _write_to(output: int, errors: int) -> None:
    """Let standard output and standard error go to what these descriptors stand for."""
    for stream, number, target in ((sys.stdout, 1, output), (sys.stderr, 2, errors)):
        with suppress(OSError):
            stream.flush()
        os.dup2(target, number)


def _can_go_on(code: int, begun_with: int) -> bool:
    """Whether the process is as good as a new one for another run.

    Not after a fault, nor where a graphics processor's memory would not come back otherwise.
    """
    if code not in _ORDERLY or _TERMINATED or has_gpu() or keras.backend.backend() != "tensorflow":
        return False
    return resident_bytes() - begun_with < _MOST_LEFT
