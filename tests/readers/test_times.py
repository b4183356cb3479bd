"""The time axis of a table: its rate, its dates, and which column it is."""

import numpy as np
import pytest

from core.config import ReadOptions
from core.signals.readers import read_recording

PLAIN = ReadOptions()


def read_table(tmp_path, header, columns, options=PLAIN):
    """The recording of a text table with these columns."""
    path = tmp_path / "t.csv"
    rows = "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))
    path.write_text(f"{header}\n{rows}")
    return read_recording(path, options)


def read_times(tmp_path, times, name="time"):
    return read_table(tmp_path, f"{name},x", (times, [f"{i % 7}.5" for i in range(len(times))]))


# Regular, rounded and irregular times


@pytest.mark.parametrize("gap", [0, 2])
@pytest.mark.parametrize("rate", [60, 128, 256, 512, 700, 900])
def test_rounded_times_have_the_rate_of_their_mean_step(tmp_path, rate, gap):
    seconds = np.arange(4000) / rate
    seconds[2000:] += gap
    recording = read_times(tmp_path, [f"{t:.3f}" for t in seconds])
    assert recording.sampling_rate_hz == pytest.approx(rate, rel=1e-3)
    assert ("1 steps in 'time' differ" in " ".join(recording.notes)) is bool(gap)


JITTER = np.random.default_rng(0).uniform(-0.5, 0.5, 2000)


@pytest.mark.parametrize(
    "milliseconds",
    [
        2 * np.arange(1, 2001) + JITTER,
        np.cumsum(2 + 2 * JITTER),
        np.cumsum(5 + np.round(5 * JITTER)),  # as whole milliseconds
        np.cumsum(2 + np.round(2 * JITTER)),
        np.cumsum(1 + (JITTER > 0)),
    ],
    ids=["clock", "steps", "whole steps", "three steps", "two steps"],
)
def test_jittery_times_have_no_rate(tmp_path, milliseconds):
    recording = read_times(tmp_path, [f"{t:.3f}" for t in milliseconds], "t [ms]")
    assert recording.sampling_rate_hz is None
    assert "not regular" in " ".join(recording.notes)


def test_steps_that_vary_a_little_are_no_gaps(tmp_path):
    steps = 1 + np.random.default_rng(0).uniform(-0.2, 0.2, 2000)
    recording = read_times(tmp_path, np.cumsum(steps).tolist())
    assert recording.sampling_rate_hz == pytest.approx(1, rel=0.01)
    assert "differ by up to 20% from the usual" in " ".join(recording.notes)
