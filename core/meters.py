"""How busy the machine is right now: processor, memory, graphics processors.

Cheap enough for a live view (below 3 ms), and never an error: what cannot be read is left out.
Percentages of the processor are taken between two readings, so the first one is 0.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from core.processor import describe_cpu

try:
    import pynvml
except ImportError:  # without nvidia-ml-py there are no graphics processors to show
    pynvml = None

_MIN_INTERVAL_SECONDS = 0.2  # shorter ones would measure the clock's ticks
_KEPT_PROCESSES = 64
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class GpuMeter:
    """One graphics processor; memory in bytes, percent None where the driver does not tell."""

    name: str
    percent: float | None
    memory_used: int
    memory_total: int


@dataclass(frozen=True)
class Meters:
    """One reading. Memory in bytes; `process_...` is 0 when there is no such process."""

    cpu_percent: float  # of the whole machine, 0-100
    process_cpu_percent: float  # 100 for each core kept busy, so it can exceed 100
    process_memory_bytes: int  # resident
    memory_total: int  # of the machine, or of the container if that is less
    memory_used: int
    gpus: tuple[GpuMeter, ...] = ()


class MachineMeters:
    """Takes readings and remembers the ones before. Safe for threads, which share the readings.

    psutil's own cpu_percent remembers by thread, and every Streamlit rerun is a new thread.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._machine = (*_machine_seconds(), 0.0)  # busy, all, percent
        self._machine_read = clock()
        self._processes: dict[int, tuple[float, float, float, float]] = {}
        self._readings: dict[int | None, tuple[float, Meters]] = {}

    def read(self, pid: int | None = None) -> Meters:
        with self._lock:
            known = self._readings.get(pid)
            if known is not None and self._clock() - known[0] < _MIN_INTERVAL_SECONDS:
                return known[1]  # many visitors look at one run
            cpu_percent = self._machine_percent()
            process_percent, process_memory = self._process(pid)
            total, used = _memory()
            now = Meters(cpu_percent, process_percent, process_memory, total, used, read_gpus())
            if len(self._readings) >= _KEPT_PROCESSES:
                self._readings.clear()
            self._readings[pid] = (self._clock(), now)
            return now

    def _machine_percent(self) -> float:
        busy_before, all_before, percent = self._machine
        if self._clock() - self._machine_read < _MIN_INTERVAL_SECONDS:
            return percent
        busy, all_seconds = _machine_seconds()
        if all_seconds > all_before:
            percent = 100 * (busy - busy_before) / (all_seconds - all_before)
        self._machine = (busy, all_seconds, min(100.0, max(0.0, percent)))
        self._machine_read = self._clock()
        return self._machine[2]

    def _process(self, pid: int | None) -> tuple[float, int]:
        """CPU percent since the reading before, and resident bytes."""
        if pid is None:
            return 0.0, 0
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                born = process.create_time()
                times = process.cpu_times()
                resident = process.memory_info().rss
        except (psutil.Error, OSError, ValueError):
            self._processes.pop(pid, None)
            return 0.0, 0
        now, seconds = self._clock(), times.user + times.system
        before = self._processes.get(pid)
        percent = 0.0
        if before is not None and abs(before[0] - born) < 1:  # the same process, not a successor
            _, then, seconds_then, percent = before
            if now - then < _MIN_INTERVAL_SECONDS:
                return percent, resident
            percent = max(0.0, 100 * (seconds - seconds_then) / (now - then))
        self._processes.pop(pid, None)
        self._processes[pid] = (born, now, seconds, percent)
        if len(self._processes) > _KEPT_PROCESSES:
            self._processes.pop(next(iter(self._processes)))  # the one not read for longest
        return percent, resident


def _machine_seconds() -> tuple[float, float]:
    """Seconds that all cores together were busy, and all seconds, since the machine started."""
    times = psutil.cpu_times()
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # also in user, nice
    all_seconds = sum(times) - guest
    return all_seconds - times.idle - getattr(times, "iowait", 0.0), all_seconds


def _memory() -> tuple[int, int]:
    """Total and used bytes; inside a limited container its own, since that is what runs out."""
    machine = psutil.virtual_memory()
    try:
        limit = int((_CGROUP / "memory.max").read_text())  # the word `max` if there is no limit
        if limit >= machine.total:
            return machine.total, machine.used
        fields = dict(
            line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines() if line
        )
        current = int((_CGROUP / "memory.current").read_text())
        return limit, max(0, current - int(fields["inactive_file"]))  # less what can be dropped
    except (OSError, ValueError, KeyError):
        return machine.total, machine.used


@cache
def _gpu_handles() -> tuple[tuple[Any, str], ...]:
    """The driver's handle and the name of each graphics processor, asked for once a process."""
    if pynvml is None:
        return ()
    try:
        pynvml.nvmlInit()
        handles = [
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        ]
        return tuple((handle, str(pynvml.nvmlDeviceGetName(handle))) for handle in handles)
    except (pynvml.NVMLError, OSError):  # no driver, or none that answers
        return ()


def read_gpus() -> tuple[GpuMeter, ...]:
    """A meter for each graphics processor that answers."""
    meters = []
    for handle, name in _gpu_handles():
        try:
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        except pynvml.NVMLError:  # lost since the start
            continue
        try:
            percent = float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        except pynvml.NVMLError:  # one that is cut into parts does not tell
            percent = None
        meters.append(GpuMeter(name, percent, int(memory.used), int(memory.total)))
    return tuple(meters)


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The graphics processors a worker may use, as CUDA_VISIBLE_DEVICES writes them."""
    present = [str(index) for index in range(len(_gpu_handles()))]
    allowed = environment.get("CUDA_VISIBLE_DEVICES")
    if allowed is None or not present:
        return present
    visible = []
    for part in (item.strip() for item in allowed.split(",")):
        if part not in present and not part.startswith(("GPU-", "MIG-")):
            break  # CUDA ignores everything from the first name it does not know
        visible.append(part)
    return visible


@cache
def _machine() -> MachineMeters:
    return MachineMeters()


def read_meters(pid: int | None = None) -> Meters:
    """A reading of this machine and of one process. Never raises; a process gone reads as 0."""
    return _machine().read(pid)


def free_gpu_memory() -> int | None:
    """Bytes that are free on the first graphics processor a worker may use; None if unknown."""
    first, meters = next(iter(visible_gpus()), ""), read_gpus()
    if not (first.isdecimal() and int(first) < len(meters)):
        return None
    return meters[int(first)].memory_total - meters[int(first)].memory_used


def describe_device() -> str:
    """The hardware in words: `NVIDIA H200`, or `CPU (2 cores, <model name>)`.

    What training will really use is up to the back end: it may not support the hardware.
    """
    visible = visible_gpus()
    if visible:
        names = [name for _, name in _gpu_handles()]
        name = names[int(visible[0])] if visible[0].isdecimal() else names[0]
        return name if len(visible) == 1 else f"{len(visible)} × {name}"
    return describe_cpu()
