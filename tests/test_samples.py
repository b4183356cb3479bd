import socket
import subprocess
import sys

import numpy as np
import pytest

from core.signals.recording import DataError
from core.signals.samples import SAMPLES, load_sample


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a sample asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_it_says(name):
    recording = load_sample(name)
    assert recording.values.shape == SAMPLES[name].shape
    assert np.isfinite(recording.values).all()
    assert recording.values.std() > 0
    assert recording.name == name
    for text in (SAMPLES[name].title, SAMPLES[name].description, SAMPLES[name].licence):
        assert text


def test_scan_lines_follow_the_photograph():
    from sklearn.datasets import load_sample_image

    values = load_sample("china").values
    assert values.dtype == np.uint8
    image = load_sample_image("china.jpg")
    assert np.array_equal(values[640:1280], image[1])
    assert np.array_equal(load_sample("flower").values[-1], load_sample_image("flower.jpg")[-1, -1])


def test_digits_are_labelled_windows():
    recording = load_sample("digits")
    assert recording.is_windowed
    assert recording.values.max() == 16
    assert recording.labels["digit"].shape == (1797,)
    assert recording.labels["digit"][:10].tolist() == list(range(10))


def test_nino_has_its_seasons_and_its_warmest_years():
    recording = load_sample("nino")
    assert recording.time[0] == np.datetime64("1950-01-01")
    assert recording.time[-1] == np.datetime64("2015-10-01")
    assert recording.values.std(ddof=1) == pytest.approx(1.0)
    warm = recording.time[recording.values[:, 0] > 2].astype("datetime64[Y]").astype(str)
    assert {"1983", "1998"} <= set(warm)  # the two strong El Niño events


def test_packages_are_only_imported_when_a_sample_is_loaded():
    code = "import sys, core.signals.samples; print({'sklearn', 'pywt'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(DataError, match=r"one of the samples china, .*Received: 'cat'"):
        load_sample("cat")
