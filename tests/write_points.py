"""A run that is struck at every write, fsync and rename of its folder, and resumed each time.

    python -m tests.write_points              everything: each point, each kind of fault
    python -m tests.write_points --every 10   every tenth point

The method is SQLite's: a child process trains a tiny run and is killed (or gets an error) at the
first point, the next child at the second, and so on, until one ends untouched. Each run is then
resumed: it must end finished, with the very weights, history, reconstructions and records of a run
that was never disturbed. A second fault strikes the resumed run too, at a point drawn at random.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import durable
from core.faults import Faults
from core.runs import Run
from tests.resumed import fingerprints, hand_to, queued

TINY = {
    "data.time_steps": 700,
    "data.channels": 1,
    "windows.window_length": 8,
    "windows.stride": 8,
    "model.filters": "2",
    "model.latent_channels": 2,
    "training.epochs": 3,
    "training.batch_size": 32,
}
_FORKING = threading.Lock()
KINDS = ("kill", "enospc", "eio")


@dataclass(frozen=True)
class Outcome:
    """What became of one run: the states it went through, and whether it ended as it should."""

    states: tuple[str, ...]
    is_same: bool
    struck: int  # faults that ended a process before its time


def in_child(work: Callable[[], dict]) -> dict:
    """What a forked process says, which is nothing if it was killed. Raises what it raised."""
    with _FORKING:  # or another child would inherit the end that this one writes to
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
    if pid == 0:
        try:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            said = work()
        except BaseException:
            said = {"raised": traceback.format_exc()}
        try:
            os.write(writer, json.dumps(said).encode())
        finally:
            os._exit(0)  # never back into the loop that this is a copy of
    with open(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    found = json.loads(said or b"{}")
    if "raised" in found:
        raise AssertionError(found["raised"])
    return found


def train(run: Run, plan: str) -> list[str]:
    """Train a run under a plan of faults, in a forked process. Returns the points it passed."""

    def work() -> dict:
        from core import worker

        worker._REPORT_SECONDS = float("inf")  # a line a phase: the same points every time
        hand_to(run, os.getpid())
        durable.FAULTS = Faults(plan)
        with suppress(worker.Unwritable):
            worker.train_run(run, run.folder.parent / "data")
        return {"points": durable.FAULTS.passed}

    return in_child(work).get("points", [])


def left_by(run: Run) -> dict[str, str]:
    return in_child(lambda: fingerprints(run))  # Keras must not have computed before a fork


def undisturbed(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The points that a run passes, in their order, and what it leaves."""
    run = queued(folder, TINY)
    return train(run, ""), left_by(run)


def struck(folder: Path, plans: list[str], expected: dict[str, str]) -> Outcome:
    """A run whose process is struck by one plan after the other, then left in peace."""
    run, states = queued(folder, TINY), []
    for plan in [*plans, ""]:
        train(run, plan)
        if run.status().state in ("starting", "running"):  # as the runner: its process is gone
            run.transition("interrupted", "Gone.")
        states.append(run.status().state)
        if states[-1] not in ("interrupted", "paused"):
            break
    is_same = states[-1] == "finished" and left_by(run) == expected
    faults = sum(state in ("interrupted", "paused") for state in states)
    return Outcome((*states, run.status().reason), is_same, faults)


def plans(count: int, numbers: Iterable[int]) -> Iterator[tuple[str, list[str]]]:
    """A name of what is done, and the plans of the processes in turn."""
    random = np.random.default_rng(0)
    for number in numbers:
        yield "kill", [f"any:{number}:kill"]
        again = random.integers(1, count + 1, 2)
        yield (
            "kill, and twice in the recovery",
            [
                f"any:{number}:kill",
                *(f"any:{point}:kill" for point in again),
            ],
        )
        for kind in KINDS[1:]:
            yield f"{kind}, once", [f"any:{number}:{kind}"]
            yield f"{kind}, lasting", [f"any:{number}+:{kind}"]
        yield (
            "enospc, then kill in the recovery",
            [
                f"any:{number}+:enospc",
                f"any:{again[0]}:kill",
            ],
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="strike each Nth point")
    parser.add_argument("--last", action="store_true", help="strike the last point alone")
    parser.add_argument("--only", metavar="FAULT", help="such as kill, or 'enospc, once'")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="runs at a time")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import core.worker  # noqa: F401  (imported once, before the processes fork)

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        folder = Path(name)
        points, expected = undisturbed(folder)
        kinds = ", ".join(f"{number} × {point}" for point, number in Counter(points).items())
        print(f"{len(points)} points in a run of {TINY['training.epochs']} epochs: {kinds}")
        numbers = range(1, len(points) + 1, options.every)
        if options.last:
            numbers = numbers[-1:]
        jobs = [
            (what, plan, pool.submit(struck, folder, plan, expected))
            for what, plan in plans(len(points), numbers)
            if options.only in (None, what)
        ]
        table: dict[str, Counter] = {}
        for what, plan, job in jobs:
            try:
                outcome = job.result()
            except AssertionError as error:  # a process ended with an exception of its own
                outcome = Outcome((str(error),), False, 0)
            row = table.setdefault(what, Counter())
            row.update(runs=1, faults=outcome.struck, same=outcome.is_same)
            if not outcome.is_same:
                print(f"NOT AS IT SHOULD BE: {what} {plan}: {outcome.states}")
    print("\n| fault | runs | faults that struck | lost or corrupt | ended as undisturbed |")
    print("|---|---|---|---|---|")
    for what, row in table.items():
        numbers = row["runs"], row["faults"], row["runs"] - row["same"], row["same"]
        print(f"| {what} | {' | '.join(map(str, numbers))} |")
    lost = sum(row["runs"] - row["same"] for row in table.values())
    runs = sum(row["runs"] for row in table.values())
    print(f"\n{runs} runs, {lost} lost or corrupt; {time.monotonic() - began:.0f} s")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
