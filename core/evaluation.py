"""What a trained model reaches, beside what needs no model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from core.kept_windows import ranked_windows, spaced_windows
from core.metrics import ErrorAccumulator, ReconstructionErrors, scaled_errors
from core.run_size import FORWARD_VALUES
from core.signals.recording import Recording
from core.threads import one_ahead
from core.windows import Split, Windows

_BATCH_VALUES = FORWARD_VALUES
CHANNEL_VALUES = (  # of ReconstructionErrors, (channels,)
    *("channel_mae", "channel_mse", "target_low", "target_high", "output_low", "output_high"),
)


@dataclass(frozen=True)
class PartEvaluation:
    """Errors over all windows of a part, and the reconstructions kept for display."""

    errors: ReconstructionErrors
    positions: np.ndarray  # (kept,), ascending
    original: np.ndarray  # (kept, window_length, channels), float32, original units
    reconstruction: np.ndarray  # the same


def reconstruct(model: keras.Model, windows: np.ndarray, batch: int = 0) -> np.ndarray:
    """Windows through an exported model, all in original units: float32, the same shape.

    batch: up to how many windows are made so many, since a model is traced anew for another number.
    """
    given = windows.astype(np.float32)
    if batch > len(given):
        given = np.concatenate([given, np.repeat(given[-1:], batch - len(given), axis=0)])
    return np.asarray(model.predict_on_batch(given))[: len(windows)]


def evaluate_part(
    model: keras.Model,
    windows: Windows,
    report: Callable[[int], None] = lambda windows: None,
    most: int = 0,
) -> PartEvaluation:
    """Errors of every window; reconstructions of evenly spaced, the best and the worst ones.

    report is told how many windows are done, again and again. most: windows in the largest part
    that this model is to see, so that it gets batches of one size.
    """
    count, length, channels = windows.shape
    batch = max(1, min(_BATCH_VALUES // (length * channels), max(most, count)))
    room = min(count, spaced_windows(length * channels))
    kept = np.unique(np.linspace(0, count - 1, room).round().astype(np.int64))
    accumulator = ErrorAccumulator(count, length, channels)
    originals, reconstructions = [], []
    for positions, original, reconstruction in one_ahead(_reconstructed(model, windows, batch)):
        accumulator.add(positions, original, reconstruction)
        first, last = np.searchsorted(kept, [positions.start, positions.stop])
        chosen = kept[first:last] - positions.start
        originals.append(original[chosen].astype(np.float32))
        reconstructions.append(reconstruction[chosen])
        report(positions.stop)
    errors = accumulator.errors()
    extremes = np.setdiff1d(_extremes(errors, ranked_windows(length * channels)), kept)
    for start in range(0, len(extremes), batch):  # of large windows, few at a time
        original = windows.take(extremes[start : start + batch])
        originals.append(original.astype(np.float32))
        reconstructions.append(reconstruct(model, original, batch))
    positions = np.r_[kept, extremes]
    order = np.argsort(positions)
    return PartEvaluation(
        errors,
        positions[order],
        np.concatenate(originals)[order],
        np.concatenate(reconstructions)[order],
    )


def _extremes(errors: ReconstructionErrors, count: int) -> np.ndarray:
    """Positions of the best and of the worst windows, so many by each of the errors that viewers go
    by."""
    ranked = [errors.ranked(measure) for measure in ("mae", "mse")]
    return np.concatenate([end for order in ranked for end in (order[:count], order[-count:])])


def _reconstructed(
    model: keras.Model, windows: Windows, batch: int
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """All windows in order, some at a time: their positions, themselves, their reconstructions."""
    for positions, original in windows.chunks(_BATCH_VALUES):
        yield positions, original, reconstruct(model, original, batch)


def evaluate(
    model: keras.Model,
    split: Split,
    recording: Recording,
    deviations: np.ndarray,
    report: Callable[[float], None] = lambda share: None,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `results.json` and `reconstruction.npz` of a run hold, in original units.

    deviations: the standard deviation of each channel over the training windows, `(channels,)`.
    report is told what share of all windows is done, again and again.
    """
    before, total = 0, len(split.train) + len(split.validation)
    most = max(len(split.train), len(split.validation))

    def done(windows: int) -> None:
        report((before + windows) / total)

    results: dict[str, Any] = {
        "channel_names": list(recording.channel_names),
        "unit": recording.unit,
        "sampling_rate_hz": recording.sampling_rate_hz,
        "windows": {},
        "scaled": {},
    }
    results |= {name: {} for name in CHANNEL_VALUES}
    arrays: dict[str, np.ndarray] = {}
    for part, windows in split.parts():
        evaluation = evaluate_part(model, windows, done, most)
        before += len(windows)
        errors = evaluation.errors
        results[part] = {"mae": errors.mae, "mse": errors.mse}
        results["windows"][part] = len(windows)
        results["scaled"][part] = scaled_errors(errors.channel_mae, errors.channel_mse, deviations)
        for name in CHANNEL_VALUES:
            results[name][part] = getattr(errors, name).tolist()
        arrays |= {
            f"{part}_positions": evaluation.positions,
            f"{part}_original": evaluation.original,
            f"{part}_reconstruction": evaluation.reconstruction,
            f"{part}_window_mae": errors.window_mae,
            f"{part}_window_mse": errors.window_mse,
            f"{part}_step_mae": errors.step_mae,
            f"{part}_step_mse": errors.step_mse,
        }
    return results, arrays
