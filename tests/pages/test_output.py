"""The page Output: which values an output can produce, and what that costs."""

import os
import re
from types import SimpleNamespace

import numpy as np
import pytest

from core import session
from core.commands.pairs import asked_pairs
from core.config import ExperimentConfig, with_changes
from core.signals.recording import Recording
from core.signals.store import save
from core.views import matrix_training
from core.views.stored import forget_active_runs
from tests.fake_runs import Lab, shown_text

RAW_SIGMOID = {"normalization.method": "none", "model.output_activation": "sigmoid"}
QUESTION = {
    "v": "1",
    "data.name": "question",
    "data.amplitude": "255",
    "data.noise": "0",
    "data.time_steps": "200000",
} | RAW_SIGMOID


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


@pytest.mark.slow
def test_verdicts_are_those_of_the_command_line_also_where_the_data_drift(lab, tmp_path):
    values = np.random.default_rng(0).normal(0.5, 0.1, size=(2000, 1))
    values[::50] = 3  # beyond a sigmoid
    values[1600:] += 60  # in the validation part
    np.save(tmp_path / "drift.npy", values)
    recording = Recording(values, ("a",), name="drift.npy", unit="mV")
    changes = {"data.sha256": save(recording, lab.store.data_folder), "data.name": "drift.npy"}
    config = ExperimentConfig().replace({"data.source": "file"} | changes)
    (tmp_path / "c.json").write_text(config.to_json())
    options = SimpleNamespace(
        config=str(tmp_path / "c.json"), activations=None, normalizations=None, data=None
    )
    cells = asked_pairs(options, lab.store.data_folder).cells
    said = {(c.normalization.method, c.activation): c.sentence for c in cells}
    mine = session.matrix(config).cells
    assert {(c.normalization.method, c.activation): c.sentence for c in mine} == said
    assert len({c.kind for c in mine}) > 2
    page = lab.open("output", **{"v": "1", "data.source": "file"}, **changes, **RAW_SIGMOID).run()
    floor = page.metric[0].value
    assert re.fullmatch(r"[\d.]+ mV", floor)
    assert f"No training gets below MAE {floor} on the training part." in page.error[0].value


def widget(page, kind, path):
    return next(item for item in page.get(kind) if str(item.key or "").startswith(path))


def charts(page):
    return page.get("vega_lite_chart")


def button(page, key):
    return next((item for item in page.button if item.key == key), None)


def test_the_question_is_impossible_with_a_sigmoid(lab):
    page = lab.open("output", **QUESTION).run()
    assert not page.exception
    assert "Impossible" in page.error[0].value
    assert "(0, 1)" in page.error[0].value
    assert "lie above" in page.error[0].value
    assert float(page.metric[0].value) == pytest.approx(12.34, abs=0.1)
    assert page.dataframe[0].value["above"].mean() == pytest.approx(9.72, abs=0.2)
    assert page.dataframe[0].proto.columns.count('"format": "%.4g %%"') == 4  # 0.004 % is not 0 %


def table_place(page):
    """What a browser knows the floors by: while it is the same, columns keep their widths."""
    (box,) = [box for box in page.get("flex_container") if "-channel-floors@" in box.proto.id]
    return box.proto.id


def test_what_tells_of_a_cell_lets_nothing_shine_through(lab):
    legend = lab.open("output", **TINY).run().get("html")[0].proto.body
    assert "<style>#vg-tooltip-element {background-color: inherit}</style>" in legend


def test_relu_or_scaling_make_it_possible(lab):
    page = lab.open("output", **QUESTION).run()
    place = table_place(page)
    widget(page, "selectbox", "model.output_activation@").set_value("relu")
    page.run()
    assert table_place(page) != place
    assert "Compatible" in page.success[0].value
    assert [metric.value for metric in page.metric] == ["0"] * 4
    widget(page, "selectbox", "model.output_activation@").set_value("sigmoid")
    widget(page, "selectbox", "normalization.method@").set_value("minmax")
    page.run()
    assert "Only in saturation" in page.warning[0].value  # the zeros lie on its open end


@pytest.mark.slow
def test_clipping_is_offered_and_has_no_meaning_per_window(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    assert page.session_state["draft"]["normalization"]["clip_percentile"] == 1.0
    assert "Clipping cuts values off" in page.success[0].value
    assert "costs only MAE" in page.success[0].value
    assert "Clipping cuts off 2 % of the training values" in shown_text(page)
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    page.run()
    assert not page.exception
    assert page.session_state["draft"]["normalization"]["clip_percentile"] is None
    assert page.success


@pytest.mark.slow
def test_a_clip_that_a_scope_rules_out_is_not_shown(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    page.run()
    assert widget(page, "selectbox", "normalization.clip_percentile@").value == "none"


@pytest.mark.slow
def test_a_scope_and_a_clip_that_it_rules_out_chosen_at_once(lab):
    page = lab.open("output", **{"v": "1", "normalization.clip_percentile": "0.1"}).run()
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    assert not page.exception
    assert page.session_state["draft"]["normalization"]["scope"] == "window"
    assert page.session_state["draft"]["normalization"]["clip_percentile"] is None
    assert widget(page, "selectbox", "normalization.clip_percentile@").value == "none"


@pytest.mark.slow
def test_a_single_channel_can_be_looked_at(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "output-channel@").set_value(2)
    page.run()
    assert not page.exception
    assert widget(page, "selectbox", "output-channel@").value == 2
    assert len(charts(page)) == 2  # the matrix and the picture: a linear output clips nothing
    widget(page, "selectbox", "output-channel@").set_value(-1)
    page.run()
    for again in (page, page.run()):  # a box that holds a None comes back empty
        assert widget(again, "selectbox", "output-channel@").value == -1
        assert widget(again, "selectbox", "output-channel@").proto.default == 0
        assert widget(again, "selectbox", "output-channel@").proto.HasField("default")


def test_data_that_leave_no_window_are_explained_with_the_way_out(lab):
    page = lab.open("output", **{"v": "1", "data.time_steps": "300"}).run()
    assert not page.exception
    assert "fewer than one window" in page.error[0].value
    assert page.get("page_link")


def test_a_fault_elsewhere_is_named(lab):
    page = lab.open("output").run()
    changed = with_changes(page.session_state["draft"], {"training.epochs": 0})
    page.session_state["draft"] = changed
    page.run()
    assert not page.exception
    assert "has a fault: epochs" in page.info[0].value
    assert "Output" in shown_text(page)


# The matrix

TINY = {
    "v": "1",
    "data.time_steps": "2000",
    "data.channels": "2",
    "windows.window_length": "20",
    "windows.stride": "20",
    "training.epochs": "2",
    "normalization.method": "none",
    "model.output_activation": "relu",
}


def trained(lab, changes, *, reached=0.1, state="finished"):
    """A finished run of a cell of the matrix of TINY, with this error."""
    config = ExperimentConfig.from_query(TINY).replace(changes).model_dump(mode="json")
    run = lab.store.create(config, name="A run")
    if state == "queued":
        return run
    run.transition("starting")
    run.transition("running")
    if state == "finished":
        errors = {"mae": reached, "mse": reached**2}
        run.publish_json("results.json", {"train": errors, "validation": errors})
        run.transition("finished")
    return run


@pytest.mark.slow
def test_the_recommended_pair_is_one_click_away(lab):
    page = lab.open("output", **QUESTION).run()
    assert "ReLU without normalization** is recommended" in shown_text(page)
    assert button(page, "use-recommended") is None  # the verdict offers it
    button(page, "use-remedy").click().run()
    assert page.session_state["draft"]["model"]["output_activation"] == "relu"
    assert page.session_state["draft"]["normalization"]["method"] == "none"
    assert button(page, "use-remedy") is None
    assert button(page, "use-recommended") is None
    widget(page, "selectbox", "model.output_activation@").set_value("linear")
    page.run()
    assert button(page, "use-remedy") is None
    assert button(page, "use-recommended") is not None


@pytest.mark.slow
def test_notes_on_the_pair_stand_with_the_verdict(lab):
    page = lab.open("output", **TINY | {"model.output_activation": "linear"}).run()
    config = ExperimentConfig.from_query(TINY)
    cell = next(
        cell
        for cell in session.matrix(config).cells
        if (cell.normalization.method, cell.activation) == ("none", "softplus")
    )
    widget(page, "selectbox", "model.output_activation@").set_value("softplus")
    page.run()
    for note in cell.notes:
        assert note in shown_text(page)


@pytest.mark.slow
def test_each_cell_finds_its_run_and_the_table_ranks_them(lab):
    trained(lab, {"model.output_activation": "linear"}, reached=0.1)
    best = trained(lab, {"model.output_activation": "tanh"}, reached=0.05)
    trained(lab, {"model.output_activation": "relu"}, reached=0.4)
    trained(lab, {"model.output_activation": "elu", "training.epochs": 3}, reached=0.01)  # another
    page = lab.open("output", **TINY).run()
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["output"]) == ["Tanh", "Linear", "ReLU"]
    assert list(table["rank"]) == [1, 2, 3]
    assert table["outcome"].iloc[0] == "confirmed"
    assert table["run"].iloc[0].endswith(f"/reconstructions?run={best.id}")
    assert "3 of 70" in shown_text(page)


@pytest.mark.slow
def test_the_missing_cells_are_queued_once(lab):
    trained(lab, {"model.output_activation": "sigmoid"})
    page = lab.open("output", **TINY).run()
    widget(page, "multiselect", "matrix-methods").set_value(["none", "minmax"])
    widget(page, "multiselect", "matrix-activations").set_value(["sigmoid", "linear"])
    page.run()
    assert "4 cells, 3 runs to train" in shown_text(page)
    assert "1 already trained" in shown_text(page)
    button(page, "train-matrix").click().run()
    queued = [lab.store.open(run_id) for run_id in lab.runner.submitted]
    assert [run.status().name for run in queued] == [
        "matrix: none · linear",
        "matrix: minmax, per channel · sigmoid",
        "matrix: minmax, per channel · linear",
    ]
    first, _, last = [run.config() for run in queued]
    assert first["training"] == last["training"]
    assert last["normalization"]["method"] == "minmax"
    assert "4 cells, 0 runs to train" in shown_text(page)
    assert button(page, "train-matrix").disabled


def test_epochs_typed_with_the_click_count(lab):
    page = lab.open("output", **TINY).run()
    widget(page, "multiselect", "matrix-methods").set_value(["none"])
    widget(page, "multiselect", "matrix-activations").set_value(["linear"])
    page.run()
    widget(page, "number_input", "training.epochs@").set_value(7)
    button(page, "train-matrix").click().run()
    (run_id,) = lab.runner.submitted
    assert lab.store.open(run_id).config()["training"]["epochs"] == 7


@pytest.mark.slow
def test_what_waits_can_be_cancelled_and_nothing_else(lab):
    other = trained(lab, {"model.output_activation": "elu"}, state="queued")
    page = lab.open("output", **TINY).run()
    assert button(page, "cancel-matrix") is None  # the matrix did not queue it
    widget(page, "multiselect", "matrix-methods").set_value(["none"])
    page.run()
    button(page, "train-matrix").click().run()
    assert "Cancel what waits (6)" in button(page, "cancel-matrix").label
    assert button(page, "cancel-other-matrices") is None
    button(page, "cancel-matrix").click().run()
    assert not page.exception
    states = {run_id: lab.store.open(run_id).status().state for run_id in lab.runner.submitted}
    assert set(states.values()) == {"cancelled"}
    assert other.status().state == "queued"


@pytest.mark.slow
def test_what_waits_of_another_matrix_is_not_cancelled(lab):
    queued = {}
    for channels in ("1", "2"):
        page = lab.open("output", **TINY | {"data.channels": channels}).run()
        assert button(page, "cancel-matrix") is None
        widget(page, "multiselect", "matrix-methods").set_value(["none"])
        widget(page, "multiselect", "matrix-activations").set_value(["linear"])
        page.run()
        button(page, "train-matrix").click().run()
        queued[channels] = lab.store.open(lab.runner.submitted[-1])
    assert "Cancel what waits (1)" in button(page, "cancel-matrix").label
    button(page, "cancel-matrix").click().run()
    assert not page.exception
    states = [run.status().state for run in queued.values()]
    assert states == ["queued", "cancelled"]
    assert "other data or settings: 1." in shown_text(page)
    assert "Cancel those (1)" in button(page, "cancel-other-matrices").label
    queued["1"].transition("starting", pid=os.getpid())  # since the button was drawn
    button(page, "cancel-other-matrices").click().run()
    assert queued["1"].status().state == "starting"
    queued["1"].transition("queued")
    forget_active_runs()
    page = page.run()
    button(page, "cancel-other-matrices").click().run()
    assert queued["1"].status().state == "cancelled"
    assert button(page, "cancel-other-matrices") is None


def test_a_queue_has_room_for_so_many(lab, monkeypatch):
    monkeypatch.setattr(matrix_training, "MOST_AT_ONCE", 3)
    page = lab.open("output", **TINY).run()
    assert button(page, "train-matrix").disabled
    assert "room for 3" in shown_text(page)


# What it clips


@pytest.mark.slow
def test_a_window_shows_what_is_cut_of_it(lab):
    page = lab.open("output", **TINY).run()
    assert not page.exception
    assert len(charts(page)) == 4  # the matrix, a chart a channel, the picture
    assert "time steps (" in shown_text(page)
    assert "Its own floor: MAE" in shown_text(page)
    before = widget(page, "number_input", "clip_number").value
    button(page, "clip-next").click().run()
    assert widget(page, "number_input", "clip_number").value == before % 80 + 1
    widget(page, "number_input", "clip_number").set_value(9999)
    page.run()
    assert widget(page, "number_input", "clip_number").value == 80
    button(page, "clip-most").click().run()
    assert widget(page, "number_input", "clip_number").value == before


@pytest.mark.slow
def test_the_most_clipped_window_follows_the_pair_and_a_picked_one_stays(lab):
    page = lab.open("output", **TINY).run()
    page.session_state["clip_number"] = 5
    page.run()
    widget(page, "number_input", "clip_number").set_value(7)
    page.run()
    widget(page, "selectbox", "model.output_activation@").set_value("sigmoid")
    page.run()
    assert widget(page, "number_input", "clip_number").value == 7


def test_a_pair_that_clips_nothing_says_so(lab):
    page = lab.open("output", **TINY | {"model.output_activation": "linear"}).run()
    assert "Nothing: Linear without normalization reaches every value" in shown_text(page)
    assert all(button(page, f"clip-{name}") is None for name in ("most", "prev", "next"))
    assert not [item for item in page.number_input if item.key == "clip_number"]
    assert len(charts(page)) == 2


def test_a_pair_that_comes_near_to_some_values_says_so(lab):
    changes = {"normalization.method": "minmax", "model.output_activation": "sigmoid"}
    page = lab.open("output", v="1", **changes | {"data.name": "question", "data.noise": "0"})
    pattern = r"reaches every value of the training part, but for (.*) % that it only comes near to"
    assert float(re.search(pattern, shown_text(page.run()))[1]) == pytest.approx(90, abs=3)


@pytest.mark.slow
def test_an_end_that_is_near_is_drawn_though_nothing_lies_beyond_it(lab):
    pair = {"normalization.method": "minmax", "model.output_activation": "hard_sigmoid"}
    page = lab.open("output", **TINY | pair).run()
    next(item for item in page.segmented_control if item.key.startswith("clip-part@")).set_value(
        "train"
    )
    page.run()
    assert "Nothing: Hard sigmoid with min-max" in shown_text(page)
    assert "nothing of it is cut" in shown_text(page)
    assert len(charts(page)) == 4
    button(page, "clip-next").click().run()
    assert len(charts(page)) == 4


def test_validation_is_shown_first_where_it_alone_is_cut(lab):
    pair = {"normalization.method": "minmax", "model.output_activation": "hard_sigmoid"}
    page = lab.open("output", **TINY | pair | {"data.name": "random_walk"}).run()
    assert "Not beyond the training part" in page.warning[0].value
    assert "of the validation values: they lie beyond the dashed edge" in shown_text(page)
    assert "(validation), from 1" in shown_text(page)  # seconds: the last of 20 s
