"""`worker`: train one run for the app's queue."""

import argparse
from pathlib import Path

from core.backends import of_run
from core.commands.inputs import open_run
from core.commands.keras_import import import_keras, imports_for_good
from core.priority import stand_back


def run(options: argparse.Namespace) -> int:
    if options.run is not None:
        open_run(Path(options.run))
    stand_back()  # already the imports take seconds of every core
    with imports_for_good():
        import_keras(None if options.run is None else of_run(Path(options.run)))
        from core.worker import main

    return main(options.run)
