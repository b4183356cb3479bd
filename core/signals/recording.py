"""A recording: what every reader, generator and sample returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


class DataError(ValueError):
    """Data that cannot be used. The message says what is wrong, where, and what to do."""


ALL_CHANNELS = -1  # in place of a channel


@dataclass(frozen=True)
class Anomaly:
    """A stretch of a recording known to be unusual: time steps `start <= t < stop`."""

    kind: str
    channel: int  # index, or ALL_CHANNELS
    start: int
    stop: int


@dataclass(frozen=True)
class Recording:
    """Signals in their own units, one array for all channels.

    values is `(time_steps, channels)`, or `(windows, window_length, channels)` for data that comes
    ready cut. It may be a read-only memory map and is never changed in place. Any real dtype.
    """

    values: np.ndarray
    channel_names: tuple[str, ...]
    name: str = "recording"
    sampling_rate_hz: float | None = None
    unit: str = ""  # of the values, where it is known: "mV"
    time: np.ndarray | None = None  # (time_steps,) datetime64, or seconds; None: counted
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)  # (time_steps,) or (windows,)
    missing: tuple[int, ...] = ()  # of each channel, values that were missing and are filled
    anomalies: tuple[Anomaly, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader detected, changed or left out, each a sentence

    def __post_init__(self):
        if self.values.ndim not in (2, 3):
            raise DataError(
                "A recording has the shape (time_steps, channels) or (windows, window_length, "
                f"channels). Received: shape={self.values.shape}"
            )
        if 0 in self.values.shape:
            raise DataError(f"There are no values. Received: shape={self.values.shape}")
        if self.values.dtype.kind not in "fiu":
            raise DataError(f"Values must be real numbers. Received: dtype={self.values.dtype}")
        if len(self.channel_names) != self.channels:
            raise DataError(
                f"{self.channels} channels need {self.channels} names. "
                f"Received: {len(self.channel_names)} names"
            )

    @property
    def is_windowed(self) -> bool:
        return self.values.ndim == 3

    @property
    def channels(self) -> int:
        return self.values.shape[-1]

    @property
    def time_steps(self) -> int:
        """All time steps; of ready windows, those of all windows together."""
        return self.values.size // self.channels

    @cached_property
    def has_rising_times(self) -> bool:
        """Whether `time` never goes back, and most of it differs from the one before."""
        if self.time is None or len(self.time) < 2:
            return False
        is_later = self.time[1:] > self.time[:-1]
        return 2 * np.count_nonzero(is_later) >= len(is_later) and bool(
            np.all(is_later | (self.time[1:] == self.time[:-1]))
        )
