"""On the page Reconstructions: how a run learned, epoch by epoch."""

import json

import numpy as np
import pytest

from core.replay import append_record
from tests.fake_runs import Lab, make_run, shown_text


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def test_the_replay_follows_its_slider_and_window(lab):
    run = make_run(lab.store, epochs=5)
    page = lab.open("reconstructions", run=run.id)
    assert "**Epoch 5**" in shown_text(page)
    page = page.select_slider(key="replay_slider").set_value(1).run()
    assert "**Epoch 2**" in shown_text(page)
    before = shown_text(page)
    box = page.selectbox(key=f"replay-window-{run.id}")
    assert box.options[0] == "training, window 1"
    assert len(box.options) == 6
    page = box.set_value(0).run()
    assert "**Epoch 2**" in shown_text(page)
    assert shown_text(page) != before
    assert not page.exception


@pytest.mark.slow
def test_play_begins_at_the_first_epoch_again(lab):
    run = make_run(lab.store, epochs=5)
    page = lab.open("reconstructions", run=run.id)
    page = page.button(key="replay_play").click().run()
    assert page.button(key="replay_play").label == "Pause"
    assert "**Epoch 1**" in shown_text(page)
    for epoch in (2, 3, 4):
        page = page.run()  # as a tick does
        assert f"**Epoch {epoch}**" in shown_text(page)
    page = page.button(key="replay_play").click().run()
    assert page.button(key="replay_play").label == "Play"
    page = page.run()
    assert "**Epoch 4**" in shown_text(page)
    page = page.button(key="replay_play").click().run()
    page = page.run()
    assert "**Epoch 5**" in shown_text(page)
    assert page.button(key="replay_play").label == "Play"
    assert not page.exception


def test_a_run_in_work_can_be_replayed_and_its_last_epoch_is_followed(lab):
    run = make_run(lab.store, "running", epochs=8)
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    assert "**Epoch 4**" in shown_text(page)
    windows = dict(np.load(run.folder / "replay.npz"))
    append_record(run.folder, 5, windows["original"])
    page = page.run()
    assert "**Epoch 5** · MAE of this window 0" in shown_text(page)
    page = page.select_slider(key="replay_slider").set_value(0).run()
    append_record(run.folder, 6, windows["original"])
    assert "**Epoch 1**" in shown_text(page.run())


def test_an_old_run_has_no_replay(lab):
    page = lab.open("reconstructions", run=make_run(lab.store, old=True).id)
    assert not page.exception
    assert "How it learned" not in shown_text(page)


def test_a_damaged_replay_is_named(lab):
    run = make_run(lab.store)
    (run.folder / "replay.npz").write_bytes(b"oops")
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    assert "replay.npz is damaged" in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize("known", [{"kept_epoch": 2}, {}])
def test_the_epoch_that_the_results_are_of_is_named(lab, known):
    run = make_run(lab.store, epochs=5)
    path = run.folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | known))
    page = lab.open("reconstructions", run=run.id)
    said = "The run kept those of epoch 2, of which the results above"
    assert (said in shown_text(page)) is bool(known)  # an older run did not note it
