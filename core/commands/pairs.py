"""The pairs of a normalization and an output activation that `floors` and `sweep` are asked for."""

import argparse
from collections.abc import Sequence
from pathlib import Path

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


def asked_pairs(
    options: argparse.Namespace, data_folder: Path
) -> tuple[ExperimentConfig, list[Cell], list[Trial]]:
    """The configuration with the data, the cells asked for, and the cells as untrained trials.

    Raises Fault.
    """
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
    return config, cells, [Trial(cell, constant) for cell in cells]


def print_pairs(
    options: argparse.Namespace,
    config: ExperimentConfig,
    cells: Sequence[Cell],
    trials: Sequence[Trial],
) -> None:
    """A table of the trials, ranked, or all of them as JSON."""
    rows, best = matrix_rows(trials), recommended(cells)
    if not options.json:
        print(matrix_text(rows, best))
        return
    pair = pair_text(best.cell.normalization, best.cell.activation) if best else None
    content = {
        "config": config.model_dump(mode="json"),
        "cells": rows,
        "recommended": pair,
        "reason": best.reason if best else "",
    }
    print(json_text(content))
