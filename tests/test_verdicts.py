"""The verdict on an output activation and a normalization, in words."""

import numpy as np
import pytest

from core.config import NormalizationConfig, WindowsConfig
from core.metrics import constant_baseline
from core.normalization import fit_normalization
from core.number_text import number_text
from core.output_range import ACTIVATIONS, error_floor
from core.verdicts import verdict
from core.windows import split_windows


@pytest.fixture(scope="module")
def question():
    """Zeros, but for 10 % of the places, uniform on 0 to 255."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 255, (40_000, 2)) * (rng.random((40_000, 2)) < 0.1)
    return split_windows(values, WindowsConfig())


def constants(*errors):
    """Of the best constant of each channel, as if its values lay at two places."""
    return {"mae": np.array(errors), "mse": np.array(errors) ** 2}


def floors_of(parts, activation, **normalization):
    fit = fit_normalization(NormalizationConfig(**normalization), parts.train)
    return [error_floor(fit, activation, part) for part in (parts.train, parts.validation)]


@pytest.mark.parametrize(
    ("activation", "normalization", "kind", "words"),
    [
        ("sigmoid", {"method": "none"}, "impossible", "lie above. No training gets below MAE 1"),
        ("tanh", {"method": "standard"}, "impossible", "on the training part."),
        ("relu", {"method": "standard"}, "impossible", "lie below"),
        ("sigmoid", {"method": "minmax"}, "saturation", "exactly on an end"),
        ("sigmoid", {"method": "minmax", "clip_percentile": 0}, "saturation", "exactly on an end"),
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
    scaling = NormalizationConfig(**normalization)
    said = verdict(activation, scaling, *floors, constants(45.0, 45.0), ["left", "right"])
    assert said.kind == kind
    assert words in said.sentence


def test_errors_are_said_in_the_unit_of_the_data(question):
    floors = floors_of(question, "sigmoid", method="none")
    raw, names = NormalizationConfig(method="none"), ["left", "right"]
    # Of the right channel the floor is small beside its deviation, so the left one is named.
    said = verdict("sigmoid", raw, *floors, constants(45.0, 1e6), names, "mV")
    mae, worst = number_text(floors[0].mae, "mV"), number_text(floors[0].channel_mae[0], "mV")
    assert f"below MAE {mae} over all channels, and {worst} in left on the" in said.sentence


def test_validation_beyond_the_training_part_is_said():
    values = np.linspace(0, 1, 4000)[:, None] ** 2
    parts = split_windows(values, WindowsConfig(window_length=20, stride=20))
    floors = floors_of(parts, "hard_sigmoid", method="minmax")
    minmax = NormalizationConfig(method="minmax")
    said = verdict("hard_sigmoid", minmax, *floors, constants(0.3), ["only"], "mV")
    assert said.kind == "validation"
    assert f"no training gets below MAE {number_text(floors[1].mae, 'mV')} on" in said.sentence
    assert said.notes[0].endswith(f"at a cost of MAE {number_text(floors[1].mae, 'mV')}.")
    assert "of the validation values lie beyond" in said.sentence
    assert "fitted to the training part" in said.notes[0]
    assert "The training part is within reach, but" in said.sentence
    open_ended = floors_of(parts, "sigmoid", method="minmax")
    said = verdict("sigmoid", minmax, *open_ended, constants(0.3), ["only"])
    assert "is within reach, under 0.1 % of it only nearly, but" in said.sentence
    linear = floors_of(parts, "linear", method="minmax")
    assert verdict("linear", minmax, *linear, constants(0.3), ["only"]).notes == ()


def test_a_loud_channel_does_not_hide_a_quiet_one():
    time = np.arange(8000)
    values = np.stack([1000 + 500 * np.sin(time / 9), np.sin(time / 9)], axis=1)
    floors = floors_of(split_windows(values, WindowsConfig()), "relu", method="none")
    raw = NormalizationConfig(method="none")
    said = verdict("relu", raw, *floors, constants(354, 0.71), ["loud", "quiet"])
    assert said.kind == "impossible"
    assert "0.317" in said.sentence
    assert "in quiet" in said.sentence


def test_clipping_is_not_blamed_on_the_activation():
    values = np.linspace(0, 1, 4000)[:, None]
    parts = split_windows(values, WindowsConfig(window_length=20, stride=20))
    floors = floors_of(parts, "linear", method="minmax", clip_percentile=0)
    assert floors[0].at_open_end_share.max() == 0
    clipping = NormalizationConfig(method="minmax", clip_percentile=0)
    said = verdict("linear", clipping, *floors, constants(0.3), ["only"])
    assert said.kind == "validation"
    assert "Clipping cuts values off" in said.sentence
    assert "Linear" not in said.sentence


@pytest.mark.parametrize(
    ("activation", "method", "begins"),
    [
        ("sigmoid", "minmax", "Clipping cuts values off; 10 % of your values lie below and 10 %"),
        ("linear", "standard", "Clipping cuts values off; "),
        ("tanh", "standard", "Tanh can only say (−1, 1), and clipping cuts values off; "),
    ],
)
def test_what_percentiles_cut_is_told_from_what_an_output_cannot_say(activation, method, begins):
    values = np.tile(np.linspace(0, 1, 1000), 5)[:, None]
    said, floor = said_of(values, activation, method=method, clip_percentile=10)
    assert said.sentence.startswith(begins)
    assert floor.exceeds(ACTIVATIONS[activation]) == ("Tanh" in begins)


def test_what_is_clipped_of_validation_alone_is_said():
    """So little that it is no obstacle."""
    values = np.tile(np.linspace(0, 1, 1000), 5)[:, None]
    values[-1] = 1.5
    said, _ = said_of(values, "linear", method="standard", clip_percentile=0)
    assert said.kind == "compatible"
    assert said.sentence.endswith("stands in the way of none of your training values.")
    assert said.notes[0].startswith(
        "The clipping is fitted to the training part: it cuts off 0.1 %"
    )


@pytest.mark.parametrize(
    ("activation", "method", "words"),
    [
        ("relu", "standard", "cuts what lies below: 9"),
        ("tanh", "minmax", "from 0 to 1, which is 50 % of the range (−1, 1)"),
        ("linear", "none", "the learning rate means something else"),
        ("relu", "minmax", None),
        ("linear", "standard", None),
        ("sigmoid", "minmax", None),
    ],
)
def test_the_units_are_checked_beyond_the_range(question, activation, method, words):
    scaling = NormalizationConfig(method=method, scope="global")
    floors = floors_of(question, activation, method=method, scope="global")
    notes = " ".join(verdict(activation, scaling, *floors, constants(45.0, 45.0), ["a", "b"]).notes)
    assert words in notes if words else "cuts" not in notes and "unused" not in notes


@pytest.mark.parametrize(
    ("activation", "method", "scope"),
    [
        ("sigmoid", "minmax", "window"),
        ("tanh", "minmax_symmetric", "window"),
        ("tanh", "minmax", "window"),
        ("tanh", "maxabs", "window"),
        ("sigmoid", "minmax", "channel"),
        ("sigmoid", "minmax", "global"),
        ("tanh", "maxabs", "channel"),
    ],
)
def test_what_any_data_has_on_the_ends_is_no_saturation(activation, method, scope):
    """Windows have few values each, or there are few to fit to."""
    values = np.random.default_rng(0).normal(size=(12_000 if scope == "window" else 70, 2))
    scaling = NormalizationConfig(method=method, scope=scope)
    cut = WindowsConfig(window_length=20, stride=7, validation_share=0.3)
    kinds = {}
    for name, data in (("as it is", values), ("resting on both ends", np.clip(values, -1, 1))):
        train, _ = floors_of(split_windows(data, cut), activation, **scaling.model_dump())
        assert train.mae < 1e-9
        assert train.at_open_end_share.mean() > 0.01
        said = verdict(activation, scaling, train, train, constants(1, 1), ["a", "b"])
        kinds[name] = said.kind
        if said.kind == "compatible":
            assert " % on its very ends, which it only comes near to." in said.sentence
    assert kinds == {"as it is": "compatible", "resting on both ends": "saturation"}


def test_softplus_never_says_an_exact_zero(question):
    floors = floors_of(question, "softplus", method="none")
    scaling = NormalizationConfig(method="none")
    said = verdict("softplus", scaling, *floors, constants(45.0, 45.0), ["left", "right"])
    assert said.kind == "saturation"
    assert "Softplus never says an exact 0, and 89" in said.sentence


def said_of(values, activation, **normalization):
    """The verdict and the floor, with the channels named a, b, ..., in mV."""
    parts = split_windows(values, WindowsConfig(window_length=100, stride=100))
    train, validation = floors_of(parts, activation, **normalization)
    learned = constant_baseline(parts)[1]["train"]
    scaling, names = NormalizationConfig(**normalization), "abcd"[: values.shape[1]]
    return verdict(activation, scaling, train, validation, learned, names, "mV"), train


@pytest.mark.parametrize(
    ("height", "steps", "scale", "activation", "normalization", "words"),
    [
        # A glitch makes a deviation as large as one likes; the half below 0 is lost all the same.
        (1e4, 10_000, 1, "relu", {"method": "none"}, "below MAE 0.4017 mV on"),
        # MAE is next to nothing, but so is that of a constant.
        (100, 10_000, 0, "relu6", {"method": "none"}, "below MAE 0.01175 mV on"),
        (2000, 50_000, 1, "tanh", {"method": "standard"}, "below MAE "),
        # MAE shows next to nothing of a peak that is cut off.
        (60, 20_000, 1, "linear", {"method": "standard", "clip_percentile": 0.01}, "below MSE "),
    ],
)
def test_rare_values_hide_no_floor(height, steps, scale, activation, normalization, words):
    values = scale * np.random.default_rng(0).normal(size=(steps, 1))
    values[steps // 2] = height
    said, _ = said_of(values, activation, **normalization)
    assert said.kind == "impossible"
    assert words in said.sentence


def test_the_floor_of_squares_is_said_with_its_channel_and_unit():
    values = np.random.default_rng(0).normal(size=(40_000, 2))
    values[20_000, 0] = 100
    said, floor = said_of(values, "linear", method="standard", clip_percentile=0.01)
    assert "No training gets below MSE " in said.sentence
    assert said.sentence.endswith(" % of the best constant's.")
    assert f"and {number_text(floor.channel_mse[0], 'mV²')} in a on the training" in said.sentence


def test_notes_fit_the_verdict():
    wave = 500 * np.sin(np.arange(8000) / 9)[:, None]
    assert not said_of(wave, "relu", method="none")[0].notes  # to say that they are within reach
    moved = said_of(1000 + wave / 100, "linear", method="none")[0]
    assert "from 995 to 1,005. That is within reach" in moved.notes[0]
    said = said_of(wave, "sigmoid", method="maxabs")[0]
    assert not [note for note in said.notes if "fitted to the training part" in note]


@pytest.mark.parametrize(
    ("channels", "names"), [("s", "a"), ("sps", "a and 1 more channel"), ("p", "")]
)
def test_a_channel_whose_quartiles_are_equal_is_said_not_to_be_scaled(channels, names):
    wave = np.sin(np.arange(8000) / 9)
    kinds = {"s": np.where(wave > 0.9, wave, 0), "p": 1.0 * (wave > 0)}  # of p they are 1 apart
    values = np.stack([kinds[kind] for kind in channels], axis=1)
    notes = said_of(values, "linear", method="robust")[0].notes
    said = [f"At least half of the values of {names} are the same"] if names else []
    assert [note.partition(",")[0] for note in notes] == said
    assert not said_of(values, "linear", method="standard")[0].notes
    assert not said_of(np.ones((8000, 1)), "linear", method="robust")[0].notes  # says so itself


def test_a_constant_out_of_reach_has_a_floor_though_none_is_a_share_of_nothing():
    for channels in (1, 2):
        said, _ = said_of(np.full((8000, channels), -5.0), "relu", method="none")
        assert "No training gets below MAE 5 mV on the training part." in said.sentence


def test_nearly_all_is_not_all():
    values = -np.ones((10_000, 1))
    values[5000] = 1000
    assert (
        "over 99.9 % of your values lie below" in said_of(values, "relu", method="none")[0].sentence
    )
