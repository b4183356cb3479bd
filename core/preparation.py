"""An experiment up to its first step: what a worker can do before it has a run.

Drawing weights, tracing a step and running it for the first time take most of a second, whoever
waits, and what the training is compared with half a second more. The spare worker does so for the
setup in hand, so that its run begins at once and is not held up later.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from core.architecture import Architecture, describe_architecture
from core.baselines import measure_baselines
from core.config import UNSCOPED, ExperimentConfig, NormalizationConfig
from core.pair_floors import error_floors
from core.probe import Probe
from core.runs import Run, RunUnreadable
from core.signals.recording import DataError, Recording
from core.signals.store import open_recording
from core.training import Training
from core.windows import Split, Windows, check_batch, split_windows

LEAST_STEPS = 256  # values that 32 bits tell apart between a channel's least and greatest
# Errors of a thousandth of a channel's size have squares that are 32-bit numbers, and so have those
# of a thousand times its size, and a sum of a million as large as itself.
SPARE = 1e3
_SINGLE = np.finfo(np.float32)
LEAST_SIZE, MOST_SIZE = SPARE * float(_SINGLE.tiny) ** 0.5, float(_SINGLE.max) ** 0.5 / SPARE
MOST_VALUES = 50_000_000  # of a recording, of its windows: more take so long that a run would wait
MOST_WORK = 1e10  # multiplications forward through a batch: some twenty of the question's batches


@dataclass(frozen=True)
class Prepared:
    """What a run of this configuration begins with."""

    config: ExperimentConfig
    recording: Recording
    training: Training
    baselines: dict[str, Any]  # as `measure` returns them; empty where that would take long

    def is_of(self, run: Run) -> bool:
        """Whether the run begins with this: its configuration has the same result."""
        try:
            config = ExperimentConfig.model_validate(run.config())
        except (RunUnreadable, ValidationError):
            return False  # the run itself says what is the matter
        return config.identity() == self.config.identity()


def prepare(order: str, is_wanted: Callable[[], bool] = lambda: False) -> Prepared | None:
    """What `WorkerProcess.prepare` asks for; None where that would take long: a run that comes
    meanwhile, which is_wanted tells, waits for its end.

    Raises DataError, and what TensorFlow does.
    """
    asked = json.loads(order)
    config = ExperimentConfig.model_validate(asked["config"])
    recording = open_recording(config.data, Path(asked["data_folder"]))
    if recording.values.size > MOST_VALUES or _work(config, recording) > MOST_WORK:
        return None
    training = build_training(config, recording)
    check_batch(config.training.batch_size, training.split.train)
    training.rehearse()
    return Prepared(config, recording, training, _measured_ahead(training, is_wanted))


def _work(config: ExperimentConfig, recording: Recording) -> float:
    """Multiplications in the convolutions for a batch, forward."""
    channels = recording.values.shape[-1]
    layers = describe_architecture(config.model, config.windows.window_length, channels).layers
    window = sum(layer.output_shape[0] * layer.parameters for layer in layers)
    return float(config.training.batch_size * window)


def _measured_ahead(training: Training, is_wanted: Callable[[], bool]) -> dict[str, Any]:
    """What a run is to be compared with, unless it comes sooner."""
    values = sum(math.prod(windows.shape) for _, windows in training.split.parts())
    if is_wanted() or values > MOST_VALUES:
        return {}
    Probe(training.trainer, training.config.model.output_activation, training.split).look(0)
    if is_wanted():
        return {}
    measured = measure(training, floors_of(training), is_wanted)
    return measured if measured["pca"] is not None else {}


def build_training(config: ExperimentConfig, recording: Recording) -> Training:
    """A training before its first step. Raises DataError when the data do not suit it."""
    split = split_windows(recording.values, config.windows, config.training.seed)
    _check_precision(split, recording.channel_names, config.normalization)
    return Training(config, split)


def architecture_of(training: Training) -> Architecture:
    config, channels = training.config, training.split.train.segments.shape[2]
    return describe_architecture(config.model, config.windows.window_length, channels)


def floors_of(training: Training) -> dict[str, Any]:
    """What `baselines.json` holds of the error floor of each part, in original units.

    `floor_channel_mae` and `floor_channel_mse` are `{part: (channels,)}`, as lists.
    """
    pair = [(training.normalization, training.config.model.output_activation)]
    floors = {part: error_floors(pair, windows)[0] for part, windows in training.split.parts()}
    return {
        "floor": {part: floor.to_dict() for part, floor in floors.items()},
        "floor_channel_mae": {part: floor.channel_mae.tolist() for part, floor in floors.items()},
        "floor_channel_mse": {part: floor.channel_mse.tolist() for part, floor in floors.items()},
    }


def measure(
    training: Training, floors: dict[str, Any], give_up: Callable[[], bool]
) -> dict[str, Any]:
    """What `baselines.json` holds: what a training is compared with. floors: as of `floors_of`.

    Principal components are given up as soon as `give_up()`.
    """
    latent = architecture_of(training).latent_values
    measured = measure_baselines(training.split, latent, give_up)
    return floors | measured | {"channel_std": training.channel_deviations.tolist()}


def _check_precision(
    split: Split, names: tuple[str, ...], normalization: NormalizationConfig
) -> None:
    """Raise DataError for a channel that 32-bit numbers do not suit: too large or small for its
    squared errors, or of values that differ too little. Of the validation part it matters only
    whether it makes a channel too large."""
    low, high = _ends(split.train)
    greatest = np.maximum(np.abs(low), np.abs(high))
    # Of zeros, 0 / 0; the spread of the greatest numbers is infinite.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = high - low
        steps = spread / (_SINGLE.eps * greatest)
    for channel in np.flatnonzero((spread > 0) & (steps < LEAST_STEPS)):
        raise DataError(
            f"Channel {names[channel]!r} varies between {low[channel]:.12g} and "
            f"{high[channel]:.12g}: models compute with 32 bits, which tell only "
            f"{steps[channel]:.0f} values apart there. Subtract a constant from it first."
        )
    is_large = _is_large(low, high, normalization)
    is_small = (spread > 0) & (spread < LEAST_SIZE)  # nothing is to be learned of a constant
    for channel in np.flatnonzero(is_large | is_small):
        raise DataError(
            f"Channel {names[channel]!r} varies between {low[channel]:.6g} and "
            f"{high[channel]:.6g}: too {'large' if is_large[channel] else 'small'} for training, "
            "which computes squared errors with 32 bits. Rescale the channel first, for instance "
            "to another unit."
        )

    others = _ends(split.validation)
    low, high = np.minimum(low, others[0]), np.maximum(high, others[1])
    for channel in np.flatnonzero(_is_large(low, high, normalization)):
        raise DataError(
            f"Channel {names[channel]!r} varies between {others[0][channel]:.6g} and "
            f"{others[1][channel]:.6g} in the validation part: too large for training, which "
            "computes squared errors with 32 bits. If a number stands for missing values, remove "
            "it from the file; or rescale the channel first, for instance to another unit."
        )


def _ends(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value of each channel: `(channels,)`."""
    low, high = np.inf, -np.inf
    for block, _ in windows.values():
        low = np.minimum(low, block.min(axis=0))
        high = np.maximum(high, block.max(axis=0))
    return low.astype(np.float64), high.astype(np.float64)


def _is_large(low: np.ndarray, high: np.ndarray, normalization: NormalizationConfig) -> np.ndarray:
    """Which channels are too large for 32 bits: `(channels,)`, bool."""
    greatest = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore"):
        size = high - low if _is_centred(normalization) else greatest
    return (size > MOST_SIZE) | (greatest > _SINGLE.max)


def _is_centred(normalization: NormalizationConfig) -> bool:
    """Whether an offset is taken from each channel by itself: errors begin as large as it varies,
    not as large as its values are."""
    return normalization.scope != "global" and normalization.method not in (*UNSCOPED, "maxabs")
