"""The error floors of many activation and normalization pairs at once, exactly.

Values outside a range lie at the two ends of the sorted channel, so each channel is sorted once,
equal values are counted together, and a pair looks only at what it cannot say.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from core.normalization import Normalization
from core.output_range import (
    ACTIVATIONS,
    Activation,
    ErrorFloor,
    Totals,
    distance_sums,
    range_ends,
)
from core.windows import Windows

Pair = tuple[Normalization, str]  # and an output activation
_BLOCK = 1_000_000  # values whose distances are worked out at a time


def error_floors(pairs: Sequence[Pair], windows: Windows) -> list[ErrorFloor]:
    """The floor of each pair over all windows; the same numbers as `error_floor` of each."""
    totals = [Totals.of(windows) for _ in pairs]
    fixed = [number for number, (fit, _) in enumerate(pairs) if not fit.per_window]
    if fixed:
        for channel in range(windows.segments.shape[2]):
            _add_channel([pairs[n] for n in fixed], [totals[n] for n in fixed], windows, channel)
    _add_windows(pairs, totals, windows)
    return [total.floor(*pair) for pair, total in zip(pairs, totals, strict=True)]


def _add_windows(pairs: Sequence[Pair], totals: Sequence[Totals], windows: Windows) -> None:
    """The pairs whose normalization is of each window: all windows are visited once."""
    fits = {id(fit): fit for fit, _ in pairs if fit.per_window}
    if not fits:
        return
    for _, block in windows.chunks(_BLOCK):
        for fit in fits.values():
            mine = [
                (ACTIVATIONS[activation], total)
                for (other, activation), total in zip(pairs, totals, strict=True)
                if other is fit
            ]
            _add_block(fit, mine, block)


def _add_block(
    fit: Normalization, pairs: Sequence[tuple[Activation, Totals]], block: np.ndarray
) -> None:
    """A block `(windows, window_length, channels)` for the pairs of one normalization."""
    statistics, weight = fit.statistics(block), np.ones(block.shape[1])
    seen = Totals(np.zeros(0), 0.0, pairs[0][1].target_low, pairs[0][1].target_high)
    seen.widen(fit, block, statistics)
    known: dict[tuple[float, float], np.ndarray | float] = {(-np.inf, np.inf): 0.0}
    for output, total in pairs:
        key = output.low, output.high
        if key not in known:
            ends = range_ends(fit, output, statistics)
            known[key] = distance_sums(block, weight, *ends)
        total.sums += known[key]
        total.weight += block.shape[0] * block.shape[1]
        total.target_low, total.target_high = seen.target_low, seen.target_high


def _add_channel(
    pairs: Sequence[Pair], totals: Sequence[Totals], windows: Windows, channel: int
) -> None:
    """One channel for the pairs whose normalization is the same in all windows."""
    values = list(_sorted_values(windows, channel))
    weight = sum(float(weights.sum()) for _, weights in values)
    extremes = [end for group, _ in values for end in (group[0], group[-1])]
    extremes = np.array([min(extremes), max(extremes)], dtype=np.float64)[:, None]  # (2, 1)
    known: dict[tuple[float, float], np.ndarray] = {}
    for (fit, activation), total in zip(pairs, totals, strict=True):
        fit = fit.of_channel(channel)
        statistics = fit.offset_, fit.scale_
        ends = range_ends(fit, ACTIVATIONS[activation], statistics)
        lower, upper = (float(fit.clip(end)[0]) for end in ends)
        if (lower, upper) not in known:
            known[lower, upper] = sum(_tails(values, lower, upper))
        total.sums[:, channel] = known[lower, upper]
        total.weight = weight
        scaled = fit.scaled(extremes, statistics)[:, 0]
        total.target_low[channel], total.target_high[channel] = scaled


def _tails(
    groups: Iterable[tuple[np.ndarray, np.ndarray]], lower: float, upper: float
) -> Iterator[np.ndarray]:
    """The sums of what lies at or beyond the ends of a range: `(7,)` for each stretch."""
    low, high = np.array([lower]), np.array([upper])
    margin = 1e-13 * max((abs(end) for end in (lower, upper) if np.isfinite(end)), default=0.0)
    for values, weights in groups:
        first = np.searchsorted(values, _just_within(values, lower + margin, np.inf), "right")
        last = np.searchsorted(values, _just_within(values, upper - margin, -np.inf), "left")
        yield np.zeros(7)
        for start, stop in ((0, first), (max(first, last), len(values))):
            for at in range(start, stop, _BLOCK):
                piece = slice(at, min(at + _BLOCK, stop))
                block = values[piece].astype(np.float64)[None, :, None]
                yield distance_sums(block, weights[piece], low, high)[:, 0]


def _just_within(values: np.ndarray, end: float, inwards: float) -> np.floating | float:
    """The next number after an end, as the values' type: what is searched for must not turn a
    whole channel into another type."""
    if values.dtype.kind != "f":
        return end
    with np.errstate(over="ignore"):
        return np.nextafter(values.dtype.type(end), values.dtype.type(inwards))


def _sorted_values(windows: Windows, channel: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Distinct values of a channel, rising, each with how often it occurs in all windows.

    Time steps that occur in the most common number of windows are one group, the others (at the
    ends of a recording, where windows begin) another.
    """
    blocks = [(block[:, channel], weight) for block, weight in windows.values()]
    values = np.concatenate([block for block, _ in blocks])
    weights = np.concatenate([weight for _, weight in blocks])
    most_common = np.bincount(weights).argmax()
    is_common = weights == most_common
    yield _counted(values if is_common.all() else values[is_common], most_common)
    if not is_common.all():
        yield _summed(values[~is_common], weights[~is_common])


def _counted(values: np.ndarray, weight: int) -> tuple[np.ndarray, np.ndarray]:
    ordered = np.sort(values)
    starts = _starts(ordered)
    return ordered[starts], np.diff(starts, append=len(ordered)) * weight


def _summed(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(values, kind="stable")
    starts = _starts(values[order])
    return values[order][starts], np.add.reduceat(weights[order], starts)


def _starts(ordered: np.ndarray) -> np.ndarray:
    """Where each distinct value begins in rising values."""
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
