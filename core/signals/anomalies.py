"""Known anomalies put into a recording, so that their detection can be scored."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from core.signals.recording import Anomaly, DataError, Recording

_SHORTEST, _LONGEST = 20, 200  # time steps, of the kinds that last; less where there is no room
_ROOM = 8  # time steps an anomaly needs to itself
_ATTEMPTS = 100  # places tried for a change that leaves some values as they are


def inject(recording: Recording, kinds: Sequence[str], count: int, seed: int) -> Recording:
    """A copy of the recording with `count` anomalies, the kinds taken in turn.

    The time is divided into equal stretches with one anomaly in each, at a random place in a
    random channel, so that none overlap; sizes are relative to that channel's standard deviation.
    Their true places are added to `anomalies`: from the first to the last value that changed. In
    ready windows, time steps are counted through all windows. Integers become float32.

    Raises DataError for an unknown kind, too many for the time steps, or a signal that a kind
    cannot change, such as a dropout to zero where all is zero.
    """
    dtype = recording.values.dtype if recording.values.dtype.kind == "f" else np.float32
    values = np.array(recording.values, dtype=dtype, order="C")
    placed = inject_into(values.reshape(-1, recording.channels), kinds, count, seed)
    return replace(recording, values=values, anomalies=(*recording.anomalies, *placed))


def inject_into(
    values: np.ndarray, kinds: Sequence[str], count: int, seed: int
) -> tuple[Anomaly, ...]:
    """As `inject`, in place, for floats `(time_steps, channels)` nobody else holds."""
    unknown = [kind for kind in kinds if kind not in ANOMALIES]
    if unknown or not kinds:
        raise DataError(
            f"Anomaly kinds must be among {', '.join(ANOMALIES)}. Received: {list(kinds)}"
        )
    time_steps, channels = values.shape
    if count * _ROOM > time_steps:
        raise DataError(
            f"{count} anomalies need at least {_ROOM} time steps each, {count * _ROOM} in all. "
            f"Received: {time_steps} time steps. Use fewer anomalies or more time steps."
        )
    rng = np.random.default_rng([seed, 2])  # a stream apart from those of signal and noise
    # A million time steps tell the spread as well as all do, without a float64 copy of all.
    deviations = values[:: max(1, time_steps // 1_000_000)].std(axis=0, dtype=np.float64)
    deviations[deviations == 0] = 1.0
    edges = np.linspace(0, time_steps, count + 1).astype(int)
    placed = []
    for index in range(count):
        kind = kinds[index % len(kinds)]
        for _ in range(_ATTEMPTS):
            channel = int(rng.integers(channels))
            room = values[edges[index] : edges[index + 1], channel]
            begin, changed = ANOMALIES[kind](room, deviations[channel], rng)
            differs = np.flatnonzero(room[begin : begin + len(changed)] != changed)
            if len(differs):
                break
        else:
            raise DataError(
                f"A {kind} changes nothing in time steps {edges[index] + 1} to {edges[index + 1]}: "
                "the signal is constant there. Use another kind, or fewer anomalies to give each "
                "more room."
            )
        room[begin : begin + len(changed)] = changed
        start = int(edges[index]) + begin
        placed.append(Anomaly(kind, channel, start + int(differs[0]), start + int(differs[-1]) + 1))
    return tuple(placed)


# Each kind takes the stretch of one channel it may change `(time_steps,)`, the channel's standard
# deviation and the random stream; it returns where it begins there, and the new values.


def spike(room: np.ndarray, deviation: float, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """One to three values thrown 6 to 10 standard deviations up or down."""
    begin, length = _place(rng, len(room), 1, 3)
    return begin, _moved(room[begin : begin + length], deviation * rng.uniform(6, 10), rng)


def dropout(room: np.ndarray, deviation: float, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """Zeros, as a lost sensor gives."""
    begin, length = _place(rng, len(room), _SHORTEST, _LONGEST)
    return begin, np.zeros(length, room.dtype)


def level_shift(
    room: np.ndarray, deviation: float, rng: np.random.Generator
) -> tuple[int, np.ndarray]:
    """A stretch moved 2 to 4 standard deviations up or down."""
    begin, length = _place(rng, len(room), _SHORTEST, _LONGEST)
    return begin, _moved(room[begin : begin + length], deviation * rng.uniform(2, 4), rng)


def frequency_change(
    room: np.ndarray, deviation: float, rng: np.random.Generator
) -> tuple[int, np.ndarray]:
    """A stretch that runs at twice its speed: every second value of one twice as long."""
    begin, length = _place(rng, len(room), 2 * _SHORTEST, 2 * _LONGEST)
    return begin, room[begin : begin + length : 2].copy()


ANOMALIES: dict[str, Callable[[np.ndarray, float, np.random.Generator], tuple[int, np.ndarray]]] = {
    "spike": spike,
    "dropout": dropout,
    "level_shift": level_shift,
    "frequency_change": frequency_change,
}


def _place(
    rng: np.random.Generator, available: int, shortest: int, longest: int
) -> tuple[int, int]:
    """A random beginning and length; the first and last time step stay as they are."""
    longest = min(longest, available - 2)
    length = int(rng.integers(min(shortest, longest), longest + 1))
    return 1 + int(rng.integers(available - 1 - length)), length


def _moved(values: np.ndarray, distance: float, rng: np.random.Generator) -> np.ndarray:
    return values + values.dtype.type(rng.choice((-distance, distance)))
