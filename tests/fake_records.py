"""What a worker records while it trains, made without Keras: baselines, outputs and the replay."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core import output_lines, replay
from core.output_range import ACTIVATIONS
from core.runs import Run

FLOOR = {"mae": 0.01, "mse": 0.0003, "huber": 0.0001}
CONSTANT = {"mae": 0.64, "mse": 0.5}
PCA = {"mae": 0.02, "mse": 0.0006}
CHANNEL_STD = 0.7
HIGHEST = 1.4  # of a normalized target
REPLAYED = 3  # windows of each part


def course(epoch: int) -> float:
    """How many times its last value an error is in an epoch."""
    return 1 + 2 * math.exp(-epoch / 3)


def parts(
    windows: tuple[int, int], window_length: int, channels: int, error: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Of each part: sines, and noise growing from window to window, to be added by a model.

    Both have the shape `(windows, window_length, channels)`.
    """
    rng = np.random.default_rng(0)
    t = np.arange(window_length)[:, None]
    for part, count in zip(("train", "validation"), windows, strict=True):
        phase = rng.uniform(0, 6, (count, 1, channels))
        original = np.sin(2 * np.pi * t / 12 + phase)
        scale = np.linspace(0.2, 2, count)[:, None, None] * error
        yield part, original, rng.normal(0, 1, original.shape) * scale


def baselines(window_length: int, channels: int, windows: tuple[int, int]) -> dict[str, Any]:
    """What `baselines.json` holds, and `results.json` again."""
    return {
        name: {part: dict(errors) for part in ("train", "validation")}
        for name, errors in (("floor", FLOOR), ("constant", CONSTANT), ("pca", PCA))
    } | {
        "pca_components": window_length * channels // 4,
        "pca_windows": windows[0],
        "channel_std": [CHANNEL_STD] * channels,
    }


def output_line(epoch: int, activation: str, channels: int) -> dict[str, Any]:
    """A line of `outputs.jsonl` of an output that spreads from epoch to epoch."""
    output = ACTIVATIONS[activation]
    spread = 2 - course(epoch)
    minimum, maximum = max(output.low, -HIGHEST * spread), min(output.high, HIGHEST * spread)
    held_low, held_high = output.low > -HIGHEST, output.high < HIGHEST
    line = {
        "minimum": minimum,
        "maximum": maximum,
        "target_minimum": -HIGHEST,
        "target_maximum": HIGHEST,
        "at_low": 0.4 * held_low * spread,
        "at_high": 0.1 * held_high * spread,
        "target_at_low": 0.5 * held_low,
        "target_at_high": 0.2 * held_high,
        "slope": 0.6 if held_low or held_high else 1.0,
        "spread": spread,
    }
    return {"epoch": epoch, "windows": 64} | {
        name: [float(value)] * channels for name, value in line.items()
    }


def write_records(
    run: Run,
    epochs: int,
    windows: tuple[int, int],
    window_length: int,
    channels: int,
    error: float,
) -> None:
    """The files of a run that has trained so many epochs."""
    config: Mapping[str, Any] = run.config()
    run.publish_json("baselines.json", baselines(window_length, channels, windows))
    number, part_of, original, wrong = [], [], [], []
    for part, (_, signals, noise) in enumerate(parts(windows, window_length, channels, error)):
        chosen = np.unique(
            np.linspace(0, len(signals) - 1, min(REPLAYED, len(signals))).astype(int)
        )
        number.append(chosen)
        part_of.append(np.full(len(chosen), part))
        original.append(signals[chosen])
        wrong.append(noise[chosen])
    signals, noise = np.concatenate(original), np.concatenate(wrong)
    replay.publish_windows(run.folder, np.concatenate(part_of), np.concatenate(number), signals)
    for epoch in range(1, epochs + 1):
        if output_lines.is_recorded(epoch, config["training"]["epochs"]) or epoch == epochs:
            line = output_line(epoch, config["model"]["output_activation"], channels)
            output_lines.append_line(run.folder / output_lines.FILE, line)
            replay.append_record(run.folder, epoch, signals + noise * course(epoch))
