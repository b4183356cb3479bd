"""The public question: runs of here are drawn and tabled beside what was published."""

from core.charts import question


def test_ours_are_drawn_over_the_published():
    rows = [{"loss": 9.9, "mae": 9.8, "mse": 1300.0}]
    frame = question.question_frame({"relu": rows})
    here = frame[frame["by"] == "run here"]
    assert here[["activation", "epoch", "loss"]].to_numpy().tolist() == [["ReLU", 1, 9.8]]
    assert len(frame) == 9


def test_a_run_that_has_begun_fills_its_row_epoch_by_epoch():
    rows = [{"loss": 12.5, "mae": 12.4, "mse": 2090.4}, {"loss": 12.45, "mse": 2089.2}]
    table = question.loss_table({"sigmoid": rows}).set_index("loss (MAE)")
    assert table.loc["Sigmoid, published"].tolist()[-1] == "2089"  # twice the same, said once
    assert table.loc["Sigmoid, here"].tolist() == ["12.40", "12.45", "–", "–", "2090 → 2089"]
    assert table.loc["ReLU, here"].tolist() == ["–"] * 5
