"""The lab without a browser: what the app's worker runs, and what scripts and a cluster use.

    python -m core config --preset question --set model.output_activation=relu > relu.json
    python -m core train relu.json --runs runs
    python -m core resume runs/<id>
    python -m core further runs/<id> --epochs 100
    python -m core show runs/<id> --json
    python -m core floors relu.json
    python -m core sweep relu.json --activations relu linear --runs runs

Exit codes: 0 done; 1 the run failed; 2 a configuration, a file or an argument is faulty, with the
reason on standard error; 3 cancelled (also by Ctrl-C); 4 interrupted (by SIGTERM), 5 paused (also
by a full disk), 6 the run folder cannot be written: after these three, `resume` goes on, or the
same sweep; 141 nobody reads the output any more.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from core.commands.faults import Fault
from core.config import PRESETS
from core.run_status import RunUnreadable

FAULTY, CANCELLED = 2, 3
UNREAD = 141  # what a shell says of a process that SIGPIPE has ended


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return import_module(f"core.commands.{options.command}").run(options)
    except BrokenPipeError:
        raise
    except (Fault, OSError, RunUnreadable) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return FAULTY
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return CANCELLED


def main_in_a_process() -> int:
    """`main`, whose output may not get to where it goes: `head` reads a few lines and is gone."""
    try:
        try:
            return main()
        finally:
            sys.stdout.flush()
    except OSError as error:
        is_unread = isinstance(error, BrokenPipeError)
        if not is_unread:
            print(f"error: standard output cannot be written: {error}", file=sys.stderr)
        nowhere = os.open(os.devnull, os.O_WRONLY)  # for what is left of it as the process exits
        os.dup2(nowhere, 1)
        if is_unread:
            os.dup2(nowhere, 2)
        return UNREAD if is_unread else FAULTY


def _parser() -> argparse.ArgumentParser:
    summary, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description=summary,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")

    config = commands.add_parser("config", help="print a configuration as JSON")
    config.add_argument("--preset", choices=PRESETS, default="default", help="where to start from")
    config.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field by its dotted name, such as training.epochs=50; may be repeated",
    )

    train = commands.add_parser(
        "train", help="train a configuration; the last line printed is the run folder"
    )
    train.add_argument("config", metavar="CONFIG.json", help="a configuration, or - to read it")
    train.add_argument("--runs", type=Path, required=True, metavar="DIR", help="the runs folder")
    train.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="a recording to use in place of the configured data, read as data.reading says",
    )

    resume = commands.add_parser(
        "resume", help="go on with a paused or interrupted run, from its newest checkpoint"
    )
    resume.add_argument("run", type=Path, metavar="RUN_DIR")

    further = commands.add_parser(
        "further",
        help="train a finished or cancelled run for more epochs, as a new run beside it, as if "
        "they had been asked for at first",
    )
    further.add_argument("run", type=Path, metavar="RUN_DIR")
    further.add_argument("--epochs", type=int, required=True, metavar="N", help="in all")
    further.add_argument("--patience", type=int, metavar="N", help="another one; 0: never stop")

    show = commands.add_parser(
        "show", help="print a run's state, history, errors and floors, and what is wrong with it"
    )
    show.add_argument("run", type=Path, metavar="RUN_DIR")
    show.add_argument("--json", action="store_true", help="as JSON, with everything")
    show.add_argument(
        "--reconstructions",
        type=Path,
        metavar="FILE.npz",
        help="write original and reconstruction, each (windows, window_length, channels), in "
        "original units, of every window of --part, reconstructed anew by the saved model",
    )
    show.add_argument("--part", choices=("train", "validation", "all"), default="validation")

    floors = commands.add_parser(
        "floors", help="print the error floor and the verdict of every pair, before any training"
    )
    _add_data_arguments(floors)
    floors.add_argument("--json", action="store_true", help="as JSON, with everything")

    sweep = commands.add_parser(
        "sweep",
        help="train pairs with the same data, split, seed and initial weights, and rank them; "
        "what the runs folder already holds is not trained again",
    )
    _add_data_arguments(sweep)
    sweep.add_argument("--runs", type=Path, required=True, metavar="DIR", help="the runs folder")
    sweep.add_argument("--json", action="store_true", help="as JSON, with everything")

    worker = commands.add_parser(
        "worker", help="train one run: the given one, or the one named on standard input"
    )
    worker.add_argument("run", nargs="?", metavar="RUN_DIR")
    return parser


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """What `floors` and `sweep` are asked for: the experiment, its data, and the pairs."""
    parser.add_argument("config", metavar="CONFIG.json", help="a configuration, or - to read it")
    parser.add_argument("--data", type=Path, metavar="FILE", help="as of train")
    parser.add_argument(
        "--normalizations",
        nargs="+",
        metavar="METHOD[:SCOPE]",
        help="such as none standard minmax:global; all, with the configured scope, if not given",
    )
    parser.add_argument("--activations", nargs="+", metavar="NAME", help="all if not given")


if __name__ == "__main__":
    sys.exit(main_in_a_process())
