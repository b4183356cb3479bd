"""The configurations and the run folders that commands are given."""

import sys
from pathlib import Path

from pydantic import ValidationError

from core.backends import preferred
from core.commands.faults import Fault, field_faults
from core.config import ExperimentConfig
from core.runs import Run, RunNotFound, RunStore, RunUnreadable


def read_config(path: str) -> ExperimentConfig:
    """The configuration of a file, or of standard input for `-`. Raises Fault.

    One that names no back end trains on the preferred one.
    """
    name = "standard input" if path == "-" else path
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(f"{name} cannot be read: {error}") from error
    try:
        config = ExperimentConfig.from_json(text)
    except ValidationError as error:
        raise Fault(f"{name} is no configuration:\n       {field_faults(error)}") from error
    if "backend" in config.training.model_fields_set:
        return config
    return config.replace({"training.backend": preferred()})


def open_run(path: Path) -> tuple[RunStore, Run]:
    """The store and the run of a run folder. Raises Fault."""
    folder = path.resolve()
    if not folder.is_dir():
        raise Fault(f"There is no run folder {path}.")
    store = RunStore(folder.parent)
    try:
        run = store.open(folder.name)
        run.status()
    except (RunNotFound, RunUnreadable) as error:
        raise Fault(f"{path}: {error}") from error
    return store, run
