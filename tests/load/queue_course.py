"""What became of queued runs, as their folders told it to one who looked all the time."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from core.run_status import FINAL_STATES
from core.runs import RunStore, RunSummary


@dataclass
class Course:
    """Ends of each run, and the turns in which runs were started."""

    ends: Counter[str] = field(default_factory=Counter)  # run id: entries into a final state
    revived: list[str] = field(default_factory=list)  # runs that left a final state
    turns: dict[int, RunSummary] = field(default_factory=dict)
    _states: dict[str, str] = field(default_factory=dict)

    def look(self, store: RunStore) -> tuple[RunSummary, ...]:
        """Note what has changed. Returns all runs."""
        listing = store.listing()
        for run in listing:
            before = self._states.get(run.id, "")
            if run.state != before:
                self._note(run, before)
            if turn := run.extra.get("turn"):
                self.turns.setdefault(turn, run)
        return listing

    def _note(self, run: RunSummary, before: str) -> None:
        if before in FINAL_STATES:
            self.revived.append(run.id)
        if run.state in FINAL_STATES:
            self.ends[run.id] += 1
        self._states[run.id] = run.state

    def unfairness(self, *, again: bool) -> int:
        """The greatest difference of turns between two owners while both had new runs waiting.

        again: whether turns of runs that were started before count as well.
        """
        left = Counter(run.owner for run in {run.id: run for run in self.turns.values()}.values())
        had: Counter[str | None] = Counter()
        begun: set[str] = set()
        worst = 0
        for _, run in sorted(self.turns.items()):
            is_new = run.id not in begun
            begun.add(run.id)
            left[run.owner] -= is_new
            had[run.owner] += is_new or again
            waiting = [had[owner] for owner in left if left[owner] > 0]
            worst = max(worst, max(waiting, default=0) - min(waiting, default=0))
        return worst

    def out_of_order(self) -> int:
        """How many runs were first started before an older one of the same owner."""
        newest: dict[str | None, int] = defaultdict(int)
        found, begun = 0, set()
        for _, run in sorted(self.turns.items()):
            if run.id not in begun:
                found += run.sequence < newest[run.owner]
                newest[run.owner] = max(newest[run.owner], run.sequence)
                begun.add(run.id)
        return found
