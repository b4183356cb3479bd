"""Reconstruction errors in original units, gathered in one pass over any number of windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from core.channel_values import Channel, SortedChannel, SortedSplit
from core.intervals import even_edges
from core.threads import each_in_a_thread
from core.windows import Split, Windows

HISTOGRAM_BINS = 60
_NUMBERS = 1 << 18  # of all channels at a time, so that the processor's cache holds them


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
    target_low: np.ndarray  # (channels,): the least original value
    target_high: np.ndarray  # (channels,)
    output_low: np.ndarray  # (channels,): the least reconstructed value
    output_high: np.ndarray  # (channels,)

    def ranked(self, measure: Literal["mae", "mse"] = "mae") -> np.ndarray:
        """Positions of the windows from the best to the worst, by one of their errors."""
        return np.argsort(getattr(self, f"window_{measure}"), kind="stable")


class _Extremes:
    """The least and the greatest value of each channel so far: `(channels,)`."""

    def __init__(self, channels: int):
        self.low, self.high = np.full(channels, np.inf), np.full(channels, -np.inf)

    def widen(self, windows: np.ndarray) -> None:
        """windows: `(windows, window_length, channels)`, of which long rows are quick."""
        self.low = np.minimum(self.low, windows.min(axis=0).min(axis=0))
        self.high = np.maximum(self.high, windows.max(axis=0).max(axis=0))


class ErrorAccumulator:
    """Add batches of windows with their reconstructions; ask for the errors at the end."""

    def __init__(self, windows: int, window_length: int, channels: int):
        self._window_mae = np.zeros(windows)
        self._window_mse = np.zeros(windows)
        self._absolute = np.zeros((window_length, channels))
        self._squared = np.zeros((window_length, channels))
        self._targets = _Extremes(channels)
        self._outputs = _Extremes(channels)
        self._count = 0

    def add(self, positions: slice, original: np.ndarray, reconstruction: np.ndarray) -> None:
        """original, reconstruction: `(windows, window_length, channels)`, original units."""
        difference = np.subtract(reconstruction, original, dtype=np.float64)
        absolute, squared = np.abs(difference), difference**2
        self._window_mae[positions] = absolute.mean(axis=(1, 2))
        self._window_mse[positions] = squared.mean(axis=(1, 2))
        self._absolute += absolute.sum(axis=0)
        self._squared += squared.sum(axis=0)
        self._targets.widen(original)
        self._outputs.widen(reconstruction)
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
            *(self._targets.low, self._targets.high, self._outputs.low, self._outputs.high),
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


def summarize_channels(
    values: np.ndarray,
    bins: int = HISTOGRAM_BINS,
    known: Sequence[SortedChannel] | None = None,
) -> list[ChannelSummary]:
    """Statistics and histogram of each channel of `(..., channels)`, exact.

    known: the channels, where they have been sorted. Otherwise at most two are copied at a time.
    """
    flat = values.reshape(-1, values.shape[-1])

    def summary(number: int) -> ChannelSummary:
        return _summary(SortedChannel.of(flat[:, number]) if known is None else known[number], bins)

    return each_in_a_thread(summary, range(flat.shape[1]), most=2)


def _summary(channel: SortedChannel, bins: int) -> ChannelSummary:
    low, high = channel.low, channel.high
    edges = even_edges(low, high, bins)
    # Bins hold their lower edge, the last one both; 0 has an interval of its own.
    ends = np.unique(np.concatenate([edges[1:-1], [0.0, np.nextafter(0.0, 1.0)]]))
    middle, in_intervals = channel.median_and_counts(ends)
    under = np.cumsum(in_intervals)  # each end
    under = [0, *under[np.searchsorted(ends, edges[1:-1])], channel.count]
    zeros = in_intervals[np.searchsorted(ends, 0.0) + 1]
    shares = float(zeros / channel.count), np.diff(under)
    return ChannelSummary(low, high, *channel.moments(), middle, *shares, edges)


def best_constants(
    train: Windows, known: Sequence[SortedChannel] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The best constant of each channel for MAE (median) and for MSE (mean): `(channels,)`.

    Taken over the training windows' time steps, each weighted by the windows it occurs in.
    known: the windows' channels, where they have been sorted.
    """
    is_weighted = train.stride < train.window_length and train.per_segment > 1

    def median(channel: Channel) -> float:
        return channel.weighted_median() if is_weighted else channel.median()

    if known is not None:
        means = [channel.weighted_mean() for channel in known]
        return np.array(each_in_a_thread(median, known, most=2)), np.array(means)
    values, weights = train.covered_values(), None  # (time_steps, channels)
    if is_weighted:
        weights = train.coverage()[train.covered()]
        if len(weights) < len(values):  # of several segments
            weights = np.tile(weights, len(values) // len(weights))
    channels = [Channel(values[:, number], weights) for number in range(values.shape[1])]
    jobs = [partial(_weighted_means, train), *(partial(median, channel) for channel in channels)]
    means, *medians = each_in_a_thread(lambda job: job(), jobs, most=2)
    return np.array(medians), means


def _weighted_means(windows: Windows) -> np.ndarray:
    """The mean of each channel over all windows: `(channels,)`."""
    sums, count = np.zeros(windows.segments.shape[2]), 0
    for block, weight in windows.values(_NUMBERS):
        weight = weight.astype(np.float64)
        for channel in range(len(sums)):
            sums[channel] += np.einsum("t,t", weight, block[:, channel].astype(np.float64))
        count += weight.sum()
    return sums / count


def constant_errors(constants: np.ndarray, windows: Windows, power: Literal[1, 2]) -> np.ndarray:
    """One constant a channel: the mean absolute error (power 1) or squared (2), `(channels,)`."""
    sums, count = np.zeros(len(constants)), 0
    for block, weight in windows.values(_NUMBERS):
        weight = weight.astype(np.float64)
        # Channel by channel is far faster than all in one; no BLAS, whose threads are slow to meet.
        for channel, constant in enumerate(constants):
            distance = np.subtract(block[:, channel], constant, dtype=np.float64)
            if power == 1:
                np.abs(distance, out=distance)
                distance *= weight
                sums[channel] += distance.sum()
            else:
                sums[channel] += np.einsum("t,t", weight * distance, distance)
        count += weight.sum()
    return sums / count


def constant_baseline(
    split: Split, known: SortedSplit | None = None
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, np.ndarray]]]:
    """The best constants' MAE and MSE of each part, over all channels and of each `(channels,)`.

    As `{part: {"mae": .., "mse": ..}}`, in original units. The root of the training part's MSE is
    each channel's standard deviation. known: the parts' channels, where they have been sorted.
    """
    best = best_constants(split.train, known and known.train)
    jobs = [(name, windows, power) for name, windows in split.parts() for power in (1, 2)]

    def errors(job: tuple[str, Windows, Literal[1, 2]]) -> np.ndarray:
        name, windows, power = job
        constants = best[power - 1]
        if known is None:
            return constant_errors(constants, windows, power)
        channels = zip(known.of(name), constants, strict=True)
        return np.array([channel.error_of(constant, power) for channel, constant in channels])

    measured = each_in_a_thread(errors, jobs)
    channels = {
        name: {"mae": measured[2 * number], "mse": measured[2 * number + 1]}
        for number, (name, _) in enumerate(split.parts())
    }
    found = {
        name: {measure: float(values.mean()) for measure, values in errors.items()}
        for name, errors in channels.items()
    }
    return found, channels


def channel_deviations(train: Windows) -> np.ndarray:
    """The standard deviation of each channel over the training windows: `(channels,)`.

    0 for a channel whose spread is no more than rounding leaves of equal values.
    """
    means = _weighted_means(train)
    deviations = np.sqrt(constant_errors(means, train, 2))
    return np.where(deviations > 10 * np.finfo(np.float64).eps * np.abs(means), deviations, 0.0)


def scaled_errors(
    channel_mae: np.ndarray, channel_mse: np.ndarray, deviations: np.ndarray
) -> dict[str, float]:
    """Errors without a unit: the mean over channels of MAE / standard deviation, MSE / variance.

    All are `(channels,)`; a deviation of 0 counts as 1.
    """
    scale = np.where(deviations > 0, deviations, 1.0)
    with np.errstate(over="ignore"):  # of a spread of the smallest numbers
        return {
            "mae": float(np.mean(channel_mae / scale)),
            "mse": float(np.mean(channel_mse / scale**2)),
        }
