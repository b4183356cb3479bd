"""The back ends on which Keras can train here. None is imported: the app never loads one.

Which one a process has is settled before it imports Keras, by KERAS_BACKEND in its environment.
There it says what the user of this machine prefers; a run's configuration says what it trains on.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from core.config import Backend, choices
from core.signals.recording import DataError

DEFAULT = "tensorflow"
TITLES = {"tensorflow": "TensorFlow", "jax": "JAX"}


@cache  # asked for twice in a rerun, and a search through all folders of modules each time
def installed() -> tuple[str, ...]:
    return tuple(name for name in choices(Backend) if find_spec(name))


def preferred(environment: Mapping[str, str] = os.environ) -> str:
    """What KERAS_BACKEND says, where it names one that is installed."""
    named = environment.get("KERAS_BACKEND", "")
    return named if named in installed() else DEFAULT


def check_backend(name: str) -> None:
    """Raise DataError for a back end that is not installed."""
    if name not in installed():
        others = " or ".join(other for other in installed())
        raise DataError(
            f"training.backend={name}: {TITLES.get(name, name)} is not installed here. "
            f"Choose {others}, or install it (`pip install {name}`) and start the app again."
        )


def of_run(folder: Path) -> str:
    """Which one a process for a run has to have; the preferred one if its folder does not say.

    A run that wants one that is not installed is told so by a process that has another.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
        name = config["training"]["backend"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return preferred()
    return name if name in installed() else preferred()
