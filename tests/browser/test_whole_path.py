"""The main path in a real browser: upload, choose, train, see, share, open cold."""

import re

import numpy as np
import pytest

from core.runs import RunStore
from core.session import PAGES

pytestmark = pytest.mark.browser


def expect(locator):
    from playwright.sync_api import expect as playwright_expect

    playwright_expect.set_options(timeout=30_000)
    return playwright_expect(locator)


def choose(page, label, option):
    """Choose an option of a select box."""
    page.get_by_role("combobox", name=re.compile(label)).first.click()
    page.get_by_role("option", name=option).first.click()


def set_number(page, label, value):
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def wait_until_idle(page):
    """Until the page's script has run to its end."""
    page.wait_for_function(
        "!document.querySelector('[data-testid=stStatusWidget]')"
        " && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'running'"
    )


@pytest.mark.parametrize("stem", PAGES)
def test_an_address_opened_first_brings_the_whole_shell(server, visitor, stem):
    address = server.url + ("/" if stem == "start" else f"/{stem}")
    page = visitor(f"{address}?probe=1")
    for title, _, _ in PAGES.values():
        expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name=title)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert "probe=1" in page.url
    assert page.get_by_test_id("stException").count() == 0


def test_upload_choose_train_see_share_open_cold(server, visitor, tmp_path):
    time = np.arange(6000) / 50
    table = np.column_stack([time, 100 + 80 * np.sin(time), 40 * np.cos(3 * time)])
    np.savetxt(
        tmp_path / "pump.csv", table, delimiter=";", header="time_s;flow;pressure", comments=""
    )

    page = visitor(f"{server.url}/data")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(tmp_path / "pump.csv")
    expect(page.get_by_text("pump.csv").first).to_be_visible()
    expect(page.get_by_text(re.compile("semicolon")).first).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"24 windows to train, 6 to validate")).first
    ).to_be_visible()
    set_number(page, "Stride", 50)
    expect(
        page.get_by_text(re.compile(r"93 windows to train, 21 to validate")).first
    ).to_be_visible()

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Output").click()
    choose(page, "Output activation", re.compile("Sigmoid"))
    expect(page.get_by_text(re.compile("Impossible")).first).to_be_visible()
    choose(page, "Normalization", re.compile(r"Min-max to 0"))
    expect(page.get_by_text(re.compile("Impossible"))).to_have_count(0)

    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Train").click()
    set_number(page, "Batch size", 16)
    wait_until_idle(page)
    page.get_by_role("spinbutton", name="Epochs").fill("3")  # no Enter, no wait
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("link", name="See its reconstructions")).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="See its reconstructions").click()
    expect(page.get_by_role("heading", name="Reconstructions")).to_be_visible()
    expect(page.get_by_text("flow").first).to_be_visible()
    page.wait_for_url(re.compile(r"/reconstructions\?run=[0-9a-f]{32}"))
    link = page.url
    run_id = link.rpartition("=")[2]

    run = RunStore(server.runs).open(run_id)
    assert run.status().state == "finished"
    assert run.config()["normalization"]["method"] == "minmax"
    assert run.config()["model"]["output_activation"] == "sigmoid"
    assert run.config()["windows"]["stride"] == 50
    assert run.config()["training"]["epochs"] == 3
    assert run.config()["training"]["batch_size"] == 16
    assert len(run.history()) == 3

    server.restart()
    other = visitor(link)
    expect(other.get_by_role("heading", name="Reconstructions")).to_be_visible()
    expect(other.get_by_text("finished").first).to_be_visible()
    expect(other.get_by_text(re.compile("MAE, validation")).first).to_be_visible()
    expect(other.get_by_test_id("stSidebarNav")).to_be_visible()
    embedded = visitor(f"{link}&embed=true")
    expect(embedded.get_by_text(re.compile("MAE, validation")).first).to_be_visible()
    assert embedded.get_by_test_id("stSidebarNav").count() == 0
    assert embedded.get_by_role("button", name=re.compile("Delete|Edit")).count() == 0


def test_a_configuration_link_fills_the_form(shared_server, visitor):
    page = visitor(
        f"{shared_server.url}/train?v=1&training.epochs=7&model.filters=16,8&model.output_activation=tanh"
    )
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("7")
    expect(page.get_by_role("textbox", name="Filters")).to_have_value("16, 8")
    expect(page.get_by_text(re.compile("Tanh")).first).to_be_visible()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("v=1&training.epochs=many", "Epochs: It must be a whole number"),
        ("v=1&model.colour=red", "no such field"),
        ("v=9", "version"),
        ("run=" + "0" * 32, "There is no run"),
        ("run=../../etc", "There is no run"),
    ],
)
def test_a_link_that_does_not_fit_says_so(shared_server, reader, query, text):
    reader.goto(f"{shared_server.url}/train?{query}")
    expect(reader.get_by_text(re.compile(text)).first).to_be_visible()
    assert reader.get_by_test_id("stException").count() == 0


def test_a_run_outlives_its_browser_and_edits_outlive_pages(server, visitor):
    page = visitor(f"{server.url}/train?v=1&training.epochs=400&data.time_steps=40000")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{32}"))
    address = page.url
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 400")).first).to_be_visible(timeout=60_000)
    set_number(page, "Patience", 5)
    wait_until_idle(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Train").click()
    expect(page.get_by_role("spinbutton", name="Patience")).to_have_value("5")
    page.context.close()

    again = visitor(address)
    expect(again.get_by_text(re.compile(r"Epoch \d+ of 400")).first).to_be_visible()
    again.get_by_role("button", name="Cancel").first.click()
    expect(again.get_by_text(re.compile("cancelled")).first).to_be_visible()


@pytest.mark.parametrize("stem", PAGES)
def test_nothing_overflows_a_phone(shared_server, reader, stem):
    reader.set_viewport_size({"width": 390, "height": 844})
    reader.goto(shared_server.url + ("/" if stem == "start" else f"/{stem}"))
    expect(reader.get_by_role("heading", level=1)).to_be_visible()
    wait_until_idle(reader)
    assert reader.evaluate("document.scrollingElement.scrollWidth") <= 390
    main = reader.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth") <= 390
