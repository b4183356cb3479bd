"""The app with a stopwatch in it, started on a folder and looked at from outside."""

import asyncio
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.runs import RunStore
from tests.load.__main__ import free_port
from tests.load.app_process import AppProcess
from tests.load.figures import percentile
from tests.load.tab import AppFault, Tab

SESSION_SECONDS = 5  # until the app forgets a tab that was closed
_PRINT_SECONDS = 0.05  # after the end of a script, until its line is there


@dataclass(frozen=True)
class ScriptRun:
    """One run of a page's script in the app, as the app's own stopwatch has it."""

    kind: str  # `rerun` of the whole page, or `tick` of a fragment alone
    page: str
    seconds: float  # from taking up the request to the end of the script
    processor_seconds: float  # of its thread


class TimedApp(AppProcess):
    """The app, private, on `folder/runs`; its script runs are in its log."""

    def __init__(self, folder: Path, *, timed: bool = True):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a second start is to find bytecode
        server = {"server": ("-m", "tests.benchmarks.timed_server")} if timed else {}
        super().__init__(
            folder, free_port(), public=False, session_seconds=SESSION_SECONDS, **server
        )
        self.store = RunStore(self.runs)
        self._read = 0  # characters of the log

    def tab(self) -> Tab:
        return Tab(self.url, lambda kind, seconds: None, _fail)

    async def script_runs(self, kind: str) -> list[ScriptRun]:
        """Those of a kind that ended since the last call."""
        await asyncio.sleep(_PRINT_SECONDS)
        text = self.log.read_text(errors="replace")
        whole = text.rfind("\n") + 1  # what follows is being written
        lines, self._read = text[self._read : whole].splitlines(), whole
        found = [ScriptRun(**json.loads(line)) for line in lines if line.startswith("{")]
        return [run for run in found if run.kind == kind]

    async def settle(self) -> None:
        """Wait until the warm worker is ready and the app has nothing to do."""
        used, workers = self._used(), self.workers()
        async with asyncio.timeout(120):
            while True:
                await asyncio.sleep(2.0)
                before, used, known, workers = used, self._used(), workers, self.workers()
                if len(workers) == 1 and workers == known and used - before < 0.1:
                    return

    async def end_spare(self) -> None:
        """Kill the warm worker; the next is started some seconds later, or for the next run."""
        for worker in self.workers():
            worker.kill()
        while self.workers():
            await asyncio.sleep(0.02)

    async def share_of_a_core(self, seconds: float) -> float:
        """What the app and its processes use of one core for so long."""
        before, began = self._used(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self._used() - before) / (time.monotonic() - began)

    def _used(self) -> float:
        """Processor seconds of the app and its processes so far."""
        times = [child.cpu_times() for child in self._seen.children(recursive=True)]
        return self.processor_seconds() + sum(used.user + used.system for used in times)


def _fail(text: str) -> None:
    raise AppFault(text)


@dataclass(frozen=True)
class Figure:
    """A line of the table: what was asked for, and what it took, in seconds."""

    name: str
    asked: float
    share: float  # of the values that are to keep what was asked
    seconds: list[float]
    processor_seconds: list[float]

    @classmethod
    def of(cls, name: str, asked: float, runs: Iterable[ScriptRun], share: float = 0.95):
        runs = list(runs)
        if not runs:
            raise AppFault(f"{name}: nothing was measured")
        used = [run.processor_seconds for run in runs]
        return cls(name, asked, share, [run.seconds for run in runs], used)

    @property
    def is_kept(self) -> bool:
        return percentile(self.seconds, self.share) <= self.asked

    def line(self) -> str:
        median, high = _pair(self.seconds)
        used = " / ".join(_pair(self.processor_seconds)) if self.processor_seconds else "–"
        asked = f"{1000 * self.asked:,.0f}"
        return (
            f"| {self.name} | {len(self.seconds)} | {asked} | {median} / {high} | {used} "
            f"| {'yes' if self.is_kept else '**no**'} |"
        )


HEAD = (
    "| | n | asked, ms | measured, ms: p50 / p95 | of it processor | kept |",
    "|---|--:|--:|--:|--:|---|",
)


def _pair(seconds: list[float]) -> tuple[str, str]:
    return tuple(f"{1000 * percentile(seconds, share):,.1f}" for share in (0.5, 0.95))
