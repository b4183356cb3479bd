"""Time as it is shown: timestamps, seconds, or time steps counted from 1; and rates in words."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.signals.recording import Recording

STAMPS = "time"  # the title of an axis of timestamps


@dataclass(frozen=True)
class TimeAxis:
    """How time steps are shown: as timestamps, in seconds, or counted."""

    kind: str  # "timestamps", "seconds" or "time steps"
    time: np.ndarray | None = None  # (time_steps,), rising; None: counted or evenly sampled
    rate: float = 1.0  # time steps a unit of the axis

    @property
    def title(self) -> str:
        return {"timestamps": STAMPS, "seconds": "time (s)"}.get(self.kind, "time step")

    @property
    def _first(self) -> int:
        """Where the axis begins: people count from 1, seconds begin with 0."""
        return 1 if self.kind == "time steps" else 0

    def at(self, steps: np.ndarray | int) -> Any:
        """The place on the axis of a time step, or of several; steps: indices, from 0."""
        if self.time is None:
            return np.asarray(steps) / self.rate + self._first
        steps = np.clip(steps, 0, len(self.time) - 1)
        chosen = np.asarray(self.time[steps])
        if self.kind == "timestamps":
            return chosen.astype("datetime64[us]").astype(np.int64) / 1000.0
        return chosen.astype(np.float64)

    def text(self, step: int) -> str:
        """A time step's place in words: `160 s`, a timestamp, or `time step 16,000`.

        As exact as its distance from the next one asks for: to 3 digits of that in seconds.
        """
        if self.kind == "time steps":
            return f"time step {step + self._first:,}"
        if self.kind == "timestamps":
            return str(self.stamps(step)).replace("T", " ")
        digits = max(0, 2 - math.floor(math.log10(self._spacing)))
        text = f"{float(self.at(step)):,.{digits}f}"
        return f"{text.rstrip('0').rstrip('.') if digits else text} s"

    def stamps(self, steps: np.ndarray | int) -> Any:
        """Timestamps as text, `2024-05-01T00:24:00`, as exact as `text` says them."""
        unit = "s" if self._spacing >= 1 else "ms" if self._spacing >= 1e-3 else "us"
        return np.datetime_as_string(self.time[steps], unit)

    @property
    def _spacing(self) -> float:
        """Seconds from one time step to the next, on average."""
        if self.time is None:
            return 1 / self.rate
        whole = self.at(len(self.time) - 1) - self.at(0)
        whole /= 1000 if self.kind == "timestamps" else 1
        return float(whole) / max(1, len(self.time) - 1) or 1.0

    def steps(self, low: float, high: float, time_steps: int) -> tuple[int, int]:
        """Indices of the time steps to draw between two places: with those just beside them, at
        least two.
        """
        if self.time is None:
            low, high = low - self._first, high - self._first
            start, stop = int(low * self.rate), int(high * self.rate) + 2
        else:
            edges = np.array([low, high])
            if self.kind == "timestamps":
                edges = (edges * 1000).astype(np.int64).astype("datetime64[us]")
            start = int(np.searchsorted(self.time, edges[0]))
            stop = int(np.searchsorted(self.time, edges[1], "right")) + 1
        start = min(max(start - 1, 0), max(time_steps - 2, 0))
        return start, min(max(stop, start + 2), time_steps)

    def count(self, low: float, high: float, time_steps: int) -> int:
        """How many time steps lie between two places on the axis, or at them."""
        first, last = self.steps(low, high, time_steps)
        ends = {first, first + 1, last - 2, last - 1}  # those beside the range among them
        return last - first - sum(not low <= self.at(step) <= high for step in ends)


def time_axis(recording: Recording) -> TimeAxis:
    """The axis of a recording, or of one of its ready windows.

    Times that go back, or mostly repeat, are none: then time steps are counted.
    """
    if recording.time is not None and not recording.is_windowed and recording.has_rising_times:
        if recording.time.dtype.kind == "M":
            return TimeAxis("timestamps", recording.time)
        return TimeAxis("seconds", recording.time)
    if recording.sampling_rate_hz:
        return TimeAxis("seconds", rate=recording.sampling_rate_hz)
    return TimeAxis("time steps")


def duration_text(seconds: float) -> str:
    """A time as people say it: `2.5 s`, `16.67 h`; in minutes, hours and days from two of them."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} s"


def rate_text(rate_hz: float) -> str:
    """A sampling rate as people say it: `100 Hz`, or `a time step every 5 min`."""
    if rate_hz >= 0.1:
        return f"{rate_hz:g} Hz"
    period = 1 / rate_hz
    if f"{period / 86_400:.4g}" == "1":
        return "a time step every day"
    for unit, seconds in (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if period >= seconds:
            return f"a time step every {period / seconds:.4g} {unit}"
    return f"a time step every {period:.4g} s"
