"""What two trainings of one configuration must have in common, whatever befell the one.

    python -m tests.resumed        prints the table of hashes: undisturbed, and disturbed in turn

Everything that carries over from epoch to epoch is on: dropout, early stopping, a learning rate
that falls on a plateau, the best weights.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.config import ExperimentConfig
from core.continuation import train_further
from core.processes import process_identity
from core.runs import Run, RunStore

ROOT = Path(__file__).resolve().parent.parent
EPOCHS = 8
EVERYTHING_ON = ExperimentConfig().replace(
    {
        "data.time_steps": 3000,
        "data.channels": 2,
        "data.noise": 0.5,
        "windows.window_length": 20,
        "windows.stride": 20,
        "model.filters": "6",
        "model.pooling_steps": 1,
        "model.dropout": 0.2,
        "training.epochs": EPOCHS,
        "training.batch_size": 16,
        "training.optimizer": "adamw",
        "training.learning_rate": 0.05,
        "training.schedule": "plateau",
        "training.decay_epochs": 1,
        "training.patience": 6,
        "training.keep_best": True,
    }
)


def queued(folder: Path, changes: dict | None = None) -> Run:
    config = EVERYTHING_ON.replace(changes or {})
    return RunStore(folder).create(config.model_dump(mode="json"), name="a run")


def waiting_worker() -> subprocess.Popen:
    """A process that waits for lines, as those that the runner starts."""
    return subprocess.Popen(
        [sys.executable, "-m", "core", "worker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def hand_to(run: Run, pid: int) -> None:
    """Make a process the run's worker, as the runner does."""
    if run.status().state in ("paused", "interrupted"):
        run.transition("queued")
    run.transition("starting", pid=pid, pid_started=process_identity(pid))


def fingerprints(run: Run) -> dict[str, str]:
    """SHA-256 of what must be equal: weights of the saved model, history but for its clock,
    reconstructions and errors, epoch records, what it is compared with."""
    history = [
        {name: value for name, value in row.items() if name != "seconds"} for row in run.history()
    ]
    return {
        "weights": _sha256(*_arrays_of_model(run.folder / "model.keras")),
        "history": _sha256(json.dumps(history).encode()),
        "reconstructions": _sha256(*_arrays(run.folder / "reconstruction.npz")),
        "records": _sha256(
            (run.folder / "outputs.jsonl").read_bytes(), (run.folder / "replay.f32").read_bytes()
        ),
        "baselines": _sha256((run.folder / "baselines.json").read_bytes()),
    }


def _sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _arrays(path: Path) -> Iterator[bytes]:
    with np.load(path) as archive:
        for name in sorted(archive.files):
            yield name.encode()
            yield archive[name].tobytes()


def _arrays_of_model(path: Path) -> Iterator[bytes]:
    import keras

    for weights in keras.models.load_model(path).get_weights():
        yield weights.tobytes()


class Worker:
    """A real worker process of a run: `python -m core worker`."""

    def __init__(self, run: Run):
        self.run = run
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core", "worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        hand_to(run, self.process.pid)
        self.process.stdin.write(os.fsencode(run.folder) + b"\n")
        self.process.stdin.close()

    def wait(self) -> str:
        self.process.wait(300)
        return self.run.status().state

    def kill_after(self, epochs: int, seconds: float) -> None:
        """SIGKILL, some time after an epoch has ended; nothing if it is over by then."""
        while self.process.poll() is None and len(self.run.history()) < epochs:
            time.sleep(0.002)
        time.sleep(seconds)
        self.process.kill()
        self.process.wait()
        if self.run.status().state in ("starting", "running"):
            self.run.transition("interrupted", "Killed by a test.")

    def stop_after(self, epochs: int, stop: Callable[[], None]) -> str:
        while self.process.poll() is None and len(self.run.history()) < epochs:
            time.sleep(0.002)
        stop()
        return self.wait()


def undisturbed(folder: Path, changes: dict | None = None) -> Run:
    run = queued(folder, changes)
    assert Worker(run).wait() == "finished", run.status().reason
    return run


def killed(folder: Path, times: int, seed: int) -> Run:
    """Killed at random moments of random epochs, resumed each time."""
    run, random = queued(folder), np.random.default_rng(seed)
    epochs = sorted(random.integers(0, EPOCHS - 1, times).tolist())
    for epoch in epochs:
        Worker(run).kill_after(epoch, float(random.uniform(0, 0.1)))
    if run.status().state != "finished":
        assert Worker(run).wait() == "finished", run.status().reason
    return run


def stopped(folder: Path, how: str, epochs: list[int]) -> Run:
    """Paused, or told to end by SIGTERM, in the epochs that follow these; resumed each time."""
    run = queued(folder)
    for epoch in epochs:
        worker = Worker(run)
        ways = {
            "paused": run.request_pause,
            "interrupted": lambda worker=worker: worker.process.send_signal(signal.SIGTERM),
        }
        assert worker.stop_after(epoch, ways[how]) == how, run.status().reason
    assert Worker(run).wait() == "finished", run.status().reason
    return run


def trained_further(folder: Path) -> Run:
    """Half of the epochs, then the rest, as another run."""
    half = undisturbed(folder, {"training.epochs": EPOCHS // 2})
    run = train_further(RunStore(folder), half.id, epochs=EPOCHS)
    assert Worker(run).wait() == "finished", run.status().reason
    return run


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = fingerprints(undisturbed(folder))
        cases = {
            "killed and resumed once": lambda: killed(folder, 1, 1),
            "killed and resumed five times": lambda: killed(folder, 5, 2),
            "paused and resumed twice": lambda: stopped(folder, "paused", [1, 4]),
            "SIGTERM and resumed twice": lambda: stopped(folder, "interrupted", [2, 5]),
            "4 epochs, then trained further": lambda: trained_further(folder),
        }
        print("| run | " + " | ".join(reference) + " | taken up |\n|" + "---|" * 6)
        print(_row("undisturbed", reference, []))
        same = True
        for title, make in cases.items():
            run = make()
            found = fingerprints(run)
            same = same and found == reference
            notes = json.loads((run.folder / "results.json").read_bytes())["notes"]
            print(_row(title, found, notes), flush=True)
    print("all equal" if same else "NOT EQUAL")
    return 0 if same else 1


def _row(title: str, found: dict[str, str], notes: list[str]) -> str:
    hashes = " | ".join(f"`{value[:16]}…`" for value in found.values())
    return f"| {title} | {hashes} | {' '.join(notes) or '–'} |"


if __name__ == "__main__":
    sys.exit(main())
