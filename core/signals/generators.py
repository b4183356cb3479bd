"""Signals made from a formula and a seed, for trying things out and for known answers.

`generate` turns a `DataConfig` into a recording. Signal and noise have random streams of their
own: the same seed with another noise gives the same signal under it.

All fields of `DataConfig` change every generator's values, except
- question: sampling_rate_hz and frequency_hz, as its pulses are counted in time steps.
"""

from collections.abc import Callable, Iterator

import numpy as np

from core.config import DataConfig
from core.signals.anomalies import inject_into
from core.signals.recording import DataError, Recording

GENERATOR_VERSION = 1  # raise it when a generator or a sample comes to give other values
_BLOCK = 1 << 19  # values made at a time: float64 intermediates of all would be several times it
_QUESTION_COVERAGE = 0.09755  # share of its places that are not zero: 12.34 / (127.5 - 1)


def generate(data: DataConfig) -> Recording:
    """The signal of `data.name`: float32 values `(time_steps, channels)`, the same for a seed.

    Raises DataError for a frequency that the sampling rate cannot carry.
    """
    values = GENERATORS[data.name](data, np.random.default_rng([data.seed, 0]))
    if data.noise:
        _add_noise(values, data, np.random.default_rng([data.seed, 1]))
    if data.name == "question":
        np.clip(values, 0, data.amplitude, out=values)
    anomalies = ()
    if data.anomalies and data.anomaly_count:
        anomalies = inject_into(values, data.anomalies, data.anomaly_count, data.seed)
    return Recording(
        values=values,
        channel_names=tuple(f"channel {index + 1}" for index in range(data.channels)),
        name=data.name,
        sampling_rate_hz=data.sampling_rate_hz,
        anomalies=anomalies,
    )


def sines(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Three sines a channel: frequency_hz, its octave, and sqrt(2) times it, which never repeats.

    Returns `(time_steps, channels)`. The first dominates; together they stay within amplitude.
    Overtones beyond the Nyquist frequency are left out, as they would fold back below it.
    """
    turns = _turns_per_step(data)
    ratios = np.array([1.0, 2.0, np.sqrt(2.0)])
    weights = np.stack([np.ones(data.channels), *rng.uniform(0.1, 0.5, (2, data.channels))])
    weights[ratios * turns > 0.5] = 0
    weights *= _gains(data, rng) / weights.sum(axis=0)  # (sines, channels)
    phases = rng.random(weights.shape)
    values = np.zeros((data.time_steps, data.channels), np.float32)
    for block, step in _blocks(data):
        for ratio, weight, phase in zip(ratios, weights, phases, strict=True):
            if weight.any():
                values[block] += _sine(step * (ratio * turns) + phase) * np.float32(weight)
    return values


def chirp(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Sweeps rising linearly from a tenth of frequency_hz to frequency_hz, again and again.

    Returns `(time_steps, channels)`. A sweep lasts 20 / frequency_hz seconds, which makes 11 whole
    periods: one sweep runs into the next without a jump. Each channel begins elsewhere in a sweep.
    """
    turns = _turns_per_step(data)
    gains = np.float32(_gains(data, rng))
    begins = rng.random(data.channels)
    values = np.empty((data.time_steps, data.channels), np.float32)
    for block, step in _blocks(data):
        place = (step * (turns / 20) + begins) % 1.0  # in the sweep, 0 to 1
        values[block] = _sine(20 * place * (0.1 + 0.45 * place)) * gains
    return values


def square(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Square waves of frequency_hz, `(time_steps, channels)`: +gain or -gain, at most amplitude."""
    turns = _turns_per_step(data)
    gains = np.float32(_gains(data, rng))
    phases = rng.random(data.channels)
    values = np.empty((data.time_steps, data.channels), np.float32)
    for block, step in _blocks(data):
        values[block] = np.where((step * turns + phases) % 1.0 < 0.5, gains, -gains)
    return values


def sawtooth(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Ramps of frequency_hz, `(time_steps, channels)`: from -gain up to gain, then a fall."""
    turns = _turns_per_step(data)
    gains = np.float32(_gains(data, rng))
    phases = rng.random(data.channels)
    values = np.empty((data.time_steps, data.channels), np.float32)
    for block, step in _blocks(data):
        values[block] = (2 * ((step * turns + phases) % 1.0) - 1) * gains
    return values


# The waves P, Q, R, S, T: angle in the beat and width in radians, height relative to R. The heights
# follow from the published a * b**2, which is what the paper's differential equation integrates to.
_WAVE_ANGLES = np.pi * np.array([-1 / 3, -1 / 12, 0, 1 / 12, 1 / 2])
_WAVE_WIDTHS = np.array([0.25, 0.1, 0.1, 0.1, 0.4])
_WAVE_HEIGHTS = np.array([1.2, -5.0, 30.0, -7.5, 0.75]) * _WAVE_WIDTHS**2 / 0.3


def ecg(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Heart beats at a mean rate of frequency_hz, `(time_steps, channels)`: each channel a lead.

    A beat is a sum of Gaussian waves at fixed angles of its cycle (McSharry, Clifford, Tarassenko
    and Smith 2003, "A dynamical model for generating synthetic electrocardiogram signals", IEEE
    Transactions on Biomedical Engineering 50(3), table I, solved in closed form and without its
    baseline wander). Beat lengths vary by 5 %, heights by 3 %. Leads weigh the waves differently;
    amplitude is the mean height of R in the first.
    """
    steps_per_beat = 1 / _turns_per_step(data)
    beats = int(np.ceil(data.time_steps / steps_per_beat / 0.8)) + 2  # enough if all were shortest
    lengths = np.clip(rng.normal(1, 0.05, beats), 0.8, 1.2) * steps_per_beat
    starts = np.cumsum(lengths) - lengths - rng.random() * lengths[0]
    heights = _WAVE_HEIGHTS * rng.normal(1, 0.03, (beats, len(_WAVE_HEIGHTS)))
    leads = rng.uniform(0.4, 1.1, (len(_WAVE_HEIGHTS), data.channels))  # (waves, channels)
    leads[:, 0] = 1
    values = np.empty((data.time_steps, data.channels), np.float32)
    for block, step in _blocks(data):
        step = step[:, 0]
        beat = np.searchsorted(starts, step, side="right") - 1
        angle = ((step - starts[beat]) / lengths[beat] * 2 - 1) * np.pi  # -pi to pi, R at 0
        offset = (angle[:, None] - _WAVE_ANGLES) / _WAVE_WIDTHS  # (time_steps, waves)
        waves = np.exp(-0.5 * np.square(offset, dtype=np.float32)) * heights[beat]
        values[block] = waves @ (leads * data.amplitude)
    return values


def random_walk(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Sums of independent normal steps, `(time_steps, channels)`, from 0.

    amplitude is the standard deviation of what it moves in 1 / frequency_hz seconds. It has no
    mean and no scale to come back to: the later part of it lies where the earlier never was.
    """
    deviation = data.amplitude * np.sqrt(data.frequency_hz / data.sampling_rate_hz)
    values = np.empty((data.time_steps, data.channels), np.float32)
    last = np.zeros(data.channels)
    for block, _ in _blocks(data):
        steps = rng.standard_normal(values[block].shape, dtype=np.float32) * np.float32(deviation)
        walk = np.cumsum(steps, axis=0, dtype=np.float64) + last
        values[block], last = walk, walk[-1]
    return values


def autoregressive(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """`x[t] = a x[t-1] - r**2 x[t-2] + e[t]`, `(time_steps, channels)`: noise that resonates.

    Its power spectrum peaks at frequency_hz, a tenth of that wide; it is stable (r < 1) and
    stationary from the first step, with standard deviation amplitude.
    """
    turns = _turns_per_step(data)
    angle = 2 * np.pi * turns
    log_r = -max(np.pi * 0.1 * turns, 1e-7)  # r < 1 holds in floating point too
    r2 = np.exp(2 * log_r)
    a = 4 * r2 / (1 + r2) * np.cos(angle)  # with this the peak, and not the pole, is at the angle
    # Variance of x for e of variance 1, written so that small angles do not cancel.
    below = (np.expm1(2 * log_r) ** 2 + 8 * r2 * np.sin(angle / 2) ** 2) / (1 + r2)  # 1 + r2 - a
    above = (np.expm1(2 * log_r) ** 2 + 8 * r2 * np.cos(angle / 2) ** 2) / (1 + r2)  # 1 + r2 + a
    variance = (1 + r2) / (-np.expm1(2 * log_r) * below * above)
    correlation = a / (1 + r2)
    past = rng.standard_normal((2, data.channels)) * data.amplitude
    past[1] = correlation * past[0] + np.sqrt(max(1 - correlation**2, 0)) * past[1]
    state = np.stack([a * past[0] - r2 * past[1], -r2 * past[0]])  # what lfilter keeps
    values = np.empty((data.time_steps, data.channels), np.float32)
    for block, _ in _blocks(data):
        drive = rng.standard_normal(values[block].shape) * (data.amplitude / np.sqrt(variance))
        values[block], state = _filtered([1.0], [1.0, -a, r2], drive, axis=0, zi=state)
    return values


def _filtered(*arguments: np.ndarray | list, **more: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SciPy's lfilter, imported when it is needed: it takes a second."""
    from scipy.signal import lfilter

    return lfilter(*arguments, **more)


def spikes(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """Spikes at random times, frequency_hz of them a second, `(time_steps, channels)`.

    A Poisson process a channel. Each spike is an alpha function, `t/tau exp(1 - t/tau)` with tau a
    fiftieth of the mean distance, but at least one time step; heights are 0.5 to 1 amplitude.
    """
    turns = _turns_per_step(data)
    decay = np.exp(-1 / np.clip(0.02 / turns, 1.0, 1e6))
    peak = max(step * decay**step for step in _around(-1 / np.log(decay)))
    values = np.empty((data.time_steps, data.channels), np.float32)
    state = np.zeros((2, data.channels))
    for block, _ in _blocks(data):
        impulses = np.zeros(values[block].shape)
        count = rng.poisson(turns * impulses.size)
        np.add.at(
            impulses.reshape(-1),
            rng.integers(impulses.size, size=count),
            rng.uniform(0.5, 1.0, count) * (data.amplitude / peak),
        )
        # A double pole answers an impulse with step * decay**step: the alpha function.
        values[block], state = _filtered(
            [0, decay], [1, -2 * decay, decay**2], impulses, axis=0, zi=state
        )
    return values


def question(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """The public question's kind of data, `(time_steps, channels)`: bursts, and zero between them.

    A burst lasts 12 to 60 time steps and leaves out one channel of four, each as often. In it, all
    values are drawn apart and uniform on 0 to amplitude. They take 9.76 % of all places, whatever
    the length: with amplitude 255 the mean of what lies beyond a sigmoid is 12.34, and the mean of
    its square 2090, whatever the seed.

    The burst's form was chosen so that the question's model also learns as it did there: bursts of
    one channel, or below 8 steps, often leave its ReLU outputs dead at 0, since the median of what
    it must reproduce near them is 0.
    """
    left_out = data.channels // 4
    share = _QUESTION_COVERAGE * data.channels / (data.channels - left_out)
    burst_steps = round(share * data.time_steps)
    # Lengths and gaps come in pairs with their means: the same share of any stretch is taken, so
    # that training and validation part have nearly the same error floors in a short recording too.
    half = rng.integers(12, 61, burst_steps // 72 + 1)
    lengths = np.stack([half, 72 - half], axis=1).reshape(-1)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), burst_steps) + 1]
    lengths[-1] -= lengths.sum() - burst_steps
    half = rng.uniform(0.1, 1.9, len(lengths) // 2 + 1)  # relative to the mean gap
    ends = np.cumsum(np.stack([half, 2 - half], axis=1).reshape(-1)[: len(lengths) + 1])
    gaps = (ends[:-1] / ends[-1] * (data.time_steps - burst_steps + 1)).astype(np.int64)
    steps = np.repeat(gaps, lengths) + np.arange(burst_steps)
    rounds = np.tile(np.arange(data.channels), (len(lengths) // data.channels + 1, 1))
    orders = rng.permuted(rounds, axis=1).reshape(-1)  # every channel comes once a round
    present = np.ones((burst_steps, data.channels), bool)
    for shift in range(left_out):
        absent = (orders[: len(lengths)] + shift) % data.channels
        present[np.arange(burst_steps), np.repeat(absent, lengths)] = False
    # One value from each of as many equal parts of the range as there are values, in random order:
    # their distribution is uniform almost exactly, and the known answers hold at any length.
    heights = rng.permutation(np.count_nonzero(present)) + rng.random(np.count_nonzero(present))
    bursts = np.zeros(present.shape, np.float32)
    bursts[present] = heights * (data.amplitude / max(1, len(heights)))
    values = np.zeros((data.time_steps, data.channels), np.float32)
    values[steps] = bursts
    return values


GENERATORS: dict[str, Callable[[DataConfig, np.random.Generator], np.ndarray]] = {
    "sines": sines,
    "chirp": chirp,
    "square": square,
    "sawtooth": sawtooth,
    "ecg": ecg,
    "random_walk": random_walk,
    "autoregressive": autoregressive,
    "spikes": spikes,
    "question": question,
}


def _turns_per_step(data: DataConfig) -> float:
    """Periods in a time step, at most 1/2. Raises DataError beyond that."""
    nyquist = data.sampling_rate_hz / 2
    if data.frequency_hz > nyquist:
        raise DataError(
            f"data.frequency_hz={data.frequency_hz:g} is above {nyquist:g} Hz, the highest "
            f"frequency that data.sampling_rate_hz={data.sampling_rate_hz:g} can carry (half of "
            f"it, the Nyquist frequency). Lower data.frequency_hz to at most {nyquist:g}, or raise "
            f"data.sampling_rate_hz to at least {2 * data.frequency_hz:g}."
        )
    return data.frequency_hz / data.sampling_rate_hz


def _gains(data: DataConfig, rng: np.random.Generator) -> np.ndarray:
    """A height for each channel, `(channels,)`: amplitude for the first, half of it or more."""
    gains = rng.uniform(0.5, 1.0, data.channels) * data.amplitude
    gains[0] = data.amplitude
    return gains


def _blocks(data: DataConfig) -> Iterator[tuple[slice, np.ndarray]]:
    """Slices of the time steps, each with its step numbers `(steps, 1)` in float64."""
    steps = max(1, _BLOCK // data.channels)
    for start in range(0, data.time_steps, steps):
        stop = min(start + steps, data.time_steps)
        yield slice(start, stop), np.arange(start, stop, dtype=np.float64)[:, None]


def _sine(turns: np.ndarray) -> np.ndarray:
    """sin(2 pi turns) in float32; whole turns go first, while there are digits for them."""
    return np.sin(((turns % 1.0) * (2 * np.pi)).astype(np.float32))


def _around(number: float) -> tuple[int, int]:
    return int(np.floor(number)), int(np.ceil(number))


def _add_noise(values: np.ndarray, data: DataConfig, rng: np.random.Generator) -> None:
    """Add Gaussian noise of standard deviation noise * amplitude, in place."""
    deviation = np.float32(data.noise * data.amplitude)
    for block, _ in _blocks(data):
        values[block] += rng.standard_normal(values[block].shape, dtype=np.float32) * deviation
