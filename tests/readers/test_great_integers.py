"""Integers beyond 2^53: kept to the last digit, or counted in a note where they are rounded."""

import numpy as np
import pandas as pd
import pytest

from core.config import ReadOptions
from core.signals.readers import csv_plain, read_recording

GREAT = 2**53 + 1 + 2 * np.arange(40)
TOLD = "n: 40 integers are above 2^53, where the last digits are rounded."


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("beside", "gap", "told"),
    [
        (np.arange(40) / 4, False, TOLD),
        (np.arange(40), True, TOLD.replace("40", "39")),
        (np.arange(40), False, TOLD),
    ],
    ids=["fractions", "gap", "integers"],
)
def test_what_is_rounded_is_told(tmp_path, monkeypatch, kind, plain, beside, gap, told):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0 if plain else 1 << 40)
    numbers = pd.array(GREAT, dtype="Int64")
    numbers[5] = pd.NA if gap else GREAT[5]
    frame = pd.DataFrame({"n": numbers, "x": beside})
    path = tmp_path / f"t.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    recording = read_recording(path, ReadOptions(time_column=None))
    assert [note for note in recording.notes if "2^53" in note] == [told]
    assert recording.values.dtype.kind == ("i" if told == TOLD and beside.dtype == int else "f")


def test_what_is_rounded_in_the_long_form_is_told(tmp_path):
    frame = pd.DataFrame({"id": ["a"] * 20 + ["b"] * 20, "time": [*range(20)] * 2, "n": GREAT})
    frame.to_parquet(tmp_path / "t.parquet")
    assert TOLD in read_recording(tmp_path / "t.parquet").notes


@pytest.mark.parametrize("plain", [False, True])
def test_great_fractions_are_no_integers(tmp_path, monkeypatch, plain):
    monkeypatch.setattr(csv_plain, "LEAST_BYTES", 0 if plain else 1 << 40)
    path = tmp_path / "t.csv"
    path.write_text("n,x\n" + "".join(f"{i}.5e17,{i}\n" for i in range(40)))
    assert not any("2^53" in note for note in read_recording(path).notes)
