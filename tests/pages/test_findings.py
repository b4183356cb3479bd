"""What is wrong with a run, where it is shown, and the button that fills the form."""

import json
import time

import pytest

from core import output_lines, session
from core.views import evidence
from tests.fake_records import output_line
from tests.fake_runs import Lab, history_row, make_run, shown_text
from tests.test_command_line import said

RELU = {"model.output_activation": "relu", "normalization.method": "minmax"}
FILES = ("history.csv", "outputs.jsonl", "baselines.json", "results.json")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def dead_run(lab, state="finished", channel_names=("flow", "$level$ *x* [0]"), **changes):
    """A run whose last channel is dead from the first epoch on."""
    config = RELU | {"model.latent_channels": 4}
    run = make_run(
        lab.store, state, changes=config, channel_names=channel_names, epochs=6, **changes
    )
    lines = output_lines.parse_lines((run.folder / "outputs.jsonl").read_bytes())
    for line in lines:
        for name, value in {"at_low": 1.0, "slope": 0.0, "spread": 0.0}.items():
            line[name][-1] = value
    (run.folder / "outputs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    path = run.folder / "results.json"
    if path.is_file():
        results = json.loads(path.read_bytes())
        for part in ("train", "validation"):
            results["output_high"][part][-1] = results["output_low"][part][-1]
        path.write_text(json.dumps(results))
    return run


def remedy_of(page, kind="dead"):
    return next(item for item in page.button if item.key and item.key.startswith(f"remedy-{kind}"))


@pytest.mark.parametrize("stem", ["reconstructions", "train"])
def test_a_finding_is_shown_with_its_numbers_where_the_run_is(lab, stem):
    page = lab.open(stem, run=dead_run(lab).id)
    assert not page.exception
    text = shown_text(page)
    assert "Dead output in 1 of 2 channels" in text.replace("\\", "")
    assert r"\$level\$ \*x\* \[0\] nothing but its lowest value" in text  # shown as it is
    assert "| Dead since epoch |" in text


@pytest.mark.parametrize("state", ["finished", "running"])
def test_the_command_line_says_what_the_pages_say(lab, state):
    run = dead_run(lab, state)
    first, *others = evidence.findings_of(run, run.status())
    assert first.kind == "dead"
    (lines, shown) = (said("show", run.folder, *more) for more in ((), ("--json",)))
    assert f"{first.title}: {first.sentence}\n" in lines
    assert ("\nMAE in mV, MSE in mV²\n" in lines) == (state == "finished")
    found = [(item["title"], item["sentence"]) for item in json.loads(shown)["findings"]]
    assert found == [(item.title, item.sentence) for item in (first, *others)]


@pytest.mark.parametrize("stem", ["reconstructions", "train"])
def test_a_finding_is_shown_while_the_run_goes_on(lab, stem):
    page = lab.open(stem, run=dead_run(lab, "running").id)
    assert not page.exception
    assert "Dead output" in shown_text(page)


def test_the_remedy_fills_the_form_and_says_what_was_changed(lab):
    run = dead_run(lab)
    page = lab.open("reconstructions", run=run.id)
    remedy_of(page).click().run()
    page = page.switch_page("pages/train.py").run()
    assert not page.exception
    draft = page.session_state["draft"]
    assert draft["model"]["output_activation"] == "linear"
    assert draft["normalization"]["method"] == "minmax"  # the rest is the run's
    assert draft["name"] == ""
    text = shown_text(page).replace("\\", "")
    assert "Filled from the run A run: output activation linear (was relu)" in text


def test_a_remedy_of_a_run_in_work_fills_the_form_too(lab):
    page = lab.open("train", run=dead_run(lab, "running").id)
    page = remedy_of(page).click().run()
    assert not page.exception
    assert page.session_state["draft"]["model"]["output_activation"] == "linear"
    assert "Filled from the run" in shown_text(page)


def test_embedded_there_is_no_button(lab):
    page = lab.open("reconstructions", run=dead_run(lab).id, embedded=True)
    assert "Dead output" in shown_text(page)
    assert not any(item.key and item.key.startswith("remedy") for item in page.button)


@pytest.mark.parametrize("state", ["finished", "running", "failed", "cancelled", "interrupted"])
@pytest.mark.parametrize("stem", ["reconstructions", "train"])
def test_an_old_run_without_the_records_is_shown(lab, state, stem):
    page = lab.open(stem, run=make_run(lab.store, state, old=True).id)
    assert not page.exception
    if state == "finished":  # its history and its results tell of these
        assert "No bottleneck" in shown_text(page)


@pytest.mark.parametrize("content", [b"{oops", b"[]", b"3\n", b"\xff\xfe", b""])
@pytest.mark.parametrize("name", FILES[1:3])
@pytest.mark.parametrize("state", ["finished", "running"])
def test_a_damaged_record_is_left_out(lab, state, name, content):
    run = make_run(lab.store, state)
    (run.folder / name).write_bytes(content)
    assert not lab.open("train", run=run.id).exception


def test_a_run_of_many_channels_names_the_first(lab):
    names = tuple(f"c{i}" for i in range(30))
    run = make_run(lab.store, changes=RELU, channels=30, channel_names=names, epochs=6)
    lines = [output_line(epoch, "relu", 30) | {"at_low": [1.0] * 30} for epoch in range(1, 7)]
    (run.folder / "outputs.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    results = json.loads((run.folder / "results.json").read_bytes())
    results["output_high"] = results["output_low"]
    (run.folder / "results.json").write_text(json.dumps(results))
    text = shown_text(lab.open("reconstructions", run=run.id)).replace("\\", "")
    assert "c0, c1, c2, c3 and 26 more" in text
    assert "and 18 more channels" in text


def test_a_tick_that_found_nothing_new_works_nothing_out(lab, monkeypatch):
    run = dead_run(lab, "running")
    first = evidence.findings_of(run, run.status())
    assert [item.kind for item in first] == ["dead"]
    monkeypatch.setattr(evidence, "diagnose", lambda *arguments: pytest.fail("worked out again"))
    began = time.perf_counter()
    for _ in range(50):
        assert evidence.findings_of(run, run.status())[0].kind == "dead"
    assert (time.perf_counter() - began) / 50 < 0.005


def test_a_new_epoch_is_taken_into_account(lab):
    run = dead_run(lab, "running")
    assert evidence.findings_of(run, run.status())
    line = output_line(9, "relu", 2)  # the channel came back
    output_lines.append_line(run.folder / "outputs.jsonl", line)
    assert not evidence.findings_of(run, run.status())


def test_epochs_of_a_long_run_are_named_exactly(lab):
    run = make_run(lab.store, epochs=6)
    rows = [history_row(epoch, 0.5) for epoch in range(1, 1_001)]
    rows[554]["loss"] = 0.001
    for row in rows[555:]:
        row["loss"] = 7.0
    run.replace_history(rows)
    (found,) = (item for item in evidence.findings_of(run, run.status()) if item.kind == "diverged")
    assert "in epoch 555 to" in found.sentence
    assert "Curves of more than 400 epochs are thinned" in shown_text(lab.open("train", run=run.id))


@pytest.mark.parametrize(
    ("state", "is_over"),
    [("paused", False), ("interrupted", False), ("cancelled", True), ("failed", True)],
)
def test_a_run_that_may_be_resumed_is_not_over(lab, state, is_over):
    run = make_run(lab.store, state, changes=RELU, epochs=2)  # one of them was trained
    (run.folder / "outputs.jsonl").unlink()
    line = output_line(1, "relu", 2) | {"at_low": [1.0, 0.4]}
    output_lines.append_line(run.folder / "outputs.jsonl", line)
    known = evidence.evidence_of(run, run.status(), session.run_config(run.id))
    assert known.is_over == is_over
    found = [item.kind for item in evidence.findings_of(run, run.status())]
    assert ("dead" in found) == (state == "failed")  # of a cancelled one, all windows deny it


def test_without_a_configuration_there_are_no_findings(lab):
    run = dead_run(lab)
    (run.folder / "config.json").write_text("{")
    assert session.run_config(run.id) is None
    assert evidence.findings_of(run, run.status()) == ()


def test_lines_are_chosen_for_all_pages(lab):
    run = make_run(lab.store)
    page = lab.open("reconstructions", run=run.id)
    assert page.pills(key="curve_lines").value == ["floor", "pca", "constant"]
    page = page.pills(key="curve_lines").set_value(["pca"]).run()
    legends = "".join(item.proto.body for item in page.get("html"))
    assert "PCA, 12 components" in legends
    page = page.switch_page("pages/train.py")
    page.query_params["run"] = run.id
    assert page.run().pills(key="curve_lines").value == ["pca"]
