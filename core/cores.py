"""How the processor's cores share a batch.

A batch is cut into equal parts that go through the model with one thread each, as many at a time as
there are cores. Two cores that share each operation instead wait for each other at its end, some
hundred times a batch: on the question's model that took 1.4 times as long.

Large parts are cut again: what smaller ones compute stays in the cores' caches (batches of 1,024
took 0.9 times as long), and a core that is held up leaves a part to the others.
"""

import os
import platform

LEAST_WINDOWS = 16  # of a part that is not large: fewer are not worth an operation of their own
LARGE_BYTES = 3 << 20  # of what a part's widest layer gives out
MOST_AT_ONCE = 16


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parts_at_once() -> int:
    """How many parts of a batch go through a model at the same time, at the most."""
    return min(cores(), MOST_AT_ONCE)


def parts_of(batch_size: int, window_bytes: int) -> int:
    """Into how many parts a batch is cut: the same number for each core that has one.

    window_bytes: what a model's widest layer gives out for a window.
    """
    large = min(batch_size, batch_size * window_bytes // LARGE_BYTES)
    at_once = max(1, min(parts_at_once(), max(large, batch_size // LEAST_WINDOWS)))
    return at_once * max(1, large // at_once)


def set_up_tensorflow() -> None:
    """Let TensorFlow do as many operations at a time as there are cores, with a thread each, and
    take those of oneDNN. To be called before it is imported; what was set from outside stays.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(cores()))
    take_onednn()


def take_onednn() -> None:
    """On an x86 processor: TensorFlow takes oneDNN's operations by itself only where it finds
    instructions made for neural networks (VNNI, bfloat16, AMX).

    On one with AVX2 alone the question's model trained 1.3 times as fast with them.
    """
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
