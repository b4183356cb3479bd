"""What the messages of a graphics processor that failed mean, for the person who reads them."""

import re

_MEMORY = re.compile(
    r"CUDA_ERROR_OUT_OF_MEMORY|RESOURCE_EXHAUSTED|ResourceExhausted|OOM when allocating"
    r"|CUDA out of memory",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"CUDA_ERROR_(?:ILLEGAL_ADDRESS|ILLEGAL_INSTRUCTION|LAUNCH_FAILED|LAUNCH_TIMEOUT"
    r"|ECC_UNCORRECTABLE|DEVICE_UNAVAILABLE|NO_DEVICE|INVALID_DEVICE|HARDWARE_STACK_ERROR"
    r"|NVLINK_UNCORRECTABLE|NOT_INITIALIZED|SYSTEM_NOT_READY|UNKNOWN)\b"
    r"|GPU is lost|fallen off the bus|no CUDA-capable device is detected"
    r"|unspecified launch failure|an illegal memory access was encountered"
    r"|uncorrectable ECC error",
    re.IGNORECASE,
)
OUT_OF_MEMORY = (
    "The graphics memory did not suffice. Make training.batch_size or the model smaller; "
    "other runs are not affected."
)


def tells_of_memory(said: str) -> bool:
    """Whether memory did not suffice; without a graphics processor, that of the machine."""
    return bool(_MEMORY.search(said))


def explain(said: str) -> tuple[str, str] | None:
    """The state and the reason of a run whose worker said this; None if it is of something else.

    A lost processor interrupts a run, which goes on from its checkpoint; a batch that does not fit
    never will.
    """
    if tells_of_memory(said):
        return "failed", OUT_OF_MEMORY
    if found := _LOST.search(said):
        return "interrupted", (
            f"The graphics processor failed or was lost ({found[0]}). Check it (nvidia-smi, the "
            "system's log), then resume the run: it goes on from its last checkpoint."
        )
    return None
