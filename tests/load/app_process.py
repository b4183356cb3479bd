"""The app in a process of its own, with all that it uses looked at from outside."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.processes import send_signal
from core.runs import RunStore

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = ("-m", "streamlit", "run", "app.py")


@dataclass(frozen=True)
class Use:
    """What the app's process uses at a moment; memory in bytes."""

    private: int  # memory that would be free without it
    resident: int
    threads: int
    children: int
    connections: int
    temporary_files: int


class AppProcess:
    """`streamlit run app.py` on a port, with runs and temporary files in folders of the test's.

    session_seconds: for so long the app keeps a session whose browser is gone; server: arguments
    of Python that start another one than Streamlit's own.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        public: bool,
        session_seconds: int,
        server: Sequence[str] = SERVER,
    ):
        self.port = port
        self.url = f"http://localhost:{port}"
        self.runs, self._temporary = folder / "runs", folder / "tmp"
        self.log = folder / "app.log"
        self._temporary.mkdir(parents=True, exist_ok=True)
        environment = {name: text for name, text in os.environ.items() if name[:4] != "LAB_"}
        environment |= {"LAB_RUNS": str(self.runs), "TMPDIR": str(self._temporary)}
        if public:
            environment["LAB_PUBLIC"] = "1"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, *server),
                    *("--server.port", str(port), "--server.headless", "true"),
                    *("--server.disconnectedSessionTTL", str(session_seconds)),
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid
        self._seen = psutil.Process(self.pid)
        self._wait_until_healthy()

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise TimeoutError(f"the app did not start:\n{self.last_words()}")

    def use(self) -> Use:
        memory = self._seen.memory_full_info()
        return Use(
            private=memory.uss,
            resident=memory.rss,
            threads=self._seen.num_threads(),
            children=len(self._seen.children(recursive=True)),
            connections=len([c for c in self._seen.net_connections("tcp") if c.raddr]),
            temporary_files=sum(path.is_file() for path in self._temporary.rglob("*")),
        )

    def processor_seconds(self) -> float:
        used = self._seen.cpu_times()
        return used.user + used.system

    def workers(self) -> list[psutil.Process]:
        """The training processes that the app has now, the warm spare among them."""
        found = []
        for child in self._seen.children():
            with suppress(psutil.Error):  # it has just ended
                if "worker" in child.cmdline():
                    found.append(child)
        return found

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def tracebacks(self) -> int:
        """How often the app wrote a traceback to its log."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")

    def stop(self) -> None:
        """End the app, then the workers that outlive it."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.runs.is_dir():
            for run in RunStore(self.runs).list():
                if run.pid is not None:
                    send_signal(run.pid, run.pid_started, signal.SIGKILL)
