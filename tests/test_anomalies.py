import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import AnomalyKind, DataConfig, choices
from core.signals.anomalies import ANOMALIES, inject
from core.signals.generators import generate
from core.signals.recording import Anomaly, DataError, Recording

KINDS = choices(AnomalyKind)


def signal(time_steps=5000, channels=3):
    return generate(
        DataConfig(time_steps=time_steps, channels=channels, frequency_hz=3.0, noise=0.1)
    )


def test_the_table_offers_what_the_configuration_names():
    assert tuple(ANOMALIES) == KINDS


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    count=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    time_steps=st.integers(320, 3000),
)
def test_only_the_places_named_differ(kinds, count, seed, time_steps):
    before = signal(time_steps)
    after = inject(before, kinds, count, seed)
    differs = after.values != before.values
    named = np.zeros_like(differs)
    for anomaly in after.anomalies:
        place = slice(anomaly.start, anomaly.stop), anomaly.channel
        assert not named[place].any(), "they do not overlap"
        named[place] = True
        assert differs[place][[0, -1]].all()
    assert not (differs & ~named).any()
    assert [a.kind for a in after.anomalies] == [kinds[i % len(kinds)] for i in range(count)]
    assert [a.start for a in after.anomalies] == sorted(a.start for a in after.anomalies)


def test_the_recording_given_stays_as_it_was():
    before = signal()
    kept = before.values.copy()
    before.values.flags.writeable = False  # as a memory map is
    after = inject(before, KINDS, 8, 0)
    assert np.array_equal(before.values, kept)
    assert before.anomalies == ()
    assert after.channel_names == before.channel_names
    assert inject(before, KINDS, 8, 0).anomalies == after.anomalies
    assert inject(before, KINDS, 8, 1).anomalies != after.anomalies
    assert len(inject(after, ["spike"], 2, 3).anomalies) == 10


def one(kind, seed=0):
    before = signal()
    after = inject(before, [kind], 1, seed)
    (anomaly,) = after.anomalies
    place = slice(anomaly.start, anomaly.stop), anomaly.channel
    deviation = before.values[:, anomaly.channel].std()
    return anomaly, before.values[place], after.values[place], deviation


@pytest.mark.parametrize("seed", range(5))
def test_spike_stands_out_by_many_deviations(seed):
    anomaly, before, after, deviation = one("spike", seed)
    assert 1 <= anomaly.stop - anomaly.start <= 3
    assert 5.9 < np.abs(after - before).max() / deviation < 10.1


@pytest.mark.parametrize("seed", range(5))
def test_level_shift_moves_a_stretch_evenly(seed):
    anomaly, before, after, deviation = one("level_shift", seed)
    assert 20 <= anomaly.stop - anomaly.start <= 200
    assert np.ptp(after - before) < 1e-5
    assert 1.9 < np.abs(after - before).mean() / deviation < 4.1


@pytest.mark.parametrize("seed", range(5))
def test_dropout_is_zero(seed):
    anomaly, before, after, _ = one("dropout", seed)
    assert 20 <= anomaly.stop - anomaly.start <= 200
    assert (after == 0).all()
    assert (before != 0).all()


def test_frequency_change_doubles_the_frequency():
    t = np.arange(4000) / 100
    sine = np.sin(2 * np.pi * 2.0 * t + 0.1).astype(np.float32)[:, None]
    after = inject(Recording(sine, ("a",)), ["frequency_change"], 1, 4)
    (anomaly,) = after.anomalies
    length = anomaly.stop - anomaly.start
    expected = sine[anomaly.start - 1 : anomaly.stop + 2 * length, 0][::2][: length + 1]
    changed = after.values[anomaly.start - 1 : anomaly.stop, 0]
    assert np.array_equal(changed, expected)  # the step before is where both speeds agree


def test_ready_windows_and_integers_are_taken_too():
    windows = np.arange(2000, dtype=np.int32).reshape(10, 100, 2)
    after = inject(Recording(windows, ("a", "b")), ["spike", "dropout"], 4, 0)
    assert after.values.shape == (10, 100, 2)
    assert after.values.dtype == np.float32
    flat, plain = after.values.reshape(-1, 2), windows.reshape(-1, 2)
    for anomaly in after.anomalies:
        assert flat[anomaly.start, anomaly.channel] != plain[anomaly.start, anomaly.channel]


def test_generate_puts_them_in_and_keeps_the_rest():
    plain = DataConfig(time_steps=3000)
    asked = DataConfig(time_steps=3000, anomalies=KINDS, anomaly_count=6)
    before, after = generate(plain), generate(asked)
    assert len(after.anomalies) == 6
    assert after.anomalies[0] == Anomaly(
        "spike", after.anomalies[0].channel, after.anomalies[0].start, after.anomalies[0].stop
    )
    assert 0 < (before.values != after.values).mean() < 0.2
    assert generate(DataConfig(time_steps=3000, anomalies=KINDS)).anomalies == ()


def test_what_cannot_be_done_is_said():
    with pytest.raises(DataError, match=r"among spike, dropout.*Received: \['hiccup'\]"):
        inject(signal(), ["hiccup"], 1, 0)
    with pytest.raises(DataError, match=r"100 anomalies need .* 800 in all.*Received: 400"):
        inject(signal(400), KINDS, 100, 0)
    silence = Recording(np.zeros((500, 1), np.float32), ("a",))
    with pytest.raises(DataError, match=r"dropout changes nothing in time steps 1 to 500"):
        inject(silence, ["dropout"], 1, 0)
    assert len(inject(silence, ["spike", "level_shift"], 2, 0).anomalies) == 2
