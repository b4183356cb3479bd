"""The error floors of many activation and normalization pairs at once, exactly.

Values outside a range lie at the two ends of the sorted channel, so each channel is sorted once for
all pairs.
"""

from collections.abc import Sequence

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
from core.sorted_values import SortedValues
from core.windows import Windows

Pair = tuple[Normalization, str]  # and an output activation
Groups = list[tuple[np.ndarray | slice, float | None]]  # places of values, and their weight
_BLOCK = 1_000_000  # values whose distances are worked out at a time
_GROUP_SHARE = 1 / 32  # of all time steps: fewer are no group of their own


def error_floors(pairs: Sequence[Pair], windows: Windows) -> list[ErrorFloor]:
    """The floor of each pair over all windows; the same numbers as `error_floor` of each."""
    totals = [Totals.of(windows) for _ in pairs]
    fixed = [number for number, (fit, _) in enumerate(pairs) if not fit.per_window]
    if fixed:
        chosen = [pairs[n] for n in fixed], [totals[n] for n in fixed]
        weights, groups = _groups(windows)
        for channel in range(windows.segments.shape[2]):
            _add_channel(*chosen, channel, _sorted_channel(windows, channel, weights, groups))
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
    pairs: Sequence[Pair], totals: Sequence[Totals], channel: int, groups: Sequence[SortedValues]
) -> None:
    """One channel for the pairs whose normalization is the same in all windows."""
    weight = sum(group.weight for group in groups)
    extremes = [end for group in groups for end in group.extremes]
    extremes = np.array([min(extremes), max(extremes)])[:, None]  # (2, 1)
    known: dict[tuple[float, float], np.ndarray] = {}
    for (fit, activation), total in zip(pairs, totals, strict=True):
        fit = fit.of_channel(channel)
        statistics = fit.offset_, fit.scale_
        ends = range_ends(fit, ACTIVATIONS[activation], statistics)
        lower, upper = (float(fit.clip(end)[0]) for end in ends)
        if (lower, upper) not in known:
            known[lower, upper] = sum(group.beyond(lower, upper) for group in groups)
        total.sums[:, channel] = known[lower, upper]
        total.weight = weight
        scaled = fit.scaled(extremes, statistics)[:, 0]
        total.target_low[channel], total.target_high[channel] = scaled


def _groups(windows: Windows) -> tuple[np.ndarray, Groups]:
    """The weight of each time step, and which of them are sorted together.

    Those that occur in the same number of windows are a group, with that weight; the others, at
    the ends of a recording, are one with a weight each, which is said as None.
    """
    weights = np.concatenate([weight for _, weight in windows.values()])
    counts = np.bincount(weights)
    common = np.flatnonzero(counts >= _GROUP_SHARE * len(weights))
    if len(common) == 1 and counts[common[0]] == len(weights):
        return weights, [(slice(None), float(common[0]))]
    groups = [(weights == weight, float(weight)) for weight in common]
    rest = ~np.isin(weights, common)
    return weights, [*groups, *([(rest, None)] if rest.any() else [])]


def _sorted_channel(
    windows: Windows, channel: int, weights: np.ndarray, groups: Groups
) -> list[SortedValues]:
    """The groups of one channel, sorted."""
    values = np.concatenate([block[:, channel] for block, _ in windows.values()])
    return [
        SortedValues(values[places], weights[places] if weight is None else weight)
        for places, weight in groups
    ]
