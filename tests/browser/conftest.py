"""A server with a runs folder of its own, and a real browser in front of it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# The shell draws the same pages without a window around them, in less time.
CHROMIUM = os.environ.get("LAB_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))), "chromium"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Server:
    """`streamlit run app.py` on a free port; `restart` keeps port and runs folder."""

    def __init__(self, runs: Path, **environment: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.runs = runs
        self._environment = environment
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.port", str(self.port), "--server.headless", "true"),
            ],
            cwd=ROOT,
            env={**os.environ, "LAB_RUNS": str(self.runs), **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("the server did not start within 60 s")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def restart(self) -> None:
        self.stop()
        self.start()


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "runs")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """For what does not need a server that was just started."""
    server = Server(tmp_path_factory.mktemp("shared") / "runs")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def _context(chromium, width: int, height: int):
    """A browser without memory. Nothing moves by itself in it: to draw that takes a core."""
    context = chromium.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    return context


@pytest.fixture
def visitor(chromium):
    """Opens addresses, each time as a new visitor with no memory of the ones before."""
    contexts = []

    def visit(address: str, width: int = 1280, height: int = 800):
        contexts.append(context := _context(chromium, width, height))
        page = context.new_page()
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def reader(chromium):
    """A page of one visitor, who keeps what was loaded: for many addresses one after the other."""
    context = _context(chromium, 1280, 800)
    yield context.new_page()
    context.close()
