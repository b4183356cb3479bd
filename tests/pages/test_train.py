"""The page Train: the form, the start, the live view."""

import re
import time

import pyarrow as pa
import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from core import processor
from core.config import ExperimentConfig
from core.runs import RunNotFound
from core.views import live, run_commands, run_queue, start_bar, training_form
from tests.fake_runs import UNIT, Lab, history_row, make_run, shown_text


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def widget(page, kind, path):
    return next(item for item in page.get(kind) if str(item.key or "").startswith(f"{path}@"))


def test_first_visit_says_what_will_be_trained(lab):
    page = lab.open("train")
    assert not page.exception
    text = shown_text(page)
    assert "80 windows to train, 20 to validate" in text
    assert "Error floor on validation: MAE 0" in text
    assert "No bottleneck" in text
    assert [metric.value for metric in page.metric] == ["800", "800", "1 : 1", "23,300"]


def test_a_change_reaches_the_submitted_run_and_the_shape(lab):
    page = lab.open("train")
    widget(page, "number_input", "model.latent_channels").set_value(8)
    widget(page, "text_input", "model.filters").set_value("16, 8")
    page = page.run()
    assert "No bottleneck" not in shown_text(page)
    page = page.button(key="start").click().run()
    config = ExperimentConfig.model_validate(lab.store.open(lab.runner.submitted[0]).config())
    assert config.model.filters == (16, 8)
    assert config.model.latent_channels == 8


def test_an_edit_that_comes_with_the_click_is_trained(lab):
    page = lab.open("train")
    widget(page, "number_input", "training.epochs").set_value(3)  # typed, without Enter
    page = page.button(key="start").click().run()
    assert lab.store.open(lab.runner.submitted[0]).config()["training"]["epochs"] == 3
    assert page.query_params == {"run": lab.runner.submitted[0]}
    page.run()
    assert len(lab.runner.submitted) == 1


def test_the_setup_in_hand_is_what_the_runner_may_expect(lab):
    page = lab.open("train")
    widget(page, "number_input", "training.epochs").set_value(3)
    page = page.run()
    page = widget(page, "text_input", "name").set_value("my run").run()
    epochs = [config["training"]["epochs"] for config in lab.runner.expected]
    assert epochs == [20, 3, 3]
    assert lab.runner.expected[1] == lab.runner.expected[2]  # a name is nothing to prepare for
    widget(page, "number_input", "training.batch_size").set_value(-1)
    page.run()
    assert len(lab.runner.expected) == 3


@pytest.mark.parametrize(("field", "typed"), [("epochs", 0), ("batch_size", -1)])
def test_a_faulty_edit_that_comes_with_the_click_starts_nothing(lab, field, typed):
    page = lab.open("train")
    widget(page, "number_input", f"training.{field}").set_value(typed)
    page = page.button(key="start").click().run()
    assert not page.exception
    assert not lab.runner.submitted
    name = field.replace("_", " ").capitalize()
    assert f"Mend first — {name}: It must be at least 1" in page.error[0].value.replace("\\", "")
    widget(page, "number_input", f"training.{field}").set_value(3)
    assert not page.run().error
    assert not lab.runner.submitted  # the click was for what was there then


def test_start_shows_the_run_and_puts_it_in_the_address(lab):
    page = lab.open("train").button(key="start").click().run()
    assert not page.exception
    assert page.query_params == {"run": lab.runner.submitted[0]}
    assert "waiting" in shown_text(page)
    assert page.button(key="start").disabled
    assert "Change something to start another run" in shown_text(page)


def test_a_run_that_fails_at_once_does_not_keep_its_setup(lab, monkeypatch):
    monkeypatch.setattr(run_commands, "DOUBLE_CLICK_SECONDS", 60)
    page = lab.open("train").button(key="start").click().run()
    lab.store.open(lab.runner.submitted[0]).transition("failed", reason="Diverged in epoch 1.")
    page = page.run()  # within the time in which a second click is one with the first
    assert "Diverged in epoch 1" in shown_text(page)
    assert "Change something to start another run" not in shown_text(page)
    assert not page.button(key="start").disabled
    page.session_state["start_clicked"] = time.monotonic()  # a second click, from before it failed
    page.run()
    assert len(lab.runner.submitted) == 1


def test_a_link_to_a_setup_stays_as_it_is_while_a_run_is_in_view(lab):
    page = lab.open("train").button(key="start").click().run()
    page.query_params.clear()
    page.query_params.update({"v": "1", "training.epochs": "7"})
    page = page.run()
    assert "waiting" in shown_text(page)
    assert set(page.query_params) == {"v", "training.epochs"}


def test_a_run_seen_without_its_address_is_in_view_when_it_has_ended(lab):
    page = lab.open("train").button(key="start").click().run()
    run = lab.store.open(lab.runner.submitted[0])
    page.query_params.clear()  # as the sidebar's link leaves it
    page = page.run()
    assert "waiting" in shown_text(page)
    run.transition("failed", reason="Diverged in epoch 1.")
    page = page.run()
    assert "Diverged in epoch 1" in shown_text(page)
    assert page.query_params == {"run": run.id}


def test_the_curves_of_a_run_in_work_have_a_logarithmic_axis_where_it_is_wished(lab):
    run = make_run(lab.store, "running", epochs=8)
    finished = make_run(lab.store, epochs=8)
    finished.append_history(history_row(9, 1e9) | {"loss": 2e9})

    def notes_on_huge_epochs(page):
        tables = [pa.ipc.open_stream(c.proto.data.data) for c in page.get("vega_lite_chart")[:2]]
        notes = [note for table in tables for note in table.read_all()["note"].to_pylist()]
        return [note.partition("up to ")[2] for note in notes if "epoch" in note]

    def has_log_axis(page):
        specs = [chart.proto.spec for chart in page.get("vega_lite_chart")]
        return {"log" in re.findall(r'"type": ?"(\w+)"', spec) for spec in specs if "epoch" in spec}

    page = lab.open("train", run=run.id).run()
    assert has_log_axis(page) == {False}
    assert any("PCA, 12 components" in item.proto.body for item in page.get("html"))
    page = page.toggle(key="log_curves").set_value(True).run()
    assert has_log_axis(page) == {True}
    page.query_params["run"] = finished.id  # and so have those of the next
    assert has_log_axis(page.run()) == {True}
    assert notes_on_huge_epochs(page) == []
    page = page.toggle(key="log_curves").set_value(False).run()
    of_loss, of_training, of_validation = notes_on_huge_epochs(page)
    assert of_loss == "2.000e+09"  # of normalized values
    assert of_training.endswith(f" {UNIT}")
    assert of_validation.endswith(f" {UNIT}")


def test_two_clicks_are_one_run(lab):
    page = lab.open("train")
    page.button(key="start").click()
    page.run()
    again = page.button(key="start")
    again.proto.disabled = False  # the second click was on its way before the button went grey
    again.click().run()
    assert len(lab.runner.submitted) == 1


def leave_the_script():
    """As Streamlit does for the next request: when the script next touches the session's state."""
    state = get_script_run_ctx().session_state

    def leave():
        object.__setattr__(state, "_yield_callback", lambda: None)
        raise StopException

    object.__setattr__(state, "_yield_callback", leave)


def test_a_second_click_finds_the_run_of_one_that_it_cut_short(lab, monkeypatch):
    page, submit = lab.open("train"), lab.runner.submit
    monkeypatch.setattr(
        lab.runner, "submit", lambda *what, **more: (submit(*what, **more), leave_the_script())[0]
    )
    page.button(key="start").click().run()
    assert len(lab.runner.submitted) == 1
    page.session_state["start_clicked"] = time.monotonic()
    page.run()
    assert page.query_params == {"run": lab.runner.submitted[0]}
    assert len(lab.runner.submitted) == 1


def test_a_click_that_another_request_cut_short_still_starts(lab, monkeypatch):
    page, check = lab.open("train"), start_bar.check_batch
    with monkeypatch.context() as cut:
        cut.setattr(start_bar, "check_batch", lambda *what: (check(*what), leave_the_script())[0])
        page.button(key="start").click().run()
        assert not lab.runner.submitted
    page.run()
    assert len(lab.runner.submitted) == 1
    page.run()
    assert len(lab.runner.submitted) == 1


@pytest.mark.slow
def test_another_setup_can_wait_in_the_queue_and_be_cancelled(lab):
    page = lab.open("train").button(key="start").click().run()
    widget(page, "number_input", "training.epochs").set_value(7)
    page = page.run().button(key="start").click().run()
    first, second = lab.runner.submitted
    assert page.query_params == {"run": second}
    assert "Other runs in work" in shown_text(page)
    page = page.button(key=f"cancel-{first}").click().run()
    assert lab.store.open(first).status().state == "cancelled"
    assert lab.store.open(second).status().state == "queued"


def test_a_faulty_field_says_so_and_stops_the_start(lab):
    page = lab.open("train")
    widget(page, "number_input", "training.epochs").set_value(0)
    page = page.run()
    assert page.button(key="start").disabled
    assert "at least 1" in shown_text(page)
    assert r"Mend first — Epochs\: " in page.error[0].value


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ("64, a", "Filters, number 2: It must be a whole number, such as 64. Received: 'a'"),
        ("0", "Filters, number 1: It must be at least 1. Received: '0'"),
        ("1,1,1,1,1,1,1,1", "Filters: It can have at most 7 entries; these are 8."),
    ],
)
def test_faulty_filters_are_explained(lab, filters, said):
    page = lab.open("train")
    widget(page, "text_input", "model.filters").set_value(filters)
    page = page.run()
    assert not page.exception
    assert page.button(key="start").disabled
    assert said in page.error[0].value.replace("\\", "")
    assert said.partition(": ")[2] in " ".join(c.value.replace("\\", "") for c in page.caption)


def test_too_much_pooling_is_explained_at_the_field(lab):
    page = lab.open("train")
    widget(page, "number_input", "model.pooling_steps").set_value(5)
    page = page.run()
    said = shown_text(page).replace("\\", "")
    assert "It can be at most 3 with 2 filters and the latent layer" in said
    assert "Pooling steps: It can be at most 3" in said


def test_windows_that_do_not_fit_stop_the_start(lab):
    page = lab.open("train", **{"v": "1", "windows.window_length": "19000"})
    assert page.button(key="start").disabled
    assert "fewer than one" in shown_text(page)


def test_a_link_fills_the_form_and_is_told(lab):
    page = lab.open("train", **{"v": "1", "training.epochs": "33", "model.dropout": "0.25"})
    assert widget(page, "number_input", "training.epochs").value == 33
    assert widget(page, "number_input", "model.dropout").value == 0.25
    (told,) = (c.value for c in page.caption if c.value.startswith("Filled from the link"))
    assert told.replace("\\", "") == "Filled from the link: epochs 33; dropout 0.25"


def test_a_link_to_a_setup_on_a_file_is_told_as_forms_name_it(lab):
    known = {"data.source": "file", "data.name": "ecg.csv", "data.sha256": "e" * 64}
    chosen = {"normalization.method": "log1p", "model.output_activation": "hard_sigmoid"}
    reading = {"data.reading.unit": "mV", "training.keep_best": "false", "model.filters": "8,4"}
    page = lab.open("train", v="1", **known, **chosen, **reading)
    (told,) = (c.value for c in page.caption if c.value.startswith("Filled from the link"))
    assert told.replace("\\", "").partition(": ")[2].split("; ") == [
        *("source file", "signal ecg.csv", "normalization signed log(1 + |x|)"),
        *("output activation Hard sigmoid", "unit of the values mV"),
        *("keep the best no", "filters 8, 4"),
    ]


def test_a_faulty_link_changes_nothing(lab):
    page = lab.open("train", **{"v": "1", "training.epochs": "many"})
    assert not page.exception
    assert widget(page, "number_input", "training.epochs").value == 20
    assert "nothing was changed" in page.error[0].value
    assert "Filled from the link" not in shown_text(page)


def test_a_running_run_is_shown_live(lab):
    run = make_run(lab.store, "running", name="Live one", epochs=8)
    page = lab.open("train", run=run.id)
    assert not page.exception
    text = shown_text(page)
    assert "training" in text
    assert "Live one" in text
    assert any("CPU \\(2 cores, test\\)" in caption.value for caption in page.caption)
    assert [bar.text.split(" · ")[0] for bar in page.progress[:2]] == ["Epoch 5 of 8", "Training"]
    assert "1 min 5 s left" in page.progress[0].text
    assert "batch 3 of 12" in page.progress[1].text
    assert re.search(r"Memory [\d.]+ of [\d.]+ GiB", page.progress[3].text)
    page.button(key=f"cancel-{run.id}").click()


def test_a_run_is_drawn_at_another_pace_from_its_first_step_on(lab, monkeypatch):
    run = make_run(lab.store, "running", epochs=8)
    asked = set()
    monkeypatch.setattr(live, "live_pace", lambda *what: asked.add(what) or 1.0)
    lab.open("train", run=run.id)
    assert asked == {(run.id, True)}
    asked.clear()
    run.write_progress({"phase": "loading the data"})
    assert not lab.open("train", run=run.id).exception
    assert asked == {(run.id, False)}


def test_a_finished_run_is_summed_up(lab):
    run = make_run(lab.store, name="Done")
    page = lab.open("train", run=run.id)
    assert page.metric[0].label == "MAE, validation"
    assert page.metric[0].value.endswith(UNIT)
    assert any(link.label == "See its reconstructions" for link in page.get("page_link"))


def test_a_run_without_an_epoch_has_nothing_to_show_elsewhere(lab):
    run = make_run(lab.store, "queued")
    run.transition("cancelled", "Cancelled.")
    page = lab.open("train", run=run.id)
    assert "It can be set up and run again." in shown_text(page)
    assert "finished epochs" not in shown_text(page)
    assert not any(link.label == "See its reconstructions" for link in page.get("page_link"))


def test_a_cancelled_run_with_a_checkpoint_can_be_trained_further(lab):
    run = make_run(lab.store, "cancelled", reason="Cancelled after 2 of 4 epochs.")
    (run.folder / "checkpoint-000002-00000000").mkdir()
    assert "It can be trained further." in shown_text(lab.open("train", run=run.id))


@pytest.mark.parametrize("run_id", ["0" * 32, "../../etc", "", "ABC", "0" * 31, "%00"])
def test_an_unknown_run_is_one_sentence(lab, run_id):
    page = lab.open("train", run=run_id)
    assert not page.exception
    assert bool(run_id) == ("There is no run with this link" in shown_text(page))


def test_failure_is_told_with_its_reason(lab):
    run = make_run(lab.store, "failed", reason="Diverged in epoch 3.")
    page = lab.open("train", run=run.id)
    assert "Diverged in epoch 3" in page.error[0].value.replace("\\", "")


@pytest.mark.parametrize("state", ["interrupted", "paused"])
def test_a_run_at_rest_says_where_it_goes_on_and_can_be_resumed(lab, state):
    run = make_run(lab.store, state, reason="The worker ended.")
    page = lab.open("train", run=run.id)
    assert "begins with its first epoch" in page.warning[0].value
    (run.folder / "checkpoint-000003-00000000").mkdir()
    page = page.run()
    assert page.warning[0].value == (
        f"This run is {state}. The worker ended\\. It goes on with epoch 4."
    )
    page = page.button(key=f"resume-{run.id}").click().run()
    assert run.status().state == "queued"
    assert not page.exception


def test_a_full_disk_at_the_start_is_told(lab, monkeypatch):
    def refuse(config, *, name, owner=None):
        raise OSError(28, "No space left on device")

    page = lab.open("train")
    monkeypatch.setattr(lab.runner, "submit", refuse)
    page = page.button(key="start").click().run()
    assert "could not be stored\\: the disk is full; free some space" in shown_text(page)


def test_a_name_is_shown_as_it_is(lab):
    run = make_run(lab.store, "running", name=":red[x] $a$ ![](http://x) <b>")
    text = shown_text(lab.open("train", run=run.id))
    assert ":red[x]" not in text
    assert "\\:red\\[x\\] \\$a\\$" in text


def test_a_run_deleted_in_view_is_told(lab):
    run = make_run(lab.store)
    page = lab.open("train", run=run.id)
    lab.store.delete(run.id)
    page = page.run()
    assert "There is no run with this link" in shown_text(page)
    with pytest.raises(RunNotFound):
        lab.store.open(run.id)


@pytest.mark.parametrize(("lacks", "gpus"), [(True, []), (False, []), (True, ["0"])])
def test_bfloat16_where_it_would_be_slower_is_said_and_mended(lab, monkeypatch, lacks, gpus):
    monkeypatch.setattr(processor, "lacks_bfloat16", lambda: lacks)
    monkeypatch.setattr(training_form, "visible_gpus", lambda: gpus)
    page = lab.open("train")
    assert "no instructions for bfloat16" not in shown_text(page)
    widget(page, "selectbox", "training.precision").set_value("bfloat16")
    page = page.run()
    is_said = "no instructions for bfloat16" in shown_text(page)
    assert is_said == (lacks and not gpus)
    if is_said:
        page = page.button(key="use-float32").click().run()
        assert widget(page, "selectbox", "training.precision").value == "float32"
        assert "no instructions for bfloat16" not in shown_text(page)


def test_a_run_that_has_just_come_to_rest_may_still_be_listed_as_one_in_work(lab, monkeypatch):
    run = lab.store.create(ExperimentConfig().model_dump(mode="json"), name="x", state="paused")
    monkeypatch.setattr(run_queue, "active_runs", lambda: lab.store.list())
    page = lab.open("train")
    assert not page.exception
    assert {f"watch-{run.id}", f"look-{run.id}"} <= {button.key for button in page.button}
