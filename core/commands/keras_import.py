"""The import of Keras in a process that has a terminal."""

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec

from core.backends import preferred
from core.cores import set_up_tensorflow

OPTIONAL = {  # what Keras imports, if it is there, for what is not used here
    "tensorflow": ("PIL", "jax", "pandas", "scipy", "sklearn"),
    "jax": ("PIL", "pandas", "sklearn"),  # JAX itself needs SciPy
}
LIBRARIES = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
BESIDE = (  # what Keras and TensorFlow import that needs neither's libraries
    *("absl.logging", "astunparse", "google.protobuf.internal.builder", "h5py", "ml_dtypes"),
    *("numpy", "opt_einsum", "optree", "rich.console", "termcolor", "urllib3", "wrapt"),
)


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
        with _hidden(OPTIONAL.get(os.environ["KERAS_BACKEND"], ())), imports_for_good():
            if os.environ["KERAS_BACKEND"] == "tensorflow":
                _load_libraries_beside()
            import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def _load_libraries_beside() -> None:
    """Let another core load TensorFlow's libraries, while this one imports what needs none of them.

    They take half a second. Python keeps its lock while it loads a library itself, but not while it
    calls a function of C. Where this fails, TensorFlow loads them as ever.
    """
    found = find_spec("tensorflow")
    if found is None or not sys.platform.startswith("linux"):
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    paths = [
        os.fsencode(os.path.join(folder, library))
        for folder in found.submodule_search_locations or ()
        for library in LIBRARIES
    ]
    loading = threading.Thread(
        target=lambda: [dlopen(path, os.RTLD_LAZY) for path in paths], name="loading", daemon=True
    )
    loading.start()
    for name in BESIDE:
        with suppress(ImportError):
            import_module(name)
    loading.join()


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Let modules that are not imported yet seem not to be installed, for a while.

    They took a third of the time until Keras is there, and JAX, where it is, a seventh of the rest.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # None is what Python knows a missing module by
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def imports_for_good() -> Iterator[None]:
    """No garbage is collected meanwhile, nor is it looked for later in what there is by then.

    Imports make next to none. Looking for it took a seventh of their time, and afterwards, three
    times through all that Keras and TensorFlow consist of, half a second until the first step.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
