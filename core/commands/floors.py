"""`floors`: print the error floor and the verdict of every pair, before any training."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from core.commands.pairs import asked_pairs, print_pairs


def run(options: argparse.Namespace) -> int:
    with TemporaryDirectory() as folder:  # for the data; nothing is kept
        asked = asked_pairs(options, Path(folder) / "data")
        print_pairs(options, asked, asked.trials)
    return 0
