"""How cost grows: `python -m tests.benchmarks.growth`.

An epoch of the default model on the question's kind of data (batches of 256, float32), and the
floors of all pairs, for more windows, more channels, longer windows. Then the app's page Runs for
more runs in the store, and its reruns for more sessions. Writes a plot each into docs/performance
and prints tables of medians; takes about eight minutes on two cores.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable

import numpy as np

from core.config import ExperimentConfig, OutputActivation, choices
from core.cores import set_up_tensorflow
from tests.benchmarks.app_growth import with_runs, with_sessions
from tests.benchmarks.plots import FOLDER, line_plot

BATCH, LENGTH, CHANNELS, WINDOWS = 256, 200, 4, 5120
TURNS = 3
GROWS = {
    "windows": ("windows", [1024, 2560, 5120, 10_240, 25_088]),
    "channels": ("channels", [1, 4, 16, 64]),
    "window_length": ("time steps of a window", [50, 100, 200, 400, 800]),
}


def epoch_and_floors(
    windows: int = WINDOWS, channels: int = CHANNELS, window_length: int = LENGTH
) -> tuple[float, float]:
    """Seconds of an epoch, training and validation, and of the floors of all pairs: medians."""
    from core.channel_values import sorted_split
    from core.matrix import matrix, normalizations_like
    from core.signals.generators import generate
    from core.training import Training
    from core.windows import split_windows

    config = ExperimentConfig().replace(
        {
            "data.name": "question",
            "data.time_steps": windows * window_length,
            "data.channels": channels,
            "windows.window_length": window_length,
            "windows.stride": window_length,
            "training.batch_size": BATCH,
        }
    )
    recording = generate(config.data)
    split = split_windows(recording.values, config.windows)
    rows = normalizations_like(config.normalization)
    constants = {measure: np.ones(channels) for measure in ("mae", "mse")}
    asked = split, rows, choices(OutputActivation), recording.channel_names

    def all_pairs() -> None:
        matrix(*asked, constants, sorted_split(split))

    floors = statistics.median(timed(all_pairs) for _ in range(TURNS))
    epochs = Training(config, split).epochs()
    next(epochs)  # traced, and warm
    return statistics.median(next(epochs).seconds for _ in range(TURNS)), floors


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def grow_data() -> None:
    set_up_tensorflow()
    for what, (x_title, sizes) in GROWS.items():
        print(f"\n| {x_title} | an epoch, s | floors of all pairs, s |\n|---|---|---|")
        lines: dict[str, list[tuple[float, float]]] = {"an epoch": [], "floors of all pairs": []}
        for size in sizes:
            found = epoch_and_floors(**{what: size})
            for line, seconds in zip(lines.values(), found, strict=True):
                line.append((size, seconds))
            print(f"| {size:,} | {found[0]:.2f} | {found[1]:.3f} |", flush=True)
        path = FOLDER / f"{what.replace('_', '-')}.svg"
        line_plot(path, f"Cost by {x_title}", x_title, "seconds", lines)


def grow_app() -> None:
    print("\n| runs in the store | first opening, ms | opened again | rerun |\n|---|---|---|---|")
    lines = asyncio.run(with_runs())
    line_plot(FOLDER / "runs.svg", "The page Runs", "runs in the store", "milliseconds", lines)
    print("\n| sessions | rerun, ms: median | 95th percentile |\n|---|---|---|")
    lines = asyncio.run(with_sessions())
    title = "A rerun, each session asking every 2 s"
    line_plot(FOLDER / "sessions.svg", title, "sessions", "milliseconds", lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("data", "app"))
    only = parser.parse_args().only
    if only != "app":
        grow_data()
    if only != "data":
        grow_app()


if __name__ == "__main__":
    main()
