"""A public demo with two visitors, each with a browser of the own."""

import re

import pytest

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

NAME = "Ann's run <b>x</b> :red[x]"


@pytest.fixture
def demo(tmp_path):
    server = Server(tmp_path / "runs", LAB_PUBLIC="1")
    server.start()
    yield server
    server.stop()


def opened(page, name):
    """Waits for a page of the app to be drawn."""
    page.get_by_role("heading", name=name, exact=True).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page


def go(page, address, name):
    page.goto(address)
    return opened(page, name)


def test_each_sees_the_own_runs_and_what_a_link_shows(demo, visitor):
    ann = opened(visitor(f"{demo.url}/train"), "Train")
    refused = []
    ann.on(
        "console", lambda said: refused.extend({said.text} if "Security Po" in said.text else ())
    )
    ann.get_by_label("Name of the run").fill(NAME)
    ann.get_by_label("Name of the run").press("Enter")
    opened(ann, "Train")
    ann.get_by_role("button", name="Start training").click()
    ann.wait_for_url(re.compile("run="))
    link = ann.url
    ann.get_by_text(NAME, exact=True).wait_for()
    ann.get_by_role("button", name="Cancel").wait_for()

    bob = opened(visitor(f"{demo.url}/runs"), "Runs")
    bob.get_by_text("There are no runs yet").wait_for()
    assert NAME not in bob.inner_text("body")
    go(bob, link, "Train")
    bob.get_by_text(NAME, exact=True).wait_for()
    assert bob.get_by_role("button", name="Cancel").count() == 0

    # The same browser again, in a session that was never given the link:
    ann.get_by_role("link", name="See its reconstructions").wait_for(timeout=60_000)
    go(ann, f"{demo.url}/runs", "Runs").get_by_role("textbox", name="Search").wait_for()
    ann.get_by_role("button", name="Public demo").click()
    ann.get_by_text("All my uploads and runs, for good").click()
    ann.get_by_role("button", name="Delete my data and runs").click()
    ann.get_by_text(re.compile("Removed: 1 run")).wait_for()
    go(bob, link, "Train")
    bob.get_by_text("There is no run with this link").wait_for()
    assert not refused
