"""How the errors of the replay's windows went, epoch by epoch."""

import numpy as np

from core.results.replay_file import Replay

_MOST_WIDENING = 1.0  # widths of the original that wild epochs may add to its scale, on either side


def replay_errors(replay: Replay, window: int, measure: str) -> np.ndarray:
    """The error of one window after each recorded epoch, in original units: `(epochs,)`."""
    with np.errstate(over="ignore", invalid="ignore"):  # of a run that diverged
        residual = np.subtract(
            replay.reconstruction[:, window], replay.original[window], dtype=np.float64
        )  # (epochs, window_length, channels)
        absolute = np.abs(residual) if measure == "mae" else residual**2
        return absolute.mean(axis=(1, 2))


def replay_range(replay: Replay, window: int, channel: int) -> tuple[float, float]:
    """One scale for a channel of a window in all epochs, original units.

    It holds the original, and of the reconstructions what is no further away than its own width.
    """
    original = _finite(replay.original[window, :, channel])
    reconstruction = _finite(replay.reconstruction[:, window, :, channel])
    values = original if len(original) else reconstruction
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if len(reconstruction):
        least, most = float(reconstruction.min()), float(reconstruction.max())
        room = _MOST_WIDENING * (high - low) or most - least
        low, high = min(low, max(least, low - room)), max(high, min(most, high + room))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    return values[np.isfinite(values)]
