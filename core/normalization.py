"""Normalization: fitted on the training part alone, applied, and undone.

Every method but log1p is affine, `z = (x - offset) / scale` for each channel. log1p is
`z = sign(x) log(1 + |x|)`, so that negative values have an image too. Clipping limits values, in
original units, to percentiles of the training part: before the model and again after it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.config import NormalizationConfig
from core.ranks import percentiles
from core.threads import each_in_a_thread
from core.windows import Windows

_BLOCK = 1 << 16  # values at a time

Statistics = tuple[np.ndarray, np.ndarray]  # offset, scale; broadcast against windows


@dataclass(frozen=True)
class Normalization:
    """A fitted normalization. Learned values end in an underscore, as scikit-learn has it."""

    config: NormalizationConfig
    offset_: np.ndarray  # (channels,), original units; unused per window
    scale_: np.ndarray  # (channels,), original units, never 0; unused per window
    low_: np.ndarray  # (channels,), original units; -inf where nothing is clipped
    high_: np.ndarray  # (channels,), original units; inf where nothing is clipped

    @property
    def clips(self) -> bool:
        return self.config.clip_percentile is not None

    @property
    def per_window(self) -> bool:
        return self.config.scope == "window" and self.config.method not in ("none", "log1p")

    def of_channel(self, channel: int) -> "Normalization":
        """The same for recordings of this channel alone."""
        learned = (self.offset_, self.scale_, self.low_, self.high_)
        return Normalization(self.config, *(values[channel : channel + 1] for values in learned))

    def statistics(self, windows: np.ndarray) -> Statistics:
        """Offset and scale to use on windows `(..., window_length, channels)`."""
        if self.per_window:
            return _statistics(self.config.method, windows, axis=-2)
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
        )


def fit_normalization(config: NormalizationConfig, train: Windows) -> Normalization:
    """Fit on every time step that a training window covers, each counted once."""
    return fit_normalizations([config], train)[0]


def fit_normalizations(
    configs: Sequence[NormalizationConfig], train: Windows
) -> list[Normalization]:
    """As `fit_normalization` of each, with one look at each channel."""
    channels = train.segments.shape[2]
    values = train.covered_values()  # (time_steps, channels)
    learned = np.empty((len(configs), 4, channels))
    learned[:] = np.array([0.0, 1.0, -np.inf, np.inf])[:, None]
    asking = [number for number, config in enumerate(configs) if _learns(config)]
    pooled = [number for number in asking if configs[number].scope == "global"]
    apart = [number for number in asking if number not in pooled]

    def learn(channel: int) -> None:
        column = values[:, channel]
        if len(apart) > 1:  # a copy pays for itself from the second on
            column = np.ascontiguousarray(column)
        for number in apart:
            learned[number, :, channel] = _learned(configs[number], column)

    each_in_a_thread(learn, range(channels) if apart else (), most=2)
    together = values.reshape(-1) if pooled else None
    for number in pooled:
        learned[number] = _learned(configs[number], together)[:, None]
    return [Normalization(config, *rows) for config, rows in zip(configs, learned, strict=True)]


def _learns(config: NormalizationConfig) -> bool:
    """Whether it needs a look at the training values."""
    is_fixed = config.method in ("none", "log1p") or config.scope == "window"
    return config.clip_percentile is not None or not is_fixed


def _learned(config: NormalizationConfig, values: np.ndarray) -> np.ndarray:
    """Offset, scale and bounds for values `(values,)`: `(4,)`."""
    low, high = -np.inf, np.inf
    if config.clip_percentile is not None:
        low, high = percentiles(values, [config.clip_percentile, 100 - config.clip_percentile])
        values = np.clip(values, low, high)
    if config.method in ("none", "log1p") or config.scope == "window":
        return np.array([0.0, 1.0, low, high])
    offset, scale = _statistics(config.method, values, axis=0)
    return np.array([offset[0], scale[0], low, high])


def moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of `(values,)`, without a copy of all in 64 bits."""
    mean = float(values.mean(dtype=np.float64))
    blocks = (values[start : start + _BLOCK] for start in range(0, len(values), _BLOCK))
    squares = sum(float(np.square(np.subtract(b, mean, dtype=np.float64)).sum()) for b in blocks)
    return mean, math.sqrt(squares / len(values))


def _statistics(method: str, values: np.ndarray, axis: int) -> Statistics:
    """Offset and scale along an axis, kept with length 1; a constant channel has scale 1.

    Constant means: the spread is no more than rounding leaves of equal values.
    """
    kept = {"axis": axis, "keepdims": True}
    if method == "minmax":
        low = values.min(**kept).astype(np.float64)
        offset, scale = low, values.max(**kept) - low
    elif method == "minmax_symmetric":
        low, high = values.min(**kept).astype(np.float64), values.max(**kept).astype(np.float64)
        offset, scale = (low + high) / 2, (high - low) / 2
    elif method == "standard":
        if values.ndim == 1:
            offset, scale = (np.array([moment]) for moment in moments(values))
        else:
            offset = values.mean(dtype=np.float64, **kept)
            scale = values.std(dtype=np.float64, **kept)
    elif method == "robust":
        lower, offset, upper = (
            percentiles(values, [25, 50, 75])[:, None]
            if values.ndim == 1
            else np.percentile(values, [25, 50, 75], **kept)
        )
        scale = upper - lower
    elif method == "maxabs":
        scale = np.maximum(-(values.min(**kept).astype(np.float64)), values.max(**kept))
        offset = np.zeros_like(scale)
    else:  # none: the identity
        offset = np.zeros_like(values.min(**kept), dtype=np.float64)
        scale = np.ones_like(offset)
    lowest, highest = (f(**kept).astype(np.float64) for f in (values.min, values.max))
    rounding = 10 * np.finfo(np.float64).eps * np.maximum(-lowest, highest)
    return offset, np.where(scale > rounding, scale, 1.0)
