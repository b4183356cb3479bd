"""The data in hand, sorted: statistics and floors ask for it in turn, and sorting takes longest.

It takes up to half a gigabyte (`channel_values.MOST_BYTES`), mostly as much as the recording: so
one is held, and for a minute after its last use.
"""

import threading

from core.channel_values import SortedSplit, sorted_split
from core.config import WindowsConfig
from core.session.once import once
from core.windows import Split

HELD_SECONDS = 60.0

_Key = tuple[str, str, int]


def sorted_parts(
    recorded: str, windows: WindowsConfig, seed: int, parts: Split
) -> SortedSplit | None:
    """Both parts sorted, or None where that takes too much memory. recorded: the data's key."""
    return _holder().sorted((recorded, windows.model_dump_json(), seed), parts)


def let_go_of_sorted() -> None:
    """A recording was removed for good."""
    _holder().let_go()


class _Holder:
    """The one that was asked for last. Who asks for another meanwhile waits until that is sorted"""

    def __init__(self):
        self._lock = threading.Lock()
        self._key: _Key | None = None
        self._found: SortedSplit | None = None
        self._end: threading.Timer | None = None
        self._uses = 0

    def sorted(self, key: _Key, parts: Split) -> SortedSplit | None:
        with self._lock:
            if key != self._key:
                self._key, self._found = None, None  # before the next one takes its memory
                self._found = sorted_split(parts)
                self._key = key
            self._hold_on()
            return self._found

    def let_go(self, after_use: int | None = None) -> None:
        """Of what is held; if a use is named, only where there was none since."""
        with self._lock:
            if after_use in (None, self._uses):
                self._key, self._found = None, None

    def _hold_on(self) -> None:
        if self._end is not None:
            self._end.cancel()  # too late for one that waits for the lock already
        self._uses += 1
        self._end = threading.Timer(HELD_SECONDS, self.let_go, (self._uses,))
        self._end.daemon = True
        self._end.start()


@once
def _holder() -> _Holder:
    return _Holder()
