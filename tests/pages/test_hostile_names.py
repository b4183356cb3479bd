"""Names that visitors and files give, on every page: shown as they are, never as Markdown."""

import re

import numpy as np
import pytest

from core import session
from core.config import DataConfig, ExperimentConfig, TrainingConfig
from core.signals.recording import Recording
from core.signals.store import save
from tests import fake_runs
from tests.fake_runs import Lab, make_run

pytestmark = pytest.mark.slow

# Short enough to be shown whole: what is cut off could hide what is wrong.
HOSTILE = ":red[H] ![h](//h.h) $h$ <b>H"
UNIT = ":red[U]$u$<b>"
MARKUP = re.compile(r":red\[|!\[h|\]\(//|\$[hu]\$|<b>")
# Fields of Streamlit's messages that the browser reads as Markdown, whatever the element.
MARKDOWN = {"body", "label", "help", "tooltip", "content", "caption", "text", "header", "delta"}
# Elements that show a text as it is; what is given to `st.html`, the legend, is escaped there.
PLAIN = {
    "html",
    "text",
    "code",
    "text_input",
    "arrow_data_frame",
    "vega_lite_chart",
    "arrow_vega_lite_chart",
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(fake_runs, "UNIT", UNIT)
    return Lab(tmp_path, monkeypatch)


def recording(lab):
    """A stored recording whose every name is hostile."""
    time = np.arange(3000)[:, None]
    values = np.concatenate([np.sin(time / 9), 200 + 50 * np.cos(time / 31)], axis=1)
    made = Recording(
        values=values,
        channel_names=(HOSTILE, f"{HOSTILE}2"),
        name=HOSTILE,
        unit=UNIT,
        labels={HOSTILE: np.array([HOSTILE] * 3000)},
        notes=(f"The column {HOSTILE} was renamed.",),
    )
    return DataConfig(source="file", name=HOSTILE, sha256=save(made, lab.store.data_folder))


def strings(message, path=()):
    """Every text of a protobuf message, with the names of the fields that lead to it."""
    for field, value in message.ListFields():
        here = (*path, field.name)
        items = list(value) if hasattr(value, "append") or hasattr(value, "add") else [value]
        for item in items:
            if isinstance(item, str):
                yield here, item
            elif hasattr(item, "ListFields"):
                yield from strings(item, here)


def nodes(block):
    yield block
    for child in getattr(block, "children", {}).values():
        yield from nodes(child)


def interpreted(page):
    """Texts with a hostile mark that the browser would read as Markdown: where, and what."""
    found = []
    for node in nodes(page._tree):
        proto = getattr(node, "proto", None)
        if proto is None or not hasattr(proto, "ListFields") or node.type in PLAIN:
            continue
        for path, text in strings(proto):
            escaped = node.type == "html"  # see the legend, which escapes what it is given
            if (
                not escaped
                and path[-1] in MARKDOWN
                and MARKUP.search(re.sub(r"\\[^\w\s]", "", text))
            ):
                found.append((node.type, ".".join(path), text[:160]))
    return found


def names_shown(page):
    """How often a hostile name is on the page at all."""
    texts = [
        text
        for node in nodes(page._tree)
        if hasattr(getattr(node, "proto", None), "ListFields")
        for _, text in strings(node.proto)
    ]
    return sum("h.h" in text.replace("\\", "") for text in texts)


def changed(lab):
    return {"data": recording(lab).model_dump(mode="json"), "name": HOSTILE}


def check(page):
    page.run()
    assert not page.exception
    assert interpreted(page) == []
    return names_shown(page)


@pytest.mark.parametrize("stem", ["data", "output", "explain", "train"])
def test_a_recording_with_hostile_names(lab, stem):
    config = ExperimentConfig(
        name=HOSTILE, data=recording(lab), training=TrainingConfig(batch_size=8)
    )
    page = lab.open(stem)
    page.query_params.update(config.to_query())
    assert check(page) > 0


@pytest.mark.parametrize("state", ["finished", "running", "failed", "cancelled", "paused"])
def test_a_run_with_hostile_names(lab, state):
    names = (HOSTILE, f"{HOSTILE}2")
    reason = f"The file {HOSTILE} has gone." if state in ("failed", "cancelled") else ""
    make_run(
        lab.store, state, name=HOSTILE, changes=changed(lab), channel_names=names, reason=reason
    )
    for stem in ("reconstructions", "train"):
        page = lab.open(stem, run=lab.store.list()[0].id)
        assert check(page) > 0


def test_compared_runs_with_hostile_names(lab, monkeypatch):
    monkeypatch.setattr("core.views.run_table.selected", lambda rows, opened: list(rows))
    for number in range(2):
        make_run(
            lab.store,
            name=f"{HOSTILE}{number}",
            changes=changed(lab) | {"training.seed": number},
            channel_names=(HOSTILE, f"{HOSTILE}2"),
        )
    page = lab.open("runs")
    assert check(page) > 0
    page.session_state["runs_to_delete"] = [run.id for run in lab.store.list()]
    assert check(page) > 0


def test_the_start_and_the_sidebar(lab):
    page = lab.open("start")
    page.query_params.update(ExperimentConfig(data=recording(lab)).to_query())
    assert check(page) > 0


def test_the_check_sees_what_is_interpreted():
    from streamlit.testing.v1 import AppTest

    def bad():
        import streamlit as st

        st.metric("A", "1 :red[U]")
        st.caption(r"\:red\[H\] is fine")
        st.segmented_control("B", ["![h](x)"])

    page = AppTest.from_function(bad).run()
    assert {kind for kind, _, _ in interpreted(page)} == {"metric", "button_group"}


def test_a_name_keeps_its_letters():
    assert re.sub(r"\\(.)", r"\1", session.literal(HOSTILE)) == HOSTILE
