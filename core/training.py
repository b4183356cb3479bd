"""Training epoch by epoch: what is shuffled, what is measured, what is kept.

Nothing here knows of files: a caller takes the epochs one at a time and does with them what it
likes. The order of the windows in an epoch depends on the seed and the epoch's number alone, so an
epoch can be repeated exactly.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.config import ExperimentConfig
from core.metrics import channel_deviations, scaled_errors
from core.model import AutoencoderTrainer, build_trainer, weights_hash
from core.normalization import Normalization, fit_normalization
from core.windows import Split, Windows

VALIDATION_COST = 1 / 3  # of a batch, next to a training batch: the forward pass alone


class Cancelled(Exception):
    """Somebody asked the training to stop; what finished epochs have reached is kept."""


class Diverged(Exception):
    """The loss is no number any more."""


@dataclass(frozen=True)
class Progress:
    """Where a training is, after each batch."""

    phase: str
    epoch: int  # counted from 1
    epochs: int
    batch: int
    batches: int
    loss: float  # of this epoch so far, in normalized units
    mae: float  # of this epoch so far, in original units
    seconds_per_batch: float
    eta_seconds: float


@dataclass(frozen=True)
class Epoch:
    """A row of the history. Training numbers are means over the epoch's batches as they went."""

    epoch: int  # counted from 1
    loss: float  # of the loss function, in normalized units
    val_loss: float
    mae: float  # original units
    mse: float  # original units, squared
    val_mae: float
    val_mse: float
    seconds: float
    scaled_mae: float  # in standard deviations of each channel, the mean over channels
    scaled_mse: float  # in variances
    val_scaled_mae: float
    val_scaled_mse: float


class PassMeans:
    """The means of a pass over windows so far: of the loss, and of each channel's errors."""

    def __init__(self) -> None:
        self._windows = 0
        self._sums = dict.fromkeys(("loss", "mae", "mse"), np.zeros(1))

    def add(self, logs: Mapping[str, Any], windows: int) -> None:
        """logs: the means of a batch of so many windows, errors as `(channels,)`."""
        self._windows += windows
        for name, total in self._sums.items():
            batch = np.atleast_1d(np.asarray(logs[name], np.float64))
            self._sums[name] = total + windows * batch

    @property
    def loss(self) -> float:
        """In normalized units."""
        return float(self._sums["loss"][0] / self._windows)

    @property
    def mae(self) -> np.ndarray:
        """`(channels,)`, original units."""
        return self._sums["mae"] / self._windows

    @property
    def mse(self) -> np.ndarray:
        """`(channels,)`, original units, squared."""
        return self._sums["mse"] / self._windows


class Training:
    """One training run in memory.

    Raises DataError when the windows do not fit the data. Iterate `epochs()`; then `keep_best()`.
    """

    def __init__(self, config: ExperimentConfig, split: Split):
        self.config = config
        self.split = split
        self.normalization: Normalization = fit_normalization(config.normalization, split.train)
        channels = split.train.segments.shape[2]
        self.trainer: AutoencoderTrainer = build_trainer(config, self.normalization, channels)
        self.initial_weights = weights_hash(self.trainer)
        self.best_epoch = 0
        self.best_loss = math.inf
        self._best_weights: list[np.ndarray] | None = None
        self._last_weights: list[np.ndarray] | None = None
        self._has_traced = False  # whether the second training batch, the first true one, came
        self._timed_units = 0.0  # training batches, or as many validation batches as cost one
        self._timed_seconds = 0.0
        self._done_units = 0.0

    def epochs(
        self,
        report: Callable[[Progress], None] = lambda progress: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Epoch]:
        """Train; yields each epoch as it ends, and ends early if validation gains no more.

        report is called after each batch. Raises Cancelled as soon as `is_cancelled()`, and
        Diverged when a loss is not finite.
        """
        settings = self.config.training
        for number in range(1, settings.epochs + 1):
            began = time.monotonic()
            order = np.random.default_rng([settings.seed, number]).permutation(
                len(self.split.train)
            )
            train = self._pass("training", number, order, report, is_cancelled)
            order = np.arange(len(self.split.validation))
            validation = self._pass("validating", number, order, report, is_cancelled)
            epoch = self._epoch(number, train, validation, time.monotonic() - began)
            if epoch.val_loss < self.best_loss:
                self.best_epoch, self.best_loss = number, epoch.val_loss
                self._best_weights = self.trainer.get_weights()
            if not settings.keep_best:
                self._last_weights = self.trainer.get_weights()
            yield epoch
            if settings.patience and number - self.best_epoch >= settings.patience:
                return

    def _epoch(self, number: int, train: PassMeans, validation: PassMeans, seconds: float) -> Epoch:
        """A row of the history. Raises Diverged if its numbers are not finite."""
        reached = [
            *(train.loss, validation.loss),
            *(train.mae.mean(), train.mse.mean(), validation.mae.mean(), validation.mse.mean()),
        ]
        if not all(map(math.isfinite, reached)):
            raise Diverged(number)
        scaled = [
            error
            for means in (train, validation)
            for error in scaled_errors(means.mae, means.mse, self.channel_deviations).values()
        ]
        return Epoch(number, *map(float, reached), seconds, *scaled)

    @cached_property
    def channel_deviations(self) -> np.ndarray:
        """Of each channel over the training windows: `(channels,)`; not needed for the first step,
        which they would delay."""
        return channel_deviations(self.split.train)

    def keep_best(self) -> None:
        """Put the weights of the epoch with the least validation loss back, if there was one."""
        if self._best_weights is not None:
            self.trainer.set_weights(self._best_weights)

    def keep_last(self) -> None:
        """Put the weights of the last finished epoch back, if there was one; without keep_best."""
        if self._last_weights is not None:
            self.trainer.set_weights(self._last_weights)

    def _pass(
        self,
        phase: str,
        epoch: int,
        order: np.ndarray,
        report: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> PassMeans:
        """One pass over windows in this order."""
        settings = self.config.training
        is_training = phase == "training"
        windows: Windows = self.split.train if is_training else self.split.validation
        step = self.trainer.train_on_batch if is_training else self.trainer.test_on_batch
        batches = math.ceil(len(order) / settings.batch_size)
        means = PassMeans()
        for batch in range(batches):
            if is_cancelled():
                raise Cancelled
            began = time.monotonic()
            positions = order[batch * settings.batch_size : (batch + 1) * settings.batch_size]
            # (batch, window_length, channels)
            logs = step(windows.take(positions).astype(np.float32), return_dict=True)
            if is_training and not math.isfinite(logs["loss"]):
                raise Diverged(epoch)
            means.add(logs, len(positions))
            self._clock(is_training, began, is_traced=epoch == 1 and batch == 0)
            report(
                Progress(
                    *(phase, epoch, settings.epochs, batch + 1, batches),
                    *(means.loss, float(means.mae.mean())),
                    *self._pace(),
                )
            )
        return means

    def _clock(self, is_training: bool, began: float, is_traced: bool) -> None:
        """Note a batch's time. The first of its kind, which Keras traces, tells nothing of the
        others: that of training counts until there is a second, that of validation never."""
        units = 1.0 if is_training else VALIDATION_COST
        self._done_units += units
        if is_traced and not is_training:
            return
        if is_training and not is_traced and not self._has_traced:
            self._has_traced = True
            self._timed_units = self._timed_seconds = 0.0
        self._timed_units += units
        self._timed_seconds += time.monotonic() - began

    def _pace(self) -> tuple[float, float]:
        """Seconds for a training batch, and seconds left if every epoch is trained."""
        settings = self.config.training
        batches = math.ceil(len(self.split.train) / settings.batch_size)
        batches += VALIDATION_COST * math.ceil(len(self.split.validation) / settings.batch_size)
        seconds_per_batch = self._timed_seconds / self._timed_units
        left = settings.epochs * batches - self._done_units
        return seconds_per_batch, max(0.0, left * seconds_per_batch)
