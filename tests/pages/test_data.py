"""The page Data: the three sources, the cut into windows, and what goes wrong."""

import io
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import session
from core.config import DataConfig, ExperimentConfig, with_changes
from tests.fake_runs import Lab, shown_text

TABLE = "zeit;links;rechts\n" + "\n".join(
    f"{t / 10:.1f};{t % 7},5;{-t},25".replace(".", ",", 1) for t in range(1200)
)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def widget(page, kind, path):
    return next(item for item in page.get(kind) if str(item.key or "").startswith(path))


def draft(page):
    return page.session_state["draft"]


def upload(page, name, content):
    widget(page, "segmented_control", "source@").set_value("file")
    page.run()
    page.file_uploader(key="uploader").upload(name, content)
    return page.run()


def array_bytes(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


@pytest.mark.slow
def test_first_visit_shows_a_generated_signal_and_its_windows(lab):
    page = lab.open("data").run()
    assert not page.exception
    assert "80 windows to train, 20 to validate" in shown_text(page)
    assert "no time step is in both" in shown_text(page)
    assert len(page.get("vega_lite_chart")) == 2 + 4  # detail, overview, a histogram a channel
    assert list(page.dataframe[0].value["channel"]) == [f"channel {n}" for n in range(1, 5)]


@pytest.mark.slow
def test_a_parameter_reaches_the_draft_and_the_picture(lab):
    page = lab.open("data").run()
    widget(page, "number_input", "data.time_steps@").set_value(5000)
    widget(page, "number_input", "windows.stride@").set_value(100)
    page.run()
    assert draft(page)["data"]["time_steps"] == 5000
    assert "share 100 time steps (50 %)" in shown_text(page)
    assert "5,000 × 4" in shown_text(page)


def test_only_the_parameters_of_a_generator_are_asked_for(lab):
    page = lab.open("data").run()
    widget(page, "selectbox", "data.name@").set_value("ecg")
    page.run()
    assert "Beats a second" in [item.label for item in page.number_input]
    widget(page, "selectbox", "data.name@").set_value("question")
    page.run()
    assert not [item for item in page.number_input if str(item.key).startswith("data.frequency")]


def test_the_time_steps_in_view_are_counted_as_the_range_narrows(lab):
    """What lies beside the range is drawn too, and neither counted nor forgotten."""
    page = lab.open("data", **{"v": "1", "data.time_steps": "20000"})
    assert "20,000 of 20,000 time steps in view, thinned" in shown_text(page)
    said = []
    for _ in range(5):
        widget(page, "button", "view-In").click()
        page.run()
        found = re.search(r"([\d,]+) of 20,000 time steps in view, (\w+)", shown_text(page))
        said.append((int(found[1].replace(",", "")), found[2]))
    for place, (count, how) in enumerate(said, start=1):
        assert abs(count - 19_999 / 2**place) < 1
        assert how == ("each" if place == 5 else "thinned")  # with as much again beside it


def table_place(page):
    """What a browser knows the table by: while it is the same, columns keep their widths."""
    (box,) = [box for box in page.get("flex_container") if "-channel-table@" in box.proto.id]
    return box.proto.id


def test_a_new_seed_makes_another_signal(lab):
    page = lab.open("data").run()
    before, place = page.dataframe[0].value["min"].tolist(), table_place(page)
    page.button(key="reroll").click().run()
    assert table_place(page) != place
    assert draft(page)["data"]["seed"] != 0
    assert page.dataframe[0].value["min"].tolist() != before


def test_a_frequency_beyond_nyquist_is_explained_and_mended(lab):
    page = lab.open("data").run()
    widget(page, "number_input", "data.frequency_hz@").set_value(80.0)
    page.run()
    assert not page.exception
    assert "Nyquist" in page.error[0].value
    widget(page, "number_input", "data.frequency_hz@").set_value(8.0)
    page.run()
    assert not page.error


def test_known_anomalies_are_put_in_with_a_number_at_once(lab):
    page = lab.open("data").run()
    widget(page, "multiselect", "data.anomalies@").set_value(["spike"])
    page.run()
    assert draft(page)["data"]["anomaly_count"] == 5
    data = DataConfig.model_validate(draft(page)["data"])
    assert [a.kind for a in session.recording(data).anomalies] == ["spike"] * 5


@pytest.mark.slow
def test_a_sample_is_chosen_by_one_click(lab):
    page = lab.open("data").run()
    widget(page, "segmented_control", "source@").set_value("sample")
    page.run()
    page.button(key="sample-digits").click().run()
    assert not page.exception
    assert (draft(page)["data"]["source"], draft(page)["data"]["name"]) == ("sample", "digits")
    assert "1,797 × 8 × 8" in shown_text(page)
    assert r"digit\: 0" in shown_text(page)  # the label of the first window
    assert draft(page)["windows"]["window_length"] == 8
    assert "windows to train" in shown_text(page)
    assert "No window is in both parts" in shown_text(page)


def test_going_back_to_a_source_brings_back_what_it_held(lab):
    page = lab.open("data").run()
    widget(page, "selectbox", "data.name@").set_value("chirp")
    page.run()
    widget(page, "segmented_control", "source@").set_value("sample")
    page.run()
    page.button(key="sample-ecg").click().run()
    widget(page, "segmented_control", "source@").set_value("generator")
    page.run()
    assert draft(page)["data"]["name"] == "chirp"
    assert not page.exception


@pytest.mark.slow
def test_a_sample_lets_go_of_the_file_before_it_until_one_goes_back(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    key = draft(page)["data"]["sha256"]
    widget(page, "segmented_control", "source@").set_value("sample")
    page.run()
    page.button(key="sample-ecg").click().run()
    assert draft(page)["data"]["sha256"] == ""  # or a link to this setup would tell it
    widget(page, "segmented_control", "source@").set_value("file")
    page.run()
    assert draft(page)["data"]["sha256"] == key
    assert not page.exception


@pytest.mark.slow
def test_a_new_file_gets_no_anomalies_of_what_was_generated_before(lab):
    page = lab.open("data").run()
    page.session_state["draft"] = with_changes(
        draft(page), {"data.anomalies": ["spike"], "data.anomaly_count": 3}
    )
    page = upload(page.run(), "messung.csv", TABLE.encode())
    assert draft(page)["data"]["source"] == "file"
    assert session.recording(DataConfig.model_validate(draft(page)["data"])).anomalies == ()


def test_a_rate_to_keep_can_be_left_to_detection_again():
    def page():
        from core.signals.readers import FileOutline
        from core.views import file_reading

        rates = {1.0: ("temperature",), 256.0: ("ECG",)}
        file_reading._rate_field(FileOutline("EDF", rates=rates, sampling_rate_hz=256.0))

    shown = AppTest.from_function(page).run()
    shown.selectbox[0].select_index(1).run()
    assert draft(shown)["data"]["reading"]["sampling_rate_hz"] == 1.0
    shown.selectbox[0].select_index(0).run()
    assert draft(shown)["data"]["reading"]["sampling_rate_hz"] is None


def test_the_notes_are_of_the_file_in_hand_though_another_had_the_same_values(lab):
    rows = "".join(f"{index % 7},5;{index % 5}\n" for index in range(400))
    page = upload(lab.open("data").run(), "old.csv", f"a;a\n{rows}".encode())
    assert "occurs twice" in shown_text(page)
    page = upload(page, "mended.csv", f"a;a (2)\n{rows}".encode())
    assert draft(page)["data"]["name"] == "mended.csv"
    assert "occurs twice" not in shown_text(page)


def test_a_unit_can_be_given_to_values_whose_file_names_none(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    field = widget(page, "text_input", "data.reading.unit@")
    assert field.placeholder == "not stated"
    field.set_value("µm")
    page.run()
    assert not page.exception
    recording = session.recording(DataConfig.model_validate(draft(page)["data"]))
    assert recording.unit == "µm"


def test_the_unit_that_a_file_names_is_shown(lab):
    rows = "".join(f"{index / 10},{index % 5}.5\n" for index in range(600))
    content = f"time,x\n(s),(mV)\n{rows}".encode()
    page = upload(lab.open("data").run(), "said.csv", content)
    assert widget(page, "text_input", "data.reading.unit@").placeholder == "mV"
    assert "unit\\: mV" in shown_text(page)


def test_a_single_kind_of_label_is_no_plural(lab):
    rows = "".join(f"{index % 5}.5,a\n" for index in range(600))
    page = upload(lab.open("data").run(), "one.csv", f"x,class\n{rows}".encode())
    assert "1 kind\\)" in shown_text(page)


def test_an_upload_is_detected_shown_and_stored(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    assert not page.exception
    assert not page.error
    text = shown_text(page)
    assert "semicolon\\-separated" in text
    assert "decimal comma" in text
    data = draft(page)["data"]
    assert (data["source"], data["name"], len(data["sha256"])) == ("file", "messung.csv", 64)
    recording = session.recording(DataConfig.model_validate(data))
    assert recording.channel_names == ("links", "rechts")
    assert recording.values.shape == (1200, 2)


@pytest.mark.slow
def test_an_upload_is_read_again_in_another_way(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    before = draft(page)["data"]["sha256"]
    widget(page, "selectbox", "data.reading.time_column@").set_value("none")
    page.run()
    data = draft(page)["data"]
    assert data["sha256"] != before
    assert session.recording(DataConfig.model_validate(data)).channels == 3
    widget(page, "multiselect", "data.reading.channels@").set_value(["links"])
    page.run()
    assert page.session_state["reading"].result.sha256 == draft(page)["data"]["sha256"]
    assert session.recording(DataConfig.model_validate(draft(page)["data"])).channels == 1
    widget(page, "multiselect", "data.reading.channels@").set_value([])
    page.run()
    assert any("No channel is chosen" in error.value for error in page.error)
    again = widget(page, "multiselect", "data.reading.channels@")
    assert again.options == ["zeit", "links", "rechts"]
    again.set_value(["links", "rechts"])
    page.run()
    assert not page.error
    assert session.recording(DataConfig.model_validate(draft(page)["data"])).channels == 2


@pytest.mark.slow
def test_what_was_uploaded_is_there_after_another_page(lab):
    page = upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    kept = draft(page)["data"]["sha256"]
    page.switch_page("pages/output.py").run()
    page.switch_page("pages/data.py").run()
    assert draft(page)["data"]["sha256"] == kept
    assert "semicolon\\-separated" in shown_text(page)
    widget(page, "selectbox", "data.reading.time_column@").set_value("none")
    page.run()
    assert session.recording(DataConfig.model_validate(draft(page)["data"])).channels == 3


@pytest.mark.slow
def test_a_bad_upload_is_explained_and_changes_nothing(lab):
    page = upload(lab.open("data").run(), "leer.csv", b"")
    assert not page.exception
    assert "leer\\.csv" in page.error[0].value
    assert draft(page)["data"]["source"] == "generator"
    page.file_uploader(key="uploader").clear()
    page = upload(page, "gut.npy", array_bytes(np.zeros((2000, 2), np.float32)))
    assert not page.error
    assert draft(page)["data"]["name"] == "gut.npy"


@pytest.mark.slow
def test_names_of_a_file_are_shown_as_they_are(lab):
    head = ":red[x],$y$,![](http://a.b/c)"
    rows = "\n".join(f"{t % 5},{t % 3},{t}" for t in range(500))
    page = upload(lab.open("data").run(), ":blue[a]<b>.csv", f"{head}\n{rows}".encode())
    assert not page.exception
    assert r"\:blue\[a\]\<b\>\.csv" in shown_text(page)
    assert ":blue[a]" not in shown_text(page)


@pytest.mark.slow
def test_too_few_time_steps_are_named_and_mended_by_a_click(lab):
    page = lab.open("data").run()
    widget(page, "number_input", "data.time_steps@").set_value(500)
    page.run()
    assert "fewer than one window of 200" in page.error[0].value
    next(item for item in page.button if item.label.startswith("Use windows of")).click().run()
    assert not page.error
    assert "windows to train" in shown_text(page)


@pytest.mark.parametrize(
    ("changes", "label", "then"),
    [
        ({"windows.split": "random"}, "Validate on the last part", {"split": "auto"}),
        (
            {"data.time_steps": 1_000_000, "data.channels": 1, "windows.window_length": 60_000}
            | {"windows.validation_share": 0.01},
            "Use windows of 2,500 time steps",
            {"window_length": 2500, "stride": 1250},
        ),
        ({"windows.stride": 1}, "Use a stride of 32 time steps", {"stride": 32}),
    ],
)
def test_the_way_out_that_is_offered_leads_out(lab, monkeypatch, changes, label, then):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    monkeypatch.setenv("LAB_PUBLIC_MAX_WINDOWS", "1000")
    page = lab.open("data").run()
    page.session_state["draft"] = with_changes(draft(page), changes)
    page.run()
    assert page.error
    assert page.button(key="cut").label == label
    page.button(key="cut").click().run()
    assert not page.error
    assert {name: draft(page)["windows"][name] for name in then} == then


def test_a_faulty_field_is_named_and_the_page_goes_on(lab):
    page = lab.open("data")
    page.session_state["draft"] = None
    del page.session_state["draft"]
    page.run()
    page.session_state["draft"] = with_changes(draft(page), {"data.channels": 999})
    page.run()
    assert not page.exception
    assert "Mend the marked field" in page.info[0].value


def test_a_file_of_a_link_that_is_not_here_is_said(lab):
    query = {"v": "1", "data.source": "file", "data.name": "a.csv", "data.sha256": "0" * 64}
    page = lab.open("data", **query).run()
    assert not page.exception
    assert "Upload the file again" in page.error[0].value


# An upload beside another recording

ROWS = "zeit;links\n" + "\n".join(f"{t};{t % 9}" for t in range(1000))
WORDS = "zeit;ort\n" + "\n".join(f"{t};hier" for t in range(100))


def opened(page, data):
    """Open a link to a recording, as it was read."""
    page.query_params.clear()
    page.query_params.update(ExperimentConfig(data=data).to_query())
    page.run()
    return page.run()


@pytest.mark.slow
def test_an_upload_leaves_the_data_of_a_link_opened_later_alone(lab):
    page = upload(lab.open("data").run(), "eins.csv", TABLE.encode())
    widget(page, "selectbox", "data.reading.time_column@").set_value("none")
    page.run()
    first = DataConfig.model_validate(draft(page)["data"])
    page = upload(page, "zwei.csv", ROWS.encode())
    assert draft(page)["data"]["name"] == "zwei.csv"
    page = opened(page, first)  # read in another way than the upload
    assert not page.exception
    assert DataConfig.model_validate(draft(page)["data"]) == first
    assert "In use: eins" in shown_text(page)
    assert "zwei" not in shown_text(page)


@pytest.mark.slow
def test_an_upload_that_a_link_names_can_be_read_in_another_way(lab):
    page = upload(lab.open("data").run(), "eins.csv", TABLE.encode())
    first = DataConfig.model_validate(draft(page)["data"])
    page = opened(page, first)
    widget(page, "selectbox", "data.reading.time_column@").set_value("none")
    page.run()
    assert draft(page)["data"]["sha256"] != first.sha256


@pytest.mark.slow
def test_an_unreadable_upload_is_forgotten_with_a_link(lab):
    page = upload(lab.open("data").run(), "eins.csv", TABLE.encode())
    first = DataConfig.model_validate(draft(page)["data"])
    page = upload(page, "zwei.csv", ROWS.encode())
    page = upload(page, "leer.csv", b"")
    assert "leer" in page.error[0].value
    page = opened(page, first)
    assert not page.error
    assert DataConfig.model_validate(draft(page)["data"]) == first


@pytest.mark.slow
def test_the_boxes_show_how_a_new_file_is_read_also_if_it_cannot_be(lab):
    page = upload(lab.open("data").run(), "eins.csv", TABLE.encode())
    widget(page, "selectbox", "data.reading.missing@").set_value("zero")
    page.run()
    page = upload(page, "worte.csv", WORDS.encode())
    assert "worte" in page.error[0].value
    assert widget(page, "segmented_control", "source@").value == "file"
    assert draft(page)["data"]["reading"]["missing"] == "interpolate"
    assert widget(page, "selectbox", "data.reading.missing@").value == "interpolate"
