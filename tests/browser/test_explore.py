"""What is only seen in a real browser: a click on the map of errors, and the replay of epochs."""

import re
import time

import pytest

from core.runs import RunStore
from tests.browser.conftest import Server
from tests.browser.test_whole_path import expect, wait_until_idle
from tests.fake_runs import make_run

pytestmark = pytest.mark.browser

LENGTHS = {"map": 4, "short": 24, "long": 200}  # epochs of runs
WINDOW = re.compile(r"^Window \d")
# As on a slow machine: the browser sends a click later than the next tick of a timer of the page.
CLICK_AND_SEND_IT_LATE = """name => {
    const real = window.setTimeout
    window.setTimeout = (work, wait, ...given) => real(work, Math.max(wait ?? 0, 1500), ...given)
    document.querySelector(name).click()
    window.setTimeout = real
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Addresses of runs that were there before the server was."""
    server = Server(tmp_path_factory.mktemp("explore") / "runs")
    store = RunStore(server.runs)
    runs = {name: make_run(store, name=name, epochs=epochs) for name, epochs in LENGTHS.items()}
    server.start()
    yield {name: f"{server.url}/reconstructions?run={run.id}" for name, run in runs.items()}
    server.stop()


def click_map(page, across: float, has_worked) -> None:
    """Click the first channel of the map, at a share of its width.

    A chart that has just come into view is drawn, and may move, before it answers.
    """
    marks = page.locator("[class*=st-key-by-step]").locator("canvas, svg.marks").first
    for _ in range(5):
        wait_until_idle(page)
        width = marks.bounding_box()["width"]
        marks.click(position={"x": across * width, "y": 60})
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if has_worked():
                return
            page.wait_for_timeout(50)
    raise AssertionError("a click on the map of errors changes nothing")


def height_of_replay(page) -> float:
    """Pixels from the heading of the replay to the one that follows."""
    top, bottom = (
        page.get_by_role("heading", name=name).bounding_box()["y"]
        for name in ("How it learned", "Training")
    )
    return bottom - top


def test_a_click_on_the_map_leads_to_the_worst_windows(pages, visitor):
    page = visitor(pages["map"])
    expect(page.get_by_role("heading", name="Where the errors are")).to_be_visible()
    wait_until_idle(page)
    assert page.get_by_role("button", name=WINDOW).count() == 0
    buttons = page.get_by_role("button", name=WINDOW)
    click_map(page, 0.6, lambda: buttons.count() == 5)
    sentence = page.get_by_text(re.compile("largest MAE of channel 1"))
    first = sentence.inner_text()
    wanted = buttons.nth(1).inner_text().removeprefix("Window ").strip()
    buttons.nth(1).click()
    expect(page.get_by_role("spinbutton", name="Window")).to_have_value(wanted)
    expect(page.get_by_text(re.compile(f"Window {wanted} of 10"))).to_be_visible()
    marked = page.get_by_label("channel 1: original and reconstruction").locator(".mark-rect path")
    expect(marked).to_have_count(1)
    click_map(page, 0.9, lambda: sentence.inner_text() != first)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(buttons).to_have_count(0)
    click_map(page, 0.9, lambda: buttons.count() == 5)  # the same cell again
    assert page.get_by_test_id("stException").count() == 0


def test_the_replay_plays_to_its_end_and_stops(pages, visitor):
    page = visitor(pages["short"])
    slider = page.get_by_role("slider", name="Epoch")
    slider.scroll_into_view_if_needed()
    expect(page.get_by_text(re.compile("^Epoch 24"))).to_be_visible()
    slider.press("Home")
    expect(page.get_by_text(re.compile("^Epoch 1 "))).to_be_visible()
    wait_until_idle(page)
    before = height_of_replay(page)
    began = time.monotonic()
    page.get_by_role("button", name="Play").click()
    seen = set()
    while page.get_by_role("button", name="Pause").count() or not seen:
        seen.add(page.locator("strong", has_text="Epoch").first.inner_text())
        assert abs(height_of_replay(page) - before) < 2  # nothing jumps
        page.wait_for_timeout(60)
        assert time.monotonic() - began < 60
    expect(page.get_by_text(re.compile("^Epoch 24"))).to_be_visible()
    assert len(seen) >= 4  # a busy machine leaves out some
    wait_until_idle(page)
    page.wait_for_timeout(1000)  # the timer is gone: nothing moves on
    slider.press("ArrowLeft")
    expect(page.get_by_text(re.compile("^Epoch 23"))).to_be_visible()
    page.wait_for_timeout(1000)
    expect(page.get_by_text(re.compile("^Epoch 23"))).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0


def test_the_replay_pauses(pages, visitor):
    page = visitor(pages["long"])
    expect(page.get_by_text(re.compile("^Epoch 200"))).to_be_visible()
    wait_until_idle(page)
    title = page.locator("strong", has_text="Epoch").first
    page.get_by_role("button", name="Play").click()
    expect(title).not_to_have_text(re.compile("^Epoch (1|200)$"))
    page.evaluate(CLICK_AND_SEND_IT_LATE, ".st-key-replay_play button")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    wait_until_idle(page)
    page.wait_for_timeout(2000)  # what was on its way is drawn
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    stopped = title.inner_text()
    page.wait_for_timeout(1500)
    assert title.inner_text() == stopped
    assert stopped != "Epoch 200"
