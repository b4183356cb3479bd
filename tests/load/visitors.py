"""Four kinds of visitors: they watch a live run, upload files, queue runs, or wander about."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import numpy as np

from tests.load.tab import Tab
from tests.load.widgets import number, texts

PAGES = ("data", "output", "explain", "train", "reconstructions", "runs", "start")

Visit = Callable[["Setting", Tab, random.Random], Awaitable[None]]


class VisitOver(Exception):
    """The time of all visits is up."""


class Setting:
    """What the visitors share: the run to watch, how long they stay and think.

    seconds: of a visit; thinking: the least and the greatest pause between two acts, in seconds.
    """

    def __init__(self, run_id: str, seconds: float, thinking: tuple[float, float]):
        self.run_id = run_id
        self._thinking = thinking
        self._end = asyncio.get_running_loop().time() + seconds

    async def think(self, chance: random.Random) -> None:
        """Pause until the next act. Raises VisitOver when the time is up.

        Whoever is thinking then leaves; all acting once more at that very moment would be a crowd
        in step that the clock of this test had made.
        """
        left = self._end - asyncio.get_running_loop().time()
        pause = chance.uniform(*self._thinking)
        await asyncio.sleep(max(0.0, min(left, pause)))
        if pause >= left:
            raise VisitOver


async def watch(setting: Setting, tab: Tab, chance: random.Random) -> None:
    """Look at the live run; its view asks for what is new by the clock."""
    await tab.open("train", f"run={setting.run_id}")
    while True:
        await setting.think(chance)


async def upload(setting: Setting, tab: Tab, chance: random.Random) -> None:
    """Upload a table, cut it in another way, upload the next one."""
    await tab.open("data")
    while True:
        source = tab.widget("source")
        if not tab.has_widget("uploader"):
            await tab.change(texts(source.id, ["Upload"]), "data: choose upload")
            await setting.think(chance)
        name = f"recording {chance.randrange(10**6)}.csv"
        await tab.upload("uploader", name, table(chance), "upload: read and shown")
        for _ in range(3):
            await setting.think(chance)
            field = tab.widget("windows.window_length")
            await tab.change(number(field, chance.randrange(50, 250)), "data: change a field")
        await setting.think(chance)


async def queue(setting: Setting, tab: Tab, chance: random.Random) -> None:
    """Set up a run, start it, watch it wait, cancel it; and again."""
    await tab.open("train")
    while True:
        await setting.think(chance)
        seed = number(tab.widget("training.seed"), chance.randrange(10**6))
        await tab.change(seed, "train: change a field")
        await setting.think(chance)
        await tab.click("start", "train: start a run")
        await setting.think(chance)
        cancel = [key for key in _cancel_keys(tab) if tab.query.endswith(key[-32:])]
        if cancel:
            await tab.click(cancel[0], "train: cancel the run")


async def wander(setting: Setting, tab: Tab, chance: random.Random) -> None:
    """Go from page to page."""
    await tab.open(chance.choice(PAGES[:-1]))
    while True:
        await setting.think(chance)
        page = chance.choice(PAGES)
        await tab.go(page, f"go to {page}")


def _cancel_keys(tab: Tab) -> list[str]:
    keys = [widget_id.split("-", 2)[-1] for widget_id in tab.widgets]
    return [key for key in keys if key.startswith("cancel-")]


def table(chance: random.Random, time_steps: int = 6000) -> bytes:
    """A table of two channels as CSV, some 200 kB, unlike any other."""
    values = np.random.default_rng(chance.randrange(2**32)).normal(size=(time_steps, 2))
    rows = "\n".join(f"{i / 100:.2f},{a:.6f},{b:.6f}" for i, (a, b) in enumerate(values.tolist()))
    return f"time,left,right\n{rows}\n".encode()


KINDS: dict[str, Visit] = {"watch": watch, "upload": upload, "queue": queue, "wander": wander}
