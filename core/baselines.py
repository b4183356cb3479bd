"""What needs no model: how near the best constants and the best linear autoencoder come."""

from collections.abc import Callable
from typing import Any

from core.meters import read_meters
from core.metrics import constant_baseline
from core.pca import MOST_MEMORY, pca_baseline
from core.windows import Split

ROUNDING = 1e-9  # of the best constant's error: an error this small is exact but for rounding


def measure_baselines(
    split: Split, components: int, give_up: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Errors of both parts in original units: `constant`, and as `pca_baseline` returns them.

    `constant_channel_mae` and `constant_channel_mse` are `{part: (channels,)}`, as lists.
    PCA is given up as soon as `give_up()`.
    """
    constant, channels = constant_baseline(split)
    found = pca_baseline(split, components, give_up, _memory())
    for part, errors in (found["pca"] or {}).items():
        for measure, error in errors.items():
            if error < ROUNDING * constant[part][measure]:
                errors[measure] = 0.0
    of_channels = {
        f"constant_channel_{measure}": {
            part: errors[measure].tolist() for part, errors in channels.items()
        }
        for measure in ("mae", "mse")
    }
    return {"constant": constant} | of_channels | found


def _memory() -> float:
    """Bytes that PCA may take: never so many that the machine would have to end a process."""
    meters = read_meters()
    return min(MOST_MEMORY, 0.5 * (meters.memory_total - meters.memory_used))
