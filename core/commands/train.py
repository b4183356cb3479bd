"""`train`: train a configuration as a new run."""

import argparse

from core.commands.data_file import with_file
from core.commands.inputs import read_config
from core.commands.training import this_process, train_here
from core.config import PRESETS, ExperimentConfig
from core.runs import RunStore


def run(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    store = RunStore(options.runs)
    if options.data is not None:
        config = with_file(config, options.data, store.data_folder)
    if _has_a_presets_name(config):
        config = config.replace({"name": ""})
    created = store.create(
        config.model_dump(mode="json"),
        name=config.name.strip() or config.default_name(),
        state="starting",
        **this_process(),
    )
    return train_here(created)


def _has_a_presets_name(config: ExperimentConfig) -> bool:
    """Whether the name is that of a preset's data, and these are others."""
    return any(
        preset.name == config.name and preset.data != config.data for preset in PRESETS.values()
    )
