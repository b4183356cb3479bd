"""A crowd of visitors on a running app: they come, stay, and leave."""

import asyncio
import os
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.config import ExperimentConfig
from core.runs import RunStore
from tests.load.app_process import AppProcess, Use
from tests.load.figures import Figures
from tests.load.tab import AppFault, Tab
from tests.load.visitors import KINDS, PAGES, Setting, VisitOver, queue, upload, wander, watch

# The run that is watched: some seconds an epoch on a busy core, and no end within an hour.
LIVE = {
    "data.time_steps": 200_000,
    "data.channels": 4,
    "training.epochs": 5_000,
    "training.patience": 5_000,
}
SETTLE_SECONDS = 120.0  # at most, until all is released after the sessions' own time
POOL_THREADS = 12  # of the server's own pools, which keep some once they were needed


@dataclass
class Outcome:
    """What a crowd met, and what the app used before, with, and after it."""

    figures: Figures
    before: Use
    crowded: Use
    after: Use
    app_share: float  # of one core, while everybody was there
    client_share: float
    load_average: float
    tracebacks: int

    def per_session(self, sessions: int) -> float:
        """Bytes of memory for each session, at most."""
        return (self.crowded.private - self.before.private) / sessions


def live_run(runs: Path) -> str:
    """Put the run that is watched in the queue, before the app starts. Returns its id."""
    config = ExperimentConfig().replace(LIVE).model_dump(mode="json")
    return RunStore(runs).create(config, name="A live run").id


async def crowd(
    app: AppProcess,
    run_id: str,
    counts: Mapping[str, int],
    *,
    arrival_seconds: float,
    seconds: float,
    thinking: tuple[float, float],
    session_seconds: float,
    warm_seconds: float = 5.0,
    seed: int = 0,
) -> Outcome:
    """Let `counts` of each kind come one by one, stay for `seconds`, and leave."""
    figures = Figures()
    await _wait_for_training(app, run_id, figures)
    await _warm_up(app, run_id, figures, warm_seconds)
    await asyncio.sleep(session_seconds + 10)
    figures.forget()
    before = app.use()
    names = [name for name, count in counts.items() for _ in range(count)]
    random.Random(seed).shuffle(names)
    setting = Setting(run_id, arrival_seconds + seconds, thinking)
    tabs = [Tab(app.url, figures.note, figures.fault) for _ in names]
    visits = [
        asyncio.create_task(
            _visit(name, setting, tab, place * arrival_seconds / len(names), seed + place, figures)
        )
        for place, (name, tab) in enumerate(zip(names, tabs, strict=True))
    ]
    await asyncio.sleep(arrival_seconds)
    began = time.monotonic(), app.processor_seconds(), time.process_time()
    crowded = await _most(app, seconds - 1)
    ended = time.monotonic(), app.processor_seconds(), time.process_time()
    load_average = os.getloadavg()[0]
    await asyncio.gather(*visits)
    await asyncio.gather(*(tab.leave() for tab in tabs))
    after = await _released(app, before, session_seconds)
    elapsed, app_used, client_used = (b - a for a, b in zip(began, ended, strict=True))
    return Outcome(
        figures,
        before,
        crowded,
        after,
        app_used / elapsed,
        client_used / elapsed,
        load_average,
        app.tracebacks(),
    )


async def _wait_for_training(app: AppProcess, run_id: str, figures: Figures) -> None:
    tab = Tab(app.url, figures.note, figures.fault)
    await tab.open("start")  # the app looks at its queue from the first visitor on
    await tab.leave()
    run = RunStore(app.runs).open(run_id)
    async with asyncio.timeout(120):
        while not run.history():
            if not run.is_active:
                raise AppFault(f"the live run ended: {run.status().reason}")
            await asyncio.sleep(0.2)


async def _warm_up(app: AppProcess, run_id: str, figures: Figures, seconds: float) -> None:
    """One visitor of each kind, so that all is imported and cached that stays for good."""
    thinking = (0.2, 0.4)
    for visit in (wander, upload, queue, watch):
        setting = Setting(run_id, seconds, thinking)
        tab = Tab(app.url, figures.note, figures.fault)
        with suppress(VisitOver):
            await visit(setting, tab, random.Random(7))
        if visit is wander:
            for page in PAGES:
                await tab.go(page)
        await tab.leave()


async def _visit(
    name: str, setting: Setting, tab: Tab, delay: float, seed: int, figures: Figures
) -> None:
    await asyncio.sleep(delay)
    try:
        with suppress(VisitOver):
            await KINDS[name](setting, tab, random.Random(seed))
    except (AppFault, OSError) as error:
        figures.fault(f"{name}: {type(error).__name__}: {error}")


async def _most(app: AppProcess, seconds: float) -> Use:
    """The app's use at the moment when it used the most memory."""
    most = app.use()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.sleep(2.0)
        most = max(most, app.use(), key=lambda use: use.private)
    return most


async def _released(app: AppProcess, before: Use, session_seconds: float) -> Use:
    """The app's use once the sessions are forgotten, or when it should long have been so."""
    await asyncio.sleep(session_seconds)
    end = time.monotonic() + SETTLE_SECONDS
    use = app.use()
    while time.monotonic() < end:
        await asyncio.sleep(2.0)
        use = app.use()
        is_quiet = use.connections == 0 and use.temporary_files <= before.temporary_files
        if is_quiet and use.threads <= before.threads + POOL_THREADS:
            break
    return use
