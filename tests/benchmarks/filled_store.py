"""A runs folder with thousands of runs in it, made in seconds without training anything."""

import json
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.experiment_mark import mark
from core.runs import Run, RunStore
from tests.fake_runs import make_run

KINDS = (  # state and output activation of the runs that the others are copies of
    *(("finished", activation) for activation in ("linear", "relu", "sigmoid", "tanh") * 4),
    ("cancelled", "linear"),
    ("failed", "relu"),
)
EPOCHS = 50
QUESTION_WINDOWS = (20_070, 5_018)  # training, validation: 25,088 in all
QUESTION_KEPT = 5_000  # reconstructions of a part that a real run of this size keeps
_OWN = ("config.json", "status.json", ".lock")  # of each copy; the other files are shared


def fill(store: RunStore, runs: int) -> None:
    """Add finished runs until the store holds so many: no two of one configuration or name."""
    known = store.list()
    originals = [store.open(run.id) for run in known[: len(KINDS)]]
    for state, activation in KINDS[len(originals) : runs]:
        changes = {"model.output_activation": activation}
        originals.append(make_run(store, state, epochs=EPOCHS, changes=changes))
    _copy(store, originals, range(max(len(known), len(originals)) + 1, runs + 1))


def question_runs(store: RunStore, count: int) -> list[str]:
    """Add finished runs with as many windows, steps and channels as the question's. Their ids."""
    original = make_run(
        store,
        name="The question",
        epochs=EPOCHS,
        windows=QUESTION_WINDOWS,
        kept=QUESTION_KEPT,
        channels=4,
        window_length=200,
        changes={
            "data.name": "question",
            "data.time_steps": sum(QUESTION_WINDOWS) * 200,
            "data.amplitude": 255.0,
            "normalization.method": "none",
            "model.output_activation": "relu",
        },
    )
    last = original.status().sequence
    return [original.id, *_copy(store, [original], range(last + 1, last + count))]


def _copy(store: RunStore, originals: Sequence[Run], numbers: range) -> list[str]:
    """Runs with these numbers in the order of creation; their large files are hard links."""
    contents = [(run, run.config(), json.loads(_status(run).read_bytes())) for run in originals]
    ids = []
    for number in numbers:
        run, config, status = contents[number % len(contents)]
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        told = {
            "name": f"Run {number}: {status['name']}",
            "sequence": number,
            "created": moment.isoformat(timespec="milliseconds"),
        }
        ids.append(secrets.token_hex(16))
        folder = store.root / ids[-1]
        folder.mkdir()
        for entry in os.scandir(run.folder):
            if entry.name not in _OWN:
                os.link(entry.path, folder / entry.name)
        (folder / ".lock").touch()
        config["training"]["seed"] = number
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "status.json").write_text(json.dumps(status | told | mark(config)))
    if ids:
        (store.root / ".sequence").write_text(str(numbers[-1]))
    return ids


def _status(run: Run) -> Path:
    return run.folder / "status.json"
