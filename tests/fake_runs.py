"""Run folders as the worker leaves them, made without Keras, and pages that show them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import session
from core.config import ExperimentConfig
from core.runs import Run, RunStore
from tests.fake_records import CHANNEL_STD, FLOOR, baselines, course, parts, write_records

UNIT = "mV"


def make_run(
    store: RunStore,
    state: str = "finished",
    *,
    name: str = "A run",
    changes: Mapping[str, Any] | None = None,
    epochs: int = 4,
    windows: tuple[int, int] = (40, 10),
    kept: int | None = None,
    channels: int = 2,
    window_length: int = 24,
    error: float = 0.5,
    channel_names: tuple[str, ...] | None = None,
    reason: str = "",
    old: bool = False,
) -> Run:
    """A run in a state, with the files a run in that state has.

    old: without what runs of earlier versions did not leave.
    """
    config = ExperimentConfig().replace(
        {
            "data.channels": channels,
            "windows.window_length": window_length,
            "training.epochs": epochs,
        }
        | dict(changes or {})
    )
    run = store.create(config.model_dump(mode="json"), name=name)
    if state == "queued":
        return run
    run.transition("starting")
    run.transition("running", device="CPU (2 cores, test)")
    done = epochs if state == "finished" else max(1, epochs // 2)
    for epoch in range(1, done + 1):
        run.append_history(history_row(epoch, error, old))
    if not old:
        write_records(run, done, windows, window_length, channels, error)
    if state == "running":
        run.write_progress(
            {
                "phase": "training",
                "epoch": done + 1,
                "epochs": epochs,
                "batch": 3,
                "batches": 12,
                "loss": 0.4,
                "mae": error,
                "seconds_per_batch": 0.02,
                "eta_seconds": 65.0,
                "first_step_seconds": 1.5,
            }
        )
        return run
    if state in ("finished", "cancelled"):
        write_results(run, done, windows, kept, channels, window_length, error, channel_names, old)
        run.publish_bytes("model.keras", b"not a model")
    run.transition(state, reason)
    return run


def history_row(epoch: int, error: float, old: bool = False) -> dict[str, float]:
    factor = course(epoch)
    mae = error * factor
    row = {
        "epoch": epoch,
        "loss": 0.1 * factor,
        "val_loss": 0.11 * factor,
        "mae": mae,
        "mse": mae**2,
        "val_mae": 1.05 * mae,
        "val_mse": 1.1 * mae**2,
        "seconds": 1.25,
    }
    scaled = {
        f"{part}scaled_{measure}": row[f"{part}{measure}"] / CHANNEL_STD**power
        for part in ("", "val_")
        for measure, power in (("mae", 1), ("mse", 2))
    }
    return row if old else row | scaled


def write_results(
    run: Run,
    epochs: int,
    windows: tuple[int, int],
    kept: int | None,
    channels: int,
    window_length: int,
    error: float,
    channel_names: tuple[str, ...] | None = None,
    old: bool = False,
) -> None:
    """`results.json` and `reconstruction.npz` of sines with noise growing from window to window."""
    arrays: dict[str, np.ndarray] = {}
    known = baselines(window_length, channels, windows)
    results: dict[str, Any] = {
        "floor": {},
        "constant": known["constant"],
        "channel_mae": {},
        "channel_mse": {},
        "channel_names": list(channel_names or [f"channel {c + 1}" for c in range(channels)]),
        "unit": UNIT,
        "sampling_rate_hz": 100.0,
        "channel_std": known["channel_std"],
        "best_epoch": epochs,
        "epochs_trained": epochs,
        "parameters": 23_300,
        "compression_ratio": 1.0,
        "device": "CPU (2 cores, test)",
        "seconds": 12.3,
        "windows": dict(zip(("train", "validation"), windows, strict=True)),
    }
    for part, original, wrong in parts(windows, window_length, channels, error):
        count = len(original)
        positions = (
            np.arange(count)
            if kept is None
            else np.unique(np.linspace(0, count - 1, min(kept, count)).astype(int))
        )
        absolute, squared = np.abs(wrong), wrong**2
        results[part] = {"mae": float(absolute.mean()), "mse": float(squared.mean())}
        results["floor"][part] = {"mae": FLOOR["mae"], "mse": FLOOR["mse"]}
        results["channel_mae"][part] = absolute.mean(axis=(0, 1)).tolist()
        results["channel_mse"][part] = squared.mean(axis=(0, 1)).tolist()
        arrays |= {
            f"{part}_positions": positions,
            f"{part}_original": original[positions].astype(np.float32),
            f"{part}_reconstruction": (original + wrong)[positions].astype(np.float32),
            f"{part}_window_mae": absolute.mean(axis=(1, 2)),
            f"{part}_window_mse": squared.mean(axis=(1, 2)),
            f"{part}_step_mae": absolute.mean(axis=0),
            f"{part}_step_mse": squared.mean(axis=0),
        }
        if not old:
            add_extremes(results, part, original, original + wrong)
    if not old:
        results |= known | {"initial_weights": "5" * 64}
    run.publish("reconstruction.npz", lambda path: _save(path, arrays))
    run.publish_json("results.json", results)


def add_extremes(
    results: dict[str, Any], part: str, original: np.ndarray, reconstruction: np.ndarray
) -> None:
    """Least and greatest values of each channel, and errors in channel standard deviations."""
    for name, values in (("target", original), ("output", reconstruction)):
        results.setdefault(f"{name}_low", {})[part] = values.min(axis=(0, 1)).tolist()
        results.setdefault(f"{name}_high", {})[part] = values.max(axis=(0, 1)).tolist()
    results.setdefault("scaled", {})[part] = {
        "mae": results[part]["mae"] / CHANNEL_STD,
        "mse": results[part]["mse"] / CHANNEL_STD**2,
    }


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with open(path, "wb") as file:
        np.savez(file, **arrays)


class FakeRunner:
    """The queue without workers: it stores what is submitted and cancels what waits."""

    problem = ""

    def unrecorded_end(self, run_id: str) -> str:
        return ""

    def __init__(self, store: RunStore):
        self.store = store
        self.submitted: list[str] = []
        self.expected: list[Mapping[str, Any]] = []

    def expect(self, config: Mapping[str, Any]) -> None:
        self.expected.append(config)

    def submit(self, config: Mapping[str, Any], *, name: str, owner: str | None = None) -> str:
        self.submitted.append(self.store.create(config, name=name, owner=owner).id)
        return self.submitted[-1]

    def cancel(self, run_id: str) -> None:
        self.store.open(run_id).transition("cancelled", "Cancelled.")

    def pause(self, run_id: str) -> None:
        run = self.store.open(run_id)
        run.request_pause() if run.status().state == "running" else run.transition("paused")

    def resume(self, run_id: str) -> None:
        self.store.open(run_id).transition("queued")


class Lab:
    """A store with a runner that trains nothing, and the app's pages upon them."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("LAB_RUNS", str(root))
        self.store = session.store()
        self.runner = FakeRunner(self.store)
        monkeypatch.setattr(session.machine, "_runner", lambda folder: self.runner)

    def open(self, stem: str, *, embedded: bool = False, **query: str) -> AppTest:
        page = AppTest.from_file(session.PROJECT / "app.py", default_timeout=20)
        page.query_params.update(query)
        page.context = {"url": "http://lab.test/", "is_embedded": embedded}
        page.switch_page(f"pages/{stem}.py").run()
        return page.switch_page(f"pages/{stem}.py")  # now that the navigation is known, for good


def shown_text(page: AppTest) -> str:
    """All that a page says, for a look for a sentence."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "text")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))
