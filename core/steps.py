"""Batches through a trainer: one at a time, cut by the host, or many to a launch, cut by the GPU.

A GPU does a batch of the question's model faster than Python can ask for the next one. There the
recording lies on the device, a launch is told only where its windows begin, and one compiled loop
cuts them and takes the steps. A step is the same computation however many there are to a launch.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from core.model import AutoencoderTrainer
from core.windows import Split, Windows

VERSION = 7  # of a step's operations: another one may have other last digits
MOST_BATCHES = 256  # to a launch
LAUNCH_SECONDS = 0.1  # enough to hide what a launch costs, and short for whoever wants to cancel

Logs = dict[str, Any]  # the means of one batch: `loss`, and `mae` and `mse` as (channels,)


class Steps(Protocol):
    """Takes a trainer through batches of window positions.

    batches: how many the next launch should have, all of one size.
    """

    batches: int

    def train(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        """A step for each batch."""

    def validate(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        """The means of each batch; nothing is changed."""


class HostSteps:
    """One batch a launch, cut from the recording by the host."""

    batches = 1

    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        self._trainer = trainer
        self._split = split

    def train(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        return self._steps(True, self._split.train, launch)

    def validate(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        return self._steps(False, self._split.validation, launch)

    def _steps(self, trains: bool, windows: Windows, launch: Sequence[np.ndarray]) -> list[Logs]:
        return [self._step(trains, windows.take(batch).astype(np.float32)) for batch in launch]

    def _step(self, trains: bool, windows: np.ndarray) -> Logs:
        step = self._trainer.train_on_batch if trains else self._trainer.test_on_batch
        return step(windows, return_dict=True)


class ResidentSteps(ABC):
    """Many batches a launch, cut on the device from a recording that stays there."""

    def __init__(self, trainer: AutoencoderTrainer, split: Split):
        self.batches = 1
        self._trainer = trainer
        self._window_length = split.train.window_length
        self._parts = {
            name: (windows, self._put(on_end(windows))) for name, windows in split.parts()
        }

    def train(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        return self._timed("train", launch)

    def validate(self, launch: Sequence[np.ndarray]) -> list[Logs]:
        return self._timed("validation", launch)

    def _timed(self, part: str, launch: Sequence[np.ndarray]) -> list[Logs]:
        began = time.monotonic()
        windows, values = self._parts[part]
        starts = np.zeros((MOST_BATCHES, len(launch[0])), np.int32)  # one shape, one compilation
        starts[: len(launch)] = starts_on_end(windows, np.stack(launch))
        table = self._launch(part == "train", values, starts, len(launch))[: len(launch)]
        took = time.monotonic() - began
        if len(launch) == self.batches and took < LAUNCH_SECONDS:
            self.batches = min(2 * self.batches, MOST_BATCHES)
        elif took > 4 * LAUNCH_SECONDS:  # also that of a compilation: it grows again
            self.batches = max(1, self.batches // 2)
        return [logs_of(row) for row in table.astype(np.float64)]

    @abstractmethod
    def _put(self, values: np.ndarray) -> Any:
        """`(time_steps, channels)`, float32, to the device."""

    @abstractmethod
    def _launch(self, trains: bool, values: Any, starts: np.ndarray, count: int) -> np.ndarray:
        """`count` batches of windows that begin at the rows of `starts (most, batch)`.

        Returns `(most, 1 + 2 * channels)`: loss, MAE and MSE of each batch.
        """


def logs_of(row: np.ndarray) -> Logs:
    """From loss, MAE and MSE of a batch: `(1 + 2 * channels,)`."""
    mae, mse = row[1:].reshape(2, -1)
    return {"loss": row[0], "mae": mae, "mse": mse}


def on_end(windows: Windows) -> np.ndarray:
    """The segments that windows are cut from, one after the other: `(time_steps, channels)`."""
    segments = windows.segments if len(windows.segments) == 1 else windows.segments[windows.index]
    return segments.reshape(-1, segments.shape[2]).astype(np.float32, copy=False)


def starts_on_end(windows: Windows, positions: np.ndarray) -> np.ndarray:
    """Where the windows at some positions begin in `on_end`, in time steps."""
    segment, window = np.divmod(positions, windows.per_segment)
    return segment * windows.segments.shape[1] + window * windows.stride


def all_positions(windows: Windows) -> np.ndarray:
    """Of all windows, rising, in four bytes each: of windows with stride 1 as much as a channel."""
    return np.arange(len(windows), dtype=np.uint32 if len(windows) < 1 << 32 else np.int64)


def launches(order: np.ndarray, size: int, done: int, steps: Steps) -> Iterator[list[np.ndarray]]:
    """The batches of an epoch after so many, in launches of equal batches: positions as int64."""
    while (start := done * size) < len(order):
        whole = min(steps.batches, (len(order) - start) // size)
        stop = start + size * max(1, whole)  # max: the last batch, of what is left
        launch = [
            order[first : first + size].astype(np.int64)
            for first in range(start, min(stop, len(order)), size)
        ]
        yield launch
        done += len(launch)
