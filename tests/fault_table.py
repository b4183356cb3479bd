"""What machines do to a run, and what becomes of it: `python -m tests.fault_table` shows each.

Runs the tests of every fault, prints a table with the outcome of each, and ends with 1 if a test
fails or a fault has none. `python -m tests.write_points` and `python -m tests.resumed` go further
into faults 1 to 5, 8 and 35; `python -m tests.load` and `python -m tests.load.queue` into 33, 34.
"""

import re
import sys

import pytest

RUNNER, RUNS = "tests/runner", "tests/runs"
PAGES, TRAIN = "tests/pages/test_run_faults.py", "tests/pages/test_train.py"
BROWSER = "tests/browser"
RESUME, WORKER = "tests/test_resume.py", "tests/test_worker.py"
NO_GPU = " (messages of the driver; no GPU was at hand)"

TABLE = {  # fault: what it is, what becomes of the run, the tests: a file and what a name matches
    "1": (
        "worker killed in mid-epoch",
        "interrupted at once; resumed, it ends the same",
        [(RUNNER, "ends_without_a_word"), (BROWSER + "/test_rest.py", "")],
    ),
    "2": (
        "killed in mid-checkpoint",
        "the checkpoint before it is taken up",
        [("tests/test_faults.py", "killed_at_their_write_points")],
    ),
    "3": (
        "killed between weights and numbers",
        "never a mixed pair: a folder, published whole",
        [("tests/test_checkpoints.py", "torn|flipped|missing"), ("tests/test_faults.py", "killed")],
    ),
    "4": (
        "killed in the final write",
        "finished, or resumed and the same",
        [("tests/test_faults.py", "killed_at_their_write_points")],
    ),
    "5": (
        "model saved, status not",
        "finished, with the worker's own words",
        [(RUNNER, "fault_5_")],
    ),
    "6": (
        "app killed",
        "the worker goes on, the next start re-attaches",
        [(RUNNER, "fault_6_7_|app_killed_leaves")],
    ),
    "7": ("app told to end", "the same", [(RUNNER, "fault_6_7_")]),
    "8": (
        "worker told to end",
        "finishes its batch, leaves a checkpoint, ends the same later",
        [(RESUME, "sigterm")],
    ),
    "9": (
        "everything killed, with a queue",
        "order kept, none trained twice",
        [(RUNNER, "fault_9_")],
    ),
    "10": (
        "no space left",
        "paused with the reason, the checkpoint before it kept",
        [
            (RESUME, "cannot_be_written|takes_not_even"),
            (RUNNER, "fault_10_|refuses_the_end|full_disk"),
        ],
    ),
    "12": (
        "input/output error",
        "as no space",
        [(RESUME, "cannot_be_written"), (RUNNER, "refuses_the_end|35_an_error")],
    ),
    "13": (
        "killed for memory",
        "interrupted, said; never resumed unasked",
        [(RUNNER, "fault_13_|killed_for_memory")],
    ),
    "14": (
        "graphics memory full",
        "a smaller batch is advised; the next run works" + NO_GPU,
        [(RUNNER, "fault_14_")],
    ),
    "15": (
        "graphics processor lost",
        "interrupted with the reason" + NO_GPU,
        [(RUNNER, "fault_15_|fault_14_15_")],
    ),
    "16": (
        "loss is no number",
        "stopped, named with its epoch; the best is kept",
        [(WORKER, "diverge"), ("tests/test_training.py", "diverge|finite")],
    ),
    "17": ("worker hangs", "ended after its time, interrupted", [(RUNNER, "fault_17_")]),
    "18": (
        "declared dead, wakes up",
        "it cannot write",
        [(RUNNER, "fault_18_"), (RESUME, "another_has_taken")],
    ),
    "19": (
        "its process id is a stranger's",
        "no stranger is signalled",
        [(RUNNER, "stranger_with_the_same")],
    ),
    "20": (
        "browser goes",
        "the run goes on, its link brings it back",
        [(BROWSER + "/test_whole_path.py", "outlives")],
    ),
    "21": ("two tabs", "one truth", [(PAGES, "fault_21_22_")]),
    "22": (
        "two cancels; cancel against finish",
        "one final state",
        [(RUNNER, "cancel_against_finish"), (RUNS, "one_final_state"), (PAGES, "fault_21_22_")],
    ),
    "23": (
        "double click",
        "one run",
        [(TRAIN, "two_clicks"), (TRAIN, "second_click_finds")],
    ),
    "25": (
        "history torn at any byte",
        "the torn line is skipped and replaced",
        [(RUNS, "torn")],
    ),
    "26": (
        "newest checkpoint damaged",
        "the one before is taken up, and that is said",
        [(RESUME, "before_a_damaged")],
    ),
    "27": (
        "all checkpoints damaged",
        "refused, nothing removed, a fresh start offered",
        [(RESUME, "all_checkpoints_are_damaged")],
    ),
    "28": (
        "permissions taken away",
        "as no space; the queue goes on",
        [(RESUME, "cannot_be_written"), (RUNNER, "fault_28_")],
    ),
    "29": (
        "run folder removed",
        "its worker ends, the app lives",
        [(RUNNER, "fault_29_|removed_run_folder")],
    ),
    "30": ("clock a day off", "nobody is declared dead, order holds", [(RUNNER, "fault_30_")]),
    "31": (
        "source edited",
        "runs unaffected; an outdated spare is replaced",
        [(RUNNER, "fault_31_|spare_older")],
    ),
    "32": (
        "reader crashes or hangs",
        "an error that names the file",
        [("tests/test_reading.py", "")],
    ),
    "33": (
        "50 browsers at once",
        "no error; a small version here",
        [("tests/load", "visitors_meet")],
    ),
    "34": (
        "100 queued runs under kills",
        "each ends exactly once, in fair turns",
        [("tests/load", "killed")],
    ),
    "35": ("fault during recovery", "the start after it recovers", [(RUNNER, "fault_35_")]),
}


class Seen:
    """A plugin of pytest that notes what became of each test."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome

    def of(self, places: list[tuple[str, str]]) -> list[str]:
        """The outcomes of the tests of a fault."""
        return [
            outcome
            for test, outcome in self.outcomes.items()
            for file, name in places
            if test.startswith(file) and re.search(name, test.partition("::")[2])
        ]


def main() -> int:
    places = [place for _, _, found in TABLE.values() for place in found]
    files = sorted({file for file, _ in places})
    # All tests of these files: a filter by name could silently leave one out.
    seen = Seen()
    pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", "--tb=short", *files], [seen])
    print("\n| fault | | outcome | tests passed |\n|---|---|---|---|")
    is_shown = True
    for number, (what, outcome, found) in TABLE.items():
        results = seen.of(found)
        passed = results.count("passed")
        is_shown = is_shown and results and passed == len(results)
        print(f"| {number} | {what} | {outcome} | {passed} of {len(results)} |")
    return 0 if is_shown else 1


if __name__ == "__main__":
    sys.exit(main())
