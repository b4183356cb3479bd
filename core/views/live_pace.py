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
UNNOTICED_VIEWS = 1 / 4  # a second and core; each takes some 20 ms of one, and holds up the others
UNNOTICED_SECONDS = 4.0  # for which a view waits at the most for that
EAGER_SECONDS = 0.5  # between the drawings of a run until its first step, which somebody waits for
EAGER_DRAWINGS = 16  # of them: a run may have to wait for its turn
_SEEN_SECONDS = 12.0  # a view that was not drawn for so long is gone
_VIEW = "live_view"
_AWAITED = "awaited_run"  # id of a run that has not begun, and how often it was drawn
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


def live_pace(run_id: str, has_begun: bool) -> float:
    """The pause between two drawings of this session's live view, in seconds.

    No two sessions have quite the same: views drawn in step would wait for each other.
    """
    seconds = _settled_pace()
    if has_begun:
        st.session_state.pop(_AWAITED, None)
        return seconds
    awaited, drawings = st.session_state.get(_AWAITED, (run_id, 0))
    drawings = drawings + 1 if awaited == run_id else 1
    st.session_state[_AWAITED] = run_id, drawings
    return min(EAGER_SECONDS, seconds) if drawings <= EAGER_DRAWINGS else seconds


def _settled_pace() -> float:
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
