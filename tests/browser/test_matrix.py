"""The matrix in a real browser: a click on a cell chooses its pair; cells fill as they train."""

import re

import pytest

from core.runs import RunStore
from tests.browser.test_whole_path import choose, expect, wait_until_idle

pytestmark = pytest.mark.browser

TINY = (
    "v=1&data.time_steps=2000&data.channels=2&windows.window_length=20&windows.stride=20"
    "&training.epochs=2&training.batch_size=16&model.filters=4&model.latent_channels=2"
    "&model.pooling_steps=1"
)


def cell(page, method, activation):
    """The cell of a pair: the unseen one on top, which takes the clicks."""
    return page.locator(f'path[aria-label^="{method} and {activation}:"]')


def click_cell(page, method, activation):
    found = cell(page, method, activation)
    expect(found).to_be_attached()
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def expect_pair(page, normalization, activation):
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text(re.compile(f"Normalization: {normalization}"))).to_be_visible()
    expect(sidebar.get_by_text(re.compile(f"Output: {activation}$"))).to_be_visible()


def test_a_click_on_a_cell_chooses_its_pair_again_and_again(shared_server, visitor):
    page = visitor(f"{shared_server.url}/output?{TINY}", height=1500)
    expect_pair(page, "standard", "Linear")
    click_cell(page, "Min-max to 0…1", "Tanh")
    expect_pair(page, "min-max to 0…1", "Tanh")
    expect(page.get_by_role("combobox", name=re.compile("Output activation"))).to_have_value(
        re.compile("Tanh")
    )
    click_cell(page, "None", "ReLU")
    expect_pair(page, "none", "ReLU")
    expect(page.get_by_text(re.compile("Impossible")).first).to_be_visible()
    wait_until_idle(page)
    click_cell(page, "None", "ReLU")  # chosen already: nothing happens
    choose(page, "Output activation", re.compile("^Linear"))
    expect_pair(page, "none", "Linear")
    wait_until_idle(page)
    click_cell(page, "None", "ReLU")  # the cell that was clicked last counts again
    expect_pair(page, "none", "ReLU")


def test_cells_fill_as_they_train(server, visitor):
    page = visitor(f"{server.url}/output?{TINY}", height=1500)
    page.get_by_text("Train the matrix").click()
    for label, drop in (
        ("Normalizations", ("Min-max to −1…1", "Standard (z-score)", "Signed log(1 + |x|)")),
        ("Output activations", ("Tanh", "ReLU", "Leaky ReLU", "Softplus")),
    ):
        box = page.get_by_test_id("stMultiSelect").filter(has_text=label)
        for name in drop:
            box.get_by_text(name, exact=True).locator("..").get_by_role("button").click()
            wait_until_idle(page)
    page.get_by_role("button", name="Train 4 cells").click()
    expect(page.get_by_role("button", name=re.compile("Cancel what waits"))).to_be_visible()
    # A click counts also while the heat map is drawn anew every other second.
    click_cell(page, "None", "Sigmoid")
    expect_pair(page, "none", "Sigmoid")
    expect(page.get_by_text("Trained so far (4 of 70)")).to_be_visible(timeout=120_000)
    expect(cell(page, "None", "Sigmoid")).to_have_attribute(
        "aria-label", re.compile("MAE reached validation [0-9]")
    )
    expect(page.get_by_role("button", name=re.compile("Cancel what waits"))).to_have_count(0)
    runs = [run for run in RunStore(server.runs).list() if run.state == "finished"]
    assert {run.name for run in runs} == {
        "matrix: none · sigmoid",
        "matrix: none · linear",
        "matrix: minmax, per channel · sigmoid",
        "matrix: minmax, per channel · linear",
    }


def test_the_matrix_fits_a_phone(shared_server, visitor):
    page = visitor(f"{shared_server.url}/output?{TINY}", width=390, height=844)
    first, last = cell(page, "None", "Sigmoid"), cell(page, "None", "Linear")
    expect(first).to_be_attached()
    assert first.bounding_box()["width"] > 24
    box = last.bounding_box()
    assert box["x"] + box["width"] <= 390
