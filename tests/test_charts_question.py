"""The public question: runs of here are drawn and tabled beside what was published."""

from math import isfinite

from core.charts import question


def test_ours_are_drawn_over_the_published():
    rows = [{"loss": 9.9, "mae": 9.8, "mse": 1300.0}]
    frame = question.loss_points({"relu": rows}).to_pandas()
    here = frame[frame["by"] == "run here"]
    assert here[["activation", "epoch", "loss"]].to_numpy().tolist() == [["ReLU", 1, 9.8]]
    assert len(frame) == 9


def test_a_loss_that_is_no_number_leaves_its_curve_broken():
    rows = [{"loss": 9.9}, {"loss": float("nan")}, {"loss": float("inf")}]
    losses = question.loss_points({"relu": rows})["loss"].to_pylist()[-3:]
    assert losses[0] == 9.9
    assert not any(loss is not None and isfinite(loss) for loss in losses[1:])


def test_a_run_that_has_begun_fills_its_row_epoch_by_epoch():
    rows = [{"loss": 12.5, "mae": 12.4, "mse": 2090.4}, {"loss": 12.45, "mse": 2089.2}]
    table = {name: texts for name, *texts in question.loss_rows({"sigmoid": rows})}
    assert table["Sigmoid, published"][-1] == "2089"  # twice the same, said once
    assert table["Sigmoid, here"] == ["12.40", "12.45", "–", "–", "2090 → 2089"]
    assert table["ReLU, here"] == ["–"] * 5
