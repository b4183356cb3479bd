"""How values fall into the intervals between given ends: blocks are sorted, and cut at the ends.

An interval holds its lower end, not its upper one. A block that the processor's cache holds is
sorted with vector instructions, faster than its values are looked up among the ends; and without
the interpreter's lock, which `np.bincount` and the like keep, so that threads do not wait.
"""

from collections.abc import Iterator

import numpy as np

_BLOCK = 1 << 16  # values at a time: long enough that threads seldom hand over to one another


def counted(values: np.ndarray, ends: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """How many of the values `(values,)` are in each interval: `(ends + 1,)`.

    ends: `(ends,)`, rising. weights: `(values,)`, integers: what each value counts for. Integers
    are compared as 64-bit floats.
    """
    named = in_precision(ends, float_type(values))
    below, total = np.zeros(len(ends), np.int64), 0  # each end
    for block, weight in sorted_blocks(values, weights):
        places = np.searchsorted(block, named)
        if isinstance(weight, int):
            below += weight * places
            total += weight * len(block)
        else:
            sums = np.concatenate([[0], np.cumsum(weight, dtype=np.int64)])
            below += sums[places]
            total += int(sums[-1])
    return np.diff(below, prepend=0, append=total)


def sorted_blocks(
    values: np.ndarray, weights: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray | int]]:
    """The values `(values,)`, finite, in blocks that rise: each with the weight of all, or of each.

    weights: `(values,)`, integers: how many windows each is in. Within a recording, away from its
    ends, that is one number or two neighbouring ones, and a block comes as one or as two, which are
    sorted three times as fast as with weights to carry. Ready windows cut again have more of them.
    """
    dtype = float_type(values)
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK].astype(dtype, copy=False)
        if weights is None:
            yield np.sort(block), 1
            continue
        weight = weights[start : start + _BLOCK]
        least, most = int(weight.min()), int(weight.max())
        if least == most:
            yield np.sort(block), least
        elif least + 1 == most:
            is_least = weight == least
            yield np.sort(block[is_least]), least
            yield np.sort(block[~is_least]), most
        else:
            order = np.argsort(block)
            yield block[order], weight[order]


def float_type(values: np.ndarray) -> np.dtype:
    """The type to compare values in: their own where it is one of these."""
    return values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)


def in_precision(ends: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The least numbers of a type that are not below the ends: comparing with them is the same."""
    with np.errstate(over="ignore"):
        rounded = ends.astype(dtype)
        return np.where(rounded < ends, np.nextafter(rounded, dtype.type(np.inf)), rounded)
