"""Fuzz the readers: `python -m tests.fuzz [reader ...] --minutes 10 --keep folder`.

Prints a line of figures a reader, then what was found; damaged files that led to it are kept.
"""

import argparse
import hashlib
import time
from pathlib import Path

from tests.bad_inputs.judge import Reading
from tests.fuzz.hunt import Hunt, hunt
from tests.fuzz.seeds import SEEDS

HEAD = (
    "| reader | cases | time | read | refused | crashes by a signal | other findings |\n"
    "|---|---|---|---|---|---|---|"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="reader", help=f"of {', '.join(SEEDS)}")
    parser.add_argument("--minutes", type=float, default=10, help="for each reader")
    parser.add_argument("--seed", type=int, default=None, help="the same finds the same")
    parser.add_argument("--keep", type=Path, help="a folder for the files that led to findings")
    given = parser.parse_args()
    unknown = set(given.readers) - set(SEEDS)
    if unknown:
        parser.error(f"There is no reader {', '.join(unknown)}. There are: {', '.join(SEEDS)}")
    print(HEAD, flush=True)
    defects = 0
    reading = Reading()
    for kind in given.readers or SEEDS:
        seed = int(time.time()) if given.seed is None else given.seed
        found = hunt(kind, reading, seed=seed, seconds=60 * given.minutes, smaller=True)
        defects += len(found.defects)
        report(found, given.keep)
    reading.close()
    return 1 if defects else 0


def report(found: Hunt, folder: Path | None) -> None:
    print(found.line(), flush=True)
    for what, content in found.findings.items():
        kept = ""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256(content).hexdigest()[:8]
            path = folder / f"{digest}.{found.kind}"
            path.write_bytes(content)
            kept = f": {path.name}"
        if found.options[what]:
            kept += f" read with {found.options[what]}"
        times = found.counts[what]
        print(f"  - {found.kind}: {what} ({times} times, {len(content):,} bytes{kept})", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
