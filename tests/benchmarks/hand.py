"""How quick the app is to the hand while a run trains: `python -m tests.benchmarks.hand`.

Starts the real server with 1,000 runs in its store and speaks to it over websockets, as a browser's
tab does. Script runs are timed within the server: by the clock, and by the processor time of their
thread, which is what they take where training leaves them a core of their own. Prints a table of
what is asked and what was measured; takes about four minutes.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.config import ExperimentConfig
from core.runs import Run
from tests.benchmarks.filled_store import fill, question_runs
from tests.benchmarks.timed_app import HEAD, Figure, TimedApp
from tests.load.crowd import LIVE
from tests.load.tab import Tab
from tests.load.widgets import number, text

RUNS, MANY_RUNS = 1_000, 10_000
QUESTION_RUNS = 5  # each is opened for the first time once
THINKING_SECONDS = 0.2  # between two reruns
RERUN, TICK, OPENING, TABLE = 0.1, 0.05, 0.3, 0.3  # seconds, as asked for
COLD_START, WARM_CLICK, COLD_CLICK = 2.0, 1.0, 6.0
LOOK_SECONDS = 3.0
IDLE_SHARE = 0.01  # of a core

Act = Callable[[Tab, int], Awaitable[None]]  # the number of the act


async def again(tab: Tab, act: int) -> None:
    """Run the whole page once more."""
    await tab.rerun("rerun")


def change(key: str, *values: float) -> Act:
    """Set a number field to one value after the other."""

    async def act(tab: Tab, place: int) -> None:
        await tab.change(number(tab.widget(key), values[place % len(values)]), "change")

    return act


async def search(tab: Tab, place: int) -> None:
    """Search the table of runs."""
    await tab.change(text(tab.widget("runs_search").id, f"run {place % 10}"), "search")


ACTS: dict[str, tuple[str, str, Act]] = {  # page, kind of script run, act
    "Start": ("start", "rerun", again),
    "Data": ("data", "rerun", again),
    "Data, another window length": ("data", "rerun", change("windows.window_length", 100, 200)),
    "Output": ("output", "rerun", again),
    "Explain": ("explain", "rerun", again),
    "Train, the run in view": ("train", "rerun", again),
    "Train, another patience": ("train", "rerun", change("training.patience", 7, 8)),
    "Reconstructions": ("reconstructions", "rerun", again),
    "Reconstructions, another window": ("reconstructions", "tick", change("window_number", 1, 9)),
    "Runs": ("runs", "rerun", again),
    "Runs, searched": ("runs", "rerun", search),
}


async def measure_act(app: TimedApp, name: str, running: str, finished: str, reruns: int) -> Figure:
    """Reruns of a page; the first act counts as preparation."""
    page, kind, act = ACTS[name]
    query = {"train": f"run={running}", "reconstructions": f"run={finished}"}.get(page, "")
    tab = app.tab()
    await tab.open(page, query)
    await act(tab, 0)
    await app.script_runs(kind)
    for place in range(1, reruns + 1):
        await asyncio.sleep(THINKING_SECONDS)
        await act(tab, place)
    runs = await app.script_runs(kind)
    await tab.leave()
    return Figure.of(f"rerun: {name}", RERUN, runs)


async def measure_ticks(app: TimedApp, running: str, seconds: float) -> Figure:
    tab = app.tab()
    await tab.open("train", f"run={running}")
    await asyncio.sleep(2)
    await app.script_runs("tick")
    await asyncio.sleep(seconds)
    ticks = await app.script_runs("tick")
    await tab.leave()
    return Figure.of("live tick", TICK, ticks)


async def measure_opening(app: TimedApp, run_ids: Sequence[str]) -> Figure:
    """Reconstructions, of runs that this app has not shown before."""
    runs = []
    for run_id in run_ids:
        tab = app.tab()
        await app.script_runs("rerun")
        await tab.open("reconstructions", f"run={run_id}")
        runs += await app.script_runs("rerun")
        await tab.leave()
    return Figure.of("Reconstructions opens, 25,088 windows", OPENING, runs)


async def measure_table(app: TimedApp, runs: int, reruns: int) -> list[Figure]:
    """The page Runs: opened for the first time since the app began, opened again, and rerun."""
    opened = []
    for _ in range(1 + reruns):
        tab = app.tab()
        await app.script_runs("rerun")
        await tab.open("runs")
        opened += (await app.script_runs("rerun"))[-1:]
        await tab.leave()
    rerun = await measure_act(app, "Runs", "", "", reruns)
    return [
        Figure.of(f"the table of {runs:,} runs, for the first time", TABLE, opened[:1]),
        Figure.of(f"the table of {runs:,} runs, opened", TABLE, opened[1:]),
        Figure(
            f"the table of {runs:,} runs, rerun",
            TABLE,
            0.95,
            rerun.seconds,
            rerun.processor_seconds,
        ),
    ]


async def measure_cold_start(folder: Path, starts: int) -> Figure:
    """From the command to the end of the first page's script, over a websocket."""
    seconds, used = [], []
    for place in range(1 + starts):  # the first one leaves bytecode
        began = time.perf_counter()
        app = TimedApp(folder, timed=False)
        try:
            tab = app.tab()
            await tab.open("start")
            if place:
                seconds.append(time.perf_counter() - began)
                used.append(app.processor_seconds())
            await tab.leave()
        finally:
            app.stop()
    return Figure("cold start to the first page", COLD_START, 0.5, seconds, used)


@dataclass(frozen=True)
class Click:
    """Start, clicked on the page of a setup: with a seed that no run has had."""

    name: str
    asked: float = WARM_CLICK
    look_seconds: float = 0.0  # at the setup, in which the worker prepares for it
    is_warm: bool = True
    query: str = ""


CLICKS = (
    Click("click to first step, with the warm worker"),
    Click("the same, of a model it has not met", query="&model.latent_channels=24"),
    Click(f"the same, {LOOK_SECONDS:.0f} s after the setup", look_seconds=LOOK_SECONDS),
    Click("click to first step, without", asked=COLD_CLICK, is_warm=False),
)


async def measure_clicks(app: TimedApp, rounds: int) -> list[Figure]:
    """From the click on Start to the end of the first training step, by the worker's record."""
    figures = [Figure(click.name, click.asked, 0.95, [], []) for click in CLICKS]
    for place in range(rounds):
        for row, (click, figure) in enumerate(zip(CLICKS, figures, strict=True)):
            await app.settle()
            if not click.is_warm:
                await app.end_spare()
            run, seconds = await _click(app, click, seed=len(CLICKS) * place + row)
            figure.seconds.append(seconds)
            await _cancel(run)
    return figures


async def _click(app: TimedApp, click: Click, seed: int) -> tuple[Run, float]:
    tab = app.tab()
    query = f"v=1&training.epochs=1000&training.patience=0&training.seed={seed}{click.query}"
    await tab.open("train", query)
    await asyncio.sleep(click.look_seconds)
    known = {run.id for run in app.store.list()}
    clicked = datetime.now(UTC)
    start = asyncio.create_task(tab.click("start", "start"))
    async with asyncio.timeout(60):
        while not (new := [run for run in app.store.list() if run.id not in known]):
            await asyncio.sleep(0.02)
        run = app.store.open(new[0].id)
        while not (first := run.progress().get("first_step_seconds")):
            await asyncio.sleep(0.02)
    await start
    await tab.leave()
    return run, (datetime.fromisoformat(new[0].created) - clicked).total_seconds() + first


async def _cancel(run: Run) -> None:
    run.request_cancel()
    async with asyncio.timeout(60):
        while run.is_active:
            await asyncio.sleep(0.02)


async def measure_idle(app: TimedApp, seconds: float) -> list[str]:
    """The share of a core that the app and its warm worker use with nothing to do."""
    await app.settle()
    alone = await app.share_of_a_core(seconds)
    tab = app.tab()
    await tab.open("start")
    await app.settle()
    watched = await app.share_of_a_core(seconds)
    await tab.leave()
    return [_idle_line("idle, no visitor", alone), _idle_line("idle, one tab open", watched)]


def _idle_line(name: str, share: float) -> str:
    kept = "yes" if share <= IDLE_SHARE else "**no**"
    return f"| {name} | 1 | {IDLE_SHARE:.0%} of a core | {share:.2%} | {share:.2%} | {kept} |"


async def train_one(app: TimedApp) -> str:
    """Start the run that trains while the rest is measured; returns once it is at work."""
    run = app.store.create(ExperimentConfig().replace(LIVE).model_dump(mode="json"), name="Live")
    async with asyncio.timeout(120):
        while not run.history():
            await asyncio.sleep(0.2)
    return run.id


async def measure(folder: Path, given: argparse.Namespace) -> AsyncIterator[str]:
    """The lines of the table, each as soon as it is measured."""
    app = TimedApp(folder, timed=False)  # makes the folder
    app.stop()
    fill(app.store, RUNS)
    questions = question_runs(app.store, QUESTION_RUNS)
    yield (await measure_cold_start(folder, given.starts)).line()
    app = TimedApp(folder)
    try:
        for line in await measure_idle(app, given.idle):
            yield line
        for figure in await measure_clicks(app, given.clicks):
            yield figure.line()
        await app.settle()
        running = await train_one(app)
        yield (await measure_ticks(app, running, given.ticks)).line()
        yield (await measure_opening(app, questions)).line()
        for name in ACTS:
            yield (await measure_act(app, name, running, questions[0], given.reruns)).line()
        await _cancel(app.store.open(running))
    finally:
        app.stop()
    fill(app.store, MANY_RUNS)
    app = TimedApp(folder)
    try:
        await app.settle()
        for figure in await measure_table(app, MANY_RUNS, given.reruns):
            yield figure.line()
    finally:
        app.stop()


async def print_table(given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="lab-hand-", ignore_cleanup_errors=True) as folder:
        print(*HEAD, sep="\n")
        async for line in measure(Path(folder), given):
            print(line, flush=True)
    print(f"\nload average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reruns", type=int, default=20, help="of each page")
    parser.add_argument("--ticks", type=float, default=25, help="seconds of the live view")
    parser.add_argument("--clicks", type=int, default=3, help="with and without a warm worker")
    parser.add_argument("--idle", type=float, default=20, help="seconds, with and without a tab")
    parser.add_argument("--starts", type=int, default=3, help="of the app")
    given = parser.parse_args()
    asyncio.run(print_table(given))


if __name__ == "__main__":
    main()
