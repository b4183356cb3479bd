"""Training one run, from its newest checkpoint or from the start, and what it leaves behind."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import keras
import numpy as np

from core import checkpoints, durable
from core.config import ExperimentConfig
from core.epoch_records import EpochRecords
from core.evaluation import evaluate
from core.gpu import has_gpu
from core.meters import describe_device
from core.number_text import count_text
from core.preparation import architecture_of, build_training, floors_of, measure
from core.processor import describe_cpu
from core.runs import Run
from core.signals.recording import Recording
from core.take_up import TrainingRecord, place_text
from core.training import Cancelled, Diverged, Progress, Training
from core.windows import check_batch

BASELINES = "measuring the best constant and principal components"

_LESS_HIGH = (
    "Choose an output and a normalization between which outputs are not raised so high, such as "
    "linear and standard."
)

Report = Callable[[dict[str, Any]], None]


class Stopped(Exception):
    """The run is to end before its time, and can go on from where it stands, which is the text."""


class RunTraining:
    """One run in this process.

    report is told where it is, again and again; is_cancelled is asked before each batch, and may
    raise Stopped, upon which a checkpoint is made.
    """

    def __init__(
        self,
        run: Run,
        config: ExperimentConfig,
        recording: Recording,
        report: Report,
        is_cancelled: Callable[[], bool],
        training: Training | None = None,
        baselines: Mapping[str, Any] | None = None,
    ):
        """training: of this configuration and recording, before its first step, where there is one.
        baselines: as `measure` returns them for it, where they are known.

        Raises DataError.
        """
        self._run = run
        self._recording = recording
        self._report = report
        self._is_cancelled = is_cancelled
        self._began = datetime.now(UTC)
        if training is None:
            report({"phase": "building the model"})
            training = build_training(config, recording)
        self._training = training
        self._epochs = config.training.epochs
        self._is_normalized = config.normalization.method != "none"
        self._record = TrainingRecord(run, self._training)
        self._known: dict[str, Any] = {}  # what stays the same from the first batch on
        self._measured = dict(baselines or {})
        self._floors: dict[str, Any] = {}  # as `floors_of` gives them, from the first batch on
        self._baselines: dict[str, Any] = {}  # from the first epoch on

    def train(self) -> tuple[str, str]:
        """Train to the end. Returns the state the run ends in, and the reason.

        Raises Stopped, DataError, MemoryError, TransitionRefused if another process has the run,
        and OSError if the run folder cannot be written.
        """
        records = self._begin()
        state, reason = "finished", ""
        try:
            for epoch in self._training.epochs(self._each_batch, self._is_cancelled):
                self._record.add(asdict(epoch))
                records.add(epoch.epoch)
                self._record.save()
                self._measure_baselines()
            self._measure_baselines()  # of a run that was stopped while it did
            reason = self._early_end()
        except Stopped as stop:
            self._record.save()
            raise type(stop)(place_text(self._training.done, self._training.batch)) from None
        except Cancelled:
            state = "cancelled"
            reason = f"Cancelled after {self._training.done} of {self._epochs} epochs."
        except Diverged as error:
            state = "failed"
            reason = _diverged_sentence(error, self._training.done, self._is_normalized)
        if self._training.done:
            self._measure_baselines(give_up=lambda: True)
            records.finish()
            return self._finish(state, reason)
        return state, reason

    def _begin(self) -> EpochRecords:
        """Go on from the newest checkpoint, or clear away what an earlier start has left."""
        run = self._run
        if self._record.take_up():
            self._note_floors()
            self._baselines = _kept_baselines(run)
            run.update(reason=self._record.notes[-1])
        else:
            check_batch(self._training.config.training.batch_size, self._training.split.train)
        with run.writing():
            durable.remove(run.folder / "results.json")
            if not self._record.notes:
                durable.remove(run.folder / "baselines.json")
        run.publish_json("normalization.json", self._training.normalization.to_dict())
        return EpochRecords(run, self._training)

    def _each_batch(self, progress: Progress) -> None:
        self._report(vars(progress) | self._known)
        if "first_step_seconds" not in self._known:
            asked = self._began  # of a run that was taken up: by this process
            if not self._record.notes:
                asked = datetime.fromisoformat(self._run.status().created)
            self._known["first_step_seconds"] = (datetime.now(UTC) - asked).total_seconds()
            self._note_floors()

    def _note_floors(self) -> None:
        self._floors = self._floors or self._measured or floors_of(self._training)
        self._known["floor"] = self._floors["floor"]

    def _measure_baselines(self, give_up: Callable[[], bool] | None = None) -> None:
        """Once: what `baselines.json` holds."""
        training = self._training
        if self._baselines or not training.done:
            return
        epoch = min(training.done + 1, self._epochs)
        phase = {"phase": BASELINES, "epoch": epoch, "epochs": self._epochs}
        self._report(phase | self._known)
        self._baselines = self._measured or measure(
            training, self._floors, give_up or self._is_cancelled
        )
        self._run.publish_json("baselines.json", self._baselines)

    def _early_end(self) -> str:
        """Why it ended before its last epoch, if it did."""
        if self._training.done == self._epochs:
            return ""
        patience = count_text(self._training.config.training.patience, "epoch")
        return (
            f"Stopped early after epoch {self._training.done}: the validation loss has not fallen "
            f"for {patience}."
        )

    def _finish(self, state: str, reason: str) -> tuple[str, str]:
        """Publish the model, then what it reaches; `results.json` comes last.

        Returns the state and the reason: others where the kept model's errors are no numbers.
        """
        training, run = self._training, self._run
        if training.config.training.keep_best or state == "failed":
            training.keep_best()
            kept_epoch = training.best_epoch
        else:
            training.keep_last()
            kept_epoch = training.done
        run.publish("model.keras", training.trainer.export.save)  # safe before the long part
        results, arrays = self._evaluate(stops=state == "finished")
        if beyond := [part for part, _ in training.split.parts() if not _is_known(results[part])]:
            state = "failed" if state == "finished" else state
            reason = f"{reason} {_beyond_sentence(beyond)}".lstrip()
        architecture = architecture_of(training)
        run.publish("reconstruction.npz", lambda path: np.savez(path, **arrays))
        results |= self._baselines
        results |= {
            "initial_weights": training.initial_weights,
            "best_epoch": training.best_epoch,
            "kept_epoch": kept_epoch,  # whose weights all this is of
            "epochs_trained": training.done,
            "parameters": architecture.parameters,
            "compression_ratio": architecture.compression_ratio,
            "device": device_name(),
            "backend": keras.backend.backend(),
            "seconds": self._record.seconds,
            "notes": self._record.notes,
            "outcome": {"state": state, "reason": reason},
        }
        run.publish_json("results.json", results)
        checkpoints.keep(run.folder, 1, run.writing)  # to be trained further from
        return state, reason

    def _evaluate(self, stops: bool) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Errors and reconstructions of all windows. A wish to cancel comes too late by now."""

        def reconstructing(share: float) -> None:
            phase = {"phase": "reconstructing", "epoch": training.done, "epochs": self._epochs}
            self._report(phase | {"share": share})
            if stops and share:
                self._is_cancelled()  # may raise Stopped

        training = self._training
        reconstructing(0.0)
        model, deviations = training.trainer.reconstructor, training.channel_deviations
        try:
            return evaluate(model, training.split, self._recording, deviations, reconstructing)
        except Stopped as stop:
            raise type(stop)(place_text(training.done, 0)) from None


def _kept_baselines(run: Run) -> dict[str, Any]:
    """What `baselines.json` holds; nothing if it has to be measured anew."""
    try:
        found = json.loads((run.folder / "baselines.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    known = {"floor", "constant", "pca", "pca_components", "pca_windows", "channel_std"}
    is_whole = isinstance(found, dict) and known <= set(found) and found["pca"] is not None
    return found if is_whole else {}


def _diverged_sentence(error: Diverged, epochs: int, is_normalized: bool) -> str:
    before = "epoch" if epochs == 1 else f"best of the {epochs} epochs"
    kept = f"The {before} before is kept. " if epochs else ""
    if not error.is_loss:
        return (
            f"Beyond 32 bits in epoch {error.epoch}: the errors in the data's own units are too "
            f"large for such numbers, though the loss is not. {kept}{_LESS_HIGH}"
        )
    return (
        f"Diverged in epoch {error.epoch}: the loss is far too large, or no finite number. "
        f"{kept}Lower the learning rate{'' if is_normalized else ', or normalize the data'}."
    )


def _is_known(errors: Mapping[str, float]) -> bool:
    return all(map(math.isfinite, errors.values()))


def _beyond_sentence(parts: Sequence[str]) -> str:
    """Why a model that was kept has no errors on these parts."""
    words = " and ".join({"train": "training"}.get(part, part) for part in parts)
    return (
        f"Beyond 32 bits: of some {words} windows the kept model makes values too large for such "
        f"numbers in the data's own units, so its errors there are not known. {_LESS_HIGH}"
    )


def device_name() -> str:
    """What this process trains on."""
    return describe_device() if has_gpu() else describe_cpu()
