"""What the app adds to a training: `python -m tests.benchmarks.through_the_app`.

The question's data and model, called directly (`Training.epochs()` in a process of its own), and as
a run of the app whose live view two tabs watch (websocket sessions, which draw nothing). In turns;
the time from the end of the first epoch to the end of the last, so that no start is in it, but all
that a run does between its epochs: history, checkpoints, baselines, what the diagnosis looks at.
Prints a table and the median ratio; takes about six minutes on two cores.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.config import PRESETS, ExperimentConfig
from core.processes import PROJECT_ROOT
from core.runs import Run, RunStore
from tests.load.__main__ import free_port
from tests.load.app_process import AppProcess
from tests.load.tab import AppFault, Tab

WATCHERS = 2


def job(epochs: int) -> ExperimentConfig:
    changes = {"model.output_activation": "relu", "training.epochs": epochs}
    return PRESETS["question"].replace(changes)


def train_directly(config: ExperimentConfig) -> None:
    """Be the process that trains, and print the seconds."""
    from core.cores import set_up_tensorflow

    set_up_tensorflow()
    from core.signals.generators import generate
    from core.training import Training
    from core.windows import split_windows

    training = Training(config, split_windows(generate(config.data).values, config.windows))
    ends = [time.monotonic() for _ in training.epochs()]
    print(ends[-1] - ends[0])


def direct_seconds(epochs: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--direct", "--epochs", str(epochs)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


async def seconds_in_the_app(app: AppProcess, epochs: int) -> float:
    config = job(epochs).model_dump(mode="json")
    run = RunStore(app.runs).create(config, name="watched")  # which the app's queue finds
    tabs = [Tab(app.url, lambda kind, seconds: None, _fail) for _ in range(WATCHERS)]
    try:
        for tab in tabs:
            await tab.open("train", f"run={run.id}")
        first = await _row(run, 1)
        return await _row(run, epochs) - first
    finally:
        for tab in tabs:
            await tab.leave()
        while run.is_active:
            await asyncio.sleep(0.2)


async def _row(run: Run, epoch: int) -> float:
    """When the history had so many rows."""
    while len(run.history()) < epoch:
        await asyncio.sleep(0.02)
        if run.status().is_final and len(run.history()) < epoch:
            raise AppFault(f"the run ended: {run.status().reason}")
    return time.monotonic()


def _fail(text: str) -> None:
    raise AppFault(text)


async def measure(rounds: int, epochs: int) -> None:
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        app = AppProcess(Path(folder), free_port(), public=False, session_seconds=5)
        try:
            print("| directly | in the app, two watch | ratio |\n|--:|--:|--:|")
            for _ in range(rounds):
                direct = await asyncio.to_thread(direct_seconds, epochs)
                watched = await seconds_in_the_app(app, epochs)
                ratios.append(watched / direct)
                print(f"| {direct:.2f} s | {watched:.2f} s | {ratios[-1]:.3f} |", flush=True)
        finally:
            app.stop()
    print(f"median {statistics.median(ratios):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--direct", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.direct:
        train_directly(job(given.epochs))
    else:
        asyncio.run(measure(given.rounds, given.epochs))


if __name__ == "__main__":
    main()
