"""Training epoch by epoch: what is shuffled, what is measured, what is kept.

Nothing here knows of files: a caller takes the epochs one at a time and does with them what it
likes. The order of the windows in an epoch depends on the seed and the epoch's number alone, so an
epoch can be repeated exactly; what else decides the batches to come is in `state()`, so that a
training can be put down after any batch and taken up by another process as if nothing had been.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.config import ExperimentConfig, TrainingConfig
from core.device_steps import make_steps
from core.learning_rate import LearningRate
from core.metrics import channel_deviations, scaled_errors
from core.model import AutoencoderTrainer, build_trainer, weights_hash
from core.normalization import Normalization, fit_normalization
from core.steps import Steps, all_positions, launches
from core.training_state import TrainingState
from core.windows import Split

VALIDATION_COST = 1 / 3  # of a batch, next to a training batch: the forward pass alone


class Cancelled(Exception):
    """Somebody asked the training to stop; what finished epochs have reached is kept."""


_SANE_LOSS = 1e3  # of normalized values; a greater one, finite or not, has been let loose


class Diverged(Exception):
    """The loss is far too large, or no number; or only the errors in original units are none."""

    def __init__(self, epoch: int, is_loss: bool = True):
        super().__init__(epoch)
        self.epoch, self.is_loss = epoch, is_loss


@dataclass(frozen=True)
class Progress:
    """Where a training is, after each launch."""

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
    learning_rate: float


class PassMeans:
    """The means of a pass over windows so far: of the loss, and of each channel's errors."""

    def __init__(self, sums: Mapping[str, np.ndarray] | None = None, windows: int = 0) -> None:
        self._windows = windows
        self._sums = dict(sums or dict.fromkeys(("loss", "mae", "mse"), np.zeros(1)))

    def add(self, logs: Mapping[str, Any], windows: int) -> None:
        """logs: the means of a batch of so many windows, errors as `(channels,)`."""
        self._windows += windows
        for name, total in self._sums.items():
            batch = np.atleast_1d(np.asarray(logs[name], np.float64))
            self._sums[name] = total + windows * batch

    @property
    def windows(self) -> int:
        """How many the means are of."""
        return self._windows

    @property
    def sums(self) -> dict[str, np.ndarray]:
        """Over the windows so far, by the name of what was summed: what goes on from here needs."""
        return dict(self._sums)

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

    steps: how batches go through the trainer; what suits the device if it is left out.
    Raises DataError when the windows do not fit the data. Iterate `epochs()`; then `keep_best()`.

    done: whole epochs; batch: batches of the next one that are done too.
    best_weights, last_weights: of the epoch with the least validation loss, and of the last whole
    one; None before the first.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        split: Split,
        steps: Callable[[AutoencoderTrainer, Split], Steps] = make_steps,
    ):
        self.config = config
        self.split = split
        self.normalization: Normalization = fit_normalization(config.normalization, split.train)
        channels = split.train.segments.shape[2]
        self.trainer: AutoencoderTrainer = build_trainer(config, self.normalization, channels)
        self.initial_weights = weights_hash(self.trainer)
        self._steps = steps(self.trainer, split)
        self.done = self.batch = 0
        self.best_epoch = 0
        self.best_loss = math.inf
        self.best_weights: list[np.ndarray] | None = None
        self.last_weights: list[np.ndarray] | None = None
        self._rate = LearningRate(config.training)
        self._means = PassMeans()  # of the batches of the open epoch
        self._seconds = 0.0  # spent on the open epoch
        self._pace = Pace(config.training, split)

    # From here to there

    def state(self) -> TrainingState:
        """All that decides what the next batches do. Between two launches only."""
        return TrainingState(
            done=self.done,
            batch=self.batch,
            best_epoch=self.best_epoch,
            best_loss=self.best_loss,
            drops=self._rate.drops,
            last_drop=self._rate.last_drop,
            seconds=self._seconds,
            windows=self._means.windows,
            sums=self._means.sums,
            variables=self.trainer.state(),
            best_weights=self.best_weights,
            last_weights=self.last_weights,
        )

    def restore(self, state: TrainingState) -> None:
        """Stand where another training of this configuration stood.

        Raises ValueError, having changed nothing, if the state is of another model.
        """
        for weights in (state.best_weights, state.last_weights):
            shapes = [np.shape(own) for own in self.trainer.get_weights()]
            if weights is not None and [np.shape(array) for array in weights] != shapes:
                raise ValueError("the weights are those of another model")
        self.trainer.restore(state.variables)
        self.done, self.batch = state.done, state.batch
        self.best_epoch, self.best_loss = state.best_epoch, state.best_loss
        self.best_weights, self.last_weights = state.best_weights, state.last_weights
        self._rate.drops, self._rate.last_drop = state.drops, state.last_drop
        self._seconds = state.seconds
        self._means = PassMeans(state.sums, state.windows)
        self._pace.go_on_from(state.done, state.batch)

    def rehearse(self) -> None:
        """Take the first step, which takes the longest by far, and undo it: all later ones go as if
        nothing had been, but at once."""
        state = self.state()
        size = min(self.config.training.batch_size, len(self.split.train))
        self._steps.train([np.arange(size)])
        self.restore(state)

    @property
    def is_over(self) -> bool:
        """Whether every epoch is trained, or validation has gained nothing for too long."""
        settings = self.config.training
        idle = self.done - self.best_epoch
        return self.done >= settings.epochs or (settings.patience > 0 and idle >= settings.patience)

    def epochs(
        self,
        report: Callable[[Progress], None] = lambda progress: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Epoch]:
        """Train; yields each epoch as it ends, and ends early if validation gains no more.

        report is called after each launch: a batch, or as many as a GPU does in a moment. Raises
        Cancelled as soon as `is_cancelled()`, and Diverged when a loss is not finite; what
        `is_cancelled` itself raises comes between two launches, where `state()` can be taken.
        """
        while not self.is_over:
            yield self._train_epoch(report, is_cancelled)

    def _train_epoch(
        self, report: Callable[[Progress], None], is_cancelled: Callable[[], bool]
    ) -> Epoch:
        number, began = self.done + 1, time.monotonic() - self._seconds
        if not self.batch:
            self._rate.apply(self.trainer, number, self.best_epoch)

        def note_time(progress: Progress) -> None:
            self._seconds = time.monotonic() - began
            report(progress)

        self._train(number, note_time, is_cancelled)
        validation = self._validate(number, note_time, is_cancelled)
        epoch = self._epoch(number, self._means, validation, time.monotonic() - began)
        self.last_weights = self.trainer.get_weights()
        if epoch.val_loss < self.best_loss:
            self.best_epoch, self.best_loss = number, epoch.val_loss
            self.best_weights = self.last_weights
        self.done, self.batch = number, 0
        self._means, self._seconds = PassMeans(), 0.0
        return epoch

    def _epoch(self, number: int, train: PassMeans, validation: PassMeans, seconds: float) -> Epoch:
        """A row of the history. Raises Diverged if its numbers are not finite."""
        reached = [
            *(train.loss, validation.loss),
            *(train.mae.mean(), train.mse.mean(), validation.mae.mean(), validation.mse.mean()),
        ]
        if not all(map(math.isfinite, reached)):
            raise Diverged(number, is_loss=not max(reached[:2]) < _SANE_LOSS)
        scaled = [
            error
            for means in (train, validation)
            for error in scaled_errors(means.mae, means.mse, self.channel_deviations).values()
        ]
        return Epoch(number, *map(float, reached), seconds, *scaled, self._rate.rate)

    @cached_property
    def channel_deviations(self) -> np.ndarray:
        """Of each channel over the training windows: `(channels,)`; not needed for the first step,
        which they would delay."""
        return channel_deviations(self.split.train)

    def keep_best(self) -> None:
        """Put the weights of the epoch with the least validation loss back, if there was one."""
        if self.best_weights is not None:
            self.trainer.set_weights(self.best_weights)

    def keep_last(self) -> None:
        """Put the weights of the last finished epoch back, if there was one."""
        if self.last_weights is not None:
            self.trainer.set_weights(self.last_weights)

    def _train(
        self, epoch: int, report: Callable[[Progress], None], is_cancelled: Callable[[], bool]
    ) -> None:
        """The batches of the open epoch that are left, in the order that its number gives."""
        seed, size = self.config.training.seed, self.config.training.batch_size
        order = all_positions(self.split.train)
        np.random.default_rng([seed, epoch]).shuffle(order)
        batches = math.ceil(len(order) / size)
        for launch in launches(order, size, self.batch, self._steps):
            if is_cancelled():
                raise Cancelled
            began = time.monotonic()
            for positions, logs in zip(launch, self._steps.train(launch), strict=True):
                if not math.isfinite(logs["loss"]):
                    raise Diverged(epoch)
                self._means.add(logs, len(positions))
            self.batch += len(launch)
            self._pace.note("training", time.monotonic() - began, len(launch))
            report(self._progress("training", epoch, self.batch, batches, self._means))

    def _validate(
        self, epoch: int, report: Callable[[Progress], None], is_cancelled: Callable[[], bool]
    ) -> PassMeans:
        """One pass over the validation windows."""
        means, size, done = PassMeans(), self.config.training.batch_size, 0
        order = all_positions(self.split.validation)
        batches = math.ceil(len(order) / size)
        for launch in launches(order, size, 0, self._steps):
            if is_cancelled():
                raise Cancelled
            began = time.monotonic()
            for positions, logs in zip(launch, self._steps.validate(launch), strict=True):
                means.add(logs, len(positions))
            done += len(launch)
            self._pace.note("validating", time.monotonic() - began, len(launch))
            report(self._progress("validating", epoch, done, batches, means))
        return means

    def _progress(
        self, phase: str, epoch: int, batch: int, batches: int, means: PassMeans
    ) -> Progress:
        return Progress(
            *(phase, epoch, self.config.training.epochs, batch, batches),
            *(means.loss, float(means.mae.mean())),
            *self._pace.told(),
        )


class Pace:
    """How fast batches go by, and how long all that is left will take.

    The first launch of its kind, which Keras traces, tells nothing of the others: that of training
    counts until there is a second, that of validation never.
    """

    def __init__(self, settings: TrainingConfig, split: Split):
        train, validation = (
            math.ceil(len(windows) / settings.batch_size)
            for windows in (split.train, split.validation)
        )
        self._epochs = settings.epochs
        self._units = train + VALIDATION_COST * validation  # of an epoch, in training batches
        self._done_units = 0.0
        self._timed_units = self._timed_seconds = 0.0
        self._counts = {"training": 0, "validating": 0}  # launches of this process

    def go_on_from(self, epochs: int, batches: int) -> None:
        """Another process has done so many epochs, and batches of the next."""
        self._done_units = epochs * self._units + batches

    def note(self, phase: str, seconds: float, batches: int = 1) -> None:
        """A launch of so many batches took so long."""
        units = batches * (1.0 if phase == "training" else VALIDATION_COST)
        self._done_units += units
        self._counts[phase] += 1
        if phase == "validating" and self._counts[phase] == 1:
            return
        if phase == "training" and self._counts[phase] == 2:
            self._timed_units = self._timed_seconds = 0.0
        self._timed_units += units
        self._timed_seconds += seconds

    def told(self) -> tuple[float, float]:
        """Seconds for a training batch, and seconds left if every epoch is trained."""
        if not self._timed_units:  # taken up within a validation
            return 0.0, 0.0
        seconds = self._timed_seconds / self._timed_units
        left = self._epochs * self._units - self._done_units
        return seconds, max(0.0, left * seconds)
