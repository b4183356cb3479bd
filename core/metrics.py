"""Reconstruction errors in original units, gathered in one pass over any number of windows."""

from dataclasses import dataclass

import numpy as np

from core.windows import Split, Windows

HISTOGRAM_BINS = 60


@dataclass(frozen=True)
class ReconstructionErrors:
    """The errors of one part of the data, in original units (MSE: squared)."""

    mae: float
    mse: float
    window_mae: np.ndarray  # (windows,)
    window_mse: np.ndarray  # (windows,)
    channel_mae: np.ndarray  # (channels,)
    channel_mse: np.ndarray  # (channels,)
    step_mae: np.ndarray  # (window_length, channels)
    step_mse: np.ndarray  # (window_length, channels)

    def ranked(self) -> np.ndarray:
        """Positions of the windows from the best to the worst, by mean absolute error."""
        return np.argsort(self.window_mae, kind="stable")


class ErrorAccumulator:
    """Add batches of windows with their reconstructions; ask for the errors at the end."""

    def __init__(self, windows: int, window_length: int, channels: int):
        self._window_mae = np.zeros(windows)
        self._window_mse = np.zeros(windows)
        self._absolute = np.zeros((window_length, channels))
        self._squared = np.zeros((window_length, channels))
        self._count = 0

    def add(self, positions: slice, original: np.ndarray, reconstruction: np.ndarray) -> None:
        """original, reconstruction: `(windows, window_length, channels)`, original units."""
        difference = np.subtract(reconstruction, original, dtype=np.float64)
        absolute, squared = np.abs(difference), difference**2
        self._window_mae[positions] = absolute.mean(axis=(1, 2))
        self._window_mse[positions] = squared.mean(axis=(1, 2))
        self._absolute += absolute.sum(axis=0)
        self._squared += squared.sum(axis=0)
        self._count += len(original)

    def errors(self) -> ReconstructionErrors:
        step_mae, step_mse = self._absolute / self._count, self._squared / self._count
        return ReconstructionErrors(
            float(step_mae.mean()),
            float(step_mse.mean()),
            self._window_mae,
            self._window_mse,
            step_mae.mean(axis=0),
            step_mse.mean(axis=0),
            step_mae,
            step_mse,
        )


@dataclass(frozen=True)
class ChannelSummary:
    """What a channel of a recording holds, in original units."""

    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    median: float
    zero_share: float
    counts: np.ndarray  # (bins,)
    edges: np.ndarray  # (bins + 1,)


def summarize_channels(values: np.ndarray, bins: int = HISTOGRAM_BINS) -> list[ChannelSummary]:
    """Statistics and histogram of each channel of `(..., channels)`, exact, a channel at a time."""
    flat = values.reshape(-1, values.shape[-1])
    summaries = []
    for c in range(flat.shape[1]):
        channel = np.ascontiguousarray(flat[:, c])
        counts, edges = np.histogram(channel, bins=bins)
        summaries.append(
            ChannelSummary(
                float(channel.min()),
                float(channel.max()),
                float(channel.mean(dtype=np.float64)),
                float(channel.std(dtype=np.float64)),
                float(np.median(channel)),
                float(np.mean(channel == 0)),
                counts,
                edges,
            )
        )
    return summaries


def best_constants(train: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The best constant of each channel for MAE (median) and for MSE (mean): `(channels,)`.

    Taken over the training windows' time steps, each weighted by the windows it occurs in.
    """
    blocks = list(train.values())
    weights = np.concatenate([weight for _, weight in blocks])
    medians, means = [], []
    for c in range(train.segments.shape[2]):
        channel = np.concatenate([block[:, c] for block, _ in blocks])
        means.append(np.average(channel, weights=weights))
        if (weights == weights[0]).all():
            medians.append(float(np.median(channel)))
        else:
            order = np.argsort(channel, kind="stable")
            cumulative = np.cumsum(weights[order])
            medians.append(float(channel[order][np.searchsorted(cumulative, cumulative[-1] / 2)]))
    return np.array(medians), np.array(means)


def constant_errors(constants: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute and mean squared error of one constant a channel: each `(channels,)`."""
    absolute, squared, count = 0.0, 0.0, 0
    for block, weight in windows.values():
        distance = np.abs(block - constants)
        absolute = absolute + weight @ distance
        squared = squared + weight @ distance**2
        count += weight.sum()
    return absolute / count, squared / count


def constant_baseline(split: Split) -> tuple[dict[str, dict[str, float]], np.ndarray]:
    """The best constants' MAE and MSE of each part, and each channel's standard deviation.

    Errors as `{part: {"mae": .., "mse": ..}}`, deviations `(channels,)` over the training windows,
    all in original units.
    """
    medians, means = best_constants(split.train)
    errors = {
        part: {
            "mae": float(constant_errors(medians, windows)[0].mean()),
            "mse": float(constant_errors(means, windows)[1].mean()),
        }
        for part, windows in split.parts()
    }
    return errors, np.sqrt(constant_errors(means, split.train)[1])
