"""A reading process whose CSV reader does what the file says: crashes, hangs, and worse.

python -m tests.bad_readers
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from core.signals import readers, reading_process
from core.signals.readers.file_outline import FileOutline
from core.signals.recording import Recording


def _segfault(path: Path) -> None:
    ctypes.string_at(0)


def _hang(path: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def _burn(path: Path) -> None:
    while True:
        pass


def _allocate(path: Path) -> None:
    held = []
    while True:
        held.append(bytearray(1 << 24))


def _abort(path: Path) -> None:
    """What a C++ library does that runs out of memory."""
    os.abort()


def _write(path: Path) -> None:
    with open(path.with_name("written"), "wb") as file:
        while True:
            file.write(bytes(1 << 20))


def _print(path: Path) -> None:
    print('{"sha256": "' + "0" * 64 + '"}', flush=True)
    os.write(1, b"garbage\n" * 1000)


def _forge(path: Path) -> None:
    """Answer in the place of the process, with what is no answer."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b'{"sha256": "../../x", "outline": 7}')
        except OSError:
            continue
    os._exit(0)


def _flood(path: Path) -> None:
    block = b"x" * (1 << 20)
    while True:
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, block)
            except OSError:
                continue


def _nest(path: Path) -> None:
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"[" * 100_000)
        except OSError:
            continue
    os._exit(0)


def _leave(path: Path) -> None:
    """A process of its own that holds the output open, and then the end."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    path.with_name("pid").write_text(str(child.pid))
    os._exit(3)


def _kill(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _idle(path: Path) -> None:
    """End as the one that waited too long does; the next one reads the file."""
    mark = path.with_name("was-idle")
    if not mark.exists():
        mark.touch()
        os._exit(75)


def _torn(path: Path) -> None:
    """Be killed with the recording half written."""

    def write(*arguments, **more):
        arguments[1].joinpath("values.npy").write_bytes(bytes(1000))
        os.kill(os.getpid(), signal.SIGKILL)

    import core.signals.store

    core.signals.store._write = write


def _stumble(path: Path) -> None:
    """Raise what nobody foresaw, after the reader."""

    def write(*arguments, **more):
        raise RuntimeError("unforeseen")

    import core.signals.store

    core.signals.store._write = write


_ALL = (
    *(_segfault, _hang, _burn, _allocate, _abort, _write, _print, _forge, _flood),
    *(_nest, _leave, _kill, _idle, _torn, _stumble),
)
DEEDS = {deed.__name__[1:]: deed for deed in _ALL}


def _do(path: Path, options: object, name: str) -> FileOutline:
    if deed := DEEDS.get(path.read_text()):
        deed(path)
    return FileOutline("a file of the tests")


def _read(path: Path, options: object, name: str) -> Recording:
    return Recording(np.arange(6.0).reshape(3, 2), ("a", "b"), name)


if __name__ == "__main__":
    readers._OUTLINES[".csv"] = _do
    readers.READERS[".csv"] = _read
    reading_process.main()
