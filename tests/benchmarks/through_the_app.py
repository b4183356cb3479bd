"""What the app adds to a training: `python -m tests.benchmarks.through_the_app`.

The question's data and model, called directly (`Training.epochs()` in a process of its own), and as
a run of the app whose live view two tabs watch (websocket sessions, which draw nothing). Both train
in turns of some seconds: while one goes on, all processes of the other are stopped, since a machine
whose pace drifts by a tenth within minutes would hide a hundredth. Counted are the own turns from
the end of the first epoch to the end of the last, so that no start is in it, but all that a run
does between its epochs: history, checkpoints, baselines, what the diagnosis looks at. Clocks that
ran out meanwhile strike at the begin of a turn: it is as long as two pauses of a live view, or the
app would draw more often than by itself (a fifth, in turns of ten seconds).

Before it, somebody looks at the setup for a while, for which the warm worker prepares. Which of the
two processes began first shows in their pace, so that they take turns at that as well, and an even
number of rounds is fair. Prints a table and the median ratio, and how many cores each training had:
what the app itself, the waits for it and for the disk take from a training shows there, whatever
the machine's pace. Takes about ten minutes on two cores. `--control` measures two direct trainings
beside each other in the same way: what the ratios of a table differ by without any cause.
"""

import argparse
import asyncio
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from core.config import PRESETS, ExperimentConfig
from core.processes import PROJECT_ROOT, cpu_seconds
from core.runs import Run, RunStore
from tests.load.__main__ import free_port
from tests.load.app_process import AppProcess
from tests.load.tab import AppFault, Tab

WATCHERS = 2
TURN_SECONDS = 8.0  # twice the pause between two drawings of a view: see above
SETUP_SECONDS = 8.0  # for which the setup is in view before it is started
_LOOK_SECONDS = 0.02


def job(epochs: int) -> ExperimentConfig:
    changes = {"model.output_activation": "relu", "training.epochs": epochs}
    return PRESETS["question"].replace(changes)


def train_directly(config: ExperimentConfig) -> None:
    """Be the process that trains, and print a line at the end of each epoch."""
    from core.cores import set_up_tensorflow

    set_up_tensorflow()
    from core.signals.generators import generate
    from core.training import Training
    from core.windows import split_windows

    training = Training(config, split_windows(generate(config.data).values, config.windows))
    for epoch in training.epochs():
        print(epoch.epoch, flush=True)


async def look_at_setup(url: str, config: ExperimentConfig) -> None:
    """Let the warm worker of an app prepare for a setup, as whoever has it in view does."""
    tab = Tab(url, lambda kind, seconds: None, _give_up)
    await tab.open("train", urlencode(config.to_query()))
    await asyncio.sleep(SETUP_SECONDS)
    await tab.leave()


async def watch(url: str, run_id: str) -> None:
    """Be the process of the two who watch, until it is killed."""
    tabs = [Tab(url, lambda kind, seconds: None, _give_up) for _ in range(WATCHERS)]
    for tab in tabs:
        await tab.open("train", f"run={run_id}")
    await asyncio.Event().wait()


def _give_up(text: str) -> None:
    """End the process of those who watch at once, for the other to see."""
    print(text, file=sys.stderr, flush=True)
    os._exit(1)


class Lines:
    """Counts the lines of a file that grows. A look costs both trainings the same, next to nothing:
    to read a run's history fifty times a second takes more of the cores than the app does."""

    def __init__(self, path: Path):
        self._path = path
        self._size = self._count = 0

    def count(self) -> int:
        with suppress(FileNotFoundError):
            if (size := os.stat(self._path).st_size) != self._size:
                self._size, self._count = size, self._path.read_bytes().count(b"\n")
        return self._count


class Turns:
    """One of the two, whose processes go on in its own turns alone."""

    def __init__(
        self,
        processes: Callable[[], Iterable[int]],
        trainer: Callable[[], int | None],
        epochs: Callable[[], int],
        check: Callable[[], None],
    ):
        """trainer: which of the processes trains; epochs: how many are finished; check raises
        AppFault, and is called once a turn."""
        self._processes, self._trainer = processes, trainer
        self._epochs, self._check = epochs, check
        self._seconds = 0.0  # of all turns so far
        self._timed = self._used = 0.0  # seconds of whole turns, and the trainer's processor time
        self._ends: dict[int, float] = {}  # epochs finished: seconds by then

    def signal(self, number: int) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def take(self, last: int) -> None:
        """Go on for a turn, or to the end of the last epoch."""
        is_timed, used = bool(self._ends.keys() - {0}), cpu_seconds(self._trainer() or 0)
        self.signal(signal.SIGCONT)
        began = now = time.monotonic()
        while now - began < TURN_SECONDS and last not in self._ends:
            time.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            self._ends.setdefault(self._epochs(), self._seconds + now - began)
        self._seconds += now - began
        if is_timed and last not in self._ends:
            self._timed += now - began
            self._used += cpu_seconds(self._trainer()) - used
        self.signal(signal.SIGSTOP)
        self._check()

    def is_over(self, last: int) -> bool:
        return last in self._ends

    def seconds(self, last: int) -> float:
        """From the end of the first epoch to that of the last."""
        return self._ends[last] - self._ends[1]

    @property
    def cores(self) -> float:
        """How many the training had, in whole turns after its first epoch; NaN without any."""
        return self._used / self._timed if self._timed else math.nan


def _child(*arguments: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", __spec__.name, *arguments]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, **options)


def start_direct(epochs: int, lines: Path, waits: bool = False) -> subprocess.Popen:
    """Start a direct training, which writes to `lines`. If this waits, it is past its first epoch
    then, and stopped."""
    with lines.open("wb") as out:
        direct = _child("--direct", "--epochs", str(epochs), stdout=out)
    if waits:
        while not lines.stat().st_size and direct.poll() is None:
            time.sleep(_LOOK_SECONDS)
        direct.send_signal(signal.SIGSTOP)
    return direct


def turns_of(direct: subprocess.Popen, lines: Path) -> Turns:
    def check() -> None:
        if direct.poll():
            raise AppFault("the direct training failed")

    return Turns(lambda: [direct.pid], lambda: direct.pid, Lines(lines).count, check)


def take_turns(pair: tuple[Turns, Turns], epochs: int) -> tuple[Turns, Turns]:
    """Until both are over."""
    pair[1].signal(signal.SIGSTOP)
    while not all(turns.is_over(epochs) for turns in pair):
        for turns in pair:
            if not turns.is_over(epochs):
                turns.take(epochs)
    return pair


def measure_control(epochs: int, folder: Path, is_first: bool) -> tuple[Turns, Turns]:
    """The same epochs, twice directly; is_first: the first of the two begins."""
    lines = [folder / "one.txt", folder / "other.txt"]
    order = (0, 1) if is_first else (1, 0)
    started: dict[int, subprocess.Popen] = {}
    try:
        for which in order:
            started[which] = start_direct(epochs, lines[which], waits=True)
        one, other = (turns_of(started[which], lines[which]) for which in (0, 1))
        return take_turns((one, other), epochs)
    finally:
        _end(*started.values())


def measure_pair(
    app: AppProcess, epochs: int, folder: Path, is_direct_first: bool
) -> tuple[Turns, Turns]:
    """The same epochs: directly, and in the app."""
    lines = folder / "epochs.txt"
    if is_direct_first:
        direct = start_direct(epochs, lines, waits=True)
        asyncio.run(look_at_setup(app.url, job(epochs)))
    else:
        asyncio.run(look_at_setup(app.url, job(epochs)))
        direct = start_direct(epochs, lines)
    run = RunStore(app.runs).create(job(epochs).model_dump(mode="json"), name="watched")
    watchers = _child("--watch", app.url, run.id)

    def in_the_app() -> Iterator[int]:
        yield from (watchers.pid, app.pid)
        yield from (worker.pid for worker in app.workers())  # which a stopped app adds none to

    def check_run() -> None:
        if watchers.poll() is not None:
            raise AppFault("nobody watches any more")
        if (status := run.status()).is_final and status.state != "finished":
            raise AppFault(f"the run ended: {status.reason}")

    history = Lines(run.folder / "history.csv")
    watched = Turns(
        in_the_app,
        lambda: run.status().pid,
        lambda: max(0, history.count() - 1),  # below its header
        check_run,
    )
    try:
        return take_turns((turns_of(direct, lines), watched), epochs)
    finally:
        watched.signal(signal.SIGCONT)
        _end(direct, watchers)
        _wait_for_end(run)


def _end(*children: subprocess.Popen) -> None:
    for child in children:
        child.kill()
        child.wait()


def _wait_for_end(run: Run) -> None:
    deadline = time.monotonic() + 120
    while run.is_active and time.monotonic() < deadline:
        time.sleep(0.2)


class Table:
    """What each round measured, printed as it comes."""

    def __init__(self, second: str):
        self._ratios: list[float] = []
        self._shares: list[float] = []
        print(f"| first | directly | {second} | ratio | cores | {second} | ratio |")
        print("|---" + "|--:" * 6 + "|")

    def add(self, first: str, pair: tuple[Turns, Turns], epochs: int) -> None:
        seconds = [turns.seconds(epochs) for turns in pair]
        cores = [turns.cores for turns in pair]
        self._ratios.append(seconds[1] / seconds[0])
        self._shares.append(cores[0] / cores[1])
        print(
            f"| {first} | {seconds[0]:.2f} s | {seconds[1]:.2f} s | {self._ratios[-1]:.3f} "
            f"| {cores[0]:.3f} | {cores[1]:.3f} | {self._shares[-1]:.3f} |",
            flush=True,
        )

    def end(self) -> None:
        ratio, share = map(statistics.median, (self._ratios, self._shares))
        print(f"median {ratio:.3f}, of the cores {share:.3f}")


def measure(rounds: int, epochs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = AppProcess(folder, free_port(), public=False, session_seconds=5)
        try:
            table = Table("in the app, two watch")
            for number in range(rounds):
                is_direct_first = number % 2 == 1
                pair = measure_pair(app, epochs, folder, is_direct_first)
                table.add("directly" if is_direct_first else "app", pair, epochs)
        finally:
            os.kill(app.pid, signal.SIGCONT)
            app.stop()
    table.end()


def measure_controls(rounds: int, epochs: int) -> None:
    table = Table("directly too")
    with tempfile.TemporaryDirectory() as name:
        for number in range(rounds):
            is_first = number % 2 == 1
            pair = measure_control(epochs, Path(name), is_first)
            table.add("one" if is_first else "the other", pair, epochs)
    table.end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=13)
    parser.add_argument("--control", action="store_true", help="two direct trainings instead")
    parser.add_argument("--direct", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--watch", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.direct:
        train_directly(job(given.epochs))
    elif given.watch:
        asyncio.run(watch(*given.watch))
    elif given.control:
        measure_controls(given.rounds, given.epochs)
    else:
        measure(given.rounds, given.epochs)


if __name__ == "__main__":
    main()
