"""The table of bad inputs: `python -m tests.bad_inputs [line ...] [--quick]`.

Each is read by a process that is measured, and then by the app's own reading process, which must
come to the same; `--quick` leaves out the latter.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from core.signals.reading import FileReader
from tests.bad_inputs import CASES
from tests.bad_inputs.case import Case
from tests.bad_inputs.judge import Reading, Verdict, judge

_LONGEST_SENTENCE = 160


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bad_inputs", description=__doc__)
    parser.add_argument("lines", nargs="*", metavar="line", help="of the list, such as 4 or 4b")
    parser.add_argument("--quick", action="store_true", help="without the app's own process")
    given = parser.parse_args()
    print("| line | input | expected | got | what was said | pass |")
    print("|---|---|---|---|---|---|")
    failed = count = 0
    reading, app = Reading(), None if given.quick else FileReader()
    with tempfile.TemporaryDirectory(prefix="bad-inputs-") as folder:
        for case in CASES:
            if given.lines and not {case.number, _line(case)} & set(given.lines):
                continue
            verdict = judge(case, reading, Path(folder), app)
            count += 1
            failed += bool(verdict.faults)
            print(_row(case, verdict), flush=True)
    reading.close()
    print(f"\n{count} inputs, {failed} not as expected.")
    return 1 if failed else 0


def _line(case: Case) -> str:
    if case.number.startswith("fuzz"):
        return "fuzz"
    return "".join(filter(str.isdigit, case.number))


def _row(case: Case, verdict: Verdict) -> str:
    sentence = verdict.sentence.replace("|", "\\|").replace("\n", " ")[:_LONGEST_SENTENCE]
    passed = "; ".join(verdict.faults) or "yes"
    cells = (case.number, case.name, case.expected, verdict.got, sentence, passed)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
