"""Vectors of times saved beside the signals, in NPZ and MAT files."""

import h5py
import numpy as np
import pytest
import scipy.io

from core.config import ReadOptions
from core.signals.readers import outline, read_recording

SECONDS = np.arange(300) / 100
WAVE = np.sin(SECONDS)


def saved(folder, kind, arrays):
    path = folder / ("a.npz" if kind == "npz" else "a.mat")
    if kind == "npz":
        np.savez(path, **arrays)
    elif kind == "7.3":
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, array in arrays.items():
                file[name] = np.atleast_2d(array)
    else:
        scipy.io.savemat(path, arrays, format=kind)
    return path


@pytest.fixture(params=["npz", "5", "4", "7.3"])
def kind(request):
    return request.param


def test_the_times_are_no_signal(tmp_path, kind):
    path = saved(tmp_path, kind, {"t": SECONDS, "x": WAVE})
    recording = read_recording(path)
    np.testing.assert_array_equal(recording.values[:, 0], WAVE)
    np.testing.assert_array_equal(recording.time, SECONDS)
    assert recording.sampling_rate_hz == 100
    assert "the largest beside the times, 'x', was taken" in " ".join(recording.notes)
    assert "'t' was taken as the time axis." in recording.notes
    assert outline(path).variable == "x"
    times = read_recording(path, ReadOptions(variable="t"))
    np.testing.assert_array_equal(times.values[:, 0], SECONDS)
    assert times.time is None


def test_a_time_vector_beside_several_channels(tmp_path, kind):
    channels = np.stack([WAVE, WAVE**2])
    path = saved(tmp_path, kind, {"t_ms": SECONDS * 1000, "x": channels})
    assert read_recording(path).sampling_rate_hz == pytest.approx(100)


@pytest.mark.parametrize("beside", [WAVE, -SECONDS, SECONDS[:-1]])
def test_what_does_not_rise_with_the_signal_is_no_time_axis(tmp_path, kind, beside):
    recording = read_recording(saved(tmp_path, kind, {"time_series": beside, "x": WAVE}))
    assert recording.time is None
    assert recording.sampling_rate_hz is None


def test_what_was_chosen_of_equally_large_arrays_is_told(tmp_path, kind):
    recording = read_recording(saved(tmp_path, kind, {"a": -WAVE, "b": WAVE}))
    assert recording.values[1, 0] == -WAVE[1]
    assert "the first of the 2 largest, 'a', was taken" in " ".join(recording.notes)


@pytest.mark.parametrize(
    ("unit", "rate"), [("ps", 1e11), ("fs", 1e14), ("ms", 100), ("m", 1 / 600)]
)
def test_dates_of_any_unit_keep_their_rate(tmp_path, unit, rate):
    times = (np.arange(300) * 10).astype(f"datetime64[{unit}]")
    recording = read_recording(saved(tmp_path, "npz", {"when": times, "x": WAVE}))
    assert recording.sampling_rate_hz == pytest.approx(rate)
    assert recording.time.dtype.str[1:] in ("M8[ns]", "M8[ms]", "M8[s]")
