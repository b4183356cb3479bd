"""50 visitors at once on the app: `python -m tests.load`.

Starts the app as a public demo on temporary folders with one run in training, and lets visitors
come over real websockets, each as a browser's tab does: half of them watch the live run, ten upload
files, ten queue runs, five wander about. Prints how long reruns took, from the request to the end
of the script, by kind; the app's memory before, with and after them; and what is left of them. The
exit code is 1 if a promise was broken. Takes about four minutes with the defaults.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
from pathlib import Path

from tests.load.app_process import AppProcess, Use
from tests.load.crowd import POOL_THREADS, Outcome, crowd, live_run
from tests.load.figures import MEGABYTE, percentile
from tests.load.visitors import KINDS

P95_SECONDS = 0.3
SESSION_BYTES = 10 * MEGABYTE


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for kind, count in zip(KINDS, (25, 10, 10, 5), strict=True):
        parser.add_argument(f"--{kind}", type=int, default=count, help=f"visitors who {kind}")
    parser.add_argument("--seconds", type=float, default=120, help="everybody stays for so long")
    parser.add_argument("--arrival", type=float, default=20, help="seconds until all have come")
    parser.add_argument(
        "--thinking", type=float, nargs=2, default=(4, 8), help="pause between acts, in seconds"
    )
    parser.add_argument(
        "--session", type=int, default=20, help="seconds that the app keeps a session that left"
    )
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--private", action="store_true", help="not as a public demo")
    parser.add_argument("--rounds", type=int, default=1, help="they all come again")
    return parser.parse_args()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def broken(outcome: Outcome, sessions: int) -> list[str]:
    """What was promised and not held, in words."""
    found = [f"{count} x {text}" for text, count in outcome.figures.faults.most_common(20)]
    if (p95 := percentile(outcome.figures.reruns(), 0.95)) > P95_SECONDS:
        found.append(f"95 % of all reruns took up to {1000 * p95:.0f} ms")
    if (each := outcome.per_session(sessions)) > SESSION_BYTES:
        found.append(f"{each / MEGABYTE:.1f} MB a session")
    after, before = outcome.after, outcome.before
    spare = {"connections": 0, "temporary_files": 0, "threads": POOL_THREADS, "children": 0}
    for name, more in spare.items():
        if getattr(after, name) > getattr(before, name) + more:
            found.append(f"{getattr(after, name)} {name} left of {getattr(before, name)} before")
    if outcome.tracebacks:
        found.append(f"{outcome.tracebacks} tracebacks in the app's log")
    return found


def report(outcome: Outcome, sessions: int) -> list[str]:
    head = f"{'':<16} {'private MB':>10} {'resident':>9} {'threads':>8} {'children':>9}"
    return [
        *outcome.figures.lines(),
        "",
        f"{head} {'connections':>12} {'temporary files':>16}",
        _use_line("before", outcome.before),
        _use_line(f"{sessions} sessions", outcome.crowded),
        _use_line("after", outcome.after),
        "",
        f"{outcome.per_session(sessions) / MEGABYTE:.1f} MB a session; the app took "
        f"{outcome.app_share:.2f} of a core, these visitors {outcome.client_share:.2f}; "
        f"load average {outcome.load_average:.1f}; {sum(outcome.figures.faults.values())} faults",
    ]


def _use_line(name: str, use: Use) -> str:
    return (
        f"{name:<16} {use.private / MEGABYTE:>10.1f} {use.resident / MEGABYTE:>9.1f} "
        f"{use.threads:>8} {use.children:>9} {use.connections:>12} {use.temporary_files:>16}"
    )


def main() -> int:
    given = arguments()
    counts = {kind: getattr(given, kind) for kind in KINDS}
    sessions = sum(counts.values())
    faults = []
    with tempfile.TemporaryDirectory(prefix="lab-load-", ignore_cleanup_errors=True) as folder:
        run_id = live_run(Path(folder) / "runs")
        app = AppProcess(
            Path(folder),
            given.port or free_port(),
            public=not given.private,
            session_seconds=given.session,
        )
        try:
            for place in range(given.rounds):
                outcome = asyncio.run(
                    crowd(
                        app,
                        run_id,
                        counts,
                        arrival_seconds=given.arrival,
                        seconds=given.seconds,
                        thinking=tuple(given.thinking),
                        session_seconds=given.session,
                        seed=sessions * place,
                    )
                )
                print(*report(outcome, sessions), "", sep="\n", flush=True)
                faults += broken(outcome, sessions)
        except BaseException:
            print(app.last_words(), file=sys.stderr)
            raise
        finally:
            app.stop()
    print(*(["Broken:", *faults] if faults else ["Every promise was held."]), sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
