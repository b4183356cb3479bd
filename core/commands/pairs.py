"""The pairs of a normalization and an output activation that `floors` and `sweep` are asked for."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.channel_values import sorted_split
from core.commands.data_file import with_file
from core.commands.faults import Fault
from core.commands.inputs import read_config
from core.commands.json_text import json_text
from core.config import ExperimentConfig, OutputActivation, choices
from core.matrix import (
    Cell,
    matrix,
    normalizations_like,
    pair_text,
    parse_normalization,
    recommended,
)
from core.matrix_report import matrix_rows, matrix_text
from core.metrics import constant_baseline
from core.signals.recording import DataError
from core.signals.store import open_recording
from core.trials import Trial
from core.windows import split_windows


class Asked(NamedTuple):
    """What the pairs are asked for, and what is known of them before any training."""

    config: ExperimentConfig  # with the data
    unit: str  # of the data's values
    cells: list[Cell]
    trials: list[Trial]  # the cells, untrained


def asked_pairs(options: argparse.Namespace, data_folder: Path) -> Asked:
    """The cells that the options name. Raises Fault."""
    config = read_config(options.config)
    known = choices(OutputActivation)
    activations = list(dict.fromkeys(options.activations or known))
    if unknown := [name for name in activations if name not in known]:
        raise Fault(f"there is no output activation {unknown[0]!r}. Choose of {', '.join(known)}")
    like = config.normalization
    try:
        asked = [parse_normalization(text, like) for text in options.normalizations or ()]
        rows = list(dict.fromkeys(asked))
    except ValueError as error:
        raise Fault(str(error)) from error
    try:
        if options.data is not None:
            config = with_file(config, options.data, data_folder)
        recording = open_recording(config.data, data_folder)
        split = split_windows(recording.values, config.windows, config.training.seed)
    except DataError as error:
        raise Fault(str(error)) from error
    known, rows = sorted_split(split), rows or normalizations_like(like)
    constant, of_channels = constant_baseline(split, known)
    names, unit = recording.channel_names, recording.unit
    cells = matrix(split, rows, activations, names, of_channels["train"], known, unit)
    return Asked(config, unit, cells, [Trial(cell, constant) for cell in cells])


def print_pairs(options: argparse.Namespace, asked: Asked, trials: Sequence[Trial]) -> None:
    """A table of the trials of what was asked for, ranked, or all of them as JSON."""
    rows, best = matrix_rows(trials), recommended(asked.cells)
    if not options.json:
        print(matrix_text(rows, best, asked.unit))
        return
    pair = pair_text(best.cell.normalization, best.cell.activation) if best else None
    content = {
        "config": asked.config.model_dump(mode="json"),
        "unit": asked.unit,
        "cells": rows,
        "recommended": pair,
        "reason": best.reason if best else "",
    }
    print(json_text(content))
