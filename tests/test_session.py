"""The session: the draft, links, names from outside, and what is found again."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from streamlit.runtime.context import StreamlitHeaders
from streamlit.testing.v1 import AppTest

from core import runs, session
from core.config import PRESETS, DataConfig, ExperimentConfig
from core.session import data as session_data
from core.session import links, shell, visitor
from core.signals.recording import Recording
from core.web import COOKIE
from tests.fake_runs import Lab, make_run, shown_text


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def fields():
    """A page with two bound fields, one of which can be hidden."""
    import streamlit as st

    from core import session

    session.bound(st.number_input, "Epochs", "training.epochs", min_value=-5)
    if not st.checkbox("hide", key="hide"):
        session.bound(st.number_input, "Seed", "training.seed", min_value=0)
    if st.button("ten", key="ten"):
        session.change({"training.epochs": 10})
        st.rerun()
    config = session.experiment()
    st.text(f"{session.value('training.epochs')} {session.value('training.seed')} {config is None}")


def linked_fields():
    """A page where a change of one field sets another."""
    import streamlit as st

    from core import session

    session.bound(
        st.number_input,
        "Epochs",
        "training.epochs",
        min_value=1,
        then=lambda epochs: {"training.patience": epochs // 2},
    )
    session.bound(st.number_input, "Patience", "training.patience", min_value=0)
    st.text(f"{session.value('training.epochs')} {session.value('training.patience')}")


def widget(page, label):
    return next(item for item in page.number_input if item.label == label)


def test_a_hidden_field_keeps_its_value():
    page = AppTest.from_function(fields).run()
    widget(page, "Seed").set_value(7)
    page.run()
    page.checkbox(key="hide").check().run()
    assert page.text[0].value == "20 7 False"
    page.checkbox(key="hide").uncheck().run()
    assert widget(page, "Seed").value == 7


def test_a_faulty_field_is_explained_and_kept_as_typed():
    page = AppTest.from_function(fields).run()
    widget(page, "Epochs").set_value(-3)
    page.run()
    assert page.text[0].value == "-3 0 True"
    assert "at least 1" in page.caption[0].value


def test_a_change_from_outside_shows_in_the_widget():
    page = AppTest.from_function(fields).run()
    widget(page, "Epochs").set_value(3)
    page.run()
    page.button(key="ten").click().run()
    assert widget(page, "Epochs").value == 10
    assert page.text[0].value == "10 0 False"


def test_a_field_that_follows_from_another_is_shown_as_it_is():
    page = AppTest.from_function(linked_fields).run()
    widget(page, "Epochs").set_value(8)
    page.run()
    assert page.text[0].value == "8 4"
    assert widget(page, "Patience").value == 4
    widget(page, "Patience").set_value(3)
    page.run()
    assert page.text[0].value == "8 3"


def test_a_field_that_follows_from_another_wins_over_an_edit_in_the_same_request():
    page = AppTest.from_function(linked_fields).run()
    widget(page, "Epochs").set_value(8)
    widget(page, "Patience").set_value(7)
    page.run()
    assert not page.exception
    assert page.text[0].value == "8 4"
    assert widget(page, "Patience").value == 4


@pytest.mark.slow
def test_the_draft_survives_another_page(lab):
    page = lab.open("output").run()
    page.selectbox[0].set_value("relu").run()
    page.switch_page("pages/data.py").run()
    page.switch_page("pages/output.py").run()
    assert page.session_state["draft"]["model"]["output_activation"] == "relu"
    assert page.selectbox[0].value == "relu"


@pytest.mark.slow
def test_a_link_fills_the_draft_once_and_later_edits_stay(lab):
    page = lab.open("output", **PRESETS["question"].to_query() | {"data.time_steps": "60000"}).run()
    assert page.session_state["draft"]["data"]["name"] == "question"
    page.selectbox[0].set_value("linear").run()
    assert page.session_state["draft"]["model"]["output_activation"] == "linear"


@pytest.mark.slow
def test_a_link_may_go_beyond_what_the_widgets_offer(lab):
    query = {
        "windows.validation_share": "0.7",
        "data.frequency_hz": "0.00001",
        "windows.split": "random",
        "normalization.clip_percentile": "7",
    }
    page = lab.open("data", v="1", **query).run()
    assert not page.exception
    assert page.slider[0].value == 0.7
    assert "random windows" in page.error[0].value.replace("\\", "")
    split = next(item for item in page.selectbox if item.label == "Validate on")
    split.set_value("auto").run()
    assert not page.error
    page.switch_page("pages/output.py").run()
    assert not page.exception
    assert "at 7 and 93 %" in page.selectbox[3].options


def test_a_faulty_link_changes_nothing_and_says_why(lab):
    page = lab.open("start", v="1", **{"training.epochs": "0", "nonsense": ":red[x]"}).run()
    assert not page.exception
    said = page.error[0].value.replace("\\", "")
    assert "nothing was changed" in said
    assert "Epochs: It must be at least 1. Received: '0'" in said
    assert "There is no such field" in said
    config = ExperimentConfig.model_validate(page.session_state.get("draft") or {})
    assert config == ExperimentConfig()


def test_a_link_round_trip(monkeypatch):
    config = PRESETS["question"].replace({"name": "a & b=c #1", "model.filters": (8, 4)})
    address = session.link("reconstructions", config.to_query())
    parts = urlsplit(address)
    assert parts.path == "/reconstructions"
    assert ExperimentConfig.from_query(dict(parse_qsl(parts.query))) == config


@pytest.mark.parametrize(
    ("opened", "told", "path"),
    [
        ("/", "", "/train"),
        ("/runs", "", "/train"),
        ("/lab/explain", "", "/lab/train"),  # a proxy's own part
        ("/data/runs/", "", "/data/train"),
        ("/runs/", "runs", "/runs/train"),  # the first page of a server below /runs
        ("/data/runs/explain", "/data/runs/", "/data/runs/train"),
    ],
)
def test_a_link_keeps_what_stands_before_the_page(monkeypatch, opened, told, path):
    monkeypatch.setattr(links.st, "context", SimpleNamespace(url=f"https://lab.example{opened}"))
    monkeypatch.setattr(links.st, "get_option", {"server.baseUrlPath": told}.get)
    assert session.link("train", {"a": "b"}) == f"https://lab.example{path}?a=b"
    assert urlsplit(session.link("start", {})).path == path.removesuffix("train")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain name", "plain name"),
        ("$a$", r"\$a\$"),
        (":red[x]", r"\:red\[x\]"),
        ("![](http://x)", "\\!\\[\\]\\(http\u2060\\://x\\)"),
        ("WWW.x.y", "WWW\u2060\\.x\\.y"),  # no browser makes a link of it
        ("a@x.y", "a\u2060\\@x\\.y"),
        ("<b>", r"\<b\>"),
        ("# a\n\n- b", r"\# a \- b"),
        ("a\u202eb\x00", "a b"),
        ("", "(no name)"),
    ],
)
def test_names_from_outside_are_literal(given, shown):
    assert session.literal(given) == shown


def test_long_names_are_shortened():
    assert session.literal("x" * 500, 20) == "x" * 19 + "…"


def test_faulty_fields_are_named_as_one_or_as_many():
    one, two = session.faulty_fields({"data": ""}), session.faulty_fields({"data": "", "model": ""})
    assert one == "A field of the experiment has a fault: data"
    assert two == "Fields of the experiment have faults: data, model"


@pytest.mark.parametrize(
    ("method", "scope", "text"),
    [
        ("none", "channel", "Normalization: none"),
        ("log1p", "channel", "Normalization: signed log(1 + |x|)"),
        ("minmax", "channel", "Normalization: min-max to 0…1, per channel"),
        ("standard", "global", "Normalization: standard (z-score), all channels together"),
    ],
)
def test_the_sidebar_names_a_scope_where_there_is_one(lab, method, scope, text):
    query = {"v": "1", "normalization.method": method, "normalization.scope": scope}
    page = lab.open("start", **query).run()
    assert text in page.sidebar.caption[0].value.split("  \n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Shorten windows.window_length, change windows.validation_share", None),
        ("training.batch_size=64 is more than the 9 windows", "Batch size 64 is more than the"),
        ("data.frequency_hz=60 is above 50 Hz", "Frequency (Hz) 60 is above 50 Hz"),
        ("data.csv: model.keras is no table; data.name.csv", "data.csv: model.keras is no table"),
    ],
)
def test_fields_in_a_fault_are_named_as_in_the_form(said, shown):
    shown = shown or "Shorten window length, change validation share"
    assert session.field_words(said).startswith(shown)


def test_the_newest_run_of_a_configuration_is_found(lab):
    config = PRESETS["question"]
    assert session.runs_of([config]) == [None]
    older, newer = (
        lab.store.create(config.replace({"name": name}).model_dump(mode="json"), name=name)
        for name in "ab"
    )
    make_run(lab.store, "queued")  # of another configuration
    assert session.runs_of([config])[0].id == newer.id
    newer.transition("paused")
    assert session.runs_of([config])[0].id == older.id  # which has results, or will
    newer.transition("cancelled", "Cancelled.")
    assert session.runs_of([config])[0].id == older.id
    older.transition("paused")
    assert session.runs_of([config])[0].id == older.id  # before one that was cancelled


def test_a_run_is_found_by_its_mark_and_by_its_configuration_where_it_has_none(lab, monkeypatch):
    config = PRESETS["question"]
    with monkeypatch.context() as patch:
        patch.setattr(runs, "mark", lambda config: {"experiment-of-another-version": "0"})
        old = lab.store.create(config.model_dump(mode="json"), name="old")
    assert session.runs_of([config])[0].id == old.id

    new = lab.store.create(config.model_dump(mode="json"), name="new")
    (new.folder / "config.json").unlink()  # so that nothing but its mark tells
    assert session.runs_of([config])[0].id == new.id


@pytest.mark.slow
def test_every_page_opens_and_names_the_experiment(lab):
    for stem in ("start", "data", "output"):
        page = lab.open(stem).run()
        assert not page.exception
        assert "Experiment in hand" in page.sidebar.caption[0].value
        assert shown_text(page)


# The range in view


def view():
    return session.VisibleRange("key", (0.0, 100.0), least=1.0)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ((20.0, 40.0), (20.0, 40.0)),
        ((-30.0, 10.0), (0.0, 40.0)),  # moved into the recording, as wide as asked
        ((90.0, 110.0), (80.0, 100.0)),
        ((50.0, 50.1), (49.55, 50.55)),  # no narrower than can be seen
        ((-50.0, 150.0), (0.0, 100.0)),
    ],
)
def test_a_range_from_outside_the_chart_is_kept_within_the_recording(asked, shown):
    seen = view()
    before = seen.chart_key("detail")
    seen.jump(*asked)
    assert seen.range == pytest.approx(shown)
    assert seen.chart_key("detail") != before  # the chart begins anew there


def test_what_was_panned_in_the_chart_is_in_view_and_the_chart_goes_on():
    seen = view()
    seen.jump(20.0, 40.0)
    before = seen.chart_key("detail")
    seen.moved_to = (25.0, 45.0)
    assert (seen.range, seen.start) == ((25.0, 45.0), (20.0, 40.0))
    assert seen.chart_key("detail") == before
    seen.jump(*seen.domain)
    assert (seen.range, seen.start) == (seen.domain, None)


def test_a_recording_is_opened_once_until_it_is_to_be_forgotten(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(session_data, "open_recording", lambda *what: opened.append(what) or what)
    session_data.forget_recordings()
    for _ in range(3):
        session.recording(DataConfig())
    assert len(opened) == 1
    session_data.forget_recordings()
    session.recording(DataConfig())
    assert len(opened) == 2
    session_data.forget_recordings()


def test_a_channel_is_prepared_for_drawing_once_however_many_ask(monkeypatch):
    long = Recording(np.zeros((2_000_000, 2), np.float32), ("a", "b"))
    monkeypatch.setattr(session_data, "recording", lambda data: long)
    with ThreadPoolExecutor(5) as visitors:
        asked = [visitors.submit(session.envelopes, DataConfig(), [0, 1]) for _ in range(5)]
        found = [one.result() for one in asked]
    session_data.forget_recordings()
    assert all(a is found[0][0] and b is found[0][1] for a, b in found)
    assert found[0][0] is not found[0][1]


def test_a_visitor_is_the_one_that_the_page_was_told_of(monkeypatch):
    """Of two cookies of the same name Streamlit knows the last alone."""
    secrets = ["a" * 43, "b" * 43]
    sent = "; ".join(f"{COOKIE}={secret}" for secret in secrets)
    monkeypatch.setattr(
        visitor, "st", Mock(context=Mock(headers=StreamlitHeaders([("cookie", sent)])))
    )
    visitor.st.session_state = {}
    assert visitor._secret() == secrets[0]


def test_what_is_in_work_is_looked_for_again_while_something_is(lab, monkeypatch):
    by_the_clock = []

    def fragment(drawn, run_every=None):
        by_the_clock.extend([drawn] * (run_every is not None))
        return drawn

    monkeypatch.setattr(shell.st, "fragment", fragment)
    page = lab.open("start").run()
    assert "in work" not in shown_text(page)
    assert not by_the_clock
    run = make_run(lab.store, "running")
    page.run()
    assert "1 run in work" in shown_text(page)
    [draw] = by_the_clock
    run.transition("finished")
    lab.store.listing()  # or what was listed half a second ago would do
    said = []
    monkeypatch.setattr(shell.st, "caption", said.append)
    draw()
    assert not said
