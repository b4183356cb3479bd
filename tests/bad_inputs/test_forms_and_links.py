"""Lines 86 to 95 of the table of bad inputs: what comes by forms, links and configurations."""

import json
import math

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from core.__main__ import main
from core.config import ExperimentConfig, flatten
from core.config_faults import explain
from core.signals.readers import outline, read_recording
from core.signals.recording import DataError
from core.windows import check_batch, split_windows
from tests.fake_runs import Lab, make_run, shown_text
from tests.pages.test_data import array_bytes, draft, upload, widget

DEFAULTS = flatten(ExperimentConfig().model_dump())
BAD_NUMBERS = {"0": 0, "-1": -1, "nan": math.nan, "1e308": 1e308, "2^63": 2**63}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def numeric_fields():
    """Each numeric field of a configuration: its type and the bounds of it."""
    found = {}
    for path in DEFAULTS:
        model = ExperimentConfig
        *parents, leaf = path.split(".")
        for parent in parents:
            model = model.model_fields[parent].annotation
        kinds, bounds = _unpacked(model.model_fields[leaf])
        if kinds & {int, float} and str not in kinds and tuple not in kinds and bool not in kinds:
            found[path] = (kinds & {int, float}).pop(), bounds
    return found


def _unpacked(info):
    """The plain types in a field's annotation and the bounds beside them, at any depth."""
    kinds, bounds, ahead = set(), [], [info.annotation, *info.metadata]
    while ahead:
        item = ahead.pop()
        if isinstance(item, Ge | Gt | Le | Lt):
            bounds.append(item)
        elif item.__class__ is type:
            kinds.add(item)
        elif hasattr(item, "__metadata__"):
            ahead += [item.__origin__, *item.__metadata__]
        elif hasattr(item, "metadata"):
            ahead += item.metadata
        elif hasattr(item, "__args__"):
            ahead += [getattr(item, "__origin__", None), *item.__args__]
    return kinds, bounds


FIELDS = numeric_fields()


def fits(path, value):
    kind, bounds = FIELDS[path]
    if math.isnan(value) or (kind is int and not isinstance(value, int)):
        return False
    checks = {
        Ge: lambda b: value >= b.ge,
        Gt: lambda b: value > b.gt,
        Le: lambda b: value <= b.le,
        Lt: lambda b: value < b.lt,
    }
    return all(checks[type(bound)](bound) for bound in bounds)


def by_link(path, value):
    ExperimentConfig.from_query({"v": "1", path: repr(value)})


def by_json(path, value):
    nested = json.loads(ExperimentConfig().to_json())
    part, _, field = path.rpartition(".")
    place = nested
    for name in part.split(".") if part else ():
        place = place[name]
    place[field] = value
    ExperimentConfig.from_json(json.dumps(nested))


def by_draft(path, value):
    ExperimentConfig.model_validate(ExperimentConfig().replace({path: value}).model_dump())


def test_89_every_number_of_a_configuration_has_bounds():
    assert len(FIELDS) > 20
    for path, (kind, bounds) in FIELDS.items():
        assert any(isinstance(bound, Ge | Gt) for bound in bounds), path
        assert any(isinstance(bound, Le | Lt) for bound in bounds), path
        assert kind in (int, float)


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("given", BAD_NUMBERS)
@pytest.mark.parametrize("way", [by_link, by_json, by_draft], ids=lambda way: way.__name__)
def test_89_a_number_out_of_bounds_is_an_error_at_its_field(path, given, way):
    value = BAD_NUMBERS[given]
    if fits(path, value):
        way(path, value)
        return
    with pytest.raises(ValidationError) as caught:
        way(path, value)
    faults = explain(caught.value)
    assert list(faults) == [path]
    assert len(faults[path]) < 300
    assert faults[path].startswith(("It must be ", "It can be at most "))


@pytest.mark.parametrize("given", BAD_NUMBERS)
def test_89_on_the_command_line(given, capsys):
    text = str(BAD_NUMBERS[given])
    bad = [path for path in FIELDS if not fits(path, BAD_NUMBERS[given])]
    settings = [part for path in bad for part in ("--set", f"{path}={text}")]
    assert main(["config", *settings]) == 2
    said = capsys.readouterr().err
    assert all(f"{path}: " in said for path in bad)
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["data", "train"])
def test_89_in_the_forms(lab, stem):
    page = lab.open(stem).run()
    for value in BAD_NUMBERS.values():
        page = lab.open(stem).run()
        typed = {}
        for box in page.number_input:
            path = str(box.key).partition("@")[0]
            is_sent = path in FIELDS and (FIELDS[path][0] is float or not math.isnan(value))
            if is_sent:  # a browser sends no NaN; Streamlit takes it for a field of floats alone
                box.set_value(value)
                typed[path] = value
        assert typed
        page.run()
        assert not page.exception, (value, page.exception[0].value)
        captions = " ".join(caption.value for caption in page.caption).replace("\\", "")
        for path in typed:
            stored = flatten(draft(page))[path]
            kept = stored == DEFAULTS[path]
            assert fits(path, value) or kept or f"Received: {stored!r}"[:20] in captions, path


# 90, 91: numbers that fit their fields, and not the data


def test_90_a_stride_of_zero():
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_query({"v": "1", "windows.stride": "0"})
    assert "at least 1" in explain(caught.value)["windows.stride"]


def test_90_a_window_longer_than_the_signal_names_both():
    windows = ExperimentConfig().replace({"windows.window_length": 5000}).windows
    with pytest.raises(DataError, match=r"training part has 3,200 of 4,000 .* window of 5,000"):
        split_windows(np.zeros((4000, 1)), windows)


def test_90_a_batch_larger_than_the_data_is_an_error_at_its_field(lab):
    page = lab.open("train", v="1", **{"training.batch_size": "65536"}).run()
    assert not page.exception
    said = "Batch size 65,536 is more than the 80 windows there are to train on"
    assert shown_text(page).count(said) == 2  # at the field, and at the start
    assert page.button(key="start").disabled
    page.button(key="fit-batch").click().run()
    assert "windows there are to train on" not in shown_text(page)
    assert not page.button(key="start").disabled
    assert page.number_input(key="training.batch_size@2").value == 80


def test_90_windows_and_a_batch_that_fit_exactly():
    windows = split_windows(np.zeros((4000, 1)), ExperimentConfig().windows).train
    check_batch(16, windows)
    with pytest.raises(DataError, match=r"batch_size=17 is more than the 16 windows"):
        check_batch(17, windows)


def test_91_a_thousand_million_epochs_meet_the_limit():
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_query({"v": "1", "training.epochs": "1000000000"})
    assert "at most 10,000" in explain(caught.value)["training.epochs"]


# 94: addresses

ODD = {
    "long": "x" * 150_000,
    "nul": "a\x00b",
    "parent": "../../../etc/passwd",
    "digits": "1" + "0" * 5000,
    "deep": "[" * 10_000,
    "markup": ":red[x]<script>$a$",
}


def toasts(page):
    """What was said in passing when the page was opened: before it is run again."""
    return " ".join(toast.value for toast in page.toast)


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["start", "train", "reconstructions", "runs"])
def test_94_odd_values_in_an_address_are_ignored_with_a_notice(lab, stem):
    run = make_run(lab.store)
    for name, text in ODD.items():
        page = lab.open(stem, run=text)
        said = toasts(page)
        assert not page.run().exception, name
        if name == "long":
            assert "an address of 150,003 characters" in said
        elif stem in ("train", "reconstructions"):
            assert "not found" in shown_text(page).lower() or "no run" in shown_text(page).lower()
        page = lab.open(stem, run=run.id, window=text[:20_000], part=text[:20_000]).run()
        assert not page.exception, name


@pytest.mark.parametrize("name", ODD)
def test_94_odd_values_in_a_configuration_link_change_nothing(lab, name):
    query = {"training.epochs": ODD[name], "data.time_column": ODD[name], ODD[name]: "1"}
    page = lab.open("start", v="1", **query)
    said = toasts(page) + shown_text(page.run())
    assert not page.exception
    assert "nothing was changed" in said or "longer than any link" in said
    assert ExperimentConfig.model_validate(page.session_state["draft"]) == ExperimentConfig()


@pytest.mark.parametrize("name", ["run", "training.epochs"])
def test_94_a_query_of_a_megabyte_is_ignored(lab, name):
    """Streamlit drops it before the app sees it, and a browser does not get the page by it."""
    page = lab.open("start", **{"v": "1", name: "1" * 1_000_000}).run()
    assert not page.exception
    assert ExperimentConfig.model_validate(draft(page)) == ExperimentConfig()


def test_94_repeated_parameters(lab):
    page = lab.open("start", v="1", **{"training.epochs": ["5", "6"]}).run()
    assert not page.exception
    assert "more than once" in shown_text(page)
    assert draft(page)["training"]["epochs"] == 20
    page = lab.open("train", run=["a", "b"])
    assert "all but the last run of 2" in toasts(page)


def test_94_unknown_parameters_are_named_once(lab):
    page = lab.open("start", **{"utm_source": "x", ":red[a]": "y"})
    assert "utm\\_source" in toasts(page)
    assert ":red[a]" not in toasts(page)
    page.run()
    assert not toasts(page)


def test_94_an_ordinary_link_raises_no_notice(lab):
    page = lab.open("train", run="0" * 32)
    assert not toasts(page)


@pytest.mark.parametrize("name", ["none", "None", "auto"])
def test_94_a_column_called_like_a_choice_survives_a_link(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(f"{name},b\n" + "\n".join(f"{t},{t % 3}" for t in range(50)))
    found = outline(path)
    assert found.columns == (f"column {name}", "b")
    assert any("means a choice" in note for note in found.notes)
    config = ExperimentConfig().replace({"data.reading.time_column": found.columns[0]})
    assert ExperimentConfig.from_query(config.to_query()) == config
    recording = read_recording(path, config.data.reading)
    assert recording.channel_names == ("b",)


# 95: configurations nested 10,000 deep

DEEP = "[" * 10_000 + "]" * 10_000
DEEPER = '{"a":' * 10_000 + "1" + "}" * 10_000


@pytest.mark.parametrize("text", [DEEP, DEEPER, f'{{"model": {DEEPER}}}', f'{{"version": {DEEP}}}'])
def test_95_a_configuration_nested_too_deeply(text, tmp_path, capsys):
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_json(text)
    assert "recursion limit" in str(explain(caught.value))
    path = tmp_path / "deep.json"
    path.write_text(text)
    assert main(["train", str(path), "--runs", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "is no configuration" in said
    assert len(said) < 1000


def test_95_a_list_of_a_link_nested_too_deeply():
    for text in (DEEP, "[" * 10_000):
        with pytest.raises(ValidationError) as caught:
            ExperimentConfig.from_query({"v": "1", "data.reading.channels": text})
        faults = explain(caught.value)
        assert all(field.startswith("data.reading.channels") for field in faults)
        assert all(len(sentence) < 300 for sentence in faults.values())


def test_95_a_field_of_a_link_nested_too_deeply():
    with pytest.raises(ValidationError) as caught:
        ExperimentConfig.from_query({"v": "1", "model." + "a." * 10_000: "1"})
    assert "There is no such field." in explain(caught.value).values()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "EOF"),
        ("{", "EOF"),
        ("7", "object"),
        ("null", "object"),
        ('{"model": 7}', "model: "),
        ('{"model": {"dropout": "much"}}', "model.dropout: "),
        ('{"unknown": 1}', "unknown: There is no such field."),
        ('{"version": 99}', "version: "),
        ('{"training": {"epochs": 5, "epochs": 0}}', "training.epochs: "),
        ("\x00", "no configuration"),
    ],
)
def test_95_a_configuration_that_is_none(text, said, tmp_path, capsys):
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main(["train", str(path), "--runs", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


# 86 to 88: files


@pytest.mark.slow
def test_86_an_upload_whose_content_is_another_format(lab):
    page = upload(lab.open("data").run(), "messung.csv", array_bytes(np.zeros((500, 2))))
    assert not page.exception
    assert "messung\\.csv" in page.error[0].value
    assert "NumPy" in page.error[0].value
    assert draft(page)["data"]["source"] == "generator"
    assert "Still in use" in shown_text(page)
    assert "Nothing was taken from this file" in shown_text(page)


@pytest.mark.slow
def test_87_the_same_file_twice_is_said(lab):
    content = array_bytes(np.random.default_rng(0).normal(size=(1000, 2)))
    page = upload(lab.open("data").run(), "a.npy", content)
    assert "same data" not in shown_text(page)
    before = draft(page)["data"]["sha256"]
    page.file_uploader(key="uploader").clear()
    page = upload(page, "b.npy", content)
    assert "same data as a\\.npy" in shown_text(page)
    assert draft(page)["data"]["sha256"] == before
    page.file_uploader(key="uploader").clear()
    page = upload(page, "c.npy", array_bytes(np.zeros((1000, 2)) + np.arange(2)))
    assert "same data" not in shown_text(page)


@pytest.mark.slow
def test_88_the_form_takes_one_file(lab):
    page = lab.open("data").run()
    widget(page, "segmented_control", "source@").set_value("file")
    page.run()
    assert not page.file_uploader(key="uploader").proto.multiple_files
