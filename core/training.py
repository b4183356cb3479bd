"""Training epoch by epoch: what is shuffled, what is measured, what is kept.

Nothing here knows of files: a caller takes the epochs one at a time and does with them what it
likes. The order of the windows in an epoch depends on the seed and the epoch's number alone, so an
epoch can be repeated exactly.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from core.config import ExperimentConfig
from core.model import AutoencoderTrainer, build_trainer
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
            epoch = Epoch(
                number,
                *(train["loss"], validation["loss"]),
                *(train["mae"], train["mse"], validation["mae"], validation["mse"]),
                time.monotonic() - began,
            )
            if not all(map(math.isfinite, asdict(epoch).values())):
                raise Diverged(number)
            if epoch.val_loss < self.best_loss:
                self.best_epoch, self.best_loss = number, epoch.val_loss
                self._best_weights = self.trainer.get_weights()
            if not settings.keep_best:
                self._last_weights = self.trainer.get_weights()
            yield epoch
            if settings.patience and number - self.best_epoch >= settings.patience:
                return

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
    ) -> dict[str, float]:
        """One pass over windows in this order. Returns the means of loss, MAE and MSE."""
        settings = self.config.training
        is_training = phase == "training"
        windows: Windows = self.split.train if is_training else self.split.validation
        step = self.trainer.train_on_batch if is_training else self.trainer.test_on_batch
        batches = math.ceil(len(order) / settings.batch_size)
        sums = {"loss": 0.0, "mae": 0.0, "mse": 0.0}
        seen = 0
        for batch in range(batches):
            if is_cancelled():
                raise Cancelled
            began = time.monotonic()
            positions = order[batch * settings.batch_size : (batch + 1) * settings.batch_size]
            # (batch, window_length, channels)
            logs = step(windows.take(positions).astype(np.float32), return_dict=True)
            if is_training and not math.isfinite(logs["loss"]):
                raise Diverged(epoch)
            seen += len(positions)
            for name in sums:
                sums[name] += float(logs[name]) * len(positions)
            self._clock(is_training, began, is_traced=epoch == 1 and batch == 0)
            report(
                Progress(
                    *(phase, epoch, settings.epochs, batch + 1, batches),
                    *(sums["loss"] / seen, sums["mae"] / seen),
                    *self._pace(),
                )
            )
        return {name: total / seen for name, total in sums.items()}

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
