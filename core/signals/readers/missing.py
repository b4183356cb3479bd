"""Values a model can use: no gaps, no infinities, and a note on all that was done for it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.config import MissingPolicy
from core.number_text import agreeing, count_text
from core.signals.readers.channel_names import listed
from core.signals.recording import DataError
from core.threads import each_in_a_thread

_ROWS_AT_ONCE = 1 << 18  # bounds the memory of a scan
_WORDS = {
    "interpolate": "filled by interpolation, at the ends with the nearest value",
    "previous": "filled with the value before",
    "zero": "set to zero",
}
EXACT_INTEGERS = 2**53
GREATEST = 1e100  # of numbers whose squares, and sums of these, are 64-bit numbers with ease


def channel_extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and greatest value per channel, each `(channels,)`; NaN where a channel has one."""
    axes = tuple(range(values.ndim - 1))
    step = max(1, _ROWS_AT_ONCE // int(np.prod(values.shape[1:-1], dtype=np.int64) or 1))

    def extremes(start: int) -> np.ndarray:
        part = values[start : start + step]
        if part.ndim == 2 and part.shape[1] <= 16:
            # NumPy reduces a long axis with few columns beside it slowly: column by column is
            # several times faster.
            columns = [part[:, channel] for channel in range(part.shape[1])]
            return np.array([[c.min() for c in columns], [c.max() for c in columns]])
        return np.array([part.min(axis=axes), part.max(axis=axes)])

    found = np.array(each_in_a_thread(extremes, range(0, len(values), step)))
    return found[:, 0].min(axis=0), found[:, 1].max(axis=0)


def without_gaps(
    values: np.ndarray,
    names: Sequence[str],
    policy: MissingPolicy,
    place: Callable[[int], str] = lambda row: f"time step {row + 1}",
    *,
    times: np.ndarray | None = None,
    in_place: bool = False,
) -> tuple[np.ndarray, list[str], tuple[int, ...]]:
    """`values` `(time_steps, channels)` or windows, free of NaN; notes; gaps of each channel.

    Without gaps the array itself is returned, never a copy: it may be a memory map. `place` puts a
    row number (counted from 0) into words. times: of the time steps, between which values are
    interpolated if they rise. Gaps in windows are filled from the same window only;
    `in_place` allows that in the array itself.
    Raises DataError on infinities and numbers beyond GREATEST, on a channel without any value, and
    by the policy `error`.
    """
    lows, highs = channel_extremes(values)
    notes: list[str] = []
    gaps: dict[int, int] = {}
    if values.dtype.kind == "f":
        _check_finite(values, names, lows, highs, place)
        _check_size(values, names, lows, highs, place)
        gappy = np.flatnonzero(np.isnan(lows))
        gaps = {int(index): int(np.isnan(values[..., index]).sum()) for index in gappy}
        if gaps:
            _check_gaps(values, names, gaps, policy, place)
            values = values if in_place else np.array(values)
            _fill(values, names, gaps, policy, _rising(times))
            notes += _gap_notes(names, gaps, policy)
    else:
        notes += _great_integers(values, names, lows, highs)
    constant = [names[i] for i in range(len(names)) if lows[i] == highs[i] and i not in gaps]
    constant += [names[i] for i in gaps if np.ptp(values[..., i]) == 0]
    if constant:
        notes.append(f"Constant, one value throughout: {listed(constant)}.")
    return values, notes, tuple(gaps.get(index, 0) for index in range(len(names)))


def _great_integers(values, names, lows, highs) -> list[str]:
    great = [n for n in range(len(names)) if max(int(highs[n]), -int(lows[n])) > EXACT_INTEGERS]
    return great_integer_notes({names[n]: count_inexact(values[..., n]) for n in great})


def count_inexact(integers: np.ndarray) -> int:
    """How many of them a float64 cannot tell from their neighbours."""
    return int(np.count_nonzero((integers > EXACT_INTEGERS) | (integers < -EXACT_INTEGERS)))


def great_integer_notes(counts: Mapping[str, int]) -> list[str]:
    """A note on each channel with integers that a float64 rounds."""
    notes = [
        f"{name}: {count_text(count, 'integer')} {agreeing(count, 'is', 'are')} above 2^53, "
        "where the last digits are rounded."
        for name, count in counts.items()
    ]
    if len(notes) > 8:
        notes = [*notes[:7], f"{len(notes) - 7} more channels hold integers above 2^53."]
    return notes


def _check_finite(values, names, lows, highs, place) -> None:
    # An infinity may hide behind a NaN in the extremes, so columns with NaN are looked at too.
    for index in np.flatnonzero(~np.isfinite(lows) | ~np.isfinite(highs)):
        infinite = np.isinf(values[..., index])
        if infinite.any():
            first = np.argwhere(infinite)[0]
            raise DataError(
                f"Channel {names[index]!r} holds an infinite value at {_spot(first, place)} "
                f"({int(infinite.sum())} in all). Replace it, or leave it empty to have it filled."
            )


def _check_size(values, names, lows, highs, place) -> None:
    if values.dtype.itemsize <= 4:  # no 32-bit number is so large
        return
    for index in np.flatnonzero(~((lows >= -GREATEST) & (highs <= GREATEST))):  # or with gaps
        channel = values[..., index]
        with np.errstate(invalid="ignore"):
            beyond = np.argwhere(np.abs(channel) > GREATEST)
        if len(beyond):
            raise DataError(
                f"Channel {names[index]!r} holds {channel[tuple(beyond[0])]:.6g} at "
                f"{_spot(beyond[0], place)} ({count_text(len(beyond), 'such value')} in all): no "
                f"errors of numbers beyond {GREATEST:g} can be worked out. Rescale the channel; or "
                "leave the value empty to have it filled, if it stands for one that is missing."
            )


def _spot(position: np.ndarray, place: Callable[[int], str]) -> str:
    if len(position) == 1:
        return place(int(position[0]))
    return f"window {position[0] + 1}, time step {position[1] + 1}"


def _check_gaps(values, names, gaps, policy, place) -> None:
    steps = values[..., 0].size
    empty = [names[index] for index, count in gaps.items() if count == steps]
    if empty:
        raise DataError(
            f"No values at all in: {listed(empty)}. Leave such channels out, or export them again."
        )
    if policy == "error":
        index, total = next(iter(gaps)), sum(gaps.values())
        first = np.argwhere(np.isnan(values[..., index]))[0]
        raise DataError(
            f"Channel {names[index]!r} has no value at {_spot(first, place)}, and "
            f"{count_text(total, 'value')} {agreeing(total, 'is', 'are')} missing in all. "
            "Complete the data, or choose how missing values are filled: interpolate, previous or "
            "zero."
        )


def _rising(times: np.ndarray | None) -> np.ndarray | None:
    """Times as numbers, `(time_steps,)`; None where they do not rise, and rows are counted."""
    if times is None or not (times[1:] > times[:-1]).all():
        return None
    return (times - times[0]).astype(np.float64)


def _fill(values, names, gaps, policy, times) -> None:
    for index in gaps:
        column = values[..., index]
        rows = np.atleast_2d(column)  # (windows, time_steps); one row for a recording
        column[...] = _fill_rows(rows, policy, names[index], times).reshape(column.shape)


def _fill_rows(
    rows: np.ndarray, policy: MissingPolicy, name: str, times: np.ndarray | None
) -> np.ndarray:
    """Each row `(time_steps,)` filled by itself; its ends take the nearest value."""
    filled = np.array(rows)
    missing = np.isnan(rows)
    if policy == "zero":
        filled[missing] = 0
        return filled
    for number in np.flatnonzero(missing.any(axis=1)):
        wanted = np.flatnonzero(missing[number])
        known = np.flatnonzero(~missing[number])
        if not len(known):
            raise DataError(
                f"Channel {name!r} has no value at all in window {number + 1}: it cannot be filled "
                "from its own window. Leave the window out, or fill with zero."
            )
        if policy == "interpolate":
            to, at = (wanted, known) if times is None else (times[wanted], times[known])
            filled[number, wanted] = np.interp(to, at, rows[number, known])
        else:
            before = np.searchsorted(known, wanted) - 1
            filled[number, wanted] = rows[number, known[np.maximum(before, 0)]]
    return filled


def _gap_notes(names, gaps, policy) -> list[str]:
    done = _WORDS[policy]
    if len(gaps) <= 5:
        return [f"{names[i]}: {_gaps(count)} {done}." for i, count in gaps.items()]
    counted = listed([f"{names[index]} ({count:,})" for index, count in gaps.items()], 8)
    total = sum(gaps.values())
    return [f"{total:,} missing values in {len(gaps)} channels were {done}: {counted}."]


def _gaps(count: int) -> str:
    return f"{count_text(count, 'missing value')} {agreeing(count, 'was', 'were')}"
