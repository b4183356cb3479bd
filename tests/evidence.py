"""Evidence for the diagnosis, made by hand: of a run that nothing is wrong with, and changed."""

import numpy as np

from core.config import ExperimentConfig
from core.diagnosis import Evidence, diagnose
from core.results import PARTS

CONFIG = ExperimentConfig().replace({"training.epochs": 20, "model.latent_channels": 8})


def both(mae, mse=None):
    """The errors of both parts."""
    return {
        part: {"mae": mae, "mse": mae**2 if mse is None else mse}
        for part in ("train", "validation")
    }


def of_channels(*values):
    """The errors of each channel, the same in both parts."""
    errors = {"mae": np.array(values), "mse": np.array(values) ** 2}
    return dict.fromkeys(PARTS, errors)


def row(epoch, loss, val_loss=None, mae=None, val_mae=None):
    val_loss = loss if val_loss is None else val_loss
    mae = loss if mae is None else mae
    val_mae = mae if val_mae is None else val_mae
    return {
        "epoch": epoch,
        "loss": loss,
        "val_loss": val_loss,
        "mae": mae,
        "mse": mae**2,
        "val_mae": val_mae,
        "val_mse": val_mae**2,
        "seconds": 1.0,
    }


def rows(losses, val_losses=None):
    val_losses = losses if val_losses is None else val_losses
    return [row(i, *pair) for i, pair in enumerate(zip(losses, val_losses, strict=True), 1)]


def line(epoch, channels=2, **statistics):
    """A healthy output, but for what is said otherwise: a number for all channels, or a list."""
    healthy = {
        "minimum": 0.1,
        "maximum": 0.9,
        "target_minimum": 0.0,
        "target_maximum": 1.0,
        "at_low": 0.0,
        "at_high": 0.0,
        "target_at_low": 0.0,
        "target_at_high": 0.0,
        "slope": 0.7,
        "spread": 0.9,
    }
    return {"epoch": epoch, "windows": 64} | {
        name: list(value) if isinstance(value, list | tuple) else [value] * channels
        for name, value in (healthy | statistics).items()
    }


def lines(epochs, **statistics):
    return [line(epoch, **statistics) for epoch in range(1, epochs + 1)]


def dead_lines(dead_from, epochs=5, channel=1, **statistics):
    """Channel 1 of 2 is dead from an epoch on."""

    def share(epoch):
        return [1.0 if epoch >= dead_from and c == channel else 0.3 for c in (0, 1)]

    return [line(e, at_low=share(e), **statistics) for e in range(1, epochs + 1)]


def healthy(**changes):
    """A run in its course that nothing is wrong with: half of the constant's error is gone."""
    plain = {
        "history": rows([0.9, 0.8, 0.7, 0.6, 0.5]),
        "outputs": lines(5),
        "floor": both(0.0),
        "constant": both(1.0, 1.5),
        "channel_names": ("flow", "level"),
        "compression_ratio": 4.0,
    }
    return Evidence(**plain | changes)


def over(**changes):
    """The same, come to its end."""
    return healthy(**{"state": "finished", "is_over": True} | changes)


def kinds(evidence, changes=None):
    return [finding.kind for finding in diagnose(CONFIG.replace(changes or {}), evidence)]


def only(evidence, changes=None):
    (finding,) = diagnose(CONFIG.replace(changes or {}), evidence)
    return finding


RELU = {"model.output_activation": "relu", "normalization.method": "minmax"}
SIGMOID = {"model.output_activation": "sigmoid", "normalization.method": "minmax"}
