"""How often live views are drawn anew: each second, less often while many look at once.

All visitors share one process. Some dozen live views drawn each second would keep it busy, and
whoever clicks something would wait for them. Few of them take from the training: where it needs
every core, one that is taken for a moment holds all of them up.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.cores import cores

LEAST_SECONDS = 1.0
VIEWS_A_SECOND = 6  # of all visitors together
UNNOTICED_VIEWS = 1 / 3  # a second and core: some 15 ms each, of which a training loses twice that
UNNOTICED_SECONDS = 3.0  # for which a view waits at the most for that
_SEEN_SECONDS = 12.0  # a view that was not drawn for so long is gone
_VIEW = "live_view"
_AT_ONCE = threading.BoundedSemaphore(4)
_PATIENCE_SECONDS = 0.25


class LivePace:
    """Counts the live views in sight. Safe for threads."""

    def __init__(self, cores: int, clock: Callable[[], float] = time.monotonic):
        self._unnoticed = UNNOTICED_VIEWS * cores
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def seconds(self, view: str) -> float:
        """Note that this view is drawn now. Returns the pause until it should be drawn again."""
        now = self._clock()
        with self._lock:
            self._seen[view] = now
            if len(self._seen) > 1:
                self._seen = {k: t for k, t in self._seen.items() if now - t < _SEEN_SECONDS}
            views = len(self._seen)
        unnoticed = min(UNNOTICED_SECONDS, views / self._unnoticed)
        return max(LEAST_SECONDS, unnoticed, round(2 * views / VIEWS_A_SECOND) / 2)


def live_pace() -> float:
    """The pause between two drawings of this session's live view, in seconds.

    No two sessions have quite the same: views drawn in step would wait for each other.
    """
    if _VIEW not in st.session_state:
        st.session_state[_VIEW] = (secrets.token_hex(8), random.uniform(0.9, 1.1))
    view, own = st.session_state[_VIEW]
    return own * _pace().seconds(view)


@contextmanager
def in_turn() -> Iterator[None]:
    """Wait until fewer than four other live views are being drawn, but not for long.

    Threads of one process that are at work at once hand the interpreter around: twenty views
    begun together would all end late, and hold up whoever clicks.
    """
    is_held = _AT_ONCE.acquire(timeout=_PATIENCE_SECONDS)
    try:
        yield
    finally:
        if is_held:
            _AT_ONCE.release()


def is_off(seconds: float, wanted: float) -> bool:
    """Whether a view drawn this often is worth being set to another pace."""
    return not 0.6 < seconds / wanted < 1.6


@st.cache_resource(show_spinner=False)
def _pace() -> LivePace:
    return LivePace(cores())
