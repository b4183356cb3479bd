"""What was measured, and the table of it."""

from collections import Counter, defaultdict

MEGABYTE = 1_000_000


class Figures:
    """Seconds by kind of rerun, and faults by what they say."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.faults: Counter[str] = Counter()

    def note(self, kind: str, seconds: float) -> None:
        self.seconds[kind].append(seconds)

    def fault(self, text: str) -> None:
        self.faults[text] += 1

    def forget(self) -> None:
        """Begin anew with the seconds, as when everybody has come; faults stay."""
        self.seconds.clear()

    def reruns(self) -> list[float]:
        """All seconds but those of files on their way, which are no reruns."""
        return [s for kind, group in self.seconds.items() for s in group if "itself" not in kind]

    def lines(self) -> list[str]:
        """A line for each kind, the most frequent first."""
        head = (
            f"{'rerun, from the request to its end':<40} {'n':>6} {'p50':>7} {'p95':>7} {'max':>7}"
        )
        kinds = sorted(self.seconds.items(), key=lambda item: -len(item[1]))
        return [
            f"{head}  (ms)",
            *(line(kind, group) for kind, group in kinds),
            line("all reruns", self.reruns()),
        ]


def line(name: str, seconds: list[float]) -> str:
    shown = [f"{1000 * percentile(seconds, share):7.0f}" for share in (0.5, 0.95, 1.0)]
    return f"{name:<40} {len(seconds):>6} {' '.join(shown)}"


def percentile(values: list[float], share: float) -> float:
    """The value with `share` of the others below it; 0 where there are none."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else 0.0
