"""A run that is paused, resumed, killed together with the app, and resumed again."""

import os
import re
import signal

import pytest

from core.runs import RunStore
from tests.browser.conftest import Server

pytest.importorskip("playwright.sync_api")
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def shown(page, text):
    expect(page.get_by_text(re.compile(text)).first).to_be_visible(timeout=60_000)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True).first


def kill_all(server: Server, pid: int) -> None:
    """The app first, so that it sees nothing, then the worker: as when the power goes."""
    server._process.send_signal(signal.SIGKILL)
    server._process.wait()
    os.kill(pid, signal.SIGKILL)


def test_a_run_is_paused_resumed_killed_with_the_app_and_offered_again(server, visitor):
    page = visitor(f"{server.url}/train?v=1&training.epochs=10000")
    button(page, "Start training").click()
    shown(page, r"Epoch \d+ of 10,000")
    button(page, "Pause").click()
    shown(page, r"Paused .*goes on (from there|with|within)")
    (summary,) = RunStore(server.runs).list()
    assert summary.state == "paused"
    paused_at = len(RunStore(server.runs).open(summary.id).history())

    other = visitor(page.url)  # in another window, which nobody touches
    shown(other, r"Paused .*goes on (from there|with|within)")
    button(page, "Resume").click()
    shown(page, "Taken up")
    shown(other, "Taken up")
    shown(page, r"Epoch \d+ of 10,000")
    run = RunStore(server.runs).open(summary.id)
    epochs = [row["epoch"] for row in run.history()]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) >= paused_at

    kill_all(server, run.status().pid)
    server.start()
    page = visitor(f"{server.url}/train")
    shown(page, "1 run was interrupted")
    button(page, "Resume").click()
    page.wait_for_url(re.compile(f"run={run.id}"))
    shown(page, "Taken up")
    button(page, "Cancel").click()
    shown(page, "[Cc]ancelled")
    kept = [row["epoch"] for row in run.history()]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= len(epochs) - 1  # a kill may cost the epoch whose checkpoint it forestalled
