"""A worker that obeys the protocol of core/runner.py and trains nothing: `EPOCHS` short pauses.

It goes on from the epochs that its history has, as a real one does from a checkpoint, and takes
run after run, as a real one does.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from core.runs import RunStore

EPOCHS = 5
EPOCH_SECONDS = 0.02


def main() -> int:
    say("ready")
    while line := sys.stdin.readline().rstrip("\n"):
        train(Path(line))
        say("done 0\nready")
    return 0


def say(text: str) -> None:
    with suppress(BrokenPipeError):  # its app is gone; the end of the input says so too
        print(text, flush=True)


def train(folder: Path) -> None:
    run = RunStore(folder.parent).open(folder.name)
    run.transition("running", by_pid=os.getpid())
    for epoch in range(len(run.history()) + 1, EPOCHS + 1):
        time.sleep(EPOCH_SECONDS)
        run.append_history({"epoch": epoch, "loss": 1 / epoch})
    run.transition("finished", "Done.", by_pid=os.getpid())


if __name__ == "__main__":
    sys.exit(main())
