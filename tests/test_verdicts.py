"""The verdict on an output activation and a normalization, in words."""

import numpy as np
import pytest

from core.config import NormalizationConfig, WindowsConfig
from core.normalization import fit_normalization
from core.output_range import error_floor
from core.verdicts import verdict
from core.windows import split_windows


@pytest.fixture(scope="module")
def question():
    """Zeros, but for 10 % of the places, uniform on 0 to 255."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 255, (40_000, 2)) * (rng.random((40_000, 2)) < 0.1)
    return split_windows(values, WindowsConfig())


def floors_of(parts, activation, **normalization):
    fit = fit_normalization(NormalizationConfig(**normalization), parts.train)
    return [error_floor(fit, activation, part) for part in (parts.train, parts.validation)]


@pytest.mark.parametrize(
    ("activation", "normalization", "kind", "words"),
    [
        ("sigmoid", {"method": "none"}, "impossible", "lie above. No training gets below MAE 1"),
        ("tanh", {"method": "standard"}, "impossible", "No training gets below"),
        ("relu", {"method": "standard"}, "impossible", "lie below"),
        ("sigmoid", {"method": "minmax"}, "saturation", "exactly on an end"),
        ("relu", {"method": "none"}, "compatible", "stands in the way of none"),
        ("linear", {"method": "robust"}, "compatible", "can say any value"),
        (
            "linear",
            {"method": "none", "clip_percentile": 2},
            "impossible",
            "Clipping cuts values off; ",
        ),
        ("linear", {"method": "none", "clip_percentile": 0.1}, "compatible", "costs only MAE"),
    ],
)
def test_the_verdict_in_words(question, activation, normalization, kind, words):
    floors = floors_of(question, activation, **normalization)
    found, sentence = verdict(
        activation, *floors, deviation=45.0, clips="clip_percentile" in normalization
    )
    assert found == kind
    assert words in sentence


def test_validation_beyond_the_training_part_is_said():
    values = np.linspace(0, 1, 4000)[:, None] ** 2
    parts = split_windows(values, WindowsConfig(window_length=20, stride=20))
    floors = floors_of(parts, "hard_sigmoid", method="minmax")
    kind, sentence = verdict("hard_sigmoid", *floors, deviation=0.3)
    assert kind == "validation"
    assert "of the validation values lie beyond" in sentence
