"""Normalization: fitted on the training part alone, or to each window by itself; applied, undone.

Every method but log1p is affine, `z = (x - offset) / scale` for each channel. log1p is
`z = sign(x) log(1 + |x|)`, so that negative values have an image too. Clipping limits values, in
original units, to percentiles of the training part: before the model and again after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.channel_values import Channel, SortedChannel, apart, together
from core.config import NormalizationConfig
from core.threads import each_in_a_thread
from core.windows import Windows

Statistics = tuple[np.ndarray, np.ndarray]  # offset, scale; broadcast against windows
# What rounding leaves of equal values, of the greatest of them: over the training part, and in a
# window, whose statistics the model takes in 32 bits.
ROUNDING = 10 * float(np.finfo(np.float64).eps)
WINDOW_ROUNDING = 2 * float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Normalization:
    """A fitted normalization. Learned values end in an underscore, as scikit-learn has it."""

    config: NormalizationConfig
    offset_: np.ndarray  # (channels,), original units; unused per window
    scale_: np.ndarray  # (channels,), original units, never 0; unused per window
    low_: np.ndarray  # (channels,), original units; -inf where nothing is clipped
    high_: np.ndarray  # (channels,), original units; inf where nothing is clipped
    unscaled_: np.ndarray  # (channels,), bool: the spread it goes by is 0, so its scale is 1

    @property
    def clips(self) -> bool:
        return self.config.clip_percentile is not None

    @property
    def per_window(self) -> bool:
        return self.config.scope == "window" and self.config.method not in ("none", "log1p")

    def of_channel(self, channel: int) -> "Normalization":
        """The same for recordings of this channel alone."""
        learned = (self.offset_, self.scale_, self.low_, self.high_, self.unscaled_)
        return Normalization(self.config, *(values[channel : channel + 1] for values in learned))

    def statistics(self, windows: np.ndarray) -> Statistics:
        """Offset and scale to use on windows `(..., window_length, channels)`."""
        if self.per_window:
            return _of_windows(self.config.method, _EachWindow(windows))
        return self.offset_, self.scale_

    def clip(self, windows: np.ndarray) -> np.ndarray:
        """Values limited to the fitted bounds; the array itself where nothing is clipped."""
        return np.clip(windows, self.low_, self.high_) if self.clips else windows

    def transform(self, windows: np.ndarray) -> np.ndarray:
        """Original units `(..., window_length, channels)` to what the model sees."""
        return self.scaled(windows, self.statistics(windows))

    def scaled(self, values: np.ndarray, statistics: Statistics) -> np.ndarray:
        """As `transform`, with statistics that may be those of other values; clips as well."""
        values = self.clip(values)
        if self.config.method == "log1p":
            if values.dtype.char not in "fd":  # of int16, |-32768| is none, and uint8 gives 16 bits
                values = values.astype(np.float64)
            return np.sign(values) * np.log1p(np.abs(values))
        offset, scale = statistics
        return (values - offset) / scale

    def inverse_transform(self, normalized: np.ndarray, statistics: Statistics) -> np.ndarray:
        """What the model says, back in original units and within the clipping bounds.

        statistics: from `statistics(windows)` of the same windows in original units.
        """
        return self.clip(self.unscale(normalized, statistics))

    def unscale(self, normalized: np.ndarray, statistics: Statistics) -> np.ndarray:
        """As `inverse_transform`, without the clipping."""
        if self.config.method == "log1p":
            with np.errstate(over="ignore"):  # exp of a wild output is inf, which is its value
                return np.sign(normalized) * np.expm1(np.abs(normalized))
        offset, scale = statistics
        return normalized * scale + offset

    def to_dict(self) -> dict:
        """Plain numbers for JSON; bounds that clip nothing are None."""
        return {
            "config": self.config.model_dump(),
            "offset": self.offset_.tolist(),
            "scale": self.scale_.tolist(),
            "low": [v if np.isfinite(v) else None for v in self.low_.tolist()],
            "high": [v if np.isfinite(v) else None for v in self.high_.tolist()],
        }

    @classmethod
    def from_dict(cls, saved: dict) -> "Normalization":
        return cls(
            NormalizationConfig(**saved["config"]),
            np.array(saved["offset"], dtype=np.float64),
            np.array(saved["scale"], dtype=np.float64),
            np.array([-np.inf if v is None else v for v in saved["low"]]),
            np.array([np.inf if v is None else v for v in saved["high"]]),
            np.zeros(len(saved["scale"]), bool),  # not saved: it changes no value
        )


def fit_normalization(config: NormalizationConfig, train: Windows) -> Normalization:
    """Fit on every time step that a training window covers, each counted once."""
    return fit_normalizations([config], train)[0]


def fit_normalizations(
    configs: Sequence[NormalizationConfig],
    train: Windows,
    known: Sequence[SortedChannel] | None = None,
) -> list[Normalization]:
    """As `fit_normalization` of each, with one look at each channel.

    known: the channels of the windows, where they have been sorted.
    """
    channels = train.segments.shape[2]
    learned = np.empty((len(configs), 5, channels))
    learned[:] = np.array([0.0, 1.0, -np.inf, np.inf, False])[:, None]
    asking = [number for number, config in enumerate(configs) if _learns(config)]
    values = train.covered_values() if asking and known is None else None  # (time_steps, channels)
    pooled = [number for number in asking if configs[number].scope == "global"]
    apart = [number for number in asking if number not in pooled]

    def channel_of(number: int) -> Channel:
        if known is not None:
            return known[number]
        column = values[:, number]
        # A copy pays for itself from the second on.
        return Channel(np.ascontiguousarray(column) if len(apart) > 1 else column)

    def learn(channel: int) -> None:
        found = channel_of(channel)
        for number in apart:
            learned[number, :, channel] = _learned(configs[number], found)

    each_in_a_thread(learn, range(channels) if apart else (), most=2)
    if pooled:
        every = Channel(values.reshape(-1)) if known is None else together(known)
        for number in pooled:
            learned[number] = _learned(configs[number], every)[:, None]
    return [
        Normalization(config, *numbers, unscaled.astype(bool))
        for config, (*numbers, unscaled) in zip(configs, learned, strict=True)
    ]


def _learns(config: NormalizationConfig) -> bool:
    """Whether it needs a look at the training values."""
    is_fixed = config.method in ("none", "log1p") or config.scope == "window"
    return config.clip_percentile is not None or not is_fixed


def _learned(config: NormalizationConfig, channel: Channel) -> np.ndarray:
    """Offset, scale and bounds, and whether it is unscaled: `(5,)`."""
    low, high = -np.inf, np.inf
    if config.clip_percentile is not None:
        low, high = channel.percentiles([config.clip_percentile, 100 - config.clip_percentile])
        channel = channel.clipped(low, high)
    if config.method in ("none", "log1p") or config.scope == "window":
        return np.array([0.0, 1.0, low, high, False])
    offset, spread = _spread(config.method, channel)
    unscaled = _is_none(spread, channel, ROUNDING)
    return np.array([offset, 1.0 if unscaled else spread, low, high, unscaled])


class _EachWindow:
    """The values of windows `(..., window_length, channels)`, asked as a `Channel` is.

    Answers keep the axis of the time steps, with length 1.
    """

    def __init__(self, windows: np.ndarray):
        self._windows = windows
        self.low, self.high = (
            end(axis=-2, keepdims=True).astype(np.float64) for end in (windows.min, windows.max)
        )

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        along = {"axis": -2, "keepdims": True, "dtype": np.float64}
        return self._windows.mean(**along), self._windows.std(**along)

    def percentiles(self, shares: Sequence[float]) -> np.ndarray:
        return np.percentile(apart(self._windows), shares, axis=-2, keepdims=True)


def _of_windows(method: str, windows: _EachWindow) -> Statistics:
    """Offset and scale of each window and channel."""
    offset, spread = _spread(method, windows)
    return offset, np.where(_is_none(spread, windows, WINDOW_ROUNDING), 1.0, spread)


def _is_none(spread: np.ndarray, values: Channel | _EachWindow, rounding: float) -> np.ndarray:
    """Whether a spread is no more than rounding, this share of the greatest, leaves of equal
    values: nothing is divided by it then."""
    return np.logical_not(spread > rounding * np.maximum(-values.low, values.high))


def _spread(method: str, values: Channel | _EachWindow) -> Statistics:
    """The offset, and what a method scales by."""
    low, high = values.low, values.high
    offset, spread = np.zeros_like(low), np.ones_like(low)  # none: the identity
    if method == "minmax":
        offset, spread = low, high - low
    elif method == "minmax_symmetric":
        offset, spread = (low + high) / 2, (high - low) / 2
    elif method == "standard":
        offset, spread = values.moments()
    elif method == "robust":
        lower, offset, upper = values.percentiles([25, 50, 75])
        spread = upper - lower
    elif method == "maxabs":
        spread = np.maximum(-low, high)
    return offset, spread
