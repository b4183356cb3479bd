"""Bare arrays, from NPY, NPZ and MAT files: which axis is what, and which types are usable."""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from core.config import ReadOptions
from core.number_text import count_text
from core.signals.readers.channel_names import listed
from core.signals.readers.limits import MAX_CHANNELS, check_time_steps
from core.signals.readers.missing import without_gaps
from core.signals.readers.rates import chosen_rate, saved_rate
from core.signals.readers.time_names import is_time_name
from core.signals.readers.timeline import Timeline, read_timeline, timeline_of_dates
from core.signals.recording import DataError, Recording

COMPLEX_PARTS = {
    "real part": np.real,
    "imaginary part": np.imag,
    "magnitude": np.abs,
    "phase": np.angle,
}
_REFUSED = {
    "O": "Python objects, which are never unpickled: save numbers, as float32 for example",
    "c": "complex numbers. Choose their real part, imaginary part, magnitude or phase as the "
    "variable",
    "M": "dates, which are a time axis and no signal: save the values",
    "m": "time differences, which are a time axis and no signal: save the values",
    "S": "text: save numbers",
    "U": "text: save numbers",
    "V": "raw bytes: save numbers",
}


def check_dtype(dtype: np.dtype, variable: str = "") -> None:
    """Raises DataError for types that hold no real numbers, and says which to save."""
    if dtype.names:
        chosen = f"There is no field {variable!r}. " if variable else ""
        raise DataError(
            f"{chosen}The array has the named fields {listed(dtype.names)}. Choose one of them "
            "as the variable."
        )
    if dtype.kind in _REFUSED:
        raise DataError(f"The array holds {_REFUSED[dtype.kind]}. Received: dtype={dtype}")


def is_time_axis(name: str, shape: tuple[int, ...], load: Callable[[str], np.ndarray]) -> bool:
    """Whether an array holds the times of others: a vector that is called so, and rises."""
    if not is_time_name(name) or math.prod(shape) < 2 or math.prod(shape) != max(shape):
        return False
    vector = load(name).reshape(-1)
    return vector.dtype.kind in "fiu" and bool((vector[1:] > vector[:-1]).all())


def largest_array(
    shapes: dict[str, tuple[int, ...]], load: Callable[[str], np.ndarray]
) -> tuple[str, str]:
    """The name of the largest array, and in words which it is.

    Of several the first that does not hold the times of the others.
    """
    most = max(map(math.prod, shapes.values()))
    largest = [name for name, shape in shapes.items() if math.prod(shape) == most]
    signals = largest
    if len(largest) > 1:
        signals = [name for name in largest if not is_time_axis(name, shapes[name], load)]
    signals = signals or largest
    which = "the largest" if len(signals) == 1 else f"the first of the {len(signals)} largest"
    beside = " beside the times" if len(signals) < len(largest) else ""
    return signals[0], f"{which}{beside}, {signals[0]!r},"


def plan_axes(shape: tuple[int, ...], axes: str) -> tuple[str, tuple[int, ...], list[str]]:
    """Which axis is what in an array of this shape.

    Returns the axes' order in words (`channels_last` or `channels_first`), the shape the recording
    will have, and notes. Raises DataError for shapes that are no recording.
    """
    notes: list[str] = []
    if 0 in shape:
        raise DataError(f"There are no values. Received: shape={shape}")
    if len(shape) == 0:
        raise DataError(f"The array holds a single number; signals are needed. shape={shape}")
    if len(shape) == 1:
        shape = (*shape, 1)
        axes = "channels_last"
    if len(shape) == 4:
        shape = _without_unit_axis(shape, notes)
    if len(shape) > 3:
        raise DataError(
            "Arrays are (time_steps,), (time_steps, channels), (windows, window_length, channels) "
            f"or (windows, 1, window_length, channels). Received: shape={shape}"
        )
    first, second = shape[-2:]
    flipped_looking = first <= 64 and second >= 16 * first and second > 1
    if axes == "auto":
        axes = "channels_last"
        if flipped_looking and len(shape) == 2:
            axes = "channels_first"
            notes.append(
                f"The shape {shape} was read as {first} channels with {second} time steps each; "
                "set the axes to channels last if it is the other way round."
            )
        elif second > first and len(shape) == 2:
            notes.append(
                f"The shape {shape} was read as {first} time steps of {second} channels; set the "
                "axes to channels first if it is the other way round."
            )
        elif second > first:
            notes.append(
                f"The windows were read as {first} time steps of {second} channels; set the axes "
                "to channels first if it is the other way round."
            )
    if axes == "channels_first":
        shape = (*shape[:-2], second, first)
    steps, channels = shape[-2:]
    if channels > MAX_CHANNELS:
        raise DataError(
            f"The array has {channels:,} channels; at most {MAX_CHANNELS:,} are read. If the time "
            f"runs along the other axis, set the axes. Received: shape={shape}"
        )
    if steps < 2:
        raise DataError(
            "There is only one time step. If the time runs along the other axis, set the axes. "
            f"Received: {steps} time step, {channels} channels"
        )
    check_time_steps(int(np.prod(shape[:-1], dtype=object)), "The array")
    return axes, shape, notes


def _without_unit_axis(shape: tuple[int, ...], notes: list[str]) -> tuple[int, ...]:
    for axis in (1, 2, 3):
        if shape[axis] == 1:
            kept = shape[:axis] + shape[axis + 1 :]
            notes.append(f"The shape {shape} was read as windows {kept}.")
            return kept
    raise DataError(
        "An array with four axes must have one of length 1 beside windows, time steps and "
        f"channels. Received: shape={shape}"
    )


def native_values(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The same numbers in a type this machine computes with; a view wherever that is possible."""
    dtype = values.dtype
    wanted = dtype.newbyteorder("=")
    if dtype.kind == "b" or dtype == np.float16:
        wanted = np.dtype(np.float32)
    elif dtype.kind == "f" and dtype.itemsize > 8:
        wanted = np.dtype(np.float64)
    if wanted == dtype or wanted.itemsize == dtype.itemsize:
        return values.astype(wanted, copy=False), []
    were = f"{count_text(values.size, 'value')} of {dtype.name} became {wanted.name}"
    with np.errstate(over="ignore"):  # what is beyond a float64 becomes infinite, and is refused
        return values.astype(wanted), [f"{were}."]


def array_recording(
    array: np.ndarray,
    options: ReadOptions,
    *,
    name: str,
    channel_names: tuple[str, ...] | None = None,
    sampling_rate_hz: float | None = None,
    times: tuple[str, np.ndarray] | None = None,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Shape an array into a Recording; it stays the same memory where its type allows.

    array: `(time_steps,)`, `(time_steps, channels)`, `(windows, window_length, channels)` or
    `(windows, 1, window_length, channels)`, of any real type. times: dates or numbers found beside
    it, `(time_steps,)`, with what they are called. Raises DataError.
    """
    check_dtype(array.dtype)
    axes, shape, found = plan_axes(array.shape, options.axes)
    if axes == "channels_first":
        array = array.reshape(*shape[:-2], shape[-1], shape[-2]).swapaxes(-1, -2)
    values = array.reshape(shape)
    names = channel_names or numbered_channels(shape[-1])
    if options.channels is not None:
        picked = picked_channels(names, options.channels)
        if picked != list(range(shape[-1])):  # choosing copies; all of them need no copy
            values, names = values[..., picked], tuple(names[index] for index in picked)
    values, converted = native_values(values)
    line = Timeline(None, None, ())
    if times is not None and values.ndim == 2:
        found.append(f"{times[0]!r} was taken as the time axis.")
        line = _timeline(*times)
    values, repaired, missing = without_gaps(values, names, options.missing, times=line.time)
    saved, saved_note = saved_rate(sampling_rate_hz, line.sampling_rate_hz)
    rate, set_note = chosen_rate(options.sampling_rate_hz, saved)
    return Recording(
        values=values,
        channel_names=names,
        name=name,
        sampling_rate_hz=rate,
        time=line.time,
        missing=missing,
        notes=(*notes, *found, *line.notes, *(set_note or saved_note), *converted, *repaired),
    )


def _timeline(name: str, times: np.ndarray) -> Timeline:
    if times.dtype.kind == "M":
        return timeline_of_dates(times, name)
    numbers = times.astype(np.float64 if times.dtype.kind == "f" else np.int64)
    return read_timeline(pa.chunked_array([numbers]), name, lambda row: f"time step {row + 1}")


def numbered_channels(count: int) -> tuple[str, ...]:
    """`channel 1` and so on, for data without names."""
    return tuple(f"channel {number}" for number in range(1, count + 1))


def picked_channels(names: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    """The indices of the wanted names, in their order. Raises DataError naming unknown ones."""
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise DataError(f"There is no channel {listed(unknown)}. There are: {listed(names)}")
    if not wanted:
        raise DataError(f"No channel is chosen. There are: {listed(names)}")
    return [names.index(name) for name in dict.fromkeys(wanted)]
