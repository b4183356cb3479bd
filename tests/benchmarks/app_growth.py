"""How the app's reaction times grow: with the runs in its store, and with the sessions on it."""

import asyncio
import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.filled_store import fill
from tests.benchmarks.timed_app import ScriptRun, TimedApp
from tests.load.figures import percentile

RUNS = (10, 100, 1_000, 10_000)
SESSIONS = (1, 2, 5, 10, 20, 50)
PAGE = "output"  # where the sessions are
OPENINGS, RERUNS = 5, 10
SESSION_RERUNS = 200  # of all sessions together; 8 to 20 of each
THINKING_SECONDS = 2.0  # between two reruns of a session
SESSION_RUNS = 100  # in the store, while sessions are counted

Lines = dict[str, list[tuple[float, float]]]


async def with_runs() -> Lines:
    """Milliseconds of the page Runs, for more runs in the store: medians but for the first."""
    lines: Lines = {"first opening": [], "opened again": [], "rerun": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for runs in RUNS:
            app = app_with(Path(folder), runs)
            try:
                await app.settle()
                first, *opened = [await _opened(app) for _ in range(1 + OPENINGS)]
                found = first, statistics.median(opened), await _rerun(app)
            finally:
                app.stop()
            for line, seconds in zip(lines.values(), found, strict=True):
                line.append((runs, 1000 * seconds))
            print(f"| {runs:,} | " + " | ".join(f"{1000 * s:,.0f}" for s in found) + " |")
    return lines


def app_with(folder: Path, runs: int) -> TimedApp:
    """An app that was started with so many runs in its store."""
    app = TimedApp(folder, timed=False)  # makes the folder
    app.stop()  # a running one takes the runs being made for interrupted ones
    fill(app.store, runs)
    return TimedApp(folder)


async def _opened(app: TimedApp) -> float:
    tab = app.tab()
    await app.script_runs("rerun")
    await tab.open("runs")
    last = (await app.script_runs("rerun"))[-1]
    await tab.leave()
    return last.seconds


async def _rerun(app: TimedApp) -> float:
    tab = app.tab()
    await tab.open("runs")
    await app.script_runs("rerun")
    for _ in range(RERUNS):
        await tab.rerun("rerun")
    runs = await app.script_runs("rerun")
    await tab.leave()
    return statistics.median(run.seconds for run in runs)


async def with_sessions() -> Lines:
    """Milliseconds of a rerun, for more sessions that each ask for one every two seconds."""
    lines: Lines = {"median": [], "95th percentile": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        app = app_with(Path(folder), SESSION_RUNS)
        try:
            await app.settle()
            for sessions in SESSIONS:
                seconds = [run.seconds for run in await _reruns_of(app, sessions)]
                found = percentile(seconds, 0.5), percentile(seconds, 0.95)
                for line, value in zip(lines.values(), found, strict=True):
                    line.append((sessions, 1000 * value))
                print(f"| {sessions} | " + " | ".join(f"{1000 * s:,.0f}" for s in found) + " |")
        finally:
            app.stop()
    return lines


async def _reruns_of(app: TimedApp, sessions: int) -> list[ScriptRun]:
    tabs = [app.tab() for _ in range(sessions)]
    for tab in tabs:
        await tab.open(PAGE)
    await app.script_runs("rerun")

    async def stay(tab, place: int) -> None:
        await asyncio.sleep(THINKING_SECONDS * place / sessions)
        for _ in range(min(20, max(8, SESSION_RERUNS // sessions))):
            await tab.rerun("rerun")
            await asyncio.sleep(THINKING_SECONDS)

    await asyncio.gather(*(stay(tab, place) for place, tab in enumerate(tabs)))
    runs = await app.script_runs("rerun")
    for tab in tabs:
        await tab.leave()
    return runs
