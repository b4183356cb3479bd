"""Times that a look now and then works out, which a clock that was set does not spoil.

What outlives a process is noted by the clock of the wall, which can be set, by a day even. Between
two looks of one process no more time has passed than its monotonic clock has counted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from core.run_status import RunSummary, trained_seconds, training_since

_SET_SECONDS = 1.0  # by more than this the clock of the wall was set, or the machine asleep


@dataclass(frozen=True)
class _Trained:
    """What is known of a run at a look."""

    seconds: float = 0.0
    noted: float = 0.0  # seconds as its status says, by the clock of the wall
    since: str = ""  # when it last began to train; empty: it does not


class TrainedTimes:
    """How long runs have trained: what their statuses say at the first look, and what has passed
    since then."""

    def __init__(self, monotonic: Callable[[], float]):
        self._monotonic = monotonic
        self._looked: float | None = None  # monotonic
        self._known: dict[str, _Trained] = {}

    def look(self, runs: Iterable[RunSummary], now: datetime) -> dict[str, float]:
        """The seconds of each run. To be called with all runs that have not ended: one that was
        not there at the look before has begun since."""
        moment, known = self._monotonic(), {}
        for run in runs:
            noted, since = trained_seconds(run, now), training_since(run)
            last = self._known.get(run.id, _Trained())
            passed = noted - last.noted
            if self._looked is not None:
                most = moment - self._looked
                is_same = since and since == last.since  # it has trained all the time
                passed = most if is_same else min(max(passed, 0.0), most)
            known[run.id] = _Trained(last.seconds + passed, noted, since)
        self._known, self._looked = known, moment
        return {run_id: trained.seconds for run_id, trained in known.items()}


class SteadyClock:
    """The clock of the wall, less what it was set forward by since this process has looked at it.

    For `keep_seconds` after that: what was there before it was set is truly as old by then.
    """

    def __init__(
        self, wall: Callable[[], float], monotonic: Callable[[], float], keep_seconds: float
    ):
        self._wall, self._monotonic, self._keep = wall, monotonic, keep_seconds
        self._last = wall(), monotonic()
        self._ahead, self._until = 0.0, 0.0

    def now(self) -> float:
        """Seconds as of the clock of the wall."""
        wall, moment = self._wall(), self._monotonic()
        set_by = (wall - self._last[0]) - (moment - self._last[1])
        self._last = wall, moment
        if abs(set_by) > _SET_SECONDS:
            self._ahead = max(0.0, self._ahead + set_by)
            self._until = moment + self._keep
        elif moment > self._until:
            self._ahead = 0.0
        return wall - self._ahead
