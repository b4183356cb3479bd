"""The page Reconstructions in every state of a run."""

import json
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.signals.recording import Recording
from core.signals.store import open_recording, save
from tests.fake_runs import Lab, make_run, shown_text


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def link_query(page):
    """The query of the link that the button copies."""
    (button,) = (item for item in page.get("bidi_component") if item.key == "copy-run")
    address = json.loads(button.proto.json)["text"]
    return dict(parse_qsl(urlsplit(address).query))


def test_without_runs_it_leads_on(lab):
    page = lab.open("reconstructions")
    assert "There are no runs yet" in page.info[0].value
    assert page.get("page_link")[0].label == "Set up a run"


def test_without_an_address_the_newest_finished_run_is_shown(lab):
    make_run(lab.store, name="Older")
    make_run(lab.store, name="Newest finished")
    make_run(lab.store, "queued", name="Waiting")
    assert "Newest finished" in [item.value for item in lab.open("reconstructions").subheader]


def test_headline_has_errors_floor_and_constant_in_units(lab):
    page = lab.open("reconstructions", run=make_run(lab.store).id)
    assert not page.exception
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Error floor"] == "0.01 mV"
    assert values["Best constant"] == "0.64 mV"
    page = page.segmented_control(key="measure").set_value("mse").run()
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Best constant"] == "0.5 mV²"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"epochs_trained": 1, "best_epoch": 1}, "· 1 epoch, best 1 · 12 s ·"),
        ({"epochs_trained": 2_000}, "· 2,000 epochs · 12 s ·"),
        ({}, "test) · 12 s ·"),
    ],
)
def test_a_run_that_tells_not_all_of_itself_is_shown(lab, known, said):
    run = make_run(lab.store)
    results = json.loads((run.folder / "results.json").read_bytes())
    del results["epochs_trained"], results["best_epoch"]
    (run.folder / "results.json").write_text(json.dumps(results | known))
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    assert said in text_of(page)


@pytest.mark.slow
def test_windows_are_stepped_through_and_jumped_to(lab):
    page = lab.open("reconstructions", run=make_run(lab.store, windows=(40, 10)).id)
    page = page.button(key="best").click().run()  # the errors grow from window to window
    assert page.number_input(key="window_number").value == 1
    page = page.button(key="next").click().run()
    assert page.number_input(key="window_number").value == 2
    page = page.button(key="previous").click().run()
    page = page.button(key="previous").click().run()
    assert page.number_input(key="window_number").value == 10
    page = page.button(key="worst").click().run()
    assert "rank 10 from the best" in shown_text(page)
    page = page.slider(key="window_slider").set_value(3).run()
    assert page.number_input(key="window_number").value == 3
    page = page.segmented_control(key="part").set_value("train").run()
    assert "of 40" in shown_text(page)
    assert not page.exception


@pytest.mark.slow
def test_best_and_worst_are_by_the_error_chosen(lab):
    run = make_run(lab.store, windows=(40, 10))  # the errors grow from window to window
    path = run.folder / "reconstruction.npz"
    arrays = dict(np.load(path))
    arrays["validation_window_mse"] = arrays["validation_window_mse"][::-1].copy()
    np.savez(path, **arrays)
    page = lab.open("reconstructions", run=run.id).button(key="worst").click().run()
    assert page.number_input(key="window_number").value == 10
    assert "rank 10 from the best by MAE" in shown_text(page)
    page = page.segmented_control(key="measure").set_value("mse").run()
    assert "rank 1 from the best by MSE" in shown_text(page)
    page = page.button(key="worst").click().run()
    assert page.number_input(key="window_number").value == 1
    assert page.button(key="best").help == "The window with the lowest mean squared error."


@pytest.mark.slow
def test_when_not_all_windows_are_kept_it_says_so_and_steps_over_the_gaps(lab):
    run = make_run(lab.store, windows=(200, 100), kept=12)
    page = lab.open("reconstructions", run=run.id, window="1")
    assert "12 windows are kept for display" in shown_text(page)
    page = page.number_input(key="window_number").set_value(2).run()
    assert page.number_input(key="window_number").value == 10  # the next one kept
    page = page.number_input(key="window_number").set_value(56).run()
    assert page.number_input(key="window_number").value == 55
    page = page.number_input(key="window_number").set_value(10**9).run()
    assert page.number_input(key="window_number").value == 100


@pytest.mark.parametrize(
    ("part", "number", "expected"),
    [("train", "7", 7), ("validation", "0", 5), ("?", "-1", 5), ("validation", "9" * 40, 5)],
)
def test_a_link_names_a_window(lab, part, number, expected):
    run = make_run(lab.store, windows=(40, 10))
    page = lab.open("reconstructions", run=run.id, part=part, window=number)
    assert not page.exception
    assert page.number_input(key="window_number").value == expected


@pytest.mark.slow
def test_the_link_names_the_window_in_view(lab):
    run = make_run(lab.store, windows=(40, 10))  # the errors grow from window to window
    page = lab.open("reconstructions", run=run.id)
    assert link_query(page) == {"run": run.id, "part": "validation", "window": "5"}
    page = page.button(key="best").click().run()
    assert link_query(page) == {"run": run.id, "part": "validation", "window": "1"}
    page = page.segmented_control(key="part").set_value("train").run()
    page = page.button(key="worst").click().run()
    query, number = link_query(page), page.number_input(key="window_number").value
    assert query == {"run": run.id, "part": "train", "window": str(number)}
    again = lab.open("reconstructions", **query)
    assert again.number_input(key="window_number").value == number
    assert link_query(again) == query


@pytest.mark.parametrize("state", ["queued", "running", "failed", "interrupted"])
def test_a_run_without_windows_has_a_link_to_itself(lab, state):
    run = make_run(lab.store, state)
    assert link_query(lab.open("reconstructions", run=run.id)) == {"run": run.id}


def test_a_run_that_lost_its_windows_has_a_link_to_itself(lab):
    run = make_run(lab.store)
    (run.folder / "reconstruction.npz").unlink()
    assert link_query(lab.open("reconstructions", run=run.id)) == {"run": run.id}


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_active_run_is_live(lab, state):
    page = lab.open("reconstructions", run=make_run(lab.store, state).id)
    assert not page.exception
    assert len(page.progress) >= 2


@pytest.mark.parametrize(
    ("state", "word"), [("failed", "nothing else is affected"), ("cancelled", "is kept")]
)
def test_a_run_that_ended_early_says_why_and_what_to_do(lab, state, word):
    run = make_run(lab.store, state, reason="So it was.")
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    text = shown_text(page).replace("\\", "")
    assert "So it was." in text
    assert word in text
    assert any(button.label == "Duplicate and edit" for button in page.button)


@pytest.mark.parametrize("run_id", ["0" * 32, "..", "x" * 5000, "<script>"])
def test_an_unknown_run_is_one_sentence_with_a_way_on(lab, run_id):
    page = lab.open("reconstructions", run=run_id)
    assert not page.exception
    assert "There is no run with this link" in page.warning[0].value
    assert page.get("page_link")[0].label == "See all runs"


@pytest.mark.parametrize("name", ["status.json", "results.json", "reconstruction.npz"])
def test_a_damaged_file_is_named(lab, name):
    run = make_run(lab.store)
    (run.folder / name).write_bytes(b"{oops")
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    assert "damaged" in page.error[0].value


def test_a_missing_reconstruction_leaves_the_rest(lab):
    run = make_run(lab.store)
    (run.folder / "reconstruction.npz").unlink()
    page = lab.open("reconstructions", run=run.id)
    assert "left no reconstructions" in page.info[0].value
    assert page.metric


def test_a_run_deleted_in_view_is_told(lab):
    run = make_run(lab.store)
    page = lab.open("reconstructions", run=run.id)
    lab.store.delete(run.id)
    assert "There is no run with this link" in page.run().warning[0].value


def test_edit_goes_to_the_form_with_the_configuration(lab):
    run = make_run(lab.store, changes={"training.batch_size": 17})
    page = lab.open("reconstructions", run=run.id)
    button = next(item for item in page.button if item.label == "Duplicate and edit")
    page = button.click().run()
    assert page.title[0].value == "Train"
    values = {item.label: item.value for item in page.number_input}
    assert values["Batch size"] == 17


def test_embedded_it_only_shows(lab):
    page = lab.open("reconstructions", run=make_run(lab.store).id, embedded=True)
    assert not page.exception
    assert not page.title
    assert not [box for box in page.selectbox if box.label == "Run"]
    assert {button.label for button in page.button} == {
        *("Previous", "Next", "Best", "Median", "Worst", "Play")
    }


@pytest.mark.parametrize("query", [{}, {"run": ""}])
def test_embedded_without_a_run_it_says_so(lab, query):
    make_run(lab.store)
    page = lab.open("reconstructions", embedded=True, **query)
    assert not page.exception
    assert "This link names no run" in page.info[0].value
    assert not page.get("page_link")


def test_many_channels_and_odd_names(lab):
    names = tuple(["a.b[0]", "", "$x$", "same", "same"] + [f"channel {i}" for i in range(55)])
    run = make_run(lab.store, channels=60, channel_names=names, window_length=700, windows=(3, 2))
    page = lab.open("reconstructions", run=run.id)
    assert not page.exception
    assert "The 24 channels with the largest errors of 60" in shown_text(page)


@pytest.mark.slow
def test_a_channel_leads_to_its_worst_windows_without_a_mouse(lab):
    run = make_run(lab.store, windows=(40, 10), channels=3)
    page = lab.open("reconstructions", run=run.id)
    assert not worst_buttons(page)
    page = page.selectbox(key="place_channel").set_value(2).run()
    page = page.slider(key="place_steps").set_value((5, 9)).run()
    assert "largest MAE of channel 3 in time steps 5 to 9 (0.04 to 0.09 s)" in text_of(page)
    arrays = np.load(run.folder / "reconstruction.npz")
    off = arrays["validation_reconstruction"] - arrays["validation_original"]
    expected = np.argsort(-np.abs(off[:, 4:9, 2]).mean(axis=1), kind="stable")[:5] + 1
    assert worst_buttons(page) == [f"Window {number}" for number in expected]
    page = page.multiselect(key=f"channels-{run.id}").set_value([0]).run()
    page = page.button(key="worst-here-1").click().run()
    assert page.number_input(key="window_number").value == expected[1]
    assert page.multiselect(key=f"channels-{run.id}").value == [0, 2]
    page = page.button(key="place_clear").click().run()
    assert not worst_buttons(page)
    assert not page.exception


@pytest.mark.slow
def test_a_cell_can_be_clicked_again_once_it_was_cleared(lab):
    run = make_run(lab.store, channels=2)
    page = lab.open("reconstructions", run=run.id)
    first = map_key(page)
    page = page.selectbox(key="place_channel").set_value(1).run()
    assert map_key(page) == first  # nothing was clicked
    page.session_state["place_picked"] = page.session_state["place"]  # as a click leaves it
    assert map_key(page.run()) == first
    page = page.button(key="place_clear").click().run()
    again = map_key(page)
    assert again != first
    assert map_key(page.run()) == again
    assert not page.exception


def map_key(page):
    return next(i for chart in page.get("vega_lite_chart") if "by-step" in (i := chart.proto.id))


def text_of(page):
    return shown_text(page).replace("\\", "")


def worst_buttons(page):
    return [b.label for b in page.button if str(b.key).startswith("worst-here-")]


def test_a_place_is_of_one_run_alone(lab):
    runs = [make_run(lab.store, name=name, channels=2) for name in ("One", "Two")]
    page = lab.open("reconstructions", run=runs[0].id)
    page = page.selectbox(key="place_channel").set_value(1).run()
    assert len(worst_buttons(page)) == 5
    run_box = next(box for box in page.selectbox if box.label == "Run")
    page = run_box.set_value(runs[1].id).run()
    assert not worst_buttons(page)
    assert not page.exception


def test_the_worst_are_of_the_kept_windows_where_not_all_are_kept(lab):
    run = make_run(lab.store, windows=(200, 100), kept=12)
    page = lab.open("reconstructions", run=run.id)
    page = page.selectbox(key="place_channel").set_value(0).run()
    assert "of the 12 kept windows" in text_of(page)
    assert "Counted in the 12 kept windows of 100." in text_of(page)


@pytest.mark.slow
def test_a_diverged_run_is_shown(lab):
    run = make_run(lab.store, windows=(40, 10))
    path = run.folder / "reconstruction.npz"
    arrays = dict(np.load(path))
    arrays["validation_reconstruction"][2:] = np.nan
    arrays["validation_reconstruction"][0, 0, 0] = np.inf
    np.savez(path, **arrays)
    page = lab.open("reconstructions", run=run.id)
    page = page.toggle(key="steady_scale").set_value(True).run()
    page = page.toggle(key="log_counts").set_value(True).run()
    page = page.selectbox(key="place_channel").set_value(0).run()
    assert not page.exception
    assert "reconstructed values are not finite" in text_of(page)


@pytest.mark.slow
def test_a_window_says_where_in_the_recording_it_begins(lab):
    changes = {"data.time_steps": 1200, "windows.stride": 12, "windows.validation_share": 0.25}
    run = make_run(lab.store, windows=(74, 24), changes=changes)
    page = lab.open("reconstructions", run=run.id, window="3")
    assert "It begins" not in text_of(page)  # the recording is not there
    open_recording(ExperimentConfig.model_validate(run.config()).data, lab.store.data_folder)
    page = lab.open("reconstructions", run=run.id, window="3")
    assert "It begins at time step 925 of the recording, 9.24 s." in text_of(page)
    page = lab.open("reconstructions", run=run.id, part="train", window="3")
    assert "It begins at time step 25 of the recording, 0.24 s." in text_of(page)


def test_a_window_of_a_recording_with_times_says_when_it_begins(lab):
    time = np.datetime64("2024-05-01T00:00:00") + np.arange(1200) * np.timedelta64(60, "s")
    values = np.arange(2400.0).reshape(1200, 2)
    key = save(Recording(values, ("a", "b"), time=time), lab.store.data_folder)
    changes = {"data.source": "file", "data.name": "x.csv", "data.sha256": key}
    changes |= {"windows.stride": 12, "windows.validation_share": 0.25}
    run = make_run(lab.store, windows=(74, 24), changes=changes)
    page = lab.open("reconstructions", run=run.id, part="train", window="3")
    assert "of the recording, 2024-05-01 00:24:00." in text_of(page)


@pytest.mark.slow
def test_known_anomalies_are_shaded_and_told_from_the_other_windows(lab):
    changes = {"data.time_steps": 1200, "windows.stride": 12, "windows.validation_share": 0.25}
    changes |= {"data.anomalies": ["level_shift"], "data.anomaly_count": 4}
    run = make_run(lab.store, windows=(74, 24), changes=changes)
    page = lab.open("reconstructions", run=run.id)
    assert "known anomal" not in text_of(page) + legends_of(page)  # the recording is not there
    data = ExperimentConfig.model_validate(run.config()).data
    last = open_recording(data, lab.store.data_folder).anomalies[-1]
    first = max(0, (last.start - 900 - 24) // 12 + 1)  # of the windows that hold it
    held = np.zeros(24, bool)
    held[first : (last.stop - 1 - 900) // 12 + 1] = True
    errors = np.load(run.folder / "reconstruction.npz")["validation_window_mae"]
    pairs = errors[held][:, None] > errors[~held]
    page = lab.open("reconstructions", run=run.id)
    said = f"{held.sum()} of 24 validation windows hold a known anomaly; their MAE is the larger"
    assert said in text_of(page)
    assert f"(ROC AUC {np.mean(pairs):.4g})" in text_of(page)
    page = page.button(key="worst-known").click().run()
    position = int(np.argmax(np.where(held, errors, 0)))
    assert page.number_input(key="window_number").value == position + 1
    start = max(last.start - 900 - 12 * position, 0) / 100
    specs = [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]
    shaded = [spec["layer"][0].get("transform", []) for spec in specs if "layer" in spec]
    starts = [one["calculate"] for steps in shaded for one in steps if one.get("as") == "start"]
    assert starts == [str([start])] * 2  # of the overlay and the residual of its channel
    assert "known anomaly" in legends_of(page)
    page = page.button(key="best").click().run()
    assert not held[0]
    assert "known anomaly" not in legends_of(page)
    assert not page.exception


def legends_of(page):
    return "".join(item.proto.body for item in page.get("html"))
