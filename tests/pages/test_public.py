"""A public demo as its visitors see it: each page that is opened anew is another visitor."""

import time

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import session
from core.config import DataConfig, ExperimentConfig
from core.signals.recording import Recording
from core.signals.store import (
    last_used,
    note_use,
    origin,
    recording_key,
    save,
    stored_keys,
)
from tests.fake_runs import Lab, shown_text
from tests.pages.test_data import TABLE, draft, upload
from tests.pages.test_delete_file import delete_file

pytestmark = pytest.mark.slow

CONFIG = ExperimentConfig(data=DataConfig(time_steps=2000))


@pytest.fixture
def forged(monkeypatch):
    """Lets the test click what a browser shows as disabled, as a program can."""
    monkeypatch.setattr(
        "streamlit.testing.v1.element_tree.Widget._assert_can_interact", lambda self: None
    )


@pytest.fixture
def demo(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    return Lab(tmp_path, monkeypatch)


def start(page, name="Mine"):
    """Start a run on the page Train; returns its id."""
    next(w for w in page.text_input if w.key.startswith("name@")).set_value(name)
    page.button(key="start").click().run()
    assert not page.exception
    run_id = page.query_params["run"]
    return run_id if isinstance(run_id, str) else run_id[0]


def go(page, stem, **query):
    """The same visitor on another page."""
    page.query_params.clear()
    page.query_params.update(query)
    page = page.switch_page(f"pages/{stem}.py").run()
    assert not page.exception
    return page


def listed(page):
    return [row for frame in page.dataframe for row in frame.value.get("name", ())]


def keys(page):
    return {button.key for button in page.button}


def test_a_visitor_sees_the_own_runs_alone(demo):
    ann, bob = demo.open("train").run(), demo.open("train").run()
    run_id = start(ann)
    assert demo.store.open(run_id).status().owner
    assert "1 run in work" in shown_text(ann)
    assert listed(go(ann, "runs")) == ["Mine"]
    bob = go(bob, "runs")
    assert "There are no runs yet" in shown_text(bob)
    bob = go(bob, "train")
    text = shown_text(bob)
    assert "Mine" not in text
    assert "1 run of other visitors in work" in text
    assert "1 of other visitors" in text  # the sidebar
    bob = go(bob, "reconstructions")
    assert "There are no runs yet" in shown_text(bob)


def test_who_has_the_link_sees_the_run_and_cannot_change_it(demo):
    run_id = start(demo.open("train").run())
    bob = go(demo.open("train").run(), "train", run=run_id)
    assert "Mine" in shown_text(bob)
    assert not {f"cancel-{run_id}", f"pause-{run_id}"} & keys(bob)
    assert listed(go(bob, "runs")) == ["Mine"]  # the link is held from now on
    bob = go(bob, "reconstructions")
    assert "Mine" in shown_text(bob)


def test_who_has_the_link_of_a_comparison_sees_its_runs(demo):
    content = CONFIG.model_dump(mode="json")
    names = ("First", "Second", "Third")
    theirs = [demo.store.create(content, name=name, owner="a" * 64).id for name in names]
    bob = demo.open("train").run()
    assert listed(go(bob, "runs")) == []
    assert listed(go(bob, "runs", runs=f"{theirs[2]},{theirs[0]}")) == ["Third", "First"]
    assert listed(go(bob, "runs")) == ["Third", "First"]


def test_an_unknown_link_says_no_more_than_that(demo):
    bob = go(demo.open("train").run(), "reconstructions", run="f" * 32)
    assert "There is no run with this link" in shown_text(bob)


def selected(page, monkeypatch):
    """The page Runs with all its rows selected; a table of the test tool cannot be clicked."""
    monkeypatch.setattr("core.views.run_table.selected", lambda rows, opened: list(rows))
    return go(page, "runs")


def test_a_stranger_who_forges_clicks_changes_nothing(demo, monkeypatch):
    ann = demo.open("train").run()
    run_id = start(ann)
    demo.store.open(run_id).transition("cancelled")
    bob = selected(go(demo.open("train").run(), "train", run=run_id), monkeypatch)
    assert bob.button(key="runs_delete").disabled
    bob.session_state["runs_to_delete"] = [run_id]
    bob.run()
    bob.button(key="delete_sure").click().run()
    assert demo.store.open(run_id).status().name == "Mine"
    assert any("Only the visitor who started" in toast.value for toast in bob.toast)
    ann = selected(ann, monkeypatch)
    ann.button(key="runs_delete").click().run()
    ann.button(key="delete_sure").click().run()
    assert demo.store.list() == []


@pytest.mark.parametrize("command", ["cancel", "pause", "resume", "rename", "delete"])
def test_each_command_asks_whose_run_it_is(demo, command):
    ann = demo.open("train").run()
    run_id = start(ann)
    if command in ("resume", "delete"):
        demo.store.open(run_id).transition("paused")
    before = demo.store.open(run_id).status()

    def page(name, run_id):
        import streamlit as st

        from core.views import run_commands

        if not st.session_state.get("done"):
            st.session_state["done"] = True
            arguments = ("New",) if name == "rename" else ()
            getattr(run_commands, name)(run_id, *arguments)

    stranger = AppTest.from_function(page, args=(command, run_id), default_timeout=20).run()
    assert not stranger.exception
    assert any("Only the visitor who started" in toast.value for toast in stranger.toast)
    assert demo.store.open(run_id).status() == before
    owner = AppTest.from_function(page, args=(command, run_id), default_timeout=20)
    owner.session_state["visitor_secret"] = ann.session_state["visitor_secret"]
    owner.run()
    assert not owner.exception
    assert not owner.toast
    left = {run.id: run for run in demo.store.list()}
    assert run_id not in left or left[run_id].state != before.state or left[run_id].name == "New"


def test_the_matrix_knows_the_own_runs_alone(demo):
    ann = demo.open("train").run()
    run_id = start(ann)
    config = session.run_config(run_id)

    def page(text):
        import streamlit as st

        from core import session
        from core.config import ExperimentConfig

        (found,) = session.runs_of([ExperimentConfig.from_json(text)])
        st.text(found.id if found else "none")

    bob = AppTest.from_function(page, args=(config.to_json(),), default_timeout=20).run()
    assert bob.text[0].value == "none"
    again = AppTest.from_function(page, args=(config.to_json(),), default_timeout=20)
    again.session_state["visitor_secret"] = ann.session_state["visitor_secret"]
    assert again.run().text[0].value == run_id


# Data of others


def stored(demo, value=1.0):
    values = np.full((2000, 2), value) + np.arange(2000)[:, None] % 7
    recording = Recording(values=values, channel_names=("a", "b"), name="secret.csv")
    return DataConfig(source="file", name="x.csv", sha256=save(recording, demo.store.data_folder))


def link(data):
    return ExperimentConfig(data=data).to_query()


@pytest.mark.parametrize("stem", ["data", "output", "explain", "train"])
def test_the_key_of_anothers_recording_opens_nothing(demo, stem):
    known = stored(demo)
    unknown = known.model_copy(update={"sha256": "0" * 64})
    texts = []
    for data in (known, unknown):
        page = go(demo.open(stem).run(), stem, **link(data))
        texts.append(shown_text(page).replace(data.sha256, "KEY"))
    assert "is not in the data folder of this machine" in texts[0].replace("\\", "")
    assert texts[0] == texts[1]


def test_the_link_of_a_run_opens_its_data(demo):
    data = stored(demo)
    run = demo.store.create(
        ExperimentConfig(data=data).model_dump(mode="json"), name="theirs", owner="a" * 64
    )
    bob = go(demo.open("train").run(), "train", run=run.id)
    bob = go(bob, "data", **link(data))
    assert "is not in the data folder" not in shown_text(bob).replace("\\", "")
    assert "2,000 × 2" in shown_text(bob).replace("\\", "")


def test_the_link_of_a_run_on_other_data_opens_no_file_used_before_it(demo):
    data = stored(demo)
    left_over = data.model_copy(update={"source": "sample", "name": "ecg"})
    run = demo.store.create(
        ExperimentConfig(data=left_over).model_dump(mode="json"), name="theirs", owner="a" * 64
    )
    bob = go(demo.open("train").run(), "train", run=run.id)
    bob = go(bob, "data", **link(data))
    assert "is not in the data folder" in shown_text(bob).replace("\\", "")


def test_an_upload_is_its_visitors_until_it_is_deleted(demo):
    ann = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    assert not ann.exception
    assert not ann.error
    key = draft(ann)["data"]["sha256"]
    assert uploaded(demo) == [key]
    bob = go(demo.open("data").run(), "data", **link(DataConfig(**draft(ann)["data"])))
    assert "is not in the data folder" in shown_text(bob).replace("\\", "")
    assert len(list(demo.store.root.glob(".uploads/*/*/upload"))) == 1
    delete_file(ann)
    assert not ann.exception
    assert key not in stored_keys(demo.store.data_folder)
    assert "The file is deleted" in shown_text(ann)
    assert draft(ann)["data"]["sha256"] == ""
    assert not list(demo.store.root.glob(".uploads/*/*/upload"))
    assert not [path for path in demo.store.root.rglob("*") if key in path.name]


def test_data_in_hand_count_as_used(demo):
    data = stored(demo)
    note_use(data.sha256, demo.store.data_folder, at=1000.0)
    run = demo.store.create(
        ExperimentConfig(data=data).model_dump(mode="json"), name="theirs", owner="a" * 64
    )
    bob = go(demo.open("train").run(), "train", run=run.id)
    go(bob, "data", **link(data))
    assert last_used(data.sha256, demo.store.data_folder) > time.time() - 3600


def test_a_visitor_deletes_runs_and_data_at_once(demo):
    ann = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    ann = go(ann, "train")
    ann.button(key="fit-batch").click().run()  # the table is short
    run_id = start(ann)
    other = start(demo.open("train").run())
    assert ann.button(key="forget_all").disabled
    ann.checkbox(key="forget_sure").check().run()
    ann.button(key="forget_all").click().run()
    assert not ann.exception
    assert ann.button(key="forget_all").disabled
    assert [run.id for run in demo.store.list()] == [other]
    assert any("Removed: 1 run" in toast.value for toast in ann.toast)
    files = [path for path in demo.store.root.rglob("*") if run_id in path.name]
    assert files == []
    assert not uploaded(demo)
    assert "messung" not in shown_text(ann)


# Limits, which a browser may not know


def test_a_limit_hinders_the_start_also_by_a_forged_click(demo, forged, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_EPOCHS", "9")
    page = demo.open("train").run()
    assert "runs of up to 9 epochs; epochs is 20" in shown_text(page)
    assert page.button(key="start").disabled
    page.button(key="start").click().run()
    assert demo.store.list() == []


def test_more_runs_than_a_visitor_may_have_are_refused_with_the_limit(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_RUNS_PER_VISITOR", "1")
    page = demo.open("train").run()
    start(page, "first")
    next(w for w in page.text_input if w.key.startswith("name@")).set_value("second")
    page.run()  # what was started before is no longer the same setup
    page.button(key="start").click().run()
    assert "up to 1 runs of a visitor at once" in shown_text(page)
    assert [run.name for run in demo.store.list()] == ["first"]
    start(demo.open("train").run(), "another visitor's")
    assert len(demo.store.list()) == 2


def test_a_link_to_a_large_signal_makes_nothing(demo):
    config = ExperimentConfig(data=DataConfig(time_steps=100_000_000, channels=256))
    page = go(demo.open("data").run(), "data", **config.to_query())
    assert "recordings of up to 8,000,000 time steps" in shown_text(page).replace("\\", "")
    assert recording_key(config.data) not in stored_keys(demo.store.data_folder)


def test_a_file_beyond_the_limit_is_refused_and_not_kept(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_TIME_STEPS", "10")
    page = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    assert "recordings of up to 10 time steps" in shown_text(page).replace("\\", "")
    assert not uploaded(demo)


def test_on_a_full_disk_no_signal_is_made_and_no_file_is_read(demo, monkeypatch):
    page = go(demo.open("data").run(), "data", **CONFIG.to_query())
    known = stored_keys(demo.store.data_folder)
    assert recording_key(CONFIG.data) in known
    (demo.store.root / "large").write_bytes(bytes(2_000_000))
    monkeypatch.setenv("LAB_PUBLIC_MAX_DISK_MB", "1")
    other = ExperimentConfig(data=DataConfig(time_steps=2001))
    full = "up to 1 MB of runs and data of all visitors"
    assert full in shown_text(go(page, "data", **other.to_query()))
    assert full not in shown_text(go(page, "data", **CONFIG.to_query()))  # stored: no more room
    page = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    assert full in shown_text(page)
    assert stored_keys(demo.store.data_folder) == known


def test_without_room_for_the_first_signal_the_page_that_explains_says_so(demo, monkeypatch):
    (demo.store.root / "large").write_bytes(bytes(2_000_000))
    monkeypatch.setenv("LAB_PUBLIC_MAX_DISK_MB", "1")
    page = demo.open("explain").run()
    assert not page.exception
    assert "up to 1 MB of runs and data of all visitors" in shown_text(page)


def test_what_was_deleted_is_used_no_more_once_its_run_is_gone(demo):
    ann = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    data = DataConfig(**draft(ann)["data"])
    ann = go(ann, "train")
    ann.button(key="fit-batch").click().run()  # the table is short
    run_id = start(ann)
    ann = go(ann, "data")
    delete_file(ann)
    assert uploaded(demo) == [data.sha256]
    demo.store.open(run_id).transition("cancelled")
    demo.store.delete(run_id)
    session.store().listing()  # the page may look at a list of half a second ago
    ann = go(ann, "data", **link(data))
    assert "is not in the data folder" in shown_text(ann).replace("\\", "")


def test_the_largest_upload_is_told_before_the_browser_refuses_one(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_UPLOAD_MB", "7")
    page = demo.open("data").run()
    page = next(w for w in page.segmented_control).set_value("file").run()
    assert "Files up to 7 MB" in shown_text(page)


def uploaded(demo):
    """The keys of the stored recordings that came as files."""
    folder = demo.store.data_folder
    return [key for key in stored_keys(folder) if origin(key, folder) is None]


def test_a_private_lab_has_no_owners_and_no_notice(tmp_path, monkeypatch):
    monkeypatch.delenv("LAB_PUBLIC", raising=False)
    lab = Lab(tmp_path, monkeypatch)
    run_id = start(lab.open("train").run())
    assert lab.store.open(run_id).status().owner is None
    other = go(lab.open("runs").run(), "runs")
    assert listed(other) == ["Mine"]
    assert "forget_all" not in keys(other)
    assert not (tmp_path / ".visitors").exists()
