"""The page Output: which values an output can produce, and what that costs."""

import pytest

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


def widget(page, kind, path):
    return next(item for item in page.get(kind) if str(item.key or "").startswith(path))


def test_the_question_is_impossible_with_a_sigmoid(lab):
    page = lab.open("output", **QUESTION).run()
    assert not page.exception
    assert "Impossible" in page.error[0].value
    assert "(0, 1)" in page.error[0].value
    assert "lie above" in page.error[0].value
    assert float(page.metric[0].value) == pytest.approx(12.34, abs=0.1)
    assert page.dataframe[0].value["above"].mean() == pytest.approx(0.0972, abs=0.002)


def test_relu_or_scaling_make_it_possible(lab):
    page = lab.open("output", **QUESTION).run()
    widget(page, "selectbox", "model.output_activation@").set_value("relu")
    page.run()
    assert "Compatible" in page.success[0].value
    assert [metric.value for metric in page.metric] == ["0"] * 4
    widget(page, "selectbox", "model.output_activation@").set_value("sigmoid")
    widget(page, "selectbox", "normalization.method@").set_value("minmax")
    page.run()
    assert "Only in saturation" in page.warning[0].value  # the zeros lie on its open end


def test_clipping_is_offered_and_has_no_meaning_per_window(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    assert page.session_state["draft"]["normalization"]["clip_percentile"] == 1.0
    assert "Clipping cuts values off" in page.success[0].value
    assert "costs only MAE" in page.success[0].value
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    page.run()
    assert not page.exception
    assert page.session_state["draft"]["normalization"]["clip_percentile"] is None
    assert page.success


def test_a_clip_that_a_scope_rules_out_is_not_shown(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    page.run()
    assert widget(page, "selectbox", "normalization.clip_percentile@").value == "none"


def test_a_scope_and_a_clip_that_it_rules_out_chosen_at_once(lab):
    page = lab.open("output", **{"v": "1", "normalization.clip_percentile": "0.1"}).run()
    widget(page, "selectbox", "normalization.scope@").set_value("window")
    widget(page, "selectbox", "normalization.clip_percentile@").set_value(1.0)
    page.run()
    assert not page.exception
    assert page.session_state["draft"]["normalization"]["scope"] == "window"
    assert page.session_state["draft"]["normalization"]["clip_percentile"] is None
    assert widget(page, "selectbox", "normalization.clip_percentile@").value == "none"


def test_a_single_channel_can_be_looked_at(lab):
    page = lab.open("output").run()
    widget(page, "selectbox", "output-channel@").set_value(2)
    page.run()
    assert not page.exception
    assert len(page.get("vega_lite_chart")) == 1


def test_data_that_leave_no_window_are_explained_with_the_way_out(lab):
    page = lab.open("output", **{"v": "1", "data.time_steps": "300"}).run()
    assert not page.exception
    assert "fewer than one window" in page.error[0].value
    assert page.get("page_link")


def test_a_fault_elsewhere_is_named(lab):
    page = lab.open("output").run()
    changed = page.session_state["draft"]
    changed["training"]["epochs"] = 0
    page.session_state["draft"] = changed
    page.run()
    assert not page.exception
    assert "training\\.epochs" in page.info[0].value
    assert "Output" in shown_text(page)
