"""Whether the back end that Keras runs on computes on a GPU."""

import keras


def has_gpu() -> bool:
    """Asks the back end, which may not support a GPU that the machine has."""
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # so JAX says that there is none
        return False
