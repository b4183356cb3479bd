"""A recording of a file that a command is given in place of the configured data."""

import sys
from pathlib import Path

from core.commands.faults import Fault
from core.config import ExperimentConfig
from core.signals.readers import read_recording
from core.signals.recording import DataError
from core.signals.store import save


def with_file(config: ExperimentConfig, path: Path, data_folder: Path) -> ExperimentConfig:
    """The configuration with a file's recording, which is put into the data folder.

    Raises Fault for a file that cannot be read.
    """
    try:
        recording = read_recording(path, config.data.reading)
    except DataError as error:
        raise Fault(str(error)) from error
    for note in recording.notes:
        print(f"note: {note}", file=sys.stderr)
    if config.data.with_anomalies:
        kinds = f"{config.data.anomaly_count} anomalies ({', '.join(config.data.anomalies)})"
        print(f"note: {kinds} are put into it, as data.anomalies has them.", file=sys.stderr)
    return config.replace(
        {
            "data.source": "file",
            "data.name": path.name[:200],
            "data.sha256": save(recording, data_folder),
        }
    )
