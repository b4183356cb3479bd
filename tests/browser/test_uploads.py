"""Uploads as a person makes them: one file, a broken one, and several dropped at once."""

import pytest

from tests.browser.test_whole_path import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def drop(page, *paths):
    """Drop files on the uploader, as from the desktop."""
    zone = page.get_by_test_id("stFileUploaderDropzone").bounding_box()
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for event in ("dragEnter", "dragOver", "drop"):
        place = {"x": zone["x"] + 100, "y": zone["y"] + 20}
        devtools.send("Input.dispatchDragEvent", {"type": event, "data": data} | place)


def test_88_of_several_files_one_is_read_and_the_others_are_refused(
    shared_server, visitor, tmp_path
):
    first, second, broken = (tmp_path / name for name in ("eins.csv", "zwei.csv", "kaputt.csv"))
    first.write_text("a;b\n" + "\n".join(f"{t % 7};{t % 5}" for t in range(2000)))
    second.write_text("x\n" + "\n".join(f"{t % 3}" for t in range(500)))
    broken.write_text("a,b\n1,2\n2,3,4,5\n")
    page = visitor(f"{shared_server.url}/data")
    page.get_by_text("Upload", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzone").wait_for()
    drop(page, first, second)
    expect(page.get_by_text("semicolon-separated")).to_be_visible()
    expect(page.get_by_text("2,000 × 2")).to_be_visible()
    page.get_by_text("zwei.csv").hover()
    expect(page.get_by_text("Only one file is allowed")).to_be_visible()
    drop(page, broken)
    expect(page.get_by_text("Line 3 has 4 fields")).to_be_visible()
    expect(page.get_by_text("Nothing was taken from this file")).to_be_visible()
    expect(page.get_by_text("2,000 × 2")).to_be_visible()  # what is still in use
