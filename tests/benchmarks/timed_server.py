"""The app's server with a stopwatch: a JSON line for each script run, on standard output.

    python -m tests.benchmarks.timed_server --server.port 8599

Each line has the kind (`rerun`, or `tick` for a fragment alone), the page, and the seconds that
Streamlit took from taking up the request to the end of the script, clock and processor.
"""

import json
import sys
import time
from pathlib import Path

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web import cli

APP = Path(__file__).resolve().parent.parent.parent / "app.py"


def main() -> None:
    run_script = ScriptRunner._run_script

    def timed(runner, request):
        began, used = time.perf_counter(), time.thread_time()
        run_script(runner, request)
        line = {
            "kind": "tick" if request.fragment_id or request.fragment_id_queue else "rerun",
            "page": request.page_script_hash,
            "seconds": time.perf_counter() - began,
            "processor_seconds": time.thread_time() - used,
        }
        print(json.dumps(line) + "\n", end="", flush=True)  # whole, whatever thread prints

    ScriptRunner._run_script = timed
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
