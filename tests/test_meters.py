import os
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from core import meters
from core.meters import MachineMeters, describe_device, read_gpus, read_meters, visible_gpus


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


class FakeNvml:
    """Two processors: one in full use, one cut into parts that does not tell its use."""

    class NVMLError(Exception):
        pass

    started = 0

    def nvmlInit(self):
        self.started += 1

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return f"NVIDIA H{handle}"

    def nvmlDeviceGetMemoryInfo(self, handle):
        return SimpleNamespace(used=10 + handle, total=100)

    def nvmlDeviceGetUtilizationRates(self, handle):
        if handle == 1:
            raise self.NVMLError("not supported")
        return SimpleNamespace(gpu=97)


class NoDriver(FakeNvml):
    def nvmlInit(self):
        raise self.NVMLError("no driver")


@pytest.fixture
def nvml(monkeypatch):
    def use(fake):
        monkeypatch.setattr(meters, "pynvml", fake)
        monkeypatch.setattr(meters, "_gpu_handles", meters.cache(meters._gpu_handles.__wrapped__))
        return fake

    return use


def test_this_process_is_read():
    reading = read_meters(os.getpid())
    assert reading.process_memory_bytes == pytest.approx(
        psutil.Process().memory_info().rss, rel=0.2
    )
    assert 0 < reading.memory_used < reading.memory_total
    assert 0 <= reading.cpu_percent <= 100


def test_a_gone_process_reads_as_zero():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for pid in (child.pid, None, -1, 2**40):
        reading = read_meters(pid)
        assert (reading.process_cpu_percent, reading.process_memory_bytes) == (0.0, 0)
        assert reading.memory_total > 0


def test_process_percent_is_taken_between_two_readings(monkeypatch):
    clock, seconds = Clock(), {"cpu": 5.0}
    fake = SimpleNamespace(create_time=lambda: 1.0)

    class Process:
        def __init__(self, pid):
            pass

        def oneshot(self):
            return open(os.devnull)

        create_time = staticmethod(lambda: fake.create_time())
        cpu_times = staticmethod(lambda: SimpleNamespace(user=seconds["cpu"], system=0.0))
        memory_info = staticmethod(lambda: SimpleNamespace(rss=7))

    monkeypatch.setattr(meters.psutil, "Process", Process)
    machine = MachineMeters(clock)
    assert machine.read(9).process_cpu_percent == 0
    clock.seconds, seconds["cpu"] = 102.0, 8.0  # 3 s of work in 2 s: one and a half cores
    assert machine.read(9).process_cpu_percent == pytest.approx(150)
    clock.seconds, seconds["cpu"] = 102.1, 8.1  # too soon for a new value
    assert machine.read(9).process_cpu_percent == pytest.approx(150)
    fake.create_time = lambda: 50.0  # a stranger got the process id
    clock.seconds = 104.0
    assert machine.read(9).process_cpu_percent == 0


def test_machine_percent_is_shared_by_readers(monkeypatch):
    clock, seconds = Clock(), [(10.0, 100.0)]
    monkeypatch.setattr(meters, "_machine_seconds", lambda: seconds[-1])
    machine = MachineMeters(clock)
    clock.seconds += 1
    seconds.append((12.5, 110.0))
    assert machine.read().cpu_percent == pytest.approx(25)
    assert machine.read().cpu_percent == pytest.approx(25)  # the other session, at once


def test_a_container_shows_its_own_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(meters, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 500\ninactive_file 150\n")
    assert meters._memory() == (1000, 550)
    (tmp_path / "memory.max").write_text("max\n")
    assert meters._memory()[0] == psutil.virtual_memory().total


def test_gpus_are_read_and_the_driver_started_once(nvml):
    fake = nvml(FakeNvml())
    for _ in range(3):
        first, second = read_gpus()
    assert fake.started == 1
    assert (first.name, first.percent, first.memory_used, first.memory_total) == (
        "NVIDIA H0",
        97.0,
        10,
        100,
    )
    assert second.percent is None


@pytest.mark.parametrize("fake", [NoDriver(), None])
def test_no_driver_means_no_gpus(nvml, fake):
    if fake is None:
        nvml(None)
    else:
        nvml(fake)
    assert read_gpus() == ()
    assert visible_gpus({}) == []
    assert describe_device().startswith("CPU (")


@pytest.mark.parametrize(
    ("allowed", "visible"),
    [
        (None, ["0", "1"]),
        ("1", ["1"]),
        ("1, 0", ["1", "0"]),
        ("", []),
        ("-1", []),
        ("0,7,1", ["0"]),
        ("MIG-abc", ["MIG-abc"]),
    ],
)
def test_visible_gpus_follow_the_environment(nvml, allowed, visible):
    nvml(FakeNvml())
    environment = {} if allowed is None else {"CUDA_VISIBLE_DEVICES": allowed}
    assert visible_gpus(environment) == visible


def test_device_in_words(nvml, monkeypatch):
    nvml(FakeNvml())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert describe_device() == "2 × NVIDIA H0"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert describe_device() == "NVIDIA H1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert " core" in describe_device()


def test_a_reading_is_cheap():
    read_meters(os.getpid())
    started = time.process_time()  # not wall time: the machine is shared
    for _ in range(50):
        read_meters(os.getpid())
    assert (time.process_time() - started) / 50 < 0.003
