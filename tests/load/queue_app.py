"""The app's part in the queue, alone: `python -m tests.load.queue_app RUNS_FOLDER SLOTS KIND`.

KIND is `light` for tests/load/queue_worker.py, or `real` for the workers of the app.
"""

import sys
import threading

from core.runner import LocalRunner
from core.runs import RunStore

LIGHT_WORKER = (sys.executable, "-m", "tests.load.queue_worker")


def main() -> None:
    folder, slots, kind = sys.argv[1:]
    runner = LocalRunner(
        RunStore(folder),
        slots=int(slots),
        command=LIGHT_WORKER if kind == "light" else None,
        poll_seconds=0.02 if kind == "light" else 0.1,
        spare_delay_seconds=0.0 if kind == "light" else 3.0,
        resumes=True,
    )
    runner.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
