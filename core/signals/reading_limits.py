"""How much a process that reads a file may take, and how it is held to that."""

import resource
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

GIB = 2**30
_MOST_MEMORY = 8 * GIB
_LEAST_SECONDS = 60
_BYTES_A_SECOND = 2_000_000  # the slowest reader, on a slow machine, is faster than this
_GROWTH = 8  # stored bytes for a byte of the file: "1,2,3" becomes three numbers of eight bytes
_UNPACKED_BYTES = 4 * GIB  # beyond that growth: packed formats
_VALUE_BYTES = 8  # a stored value takes no more
_BESIDE_BYTES = 2**26  # of a file written, beyond its values
_READING = 4  # times as much memory as its values takes a recording while it is read
_ADDRESS_SPACE = 8 * GIB  # beyond memory: libraries, and reservations nobody uses


@dataclass(frozen=True)
class ReadingLimits:
    """What reading one file may take."""

    memory_bytes: int
    seconds: float  # of the clock
    processor_seconds: int
    stored_bytes: int  # of each file written
    file_bytes: int  # of the file read, which may be mapped into memory


def limits_for(
    file_bytes: int, most_values: int | None = None, is_packed: bool = True
) -> ReadingLimits:
    """The limits for a file of so many bytes, of which so many values are taken at most.

    A packed file of some kB may hold gigabytes: where it will not be taken with these, they are
    neither unpacked nor written. For one that is not packed no room is asked for that it cannot
    fill.
    """
    seconds = _LEAST_SECONDS + file_bytes // _BYTES_A_SECOND
    memory_bytes = min(_MOST_MEMORY, machine_memory() // 2)
    stored_bytes = _UNPACKED_BYTES + _GROWTH * file_bytes
    if most_values is not None:
        value_bytes = _VALUE_BYTES * most_values
        held_bytes = value_bytes if is_packed else min(value_bytes, _GROWTH * file_bytes)
        stored_bytes = min(stored_bytes, held_bytes + _BESIDE_BYTES)
        memory_bytes = min(memory_bytes, GIB + _READING * value_bytes + _GROWTH * file_bytes)
    return ReadingLimits(
        memory_bytes=memory_bytes,
        seconds=seconds,
        processor_seconds=seconds,
        stored_bytes=stored_bytes,
        file_bytes=file_bytes,
    )


def machine_memory() -> int:
    """The memory of the machine, or of the container where that has less."""
    total = psutil.virtual_memory().total
    for path in (
        Path("/sys/fs/cgroup/memory.max"),
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ):
        try:
            total = min(total, int(path.read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return total


def enter(limits: ReadingLimits) -> None:
    """Hold this process to the limits, for good: hard limits cannot be raised again.

    Memory is limited as what is allocated (RLIMIT_DATA): a map of the file costs none. The timer
    ends the process even if it hangs in a library and nobody is left to kill it.
    """
    spent = resource.getrusage(resource.RUSAGE_SELF)
    spent_seconds = int(spent.ru_utime + spent.ru_stime) + 1
    address_space = limits.memory_bytes + 2 * limits.file_bytes + _ADDRESS_SPACE
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_FSIZE, limits.stored_bytes),
    ):
        _lower(kind, most, most)
    # Beyond the soft limit comes SIGXCPU, which can be told from other ends.
    seconds = spent_seconds + limits.processor_seconds
    _lower(resource.RLIMIT_CPU, seconds, seconds + 5)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + 5)


def _lower(kind: int, soft: int, hard: int) -> None:
    """Set a limit, or keep the one there is where that is lower."""
    _, known = resource.getrlimit(kind)
    if known != resource.RLIM_INFINITY:
        soft, hard = min(soft, known), min(hard, known)
    resource.setrlimit(kind, (soft, hard))
