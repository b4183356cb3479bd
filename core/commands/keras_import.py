"""The import of Keras in a process that has a terminal."""

import os
import sys

from core.backends import preferred
from core.cores import set_up_tensorflow


def import_keras(backend: str | None = None) -> None:
    """Import Keras without its back end's chatter, set up to train as fast as it can here.

    backend: the preferred one if it is left out. It takes only the GPU memory it needs, and
    TensorFlow a thread for each operation and oneDNN (see `core.cores`).

    TensorFlow writes lines to descriptor 2 before any setting of its own can silence them.
    """
    os.environ["KERAS_BACKEND"] = backend or preferred()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX's word for the same
    set_up_tensorflow()
    sys.stderr.flush()
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
