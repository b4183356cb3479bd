"""The reconstructions of a run's windows by its saved model, as a file."""

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from core.commands.faults import Fault, field_faults
from core.commands.keras_import import import_keras
from core.config import ExperimentConfig
from core.runs import Run
from core.signals.recording import DataError
from core.signals.store import open_recording
from core.windows import split_windows


def write_reconstructions(run: Run, path: Path, part: str) -> None:
    """Write `original` and `reconstruction`, each `(windows, window_length, channels)`, as NPZ.

    part: train, validation or all. Raises Fault for a run without a model or data, for a damaged
    model, and for a path that cannot be written.
    """
    if not (run.folder / "model.keras").is_file():
        raise Fault("The run has no model: it has not finished an epoch.")
    import_keras()
    import keras

    from core.evaluation import reconstruct

    try:
        config = ExperimentConfig.model_validate(run.config())
    except ValidationError as error:
        raise Fault(
            f"The run has a configuration of another version:\n  {field_faults(error)}"
        ) from error
    try:
        recording = open_recording(config.data, run.folder.parent / "data")
        split = split_windows(recording.values, config.windows, config.training.seed)
    except DataError as error:
        raise Fault(str(error)) from error
    try:
        model = keras.models.load_model(run.folder / "model.keras")
    except Exception as error:  # of zipfile, HDF5, JSON or Keras, whatever is wrong with it
        said = next(iter(str(error).splitlines()), "")
        raise Fault(f"The run's model.keras is damaged: {said or type(error).__name__}") from error
    parts = {"train": [split.train], "validation": [split.validation]}.get(
        part, [split.train, split.validation]
    )
    original = np.concatenate([block for windows in parts for _, block in windows.chunks()])
    reconstruction = np.concatenate(
        [reconstruct(model, block) for w in parts for _, block in w.chunks(400_000)]
    )
    try:
        with open(path, "wb") as file:  # numpy would add .npz to a name without
            np.savez(file, original=original, reconstruction=reconstruction)
    except OSError as error:
        raise Fault(f"{path} cannot be written: {error}") from error
