"""Real signals that come inside installed packages: nothing is downloaded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.signals.recording import DataError, Recording


@dataclass(frozen=True)
class Sample:
    """A real recording on offer; `load` imports the package that holds it."""

    title: str
    description: str
    licence: str
    source: str  # package, and where it had the data from
    shape: tuple[int, ...]  # of the values that load() returns
    load: Callable[[], Recording]


def load_sample(name: str) -> Recording:
    """The sample of that name. Raises DataError for an unknown one."""
    if name not in SAMPLES:
        raise DataError(f"name must be one of the samples {', '.join(SAMPLES)}. Received: {name!r}")
    return SAMPLES[name].load()


def china() -> Recording:
    """Scan lines of a photograph, `(273280, 3)` uint8: see `_scan_lines`."""
    return _scan_lines("china")


def flower() -> Recording:
    """Scan lines of a photograph, `(273280, 3)` uint8: see `_scan_lines`."""
    return _scan_lines("flower")


def digits() -> Recording:
    """Handwritten digits as ready windows, `(1797, 8, 8)` uint8 of 0-16, labelled 0 to 9.

    A window is an image read from top to bottom: 8 time steps of 8 channels, one per column.
    """
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Recording(
        values=loaded.images.astype(np.uint8),  # whole numbers, kept as float64 there
        channel_names=tuple(f"column {index + 1}" for index in range(8)),
        name="digits",
        unit="intensity 0-16",
        labels={"digit": loaded.target},
    )


def ecg() -> Recording:
    """An electrocardiogram, `(1024, 1)` int32, one lead in unnamed units."""
    import pywt.data

    return Recording(
        values=pywt.data.ecg()[:, None],
        channel_names=("ECG",),
        name="ecg",
        notes=("The package states neither the sampling rate nor the unit.",),
    )


def nino() -> Recording:
    """Sea-surface temperature, `(264, 1)` float64, each a mean of three months from 1950 on."""
    import pywt.data

    years, temperature = pywt.data.nino()  # (264,) each; years in quarters
    months = np.round((years - 1970) * 12).astype("timedelta64[M]")
    return Recording(
        values=temperature[:, None],
        channel_names=("sea-surface temperature",),
        name="nino",
        sampling_rate_hz=4 / (365.25 * 86_400),
        unit="standard deviations",
        time=(np.datetime64("1970-01", "M") + months).astype("datetime64[s]"),
        notes=("The package has already subtracted the mean and divided by the deviation.",),
    )


def _scan_lines(name: str) -> Recording:
    """A photograph of 427 lines of 640 pixels read line after line: a pixel is a time step.

    Intensities 0-255 in three channels, as in the public question. One recording and not 427 ready
    windows, so that any window length can be tried; 640 gives whole lines.
    """
    from sklearn.datasets import load_sample_image

    image = load_sample_image(f"{name}.jpg")  # (427, 640, 3)
    return Recording(
        values=image.reshape(-1, 3),  # (time_steps, channels)
        channel_names=("red", "green", "blue"),
        name=name,
        unit="intensity 0-255",
        notes=(f"{len(image)} scan lines of {image.shape[1]} time steps, one after another.",),
    )


SAMPLES: dict[str, Sample] = {
    "china": Sample(
        title="Photograph of a temple, line by line",
        description="Intensities 0-255 in three channels: 427 scan lines of 640 pixels.",
        licence="CC BY 2.0, danielbuechele",
        source="scikit-learn, load_sample_image; flickr.com/photos/danielbuechele/6061409035",
        shape=(273_280, 3),
        load=china,
    ),
    "flower": Sample(
        title="Photograph of a flower, line by line",
        description="Intensities 0-255 in three channels, red mostly near 0.",
        licence="CC BY 2.0, vultilion",
        source="scikit-learn, load_sample_image; flickr.com/photos/vultilion/6056698931",
        shape=(273_280, 3),
        load=flower,
    ),
    "digits": Sample(
        title="Handwritten digits, row by row",
        description="1797 ready windows of 8 rows by 8 columns, intensities 0-16, labelled.",
        licence="CC BY 4.0, E. Alpaydin and C. Kaynak",
        source="scikit-learn, load_digits; UCI, Optical Recognition of Handwritten Digits",
        shape=(1797, 8, 8),
        load=digits,
    ),
    "ecg": Sample(
        title="Electrocardiogram",
        description="Three heart beats of one lead: short, for a quick look.",
        licence="MIT, as PyWavelets; no other is stated",
        source="PyWavelets, pywt.data.ecg; its docstring names no origin",
        shape=(1024, 1),
        load=ecg,
    ),
    "nino": Sample(
        title="El Niño: sea-surface temperature",
        description="Pacific, 0-10 degrees South, 90-80 degrees West, a value every three months "
        "from 1950 to 2015, as deviations from the mean.",
        licence="Public domain",
        source="PyWavelets, pywt.data.nino; NOAA ERSSTv4, index nino 3",
        shape=(264, 1),
        load=nino,
    ),
}
