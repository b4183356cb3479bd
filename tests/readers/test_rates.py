"""The sampling rate that is set beside the one that a file says, or that its times make."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from core.config import ReadOptions
from core.signals.readers import read_recording

WAVE = np.sin(np.arange(300))
TIMES = np.arange(300) / 100


def written(folder, kind):
    """A file that says 100 Hz."""
    path = folder / f"a.{kind.split()[-1]}"
    frame = pd.DataFrame({"time": TIMES, "x": WAVE})
    if kind == "wav":
        soundfile.write(path, WAVE, 100)
    elif kind == "npz":
        np.savez(path, x=WAVE, t=TIMES)
    elif kind == "fs npz":
        np.savez(path, x=WAVE, fs=100)
    elif kind == "long csv":
        pd.concat([frame.assign(id=one) for one in "ab"]).to_csv(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["csv", "long csv", "npz", "fs npz", "wav"])
@pytest.mark.parametrize(
    ("set_hz", "used"), [(250, 250), (100, 100), (100.00001, 100), (None, 100)]
)
def test_a_rate_that_is_set_against_the_file_is_told(tmp_path, kind, set_hz, used):
    recording = read_recording(written(tmp_path, kind), ReadOptions(sampling_rate_hz=set_hz))
    assert recording.sampling_rate_hz == pytest.approx(used, rel=1e-6)
    told = "The file says 100 Hz; 250 Hz was set and is used."
    assert [note for note in recording.notes if "Hz" in note] == ([told] if used == 250 else [])


@pytest.mark.parametrize(("saved", "told"), [(100, False), (50, True)])
def test_a_saved_rate_that_the_times_do_not_make_is_told(tmp_path, saved, told):
    path = tmp_path / "a.npz"
    np.savez(path, x=WAVE, t=TIMES, fs=saved)
    recording = read_recording(path)
    assert recording.sampling_rate_hz == saved
    note = "The file says 50 Hz, which is used, though its times make 100 Hz."
    assert (note in recording.notes) is told
