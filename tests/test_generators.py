import numpy as np
import pytest

from core.config import PRESETS, DataConfig, Generator, choices
from core.signals.generators import GENERATORS, generate
from core.signals.recording import DataError

PERIODIC = ("sines", "square", "sawtooth")


def make(name, **fields):
    return generate(DataConfig(name=name, **({"time_steps": 4000} | fields)))


def clean(name, **fields):
    return make(name, noise=0.0, **fields).values.astype(float)


def dominant_frequency(values, sampling_rate_hz):
    power = np.abs(np.fft.rfft(values - values.mean(axis=0), axis=0)) ** 2
    return np.fft.rfftfreq(len(values), 1 / sampling_rate_hz)[power.argmax(axis=0)]


def test_the_table_offers_what_the_configuration_names():
    assert tuple(GENERATORS) == choices(Generator)


@pytest.mark.parametrize("name", GENERATORS)
def test_the_recording_keeps_the_contract(name):
    recording = make(name, time_steps=777, channels=3, sampling_rate_hz=50.0)
    assert recording.values.shape == (777, 3)
    assert recording.values.dtype == np.float32
    assert np.isfinite(recording.values).all()
    assert recording.channel_names == ("channel 1", "channel 2", "channel 3")
    assert (recording.name, recording.sampling_rate_hz, recording.unit) == (name, 50.0, "")
    assert recording.anomalies == ()


@pytest.mark.parametrize("name", GENERATORS)
def test_a_seed_repeats_and_the_least_size_works(name):
    assert np.array_equal(make(name, seed=5).values, make(name, seed=5).values)
    assert generate(DataConfig(name=name, time_steps=2, channels=1)).values.shape == (2, 1)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"time_steps": 4001},
        {"channels": 3},
        {"sampling_rate_hz": 130.0},
        {"frequency_hz": 2.5},
        {"amplitude": 3.0},
        {"noise": 0.2},
        {"anomalies": ("spike",), "anomaly_count": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_changes_the_values(name, change):
    same = name == "question" and change.keys() & {"sampling_rate_hz", "frequency_hz"}
    before, after = make(name).values, make(name, **change).values
    assert np.array_equal(before, after) == bool(same)


@pytest.mark.parametrize("name", GENERATORS)
def test_channels_differ(name):
    values = clean(name)
    assert len(np.unique(values, axis=1).T) == values.shape[1]


@pytest.mark.parametrize("name", PERIODIC)
@pytest.mark.parametrize(("frequency", "rate"), [(1.0, 100.0), (7.5, 200.0), (40.0, 100.0)])
def test_the_dominant_frequency_is_the_one_asked_for(name, frequency, rate):
    values = clean(name, frequency_hz=frequency, sampling_rate_hz=rate)
    assert dominant_frequency(values, rate) == pytest.approx([frequency] * 4, abs=2 * rate / 4000)


@pytest.mark.parametrize("name", [*PERIODIC, "chirp"])
def test_the_first_channel_has_the_amplitude_and_none_is_above(name):
    values = np.abs(clean(name, amplitude=7.0, time_steps=20_000))
    assert values.max(axis=0)[0] == pytest.approx(7.0, rel=0.03)
    assert (values.max(axis=0) <= 7.0 + 1e-5).all()
    assert (values.max(axis=0) > 3.4).all()


@pytest.mark.parametrize("name", [name for name in GENERATORS if name != "question"])
def test_noise_is_gaussian_of_the_deviation_asked_for(name):
    noise = make(name, noise=0.5, amplitude=4.0).values - clean(name, amplitude=4.0)
    assert noise.std() == pytest.approx(2.0, rel=0.02)
    assert np.abs(noise).mean() == pytest.approx(2.0 * np.sqrt(2 / np.pi), rel=0.02)


@pytest.mark.parametrize("name", ["sines", "chirp", "square", "autoregressive", "spikes", "ecg"])
def test_a_frequency_above_nyquist_is_refused_with_the_remedy(name):
    make(name, frequency_hz=50.0)
    with pytest.raises(DataError, match=r"frequency_hz=60 .* 50 Hz.*100.*Lower.*50.*raise.*120"):
        make(name, frequency_hz=60.0)


def test_sines_leaves_out_overtones_that_would_fold_back():
    spectrum = np.abs(np.fft.rfft(clean("sines", frequency_hz=40.0), axis=0))
    assert (spectrum[np.arange(2001) != 1600] < 0.02 * spectrum[1600].min()).all()


def test_chirp_sweeps_from_a_tenth_of_the_frequency_without_jumps():
    # Two sweeps of 4 seconds with 11 periods each; the first period of a sweep ends where
    # 20 p (0.1 + 0.45 p) = 1, after p = 0.24 of it.
    values = clean("chirp", frequency_hz=5.0, sampling_rate_hz=500.0, channels=1)[:, 0]
    turns = np.flatnonzero(np.diff(np.signbit(np.tile(values, 3)).astype(int)) == -1)
    assert len(turns) == 66
    assert np.diff(turns).max() == pytest.approx(0.2404 * 2000, abs=2)
    assert 500 / np.diff(turns).min() == pytest.approx(4.9, rel=0.03)
    assert np.abs(np.diff(values)).max() <= 2 * np.pi * 5 / 500 * 1.001


def test_ecg_beats_at_the_rate_with_r_as_the_highest_wave():
    first = clean("ecg", frequency_hz=1.2, sampling_rate_hz=250.0, time_steps=25_000)[:, 0]
    peaks = np.flatnonzero(
        (first[1:-1] > 0.6) & (np.diff(first)[:-1] > 0) & (np.diff(first)[1:] <= 0)
    )
    lengths = np.diff(peaks) / 250
    assert len(peaks) == pytest.approx(120, abs=3)
    assert lengths.mean() == pytest.approx(1 / 1.2, rel=0.02)
    assert 0.02 < lengths.std() / lengths.mean() < 0.08
    assert first[peaks + 1].mean() == pytest.approx(1.0, rel=0.05)


def test_random_walk_moves_by_the_amplitude_in_a_period():
    values = clean("random_walk", amplitude=3.0, frequency_hz=2.0, time_steps=200_000)
    assert (values[50:] - values[:-50]).std() == pytest.approx(3.0, rel=0.05)
    steps = np.diff(values, axis=0)
    correlation = np.corrcoef(steps[1:, 0], steps[:-1, 0])[0, 1]
    assert abs(correlation) < 0.01


def test_autoregressive_follows_its_equation_peaks_and_is_stationary():
    values = clean("autoregressive", frequency_hz=8.0, amplitude=2.0, time_steps=400_000)
    past = np.stack([values[1:-1, 0], values[:-2, 0]], axis=1)
    (a, b), *_ = np.linalg.lstsq(past, values[2:, 0])
    radius = np.exp(-np.pi * 0.1 * 0.08)
    assert b == pytest.approx(-(radius**2), abs=0.002)
    assert a == pytest.approx(2 * radius * np.cos(2 * np.pi * 0.08), abs=0.002)
    assert values.std(axis=0) == pytest.approx([2.0] * 4, rel=0.03)
    starts = [clean("autoregressive", seed=seed, time_steps=2, channels=256) for seed in range(8)]
    assert np.std(starts) == pytest.approx(1.0, rel=0.05)
    spectrum = (np.abs(np.fft.rfft(values[:, 0].reshape(400, 1000))) ** 2).mean(axis=0)
    assert spectrum.argmax() / 10 == pytest.approx(8.0, abs=0.3)


def test_autoregressive_stays_finite_at_the_slowest_resonance():
    values = clean("autoregressive", frequency_hz=1e-9, sampling_rate_hz=1e9)
    assert np.isfinite(values).all()
    assert np.abs(values).max() < 10


def test_spikes_come_at_the_rate_and_have_the_alpha_shape():
    values = clean("spikes", frequency_hz=0.5, amplitude=5.0, time_steps=400_000)
    tau = 0.02 / 0.005  # in time steps
    # The area of an alpha function is e tau; heights average 0.75.
    rate = values.mean() / (np.e * tau * 0.75 * 5.0) * 100
    assert rate == pytest.approx(0.5, rel=0.05)
    lone = clean("spikes", frequency_hz=0.5, seed=3, channels=1)[:, 0]
    first = int(np.flatnonzero(lone)[0]) - 1
    t = np.arange(20) / tau
    assert lone[first : first + 20] / lone[first : first + 20].max() == pytest.approx(
        t * np.exp(1 - t), abs=0.01
    )


def test_the_question_has_its_known_answers_on_the_training_part():
    values = generate(PRESETS["question"].data).values[:5_017_600]  # 25,088 windows of 200
    beyond = values - np.clip(values, 0, 1)
    assert len(values) / 200 == 25_088
    assert beyond.mean(dtype=float) == pytest.approx(12.34, rel=0.002)
    assert np.square(beyond).mean(dtype=float) == pytest.approx(2090, rel=0.002)


@pytest.mark.parametrize("time_steps", [20_000, 23_457, 200_000])
@pytest.mark.parametrize("channels", [1, 3, 4, 7, 8])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_question_covers_its_share_with_uniform_values(time_steps, channels, seed):
    values = clean("question", time_steps=time_steps, channels=channels, amplitude=255.0, seed=seed)
    assert (values > 0).mean() == pytest.approx(0.09755, rel=0.001)
    assert (values > 0).mean(axis=0) == pytest.approx([0.09755] * channels, rel=0.12)
    one_burst = 60 / (0.09755 * time_steps)  # the cut may fall before it or after it
    training = values[: time_steps * 4 // 5]
    assert (training > 0).mean() == pytest.approx(0.09755, rel=0.02 + one_burst)
    counts = np.histogram(values[values > 0], bins=5, range=(0, 255))[0]
    assert counts / counts.sum() == pytest.approx([0.2] * 5, abs=0.001)
    beyond = values - np.clip(values, 0, 1)
    assert beyond.mean() == pytest.approx(12.34, rel=0.002)
    assert np.square(beyond).mean() == pytest.approx(2090, rel=0.002)


def test_a_burst_of_the_question_leaves_out_one_channel_of_four():
    present = clean("question", time_steps=50_000) > 0
    assert set(present.sum(axis=1)) == {0, 3}
    busy = present.any(axis=1)
    edges = np.flatnonzero(np.diff(busy.astype(int)))
    assert (edges[1::2] - edges[::2]).min() >= 12


def test_noise_on_the_question_stays_within_its_range():
    values = make("question", amplitude=255.0, noise=0.1).values
    assert (values.min(), values.max()) == (0.0, 255.0)
    assert (values > 0).mean() > 0.5
