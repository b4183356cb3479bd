"""The real recordings, where their folder is at hand (LAB_REAL_DATA)."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

FOLDER = os.environ.get("LAB_REAL_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="LAB_REAL_DATA names no folder")

NUMBERED = tuple(f"channel {number}" for number in range(1, 7))
EXPECTED = {
    "art_daily_small_noise.csv": ((4032, 1), ("value",), 1 / 300),
    "art_daily_jumpsup.csv": ((4032, 1), ("value",), 1 / 300),
    "BasicMotions_TRAIN.ts": ((40, 100, 6), NUMBERED, None),
    "BasicMotions_TEST.ts": ((40, 100, 6), NUMBERED, None),
    "GunPoint_TRAIN.tsv": ((50, 150, 1), NUMBERED[:1], None),
    "mitbih_100_300s.csv": ((108_000, 2), ("MLII", "V5"), None),
    "a103l.mat": ((82_500, 3), NUMBERED[:3], None),
    "abi_train_N1x200x4_uint16.npy": ((851, 200, 4), NUMBERED[:4], None),
    "short_psg.edf": ((30_000, 3), ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal"), 100.0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_shape_names_and_rate(name):
    path = Path(FOLDER) / name
    recording = read_recording(path)
    shape, names, rate = EXPECTED[name]
    assert recording.values.shape == shape
    assert recording.channel_names == names
    assert recording.sampling_rate_hz == (pytest.approx(rate) if rate else None)
    assert outline(path).channels == names
    assert not outline(path).problem


def test_labels():
    folder = Path(FOLDER)
    classes = read_recording(folder / "BasicMotions_TRAIN.ts").labels["class"]
    assert sorted(set(classes)) == ["Badminton", "Running", "Standing", "Walking"]
    assert set(read_recording(folder / "GunPoint_TRAIN.tsv").labels["label"]) == {1, 2}


def test_commodities_are_pivoted():
    recording = read_recording(Path(FOLDER) / "commodities.parquet")
    assert recording.values.shape == (759, 71)
    assert recording.channel_names[0] == "Aluminum"
    assert recording.values[0, 0] == 511.47
    assert np.isfinite(recording.values).all()
    assert "6,306 missing values in 23 channels" in " ".join(recording.notes)


def test_annotations_are_no_signal():
    with pytest.raises(DataError, match="no column of numbers"):
        read_recording(Path(FOLDER) / "mitbih_100_300s_annotations.csv")
