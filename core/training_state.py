"""Where a training stands between two batches: all that decides what it does next."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Numbers and arrays alone, so that a file can hold it."""

    done: int  # whole epochs
    batch: int  # batches of the next one that are done too
    best_epoch: int
    best_loss: float
    drops: int  # how often the learning rate has fallen
    last_drop: int  # after which epoch it last did
    seconds: float  # spent on the open epoch
    windows: int  # of the open epoch that are done
    sums: dict[str, np.ndarray]  # over these: of the loss and of each channel's errors
    variables: list[np.ndarray]  # weights, seed generators, optimizer
    best_weights: list[np.ndarray] | None
    last_weights: list[np.ndarray] | None
