"""`train`: train a configuration as a new run."""

import argparse

from core.commands.data_file import with_file
from core.commands.inputs import read_config
from core.commands.training import this_process, train_here
from core.runs import NAME_LENGTH, RunStore


def run(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    store = RunStore(options.runs)
    if options.data is not None:
        config = with_file(config, options.data, store.data_folder)
    created = store.create(
        config.model_dump(mode="json"),
        name=config.name or options.config[-NAME_LENGTH:],
        state="starting",
        **this_process(),
    )
    return train_here(created)
