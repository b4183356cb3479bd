"""How values fall into the intervals between given ends: blocks are sorted, and cut at the ends.

An interval holds its lower end, not its upper one. A block that the processor's cache holds is
sorted with vector instructions, faster than its values are looked up among the ends; and without
the interpreter's lock, which `np.bincount` and the like keep, so that threads do not wait.
"""

from collections.abc import Iterable, Iterator

import numpy as np

Block = tuple[np.ndarray, np.ndarray | int]  # values that rise, the weight of all or of each
NARROWEST = 1e-12  # of ends: below, 64-bit floats do not hold the edges of a histogram's bins
_BLOCK = 1 << 18  # values at a time: long enough that threads seldom hand over to one another


def counted(blocks: Iterable[Block], ends: np.ndarray) -> np.ndarray:
    """How much weight is in each interval: `(ends + 1,)`, int64.

    ends: `(ends,)`, rising, 64-bit floats. Values are compared with them exactly, whatever their
    own type.
    """
    below, total = np.zeros(len(ends), np.int64), 0  # each end
    for block, weight in blocks:
        places = np.searchsorted(block, in_precision(ends, block.dtype))
        if isinstance(weight, int):
            below += weight * places
            total += weight * len(block)
        else:
            sums = np.concatenate([[0], np.cumsum(weight, dtype=np.int64)])
            below += sums[places]
            total += int(sums[-1])
    return np.diff(below, prepend=0, append=total)


def sorted_blocks(
    values: np.ndarray, weights: np.ndarray | None = None, room: np.ndarray | None = None
) -> Iterator[Block]:
    """The values `(values,)`, finite, copied into blocks that rise; the weight is 1 by default.

    weights: `(values,)`, integers: how many windows each is in. Within a recording, away from its
    ends, that is one number or two neighbouring ones, and a block comes as one or as two, which are
    sorted three times as fast as with weights to carry. Ready windows cut again have more of them.
    room: `(values,)`, of their float type, for all blocks; otherwise each has memory of its own.
    """
    dtype = float_type(values.dtype)
    for start in range(0, len(values), _BLOCK):
        place = slice(start, min(start + _BLOCK, len(values)))
        block = np.empty(place.stop - start, dtype) if room is None else room[place]
        block[:] = values[place]
        if weights is None:
            block.sort()
            yield block, 1
            continue
        weight = weights[place]
        least, most = int(weight.min()), int(weight.max())
        if least == most:
            block.sort()
            yield block, least
        elif least + 1 == most:
            is_least = weight == least
            block[:] = np.concatenate([block[is_least], block[~is_least]])
            cut = np.count_nonzero(is_least)
            for part, of_part in ((block[:cut], least), (block[cut:], most)):
                part.sort()
                yield part, of_part
        else:
            order = np.argsort(block)
            block[:] = block[order]
            yield block, weight[order]


def distances(parts: Iterable[np.ndarray], constant: float) -> Iterator[np.ndarray]:
    """How far the values of each part `(values,)` lie above a constant, in 64-bit floats.

    The next part's are written over them: memory that is new for each takes several times as long
    as the distances, since the system clears it page by page.
    """
    room = np.empty(0)
    for part in parts:
        if len(part) > len(room):
            room = np.empty(len(part))
        yield np.subtract(part, constant, out=room[: len(part)], dtype=np.float64)


def even_edges(low: float, high: float, bins: int, narrowest: float = NARROWEST) -> np.ndarray:
    """Edges of even bins from `low` to `high`: `(bins + 1,)`, 64-bit floats that rise.

    Ends nearer to each other than that share of themselves leave no room for edges that differ:
    then the bins reach further on both sides.
    """
    largest = max(abs(low), abs(high))
    if not high - low > narrowest * largest:
        margin = 0.5 * largest or 0.5
        low, high = low - margin, high + margin
    return np.linspace(low, high, bins + 1)


def float_type(dtype: np.dtype) -> np.dtype:
    """The least of the two common types of floats that holds all numbers of a type.

    64-bit integers are the exception: they are rounded to 64-bit floats.
    """
    return np.dtype(np.float32) if np.can_cast(dtype, np.float32) else np.dtype(np.float64)


def in_precision(ends: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The least numbers of a type that are not below the ends: comparing with them is the same."""
    with np.errstate(over="ignore"):
        rounded = ends.astype(dtype)
        return np.where(rounded < ends, np.nextafter(rounded, dtype.type(np.inf)), rounded)
