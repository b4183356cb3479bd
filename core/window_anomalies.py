"""Which windows of a recording hold a known anomaly, and how well errors tell them."""

from collections.abc import Sequence

import numpy as np

from core.signals.recording import Anomaly


def windows_with(
    anomalies: Sequence[Anomaly], first_steps: np.ndarray, window_length: int
) -> np.ndarray:
    """Which windows hold a time step of an anomaly, in any channel: `(windows,)`, bool.

    first_steps: where each window begins, as `Split.first_steps` tells.
    """
    starts = np.sort([anomaly.start for anomaly in anomalies])
    stops = np.sort([anomaly.stop for anomaly in anomalies])
    begun = np.searchsorted(starts, first_steps + window_length, "left")
    ended = np.searchsorted(stops, first_steps, "right")
    return begun > ended


def within_window(
    anomalies: Sequence[Anomaly], first_step: int, window_length: int
) -> list[Anomaly]:
    """What a window holds of the anomalies, with its own time steps, from 0."""
    found = []
    for anomaly in anomalies:
        start = max(anomaly.start - first_step, 0)
        stop = min(anomaly.stop - first_step, window_length)
        if start < stop:
            found.append(Anomaly(anomaly.kind, anomaly.channel, start, stop))
    return found


def roc_auc(errors: np.ndarray, is_held: np.ndarray) -> float:
    """The share of pairs of a window with and one without an anomaly in which the one with has the
    larger error; ties count half (Hanley and McNeil 1982).

    errors, is_held: `(windows,)`. An error that is not a number counts as the largest. NaN where
    there is no pair.
    """
    errors = np.where(np.isnan(errors), np.inf, errors)
    held, others = errors[is_held], np.sort(errors[~is_held])
    if not len(held) or not len(others):
        return np.nan
    under = np.searchsorted(others, held, "left").sum()
    not_over = np.searchsorted(others, held, "right").sum()
    return float(under + not_over) / (2 * len(held) * len(others))
