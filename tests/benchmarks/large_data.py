"""What large data cost: `python -m tests.benchmarks.large_data`.

Makes 10 million steps x 4 channels (float32) as NPY, CSV and Parquet, and takes each through the
real app as a browser's tab does: uploaded, read, previewed on the page Data, then the page Output
with the floors of all pairs. Beside it the bare readers, in turns with the app's own. Then a run on
it with stride 1, and one on a recording of 100 million steps, to their first steps. Prints a table
of what was asked and what was measured; takes about five minutes, and some 5 GB of disk.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config import DataConfig, ExperimentConfig, ReadOptions
from core.runner import LocalRunner
from core.runs import Run, RunStore
from core.signals.reading import FileReader
from core.signals.recording import Recording
from core.signals.store import save
from tests.benchmarks.memory import MEGABYTE, PeakMemory, anonymous_bytes, resident_bytes
from tests.load.__main__ import free_port
from tests.load.app_process import AppProcess
from tests.load.tab import Tab
from tests.load.widgets import texts

CHANNELS = 4
FORMATS = ("npy", "csv", "parquet")
READY_SECONDS = 3  # until a process that waits for a file has imported what it needs
SETTLED_SECONDS = 15  # until the app's spare processes have imported what they need
TINY_STEPS = 20_000
STEPS_TO_TAKE = 30  # of training, before a run is cancelled
BARE = {  # what reads a file without this project; each line is run in a process of its own
    "np.load": "import numpy as np; np.load({path!r})",
    "pyarrow.csv": "import pyarrow.csv as csv; csv.read_csv({path!r})",
    "pandas.read_csv": "import pandas as pd; pd.read_csv({path!r})",
    "pyarrow.parquet": "import pyarrow.parquet as pq; pq.read_table({path!r})",
    "pandas.read_parquet": "import pandas as pd; pd.read_parquet({path!r})",
}
READERS_OF = {
    "npy": ("np.load",),
    "csv": ("pyarrow.csv", "pandas.read_csv"),
    "parquet": ("pyarrow.parquet", "pandas.read_parquet"),
}


@dataclass(frozen=True)
class Row:
    what: str
    asked: str
    measured: str


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.large_data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=10_000_000, help="of the files")
    parser.add_argument("--mapped-steps", type=int, default=100_000_000, help="0: leave it out")
    parser.add_argument("--turns", type=int, default=4, help="of the readers, and of the app")
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=FORMATS)
    parser.add_argument("--no-app", action="store_true", help="readers and training alone")
    parser.add_argument("--no-training", action="store_true", help="readers and the app alone")
    parser.add_argument("--folder", type=Path, help="for all files; a temporary one by default")
    return parser.parse_args()


# The files


def signal(steps: int, start: int = 0) -> np.ndarray:
    """Sines with noise, `(steps, CHANNELS)`, float32: no two values alike."""
    rng = np.random.default_rng(start)
    values = rng.standard_normal((steps, CHANNELS), dtype=np.float32)
    time_axis = np.arange(start, start + steps, dtype=np.float64)[:, None]
    values += 3 * np.sin(time_axis / np.array([20, 50, 130, 400])).astype(np.float32)
    return values * np.float32(40)


def make_files(folder: Path, steps: int, formats: tuple[str, ...]) -> dict[str, Path]:
    import pyarrow as pa
    from pyarrow import csv, parquet

    values = signal(steps)
    names = [f"sensor_{number}" for number in range(CHANNELS)]
    table = pa.table(dict(zip(names, values.T.copy(), strict=True)))
    made = {kind: folder / f"large.{kind}" for kind in formats}
    writers: dict[str, Callable[[Path], object]] = {
        "npy": lambda path: np.save(path, values),
        "csv": lambda path: csv.write_csv(table, path),
        "parquet": lambda path: parquet.write_table(table, path),
    }
    for kind, path in made.items():
        if not path.exists():
            writers[kind](path)
    return made


# Reading


def read_bare(reader: str, path: Path) -> float:
    """Seconds that a library takes alone, its import not counted, after a wait as long as the app's
    reader has: meanwhile some virtual machines give back memory, which costs all of them alike."""
    imported, _, call = BARE[reader].partition("; ")
    code = f"import time; {imported}; time.sleep({READY_SECONDS}); began = time.perf_counter(); "
    code += f"{call}; "
    code = (code + "print(time.perf_counter() - began)").format(path=str(path))
    return float(subprocess.check_output([sys.executable, "-c", code], text=True))


def read_as_the_app(path: Path, folder: Path) -> float:
    """Seconds from the app's asking until the recording is stored, the reader waiting ready."""
    reader = FileReader()
    reader.prepare()
    time.sleep(READY_SECONDS)
    began = time.perf_counter()
    found = reader.read(path, ReadOptions(), name=path.name, folder=folder)
    if found.problem:
        raise RuntimeError(found.problem)
    return time.perf_counter() - began


def reading_row(kind: str, path: Path, turns: int) -> Row:
    bare: dict[str, list[float]] = {reader: [] for reader in READERS_OF[kind]}
    own = []
    for turn in range(turns):
        for reader in [*bare, ""][
            :: 1 if turn % 2 else -1
        ]:  # whoever comes after finds memory warm
            if reader:
                bare[reader].append(read_bare(reader, path))
                continue
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                own.append(read_as_the_app(path, Path(folder)))
    medians = {reader: statistics.median(seconds) for reader, seconds in bare.items()}
    best = min(medians, key=medians.get)
    spent = statistics.median(own)
    said = f"{spent:.2f} s; {best} {medians[best]:.2f} s"
    if kind == "npy":
        return Row("NPY read, checked and stored", "", said)
    ratio = f"{spent / medians[best]:.2f} times: {said}"
    return Row(f"{kind} read, checked and stored", "1.5 times the bare reader", ratio)


# The app


async def visit(app: AppProcess, path: Path, memory: PeakMemory) -> dict[str, float]:
    """Upload a file, look at the page Data, then at the floors of all pairs."""
    spent: dict[str, float] = {}
    faults: list[str] = []

    def note(kind: str, seconds: float) -> None:
        spent[kind] = seconds

    tab = Tab(app.url, note, faults.append)
    await tab.open("data")
    if not tab.has_widget("uploader"):
        await tab.change(texts(tab.widget("source").id, ["Upload"]), "choose")
    content = await asyncio.to_thread(path.read_bytes)
    await asyncio.sleep(SETTLED_SECONDS)
    memory.start()
    await tab.upload("uploader", path.name, content, "read and previewed")
    await tab.go("output", "floors of all pairs")
    memory.stop()
    await tab.leave()
    if faults:
        raise RuntimeError("; ".join(faults))
    return spent


def app_rows(kind: str, path: Path, values: int, turns: int) -> list[Row]:
    array_bytes = values * (8 if kind == "csv" else 4)  # decimal texts are read as 64-bit numbers
    spent: dict[str, list[float]] = {}
    peaks = []
    for _ in range(turns):
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            app = AppProcess(Path(folder), free_port(), public=False, session_seconds=5)
            try:
                memory = PeakMemory(app.pid, anonymous_bytes)
                for part, seconds in asyncio.run(visit(app, path, memory)).items():
                    spent.setdefault(part, []).append(seconds)
                peaks.append(memory.peak - memory.before)
            finally:
                app.stop()
    medians = {part: statistics.median(seconds) for part, seconds in spent.items()}
    counted = ("upload: the file itself", "read and previewed", "floors of all pairs")
    total = sum(medians[part] for part in counted)
    parts = ", ".join(f"{part.removeprefix('upload: ')} {medians[part]:.2f}" for part in counted)
    peak = statistics.median(peaks)
    return [
        Row(f"{kind} in the app", "3 s" if kind == "npy" else "", f"{total:.2f} s: {parts}"),
        Row(
            f"{kind}: the app's peak memory, all processes, beyond an idle one",
            "2.5 times the array",
            f"{peak / array_bytes:.2f} times: {peak / MEGABYTE:.0f} MB",
        ),
    ]


# Training


def experiment(sha256: str, stride: int) -> dict:
    data = DataConfig(source="file", name="large.npy", sha256=sha256)
    changes = {"windows.stride": stride, "windows.window_length": 200}
    return ExperimentConfig(data=data).replace(changes).model_dump(mode="json")


def train(store: RunStore, sha256: str, stride: int) -> tuple[float, float, int]:
    """Seconds to the first step, the worker's peak resident memory, and the steps it took."""
    runner = LocalRunner(store)
    runner.start()
    try:
        deadline = time.monotonic() + 120
        while not runner.spare_is_ready and time.monotonic() < deadline:
            time.sleep(0.2)
        run = store.open(runner.submit(experiment(sha256, stride), name="large"))
        memory = PeakMemory(os.getpid(), lambda pid: 0)
        first, batch = None, 0
        while run.is_active and batch < STEPS_TO_TAKE:
            if (pid := run.status().pid) and not memory.is_watching:
                memory = PeakMemory(pid, resident_bytes)
                memory.start()
            progress = run.progress() or {}
            first, batch = progress.get("first_step_seconds", first), progress.get("batch", 0)
            time.sleep(0.02)
        memory.stop()
        _end(run)
        if first is None:
            raise RuntimeError(f"no step was trained: {run.status().reason}")
        return first, memory.peak, batch
    finally:
        runner.stop()


def _end(run: Run) -> None:
    if run.is_active:
        run.request_cancel()
    while run.is_active:
        time.sleep(0.1)


def stored(values: np.ndarray, store: RunStore) -> str:
    names = tuple(f"channel {number}" for number in range(1, CHANNELS + 1))
    return save(Recording(values=values, channel_names=names), store.data_folder)


def training_rows(store: RunStore, steps: int, mapped_steps: int, folder: Path) -> list[Row]:
    _, tiny, _ = train(store, stored(signal(TINY_STEPS), store), 1)  # in as large batches
    first, peak, _ = train(store, stored(signal(steps), store), 1)
    array_bytes = 4 * CHANNELS * steps
    rows = [
        Row(
            f"training with stride 1 on {steps:,} steps: submission to the end of the first step",
            "5 s",
            f"{first:.2f} s",
        ),
        Row(
            "its memory beyond a worker on tiny data, the file's mapped pages included",
            "1.5 times the array",
            f"{(peak - tiny) / array_bytes:.2f} times: {(peak - tiny) / MEGABYTE:.0f} MB",
        ),
    ]
    if mapped_steps:
        path = folder / "mapped.npy"
        mapped = np.lib.format.open_memmap(path, "w+", np.float32, (mapped_steps, CHANNELS))
        for start in range(0, mapped_steps, 1_000_000):
            stop = min(start + 1_000_000, mapped_steps)
            mapped[start:stop] = signal(stop - start, start)
        first, peak, batches = train(store, stored(mapped, store), 1)
        times = (peak - tiny) / mapped.nbytes
        said = f"{batches} steps; the first after {first:.1f} s; {times:.2f} times the array"
        rows.append(Row(f"training on {mapped_steps:,} steps, stride 1", "trains", said))
    return rows


def main() -> None:
    given = arguments()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lab-large-", dir=given.folder) as name:
        folder = Path(name)
        files = make_files(folder, given.steps, tuple(given.formats))
        for path in files.values():
            print(f"{path.name}: {path.stat().st_size / MEGABYTE:,.0f} MB", flush=True)
        for kind, path in files.items():
            rows.append(reading_row(kind, path, given.turns))
            print(rows[-1], flush=True)
            if not given.no_app:
                rows += app_rows(kind, path, CHANNELS * given.steps, given.turns)
                print(*rows[-2:], sep="\n", flush=True)
            path.unlink()
        if not given.no_training:
            store = RunStore(folder / "runs")
            rows += training_rows(store, given.steps, given.mapped_steps, folder)
    print("", "| what | asked | measured |", "|---|---|---|", sep="\n")
    print(*(f"| {row.what} | {row.asked} | {row.measured} |" for row in rows), sep="\n")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
