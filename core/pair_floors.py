"""The error floors of many activation and normalization pairs at once, exactly.

What lies beyond the ranges of all pairs is summed in one look at each channel.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from core.beyond_sums import BeyondSums
from core.channel_values import SortedChannel
from core.intervals import sorted_blocks
from core.normalization import Normalization
from core.output_range import (
    ACTIVATIONS,
    Activation,
    ErrorFloor,
    Reach,
    Totals,
    distance_sums,
    reach_of,
)
from core.threads import each_in_a_thread
from core.windows import Windows

Pair = tuple[Normalization, str]  # and an output activation
_NUMBERS = 2_000_000  # of all channels that are looked at together
_BLOCK = 1_000_000  # values whose distances are worked out at a time


def error_floors(
    pairs: Sequence[Pair], windows: Windows, known: Sequence[SortedChannel] | None = None
) -> list[ErrorFloor]:
    """The floor of each pair over all windows; the same numbers as `error_floor` of each.

    known: the windows' channels, where they have been sorted.
    """
    totals = [Totals.of(windows) for _ in pairs]
    fixed = [number for number, (fit, _) in enumerate(pairs) if not fit.per_window]
    if fixed:
        _add_fixed([pairs[n] for n in fixed], [totals[n] for n in fixed], windows, known)
    _add_windows(pairs, totals, windows)
    return [total.floor(*pair, windows) for pair, total in zip(pairs, totals, strict=True)]


def _add_fixed(
    pairs: Sequence[Pair],
    totals: Sequence[Totals],
    windows: Windows,
    known: Sequence[SortedChannel] | None,
) -> None:
    """The pairs whose normalization is the same in all windows: each time step is seen once."""
    channels = range(windows.segments.shape[2])
    found = [
        reach_of(fit, ACTIVATIONS[activation], (fit.offset_, fit.scale_))
        for fit, activation in pairs
    ]
    ranges = [
        [Reach(*(float(values[c]) for values in of_pair)) for of_pair in found] for c in channels
    ]
    sums = [BeyondSums(of_channel) for of_channel in ranges]
    if known is not None:
        each_in_a_thread(lambda c: sums[c].add(known[c].blocks()), channels)
    else:
        for block, weight in windows.values(_NUMBERS):
            each_in_a_thread(
                lambda c, b=block, w=weight: sums[c].add(sorted_blocks(b[:, c], w)), channels
            )

    @cache  # several activations reach as far as each other
    def beyond(channel: int, reach: Reach) -> np.ndarray:
        return sums[channel].beyond(reach)

    extremes = np.array([[one.low for one in sums], [one.high for one in sums]])  # (2, channels)
    for number, ((fit, _), total) in enumerate(zip(pairs, totals, strict=True)):
        total.sums += np.stack([beyond(c, ranges[c][number]) for c in channels], axis=1)
        total.weight = sums[0].weight
        total.target_low, total.target_high = fit.scaled(extremes, (fit.offset_, fit.scale_))


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
            known[key] = distance_sums(block, weight, reach_of(fit, output, statistics))
        total.sums += known[key]
        total.weight += block.shape[0] * block.shape[1]
        total.target_low, total.target_high = seen.target_low, seen.target_high
