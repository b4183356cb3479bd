"""The page Explain: statements that are true of the data at hand, beside their floors."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from core import session
from core.affine_floors import AffineFloors
from core.config import ExperimentConfig, WindowsConfig, with_changes
from core.signals.recording import Recording
from core.signals.store import save
from core.views.explain import trial
from core.views.explain.words import outcome
from core.windows import split_windows
from tests.fake_runs import Lab, shown_text

QUESTION = {
    "v": "1",
    "data.name": "question",
    "data.amplitude": "255",
    "data.noise": "0",
    "data.time_steps": "200000",
    "normalization.method": "none",
    "model.output_activation": "sigmoid",
}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def own(lab, values, **query):
    """The page, opened on a recording of these values, `(time_steps, channels)`."""
    names = tuple(f"c{number}" for number in range(values.shape[1]))
    sha256 = save(Recording(values, names, name="mine"), lab.store.data_folder)
    data = {"data.source": "file", "data.name": "mine.csv", "data.sha256": sha256}
    return lab.open("explain", v="1", **data, **query).run()


def table_row(page, head, pair):
    """What a table says of a pair: training and validation floor."""
    table = next(m.value for m in page.markdown if m.value.startswith(f"| {head}"))
    line = next(line for line in table.splitlines() if pair in line)
    return [cell.strip() for cell in line.strip("| ").split("|")][1:]


def widget(page, kind, key):
    return next(item for item in page.get(kind) if item.key == key)


@pytest.mark.slow
def test_a_first_visit_is_taught_with_the_signal_the_lab_begins_with(lab):
    page = lab.open("explain").run()
    assert not page.exception
    text = shown_text(page)
    assert "**sines**, which the lab begins with" in text
    for number in range(1, 8):
        assert f"\n{number}. " in text
    assert "Deep Learning" in text
    assert len(page.get("vega_lite_chart")) == 7


def test_negative_targets_are_named_with_what_cutting_them_costs(lab):
    page = lab.open("explain").run()
    relu = next(m.value for m in page.markdown if "your training targets are negative" in m.value)
    share, floor = re.search(r"\*\*([\d.]+) % of your.*\*\*MAE ([\d.]+)\*\*", relu).groups()
    config = ExperimentConfig().replace({"model.output_activation": "relu"})
    train, validation = session.floors(config)
    assert float(share) == pytest.approx(100 * train.below_share.mean(), abs=0.05)
    assert float(floor) == pytest.approx(train.mae, rel=1e-3)
    row = table_row(page, "ReLU with", "(yours)")
    assert [float(cell) for cell in row] == pytest.approx([train.mae, validation.mae], rel=1e-3)


@pytest.mark.slow
def test_the_question_is_not_told_of_negative_values(lab):
    page = lab.open("explain", **QUESTION).run()
    assert not page.exception
    text = shown_text(page)
    assert "**none of your training targets is negative**" in text
    assert "None of them is negative." in text
    assert "the part of the signal below 0 is cut off" not in text
    assert "Yours never are" in text
    assert "Beware of standard normalization" in text
    assert float(table_row(page, "Sigmoid with", "(yours)")[0]) == pytest.approx(12.34, abs=0.1)
    assert table_row(page, "ReLU with", "(yours)") == ["0", "0"]
    assert "ReLU without normalization" in page.success[0].value


def test_validation_beyond_training_has_a_floor_under_min_max(lab):
    rising = np.linspace(0, 100, 5000)[:, None]
    page = own(lab, rising)
    text = shown_text(page)
    assert "Validation goes beyond the range of training." in text
    assert re.search(r"floor 0 on training, but \*\*MAE [\d.]+ on validation\*\*", text)
    train, validation = table_row(page, "Sigmoid with", "min-max to 0…1")
    assert train == "0"
    assert float(validation) == pytest.approx(10, rel=0.1)  # the last fifth, 0 to 20 beyond
    said = "min-max to 0…1: 0 % out of reach, under 0.1 % on an end it only comes near to"
    assert said in text


@pytest.mark.slow
def test_windows_scaled_by_themselves_have_no_value_beyond(lab):
    rising = np.linspace(0, 100, 5000)[:, None]
    page = own(lab, rising, **{"normalization.scope": "window"})
    assert "each window is scaled by its own two ends" in shown_text(page)
    assert table_row(page, "Sigmoid with", "min-max to 0…1") == ["0", "0"]


@pytest.mark.slow
def test_a_yes_or_a_no_is_recognised(lab):
    switch = (np.random.default_rng(0).random((4000, 2)) < 0.3).astype(np.float32)
    text = shown_text(own(lab, switch))
    assert "Every channel holds just two values" in text
    assert "Your channels hold just two values" in text
    assert "100 % of your training targets are exactly 0 or 1" in text
    assert "cross-entropy  :blue-badge[your values]" in text


@pytest.mark.parametrize("scope", ["channel", "global"])
def test_one_yes_or_no_among_other_channels(lab, scope):
    rng = np.random.default_rng(0)
    mixed = np.stack([rng.random(4000) < 0.3, rng.normal(0, 1, 4000)], axis=1).astype(np.float32)
    text = shown_text(own(lab, mixed, **{"normalization.scope": scope}))
    assert "1 of 2 channels holds just two values" in text
    assert "linear**  :blue-badge[your values]" in text


def test_levels_that_are_held_for_whole_windows_are_no_yes_or_no(lab):
    stages = np.repeat(np.random.default_rng(0).integers(0, 5, 40), 500).astype(np.float32)
    text = shown_text(own(lab, stages[:, None], **{"normalization.scope": "window"}))
    assert "No channel of yours holds just two values" in text


@pytest.mark.slow
def test_clipping_is_said_to_be_part_of_every_floor(lab):
    changes = {"normalization.clip_percentile": "1", "normalization.method": "minmax"}
    page = lab.open("explain", v="1", **changes).run()
    assert not page.exception
    text = shown_text(page)
    assert "lie within that, once clipping has cut off 2 %: **floor MAE" in text
    assert "% of them are negative." in text  # in every channel
    assert re.search(r"What is left is floor .* on validation, which is what clipping", text)
    assert "Your experiment clips values" in text
    assert "which is what clipping cuts off" in text
    assert table_row(page, "Pair", "Linear, standard")[0] != "0"


@pytest.mark.slow
def test_scaling_by_hand_moves_the_floor(lab):
    page = lab.open("explain", **(QUESTION | {"normalization.method": "minmax"})).run()

    def floor():
        return float(page.metric[0].value)

    assert floor() == 0
    widget(page, "slider", "explain-factor").set_value(2.0)
    page.run()
    assert floor() == pytest.approx(0.0976 * 255 / 8, rel=0.03)  # of uniform pulses, over a half
    assert "are out of its reach" in shown_text(page)
    widget(page, "selectbox", "explain-activation").set_value("relu")
    page.run()
    assert floor() == 0
    widget(page, "button", "explain-scale-−1…1").click()
    page.run()
    assert page.session_state["explain-offset"] == -1
    assert floor() > 50  # the zeros, which are most, are now at -1
    assert not page.exception
    assert page.session_state["draft"]["model"]["output_activation"] == "sigmoid"  # as it was


@pytest.mark.parametrize(
    ("activation", "factor", "offset", "greatest", "words"),
    [
        ("sigmoid", 1, 0, 1, "all of them but 0 and 1, which it only comes near to"),
        ("sigmoid", 0.8, 0.1, 1, "all of them"),
        ("tanh", 1, 0, 1, "all of them but 1, which it only comes near to"),
        ("hard_sigmoid", 1, 0, 1, "all of them"),
        ("linear", 2, -1, 1, "all of them"),
        (
            *("sigmoid", 1, 0, 3),
            "0 % of training and 50 % of validation are out of its reach, and it only comes near "
            "to those on 0 and 1",
        ),
        ("hard_sigmoid", 1, 0, 3, "0 % of training and 50 % of validation are out of its reach"),
        ("sigmoid", 1, 0.5, 1, "50 % of training and 50 % of validation are out of its reach"),
    ],
)
def test_targets_on_an_open_end_are_not_said_to_be_reached(
    activation, factor, offset, greatest, words
):
    values = np.concatenate([np.tile([0.0, 1.0], 40), np.tile([0.0, greatest], 10)])[:, None]
    cut = WindowsConfig(window_length=10, stride=10, validation_share=0.2)
    known = AffineFloors(split_windows(values, cut), "channel")
    assert trial.sentence(known, activation, factor, offset).endswith(f": {words}.")


def test_data_that_cannot_be_used_are_named_and_the_page_still_teaches(lab):
    page = lab.open("explain", v="1", **{"data.time_steps": "300"}).run()
    assert not page.exception
    assert "fewer than one window" in page.error[0].value
    text = shown_text(page)
    assert "Until that is mended" in text
    assert "**sines**" in text
    assert table_row(page, "Pair", "(yours)") == ["0", "0"]


def test_a_fault_in_a_field_is_named(lab):
    page = lab.open("explain").run()
    for part, field, wrong in (("training", "epochs", 0), ("windows", "stride", 0)):
        changed = with_changes(page.session_state["draft"], {f"{part}.{field}": wrong})
        page.session_state["draft"] = changed
        page.run()
        assert not page.exception
        assert f" {field}" in page.info[0].value
        # epochs teach nothing here, so the data stay the visitor's; without windows there are none
        assert ("Until that is mended" in shown_text(page)) == (part == "windows")


def test_names_of_a_visitor_are_shown_as_they_are(lab):
    page = lab.open("explain", **QUESTION).run()
    changed = page.session_state["draft"]
    changed["data"]["name"] = "[x](http://evil) | **b**"
    changed["data"]["source"] = "file"
    changed["data"]["sha256"] = "0" * 64
    page.session_state["draft"] = changed
    page.run()
    assert not page.exception
    assert "[x](http://evil)" not in shown_text(page)


@pytest.mark.slow
def test_many_channels_are_a_table(lab):
    page = lab.open("explain", v="1", **{"data.channels": "40", "data.time_steps": "4000"}).run()
    assert not page.exception
    assert len(page.get("vega_lite_chart")) == 5
    assert len(page.dataframe[0].value) == 40


@pytest.mark.parametrize(
    ("shares", "words"),
    [([0.0, 0.0], ""), ([0.004, 0.0], " but 0.2 % on an end it only comes near to")],
)
def test_what_comes_of_a_pair_tells_values_on_open_ends(shares, words):
    part = SimpleNamespace(at_open_end_share=np.array(shares))
    taught = SimpleNamespace(mae=lambda cell, part: 0.0)
    cell = SimpleNamespace(kind="compatible", train=part)
    assert outcome(taught, cell) == f"reaches every value{words}"
