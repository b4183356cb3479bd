"""How many windows of a part a run keeps in `reconstruction.npz`, where its pages show them.

They are bounded by number and by values: of long windows there are fewer, but always some evenly
spaced ones, and the best and the worst.
"""

SPACED_VALUES = 4_000_000  # in the evenly spaced ones; each is kept twice, in 4 bytes
RANKED_WINDOWS = 50  # at each end of each order
RANKED_VALUES = 4_000_000  # in all of these
_ENDS = 4  # the best and the worst, by MAE and by MSE


def spaced_windows(window_values: int) -> int:
    """The evenly spaced ones at the most. window_values: time steps x channels."""
    return max(1, SPACED_VALUES // window_values)


def ranked_windows(window_values: int) -> int:
    """So many of the best by each error, and as many of the worst."""
    return max(1, min(RANKED_WINDOWS, RANKED_VALUES // (_ENDS * window_values)))


def most_windows(window_values: int) -> int:
    """Of a part, in all."""
    return spaced_windows(window_values) + _ENDS * ranked_windows(window_values)
