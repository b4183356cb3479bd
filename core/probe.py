"""A look at a few fixed windows while a model trains: what its output says of them, and whether the
output activation still lets gradients through.

Looking changes nothing: no random number is drawn, and no weight, optimizer or metric is touched.
"""

from typing import Any

import numpy as np

from core.model import AutoencoderTrainer
from core.output_range import ACTIVATIONS, Activation
from core.output_slopes import relative_slope
from core.replay import REPLAYED_VALUES, REPLAYED_WINDOWS
from core.run_size import FORWARD_VALUES
from core.windows import Split

PROBED_WINDOWS = 64  # half of train, half of validation
PROBED_VALUES = 400_000  # at the most, but for one window of each part
_BATCH_VALUES = FORWARD_VALUES


class Probe:
    """Fixed, evenly spaced windows of both parts, and a look at what a trainer makes of them.

    part, positions: `(replayed,)`, original: `(replayed, window_length, channels)`, in original
    units: the windows whose reconstructions are shown epoch by epoch.
    """

    def __init__(self, trainer: AutoencoderTrainer, activation: str, split: Split):
        self._trainer = trainer
        self._activation = activation
        values = split.train.window_length * split.train.segments.shape[2]
        room = max(2, min(PROBED_WINDOWS, PROBED_VALUES // values))
        self._windows = _chosen(split, room)[2]
        room = min(REPLAYED_WINDOWS, REPLAYED_VALUES // values)
        self.part, self.positions, self.original = _chosen(split, room)

    def look(self, epoch: int) -> tuple[dict[str, Any], np.ndarray]:
        """A line of `outputs.jsonl`, and the reconstructions of the replayed windows
        `(replayed, window_length, channels)`, in original units."""
        windows = np.concatenate([self._windows, self.original])
        target, output, reconstruction = self._call(windows)
        probed = len(self._windows)
        statistics = output_statistics(self._activation, target[:probed], output[:probed])
        line = {name: values.tolist() for name, values in statistics.items()}
        return {"epoch": epoch, "windows": probed} | line, reconstruction[probed:]

    def _call(self, windows: np.ndarray) -> list[np.ndarray]:
        """Targets, outputs and reconstructions of `(windows, window_length, channels)`, computed
        as in training: in its precision."""
        size = max(1, _BATCH_VALUES // windows[0].size)
        pieces = [windows[start : start + size] for start in range(0, len(windows), size)]
        answers = [self._trainer.predict_on_batch(piece) for piece in pieces]
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]


def output_statistics(
    activation: str, target: np.ndarray, output: np.ndarray
) -> dict[str, np.ndarray]:
    """What `outputs.jsonl` tells of outputs beside their targets, each `(channels,)`.

    target, output: `(windows, window_length, channels)`, normalized.
    """
    target, output = (_by_channel(values) for values in (target, output))
    statistics = {}
    for name, values in (("", output), ("target_", target)):
        statistics[f"{name}minimum"] = values.min(axis=1)
        statistics[f"{name}maximum"] = values.max(axis=1)
        at_low, at_high = _at_ends(ACTIVATIONS[activation], values)
        statistics |= {f"{name}at_low": at_low, f"{name}at_high": at_high}
    return statistics | {
        "slope": relative_slope(activation, output).mean(axis=1),
        "spread": _spread(output, target),
    }


def _by_channel(values: np.ndarray) -> np.ndarray:
    """64-bit values `(channels, all others)`, each channel's in one piece: ten times as fast."""
    return np.ascontiguousarray(values.reshape(-1, values.shape[-1]).T, np.float64)


def _at_ends(output: Activation, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of values `(channels, values)` at or beyond each end of a range: `(channels,)`."""
    low = output.low + (output.near if output.low_open else 0.0)
    high = output.high - (output.near if output.high_open else 0.0)
    return (values <= low).mean(axis=1), (values >= high).mean(axis=1)  # 0 at an infinite end


def _spread(output: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Standard deviation of outputs / that of their targets, of each channel: `(channels,)`.

    0 where the output is constant, 1 where the target is, but for the rounding of 32 bits.
    """
    (said, is_said), (wanted, is_wanted) = _deviation(output), _deviation(target)
    ratio = np.divide(said, wanted, out=np.ones_like(said), where=is_wanted)
    return np.where(is_wanted & ~is_said, 0.0, ratio)


def _deviation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations, and whether they are more than rounding: both `(channels,)`."""
    deviation = values.std(axis=1)
    rounding = 4 * np.finfo(np.float32).eps * np.abs(values).max(axis=1)
    return deviation, deviation > rounding


def _chosen(split: Split, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At most so many windows of both parts: parts (0 train, 1 validation), positions, values."""
    halves = (count + 1) // 2, count // 2
    pairs = list(zip((split.train, split.validation), halves, strict=True))
    positions = [_spaced(len(windows), most) for windows, most in pairs]
    values = [windows.take(at) for (windows, _), at in zip(pairs, positions, strict=True)]
    part = np.repeat([0, 1], [len(at) for at in positions])
    return part, np.concatenate(positions), np.concatenate(values).astype(np.float32)


def _spaced(count: int, most: int) -> np.ndarray:
    """At most so many of `count` positions, evenly spaced, the first and the last among them."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)
