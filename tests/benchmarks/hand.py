"""How quick the app is to the hand while a run trains: `python -m tests.benchmarks.hand`.

Drives the app in Chromium: from the click on Start to the first training step (several runs with
the warm worker), then reruns of every page and ticks of the live view while a run trains. Prints a
table; takes about three minutes.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.runs import RunStore
from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, Server

CLICKS = 5
RERUNS = 12
TICK_SECONDS = 30


class TimedServer(Server):
    """The server of the browser tests, with a stopwatch in it."""

    def start(self) -> None:
        self.lines: list[dict] = []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.benchmarks.timed_server"),
                *("--server.port", str(self.port), "--server.headless", "true"),
            ],
            cwd=ROOT,
            env={**os.environ, "LAB_RUNS": str(self.runs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait_until_healthy()

    def _listen(self) -> None:
        for line in self._process.stdout:
            if line.startswith("{"):
                self.lines.append(json.loads(line))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def row(name: str, seconds: list[float], limit_ms: float) -> str:
    median, high = (1000 * percentile(seconds, share) for share in (0.5, 0.95))
    return f"{name:<44} {len(seconds):>4}  {median:8.1f}  {high:8.1f}  {limit_ms:8.0f}"


def start_run(page: Page, url: str, epochs: int, seed: int) -> str:
    page.goto(f"{url}/train?v=1&training.epochs={epochs}&training.seed={seed}")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    return page.url.rpartition("run=")[2][:32]


def measure_clicks(page: Page, server: Server, store: RunStore) -> list[float]:
    """Seconds from the submission to the end of the first training step, by the worker's record."""
    seconds = []
    for seed in range(CLICKS):
        time.sleep(12)  # the next warm worker is ready by then
        run = store.open(start_run(page, server.url, 2, seed))
        while run.is_active:
            if first := run.progress().get("first_step_seconds"):
                seconds.append(first)
                break
            time.sleep(0.02)
        while run.is_active:
            time.sleep(0.1)
    return seconds


def measure_page(
    page: Page, server: TimedServer, act: Callable[[int], None], kind: str
) -> list[dict]:
    """The script runs that acting on a page again and again causes, the first one left out."""
    act(0)
    page.wait_for_timeout(1500)
    before = len(server.lines)
    for number in range(RERUNS):
        act(number + 1)
        page.wait_for_timeout(700)
    return [line for line in server.lines[before:] if line["kind"] == kind]


def spin(page: Page, label: str) -> Callable[[int], None]:
    """Change a number on the page, up and down."""

    def act(number: int) -> None:
        field = page.get_by_role("spinbutton", name=label).first
        field.fill(str(int(float(field.input_value())) + (1 if number % 2 else -1)))
        field.press("Enter")

    return act


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        server = TimedServer(Path(folder) / "runs")
        server.start()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        try:
            page.goto(server.url)
            store = RunStore(server.runs)
            clicks = measure_clicks(page, server, store)
            finished = store.list()[-1].id
            running = start_run(page, server.url, 10_000, 0)
            page.get_by_text(re.compile(r"Epoch \d+ of")).first.wait_for()
            before = len(server.lines)
            page.wait_for_timeout(1000 * TICK_SECONDS)
            ticks = [line for line in server.lines[before:] if line["kind"] == "tick"]
            rows = [
                row("click to first step (warm worker)", clicks, 1000),
                row("live tick while training", [t["seconds"] for t in ticks], 50),
                row("  its processor time", [t["processor_seconds"] for t in ticks], 50),
            ]
            for stem, query, label, kind in (
                ("data", "", "Window length", "rerun"),
                ("train", f"?run={running}", "Patience", "rerun"),
                ("reconstructions", f"?run={finished}", "Window", "tick"),  # a fragment
            ):
                page.goto(f"{server.url}/{stem}{query}")
                page.get_by_role("spinbutton", name=label).first.wait_for()
                lines = measure_page(page, server, spin(page, label), kind)
                rows.append(row(f"{kind} of {stem}", [line["seconds"] for line in lines], 100))
                used = [line["processor_seconds"] for line in lines]
                rows.append(row("  its processor time", used, 100))
            for stem in ("start", "output", "runs", "reconstructions"):
                address = server.url + ("/" if stem == "start" else f"/{stem}")
                page.goto(address)
                page.wait_for_timeout(3000)
                before = len(server.lines)
                for _ in range(RERUNS):
                    page.keyboard.press("r")  # Streamlit's own key for a rerun
                    page.wait_for_timeout(700)
                lines = [line for line in server.lines[before:] if line["kind"] == "rerun"]
                if lines:
                    rows.append(row(f"rerun of {stem}", [line["seconds"] for line in lines], 100))
                    used = [line["processor_seconds"] for line in lines]
                    rows.append(row("  its processor time", used, 100))
            print(f"{'':<44} {'n':>4}  {'p50 ms':>8}  {'p95 ms':>8}  {'limit':>8}")
            print(*rows, sep="\n")
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", end="; ")
            print(f"median click {statistics.median(clicks):.2f} s")
        finally:
            for summary in RunStore(server.runs).list():
                if summary.is_active:
                    RunStore(server.runs).open(summary.id).request_cancel()
            time.sleep(2)
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
