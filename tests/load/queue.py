"""100 queued runs under random kills: `python -m tests.load.queue`.

Five visitors queue runs; a process schedules them as the app does. Workers, the app and both at
once are killed (SIGKILL) at random moments; the app is started again, and resumes what it finds
interrupted. What a kill of the worker alone has interrupted is resumed as by the button. Each run
must end exactly once, in the order of its owner and in fair turns between owners. Prints a table;
the exit code is 1 if a promise was broken. `--worker real` trains tiny models: 10 runs a minute.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.config import ExperimentConfig
from core.processes import send_signal
from core.runs import RunNotFound, RunStore, RunSummary, TransitionRefused
from tests.load.queue_course import Course

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "LAB_QUEUE_UNDER_TEST"  # in the environment of all processes, to find those left over
TINY = {
    "data.time_steps": 4_000,
    "data.channels": 1,
    "windows.window_length": 50,
    "windows.stride": 50,
    "model.filters": (4,),
    "model.pooling_steps": 1,
    "training.epochs": 3,
}


@dataclass
class Outcome:
    """What became of the runs, and what was done to them."""

    course: Course
    states: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    left_over: int = 0  # processes that outlived everything
    seconds: float = 0.0


class Chaos:
    """The app's process and the hand that kills it and its workers."""

    def __init__(self, folder: Path, *, slots: int, worker: str, seed: int):
        self.store = RunStore(folder)
        self.kills: Counter[str] = Counter()
        self._arguments = (str(folder), str(slots), worker)
        self._chance = random.Random(seed)
        self._start()

    def _start(self) -> None:
        self._app = subprocess.Popen(
            [sys.executable, "-m", "tests.load.queue_app", *self._arguments],
            cwd=ROOT,
            env=os.environ | {MARK: self._arguments[0]},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def strike(self, runs: tuple[RunSummary, ...]) -> None:
        """Kill a worker, the app, or both."""
        what = self._chance.choices(("worker", "app", "both"), (6, 1, 1))[0]
        at_work = [run for run in runs if run.state in ("starting", "running") and run.pid]
        if what != "worker":
            self._app.kill()
            self._app.wait()
            self.kills["app"] += 1
        if what != "app" and at_work:
            run = self._chance.choice(at_work)
            self.kills["worker"] += send_signal(run.pid, run.pid_started, signal.SIGKILL)
        if what != "worker":
            time.sleep(self._chance.uniform(0, 0.3))
            self._start()

    def end(self) -> int:
        """End the app; returns how many processes are left of it five seconds later."""
        self._app.kill()
        self._app.wait()
        deadline = time.monotonic() + 5
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        return len(left)

    def _left(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == self._arguments[0]:
                    found.append(process)
        return found


def under_kills(
    folder: Path,
    *,
    runs: int,
    owners: int,
    slots: int,
    worker: str,
    pause: tuple[float, float],
    most_seconds: float,
    seed: int = 0,
) -> Outcome:
    """Queue `runs` of `owners`, kill something every `pause` seconds, and wait for all to end."""
    chance = random.Random(seed)
    store = RunStore(folder)
    config = ExperimentConfig().replace(TINY).model_dump(mode="json")
    for owner in _order(runs, owners, chance):
        store.create(config, name="A run", owner=owner)
    outcome = Outcome(Course())
    began = time.monotonic()
    chaos = Chaos(folder, slots=slots, worker=worker, seed=seed)
    strike_at = began + chance.uniform(*pause)
    try:
        while time.monotonic() < began + most_seconds:
            listing = outcome.course.look(store)
            if all(run.is_final for run in listing):
                break
            outcome.resumed += _resume(store, listing)
            if time.monotonic() > strike_at:
                chaos.strike(listing)
                strike_at = time.monotonic() + chance.uniform(*pause)
            time.sleep(0.005)
        outcome.seconds = time.monotonic() - began
        time.sleep(2.0)  # nothing may stir any more
        outcome.states = Counter(run.state for run in outcome.course.look(store))
    finally:
        outcome.left_over = chaos.end()
    outcome.kills = chaos.kills
    return outcome


def _order(runs: int, owners: int, chance: random.Random) -> list[str]:
    """Whose run comes when: the first owner hands in all of the own at once, others mixed."""
    names = [f"owner {place % owners + 1}" for place in range(runs)]
    first = [name for name in names if name == "owner 1"]
    rest = [name for name in names if name != "owner 1"]
    chance.shuffle(rest)
    return first + rest


def _resume(store: RunStore, listing: tuple[RunSummary, ...]) -> int:
    done = 0
    for run in listing:
        if run.state == "interrupted":
            with suppress(TransitionRefused, RunNotFound):  # the app was faster
                store.open(run.id).transition("queued")
                done += 1
    return done


def broken(outcome: Outcome, runs: int, slots: int) -> list[str]:
    """What was promised and not held, in words."""
    course, found = outcome.course, []
    if outcome.states["finished"] != runs:
        found.append(f"not all have finished: {dict(outcome.states)}")
    if again := [run for run, count in course.ends.items() if count != 1]:
        found.append(f"{len(again)} runs did not end exactly once")
    if course.revived:
        found.append(f"{len(course.revived)} runs left a final state")
    if course.out_of_order():
        found.append(f"{course.out_of_order()} runs were started out of the order of their owner")
    if course.unfairness(again=True) > slots:
        found.append(f"a difference of {course.unfairness(again=True)} turns between owners")
    if outcome.left_over:
        found.append(f"{outcome.left_over} processes are left")
    return found


def report(outcome: Outcome) -> list[str]:
    course = outcome.course
    ends = ", ".join(f"{count} x {times}" for times, count in _spread(course.ends).items())
    states = ", ".join(f"{count} {state}" for state, count in outcome.states.items())
    rows = {
        "runs": states,
        "kills of workers": outcome.kills["worker"],
        "kills of the app": outcome.kills["app"],
        "turns, resumed ones among them": f"{len(course.turns)}, {outcome.resumed} by the button",
        "ends of a run (runs x ends)": ends,
        "left a final state": len(course.revived),
        "out of the order of their owner": course.out_of_order(),
        "greatest difference of turns": course.unfairness(again=True),
        "  of new runs alone": course.unfairness(again=False),
        "processes left": outcome.left_over,
        "seconds": f"{outcome.seconds:.0f} (load average {os.getloadavg()[0]:.1f})",
    }
    return [f"{name:<34} {value}" for name, value in rows.items()]


def _spread(ends: Counter[str]) -> Counter[int]:
    return Counter(ends.values())


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.queue",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--owners", type=int, default=5)
    parser.add_argument("--slots", type=int, default=1, help="runs in training at a time")
    parser.add_argument("--worker", choices=("light", "real"), default="light")
    parser.add_argument("--pause", type=float, nargs=2, help="between kills, in seconds")
    parser.add_argument("--most-seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    pause = tuple(given.pause or {"light": (0.2, 0.8), "real": (4.0, 12.0)}[given.worker])
    with tempfile.TemporaryDirectory(prefix="lab-queue-", ignore_cleanup_errors=True) as folder:
        outcome = under_kills(
            Path(folder) / "runs",
            runs=given.runs,
            owners=given.owners,
            slots=given.slots,
            worker=given.worker,
            pause=pause,
            most_seconds=given.most_seconds,
            seed=given.seed,
        )
    faults = broken(outcome, given.runs, given.slots)
    print(*report(outcome), sep="\n")
    print(*(["", "Broken:", *faults] if faults else ["Every promise was held."]), sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
