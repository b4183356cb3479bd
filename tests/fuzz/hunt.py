"""The hunt: damaged files are read in a process that may die; what is not as it should is kept."""

import re
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bad_inputs.judge import Reading
from tests.fuzz.mutate import Mutator
from tests.fuzz.seeds import SEEDS

MOST_SECONDS = 10  # of processor time
MOST_BYTES = 600 << 20  # that memory may grow by
_TRIES = 250  # to make a finding smaller


@dataclass
class Hunt:
    """What came of it."""

    kind: str
    cases: int = 0
    read: int = 0
    refused: int = 0
    crashes: int = 0  # by a signal: the reading process is there for them
    seconds: float = 0.0
    findings: dict[str, bytes] = field(default_factory=dict)  # by what is wrong
    options: dict[str, dict] = field(default_factory=dict)  # that each was read with
    counts: Counter = field(default_factory=Counter)

    @property
    def defects(self) -> list[str]:
        return [what for what in self.findings if not what.startswith("died")]

    def line(self) -> str:
        return (
            f"| {self.kind} | {self.cases:,} | {self.seconds:.0f} s | {self.read:,} | "
            f"{self.refused:,} | {self.crashes} | {len(self.defects)} |"
        )


def wrong(result: dict) -> str:
    """What is not as it should be, in words that are the same for the same fault."""
    outcome = result["outcome"]
    if outcome == "died":
        places = re.findall(r'File "([^"]+)", line (\d+) in (\w+)', result["message"])
        place = " in " + ":".join((Path(places[0][0]).name, *places[0][1:])) if places else ""
        code = result.get("code") or 0
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"died by {name}{place}"
    if outcome == "hung":
        return "hung"
    if outcome == "fault":
        return f"raised {result['message'][:100]}"
    if result.get("cause") and "it cannot be read as" in result["message"]:
        return f"unforeseen {result['cause'].partition(': ')[0]}"
    if outcome == "recording" and not result["finite"]:
        return "values that are not finite"
    if result["worked"] > MOST_SECONDS:
        return "too slow"
    if result["grown"] > MOST_BYTES:
        return "too much memory"
    return ""


class Hunter:
    def __init__(self, kind: str, folder: Path, reading: Reading):
        self._kind = kind
        self._path = folder / f"fuzz.{kind}"
        self._reading = reading

    def ask(self, content: bytes, options: dict) -> dict:
        self._path.write_bytes(content)
        request = {"path": str(self._path), "name": f"a.{self._kind}", "options": options}
        return self._reading.ask(request, MOST_SECONDS)

    def smaller(self, content: bytes, options: dict, what: str) -> bytes:
        """As much of the content as the same fault needs, as far as a few tries find out."""
        tries, piece = 0, len(content) // 2
        while piece >= 4 and tries < _TRIES:
            start = 0
            while start < len(content) and tries < _TRIES:
                shorter = content[:start] + content[start + piece :]
                tries += 1
                if shorter and wrong(self.ask(shorter, options)) == what:
                    content = shorter
                else:
                    start += piece
            piece //= 2
        return content


def hunt(
    kind: str,
    reading: Reading,
    *,
    seed: int = 0,
    seconds: float = 1e9,
    cases: int = 10**9,
    smaller: bool = False,
) -> Hunt:
    """Damage and read files of one kind until the time or the number of cases is reached.

    `smaller` makes what is found as small as a few tries can.
    """
    found = Hunt(kind)
    mutator = Mutator(kind, SEEDS[kind](), seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        hunter = Hunter(kind, Path(folder), reading)
        while found.cases < cases and time.monotonic() - started < seconds:
            content, options = mutator.next(), mutator.options()
            result = hunter.ask(content, options)
            found.cases += 1
            found.read += result["outcome"] == "recording"
            found.refused += result["outcome"] == "refused"
            found.crashes += result["outcome"] == "died"
            what = wrong(result)
            found.counts[what] += bool(what)
            if what and what not in found.findings:
                found.options[what] = options
                found.findings[what] = (
                    hunter.smaller(content, options, what) if smaller else content
                )
    found.seconds = time.monotonic() - started
    return found
