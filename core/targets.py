"""Normalized targets: what an output layer is asked to say, enough of them for a histogram."""

from collections.abc import Iterator

import numpy as np

from core.normalization import Normalization
from core.windows import Split, Windows

MOST_VALUES = 2_000_000  # no more are looked at, evenly spaced


def target_values(fit: Normalization, parts: Split, channel: int | None = None) -> np.ndarray:
    """Normalized targets of both parts, of one channel or of all: `(values,)`."""
    share = len(parts.train) / (len(parts.train) + len(parts.validation))
    blocks = [
        (block if channel is None else block[:, channel]).reshape(-1)
        for windows, part in ((parts.train, share), (parts.validation, 1 - share))
        for block in _normalized(fit, windows, max(1, int(MOST_VALUES * part)))
    ]
    return np.concatenate(blocks).astype(np.float32)


def _normalized(fit: Normalization, windows: Windows, most: int) -> Iterator[np.ndarray]:
    """Normalized targets `(values, channels)`, at most about `most` numbers, evenly spaced."""
    count, length, channels = windows.shape
    if fit.per_window:
        every = max(1, -(-count * length * channels // most))
        for block in np.array_split(np.arange(0, count, every), max(1, count // every // 2000)):
            yield fit.transform(windows.take(block)).reshape(-1, channels)
        return
    total = windows.segments.shape[1] * len(windows.index) * channels
    every = max(1, -(-total // most))
    if every % 2 == 0:
        every += 1  # an odd distance does not fall in step with a signal of even period
    for values, _ in windows.values():
        yield fit.transform(np.asarray(values[::every], dtype=np.float64))
