"""Runs that end before their time and go on: as if nothing had been.

`python -m tests.resumed` does the same with real kills of real workers, and prints the hashes.
"""

import errno
import json
import os
import shutil

import numpy as np
import pytest

from core import checkpoints, durable, output_lines
from core.continuation import longest_idle, train_further, why_not_further
from core.results import read_outputs, read_replay
from core.runs import RunStore, TransitionRefused
from tests.resumed import EPOCHS, fingerprints, hand_to, queued

pytestmark = pytest.mark.slow
worker = pytest.importorskip("core.worker")


def train(run, report=lambda progress: None):
    hand_to(run, os.getpid())
    return worker.train_run(run, run.folder.parent / "data", report)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    run = queued(tmp_path_factory.mktemp("reference"))
    assert train(run) == "finished"
    rates = [row["learning_rate"] for row in run.history()]
    assert len(set(rates)) > 1, "the learning rate must fall, or nothing is shown of it"
    return run


@pytest.fixture(autouse=True)
def _every_report(monkeypatch):
    monkeypatch.setattr(worker, "_REPORT_SECONDS", 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_paused_five_times_ends_as_one_that_was_not(tmp_path, reference, monkeypatch, seed):
    """Between any two batches, of training and of validation."""
    monkeypatch.setattr(worker, "_STOP_SECONDS", 0)
    run, random = queued(tmp_path), np.random.default_rng(seed)
    stops = set(random.choice(80, 5, replace=False).tolist())
    told, places = 0, []

    def report(progress):
        nonlocal told
        told += 1
        if told in stops:
            run.request_pause()

    while (state := train(run, report)) == "paused":
        places.append(run.status().reason)
        assert run.status().reason.startswith("Paused ")
    assert state == "finished"
    assert len(places) >= 3
    assert fingerprints(run) == fingerprints(reference)
    notes = json.loads((run.folder / "results.json").read_bytes())["notes"]
    taken_up = {note.removeprefix("Taken up ") for note in notes}
    assert taken_up == {place.removeprefix("Paused ") for place in places if "before" not in place}


@pytest.mark.parametrize("phase", ["training", "validating", "reconstructing"])
def test_sigterm_finishes_the_batch_and_leaves_a_checkpoint(
    tmp_path, reference, monkeypatch, phase
):
    """Fault 8."""
    run = queued(tmp_path)
    ended = []
    monkeypatch.setattr(worker, "_TERMINATED", ended)

    def report(progress):
        in_the_middle = progress.get("epoch") == 2 and progress.get("batch") == 1
        in_the_middle = in_the_middle or "share" in progress
        if progress["phase"] == phase and in_the_middle:
            ended.append(15)

    assert train(run, report) == "interrupted"
    assert "told to end" in run.status().reason
    done, batch = checkpoints.describe(run.folder)
    assert (done, batch > 0) == ((EPOCHS, False) if phase == "reconstructing" else (1, True))
    ended.clear()
    assert train(run) == "finished"
    assert fingerprints(run) == fingerprints(reference)


def paused_after(run, epochs):
    def report(progress):
        if progress["phase"] == "training" and progress["epoch"] == epochs + 1:
            run.request_pause()

    assert train(run, report) == "paused"


def damage(path):
    content = bytearray((path / "arrays.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (path / "arrays.npz").write_bytes(content)


def test_the_checkpoint_before_a_damaged_one_is_used_and_said(tmp_path, reference):
    """Fault 26."""
    run = queued(tmp_path)
    paused_after(run, 4)
    newest, before = checkpoints.listed(run.folder)
    damage(newest)
    assert train(run) == "finished"
    notes = json.loads((run.folder / "results.json").read_bytes())["notes"]
    assert notes == [
        f"Taken up after epoch {checkpoints.place(before)[0]}. The newest checkpoint was damaged "
        "(arrays.npz is not as it was written); this is the one before."
    ]
    assert fingerprints(run) == fingerprints(reference)


def test_when_all_checkpoints_are_damaged_nothing_is_trained_or_lost(tmp_path):
    """Fault 27."""
    run = queued(tmp_path)
    paused_after(run, 4)
    for path in checkpoints.listed(run.folder):
        damage(path)
    history = run.history()
    assert train(run) == "failed"
    assert "No checkpoint of this run can be used" in run.status().reason
    assert "Start it anew" in run.status().reason
    assert run.history() == history
    assert len(checkpoints.listed(run.folder)) == 2


def test_a_checkpoint_of_another_configuration_is_not_used(tmp_path):
    run, other = queued(tmp_path), queued(tmp_path, {"model.dropout": 0.3})
    paused_after(run, 2)
    for path in checkpoints.listed(run.folder):
        shutil.copytree(path, other.folder / path.name)
    assert train(other) == "failed"
    assert "of another configuration" in other.status().reason


def test_what_may_change_the_last_digits_is_said(tmp_path, monkeypatch):
    run = queued(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    paused_after(run, 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "9")
    assert train(run) == "finished"
    (note,) = json.loads((run.folder / "results.json").read_bytes())["notes"]
    assert note.endswith("The last digits may differ: OMP_NUM_THREADS 7 → 9.")


def test_a_setting_that_came_or_went_and_other_steps_are_said(tmp_path, monkeypatch):
    run = queued(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setattr("core.take_up.STEPS_VERSION", "older")
    paused_after(run, 2)
    monkeypatch.undo()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert train(run) == "finished"
    (note,) = json.loads((run.folder / "results.json").read_bytes())["notes"]
    for change in (
        "OMP_NUM_THREADS 7 → not set",
        "TF_ENABLE_ONEDNN_OPTS not set → 1",
        "steps of this app older → ",
    ):
        assert change in note


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_a_checkpoint_that_cannot_be_written_pauses_the_run(tmp_path, reference, monkeypatch, code):
    """Faults 10, 12 and 28."""
    run = queued(tmp_path)
    save = checkpoints.save

    def broken(folder, checkpoint, guard):
        if checkpoint.state.done == 3:
            raise OSError(code, os.strerror(code))
        return save(folder, checkpoint, guard)

    monkeypatch.setattr(checkpoints, "save", broken)
    assert train(run) == "paused"
    assert run.status().reason.startswith("Paused: the ")
    assert run.status().reason.endswith("then resume the run: it goes on after epoch 2.")
    monkeypatch.setattr(checkpoints, "save", save)
    assert train(run) == "finished"
    assert fingerprints(run) == fingerprints(reference)


def test_a_disk_that_takes_not_even_the_state_is_said_in_the_log(tmp_path, monkeypatch):
    run = queued(tmp_path)

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def report(progress):
        if progress["phase"] == "validating":
            monkeypatch.setattr(durable, "write", full)

    with pytest.raises(worker.Unwritable, match="the disk is full"):
        train(run, report)


def test_a_worker_whose_run_another_has_taken_writes_no_more(tmp_path):
    """Fault 18: stopped, declared dead, then continued."""
    run = queued(tmp_path)

    def report(progress):
        if progress["phase"] == "training" and progress["epoch"] == 3 and progress["batch"] == 2:
            run.transition("interrupted")
            run.transition("queued")
            run.transition("starting", pid=1)
            before.update({p.name: p.stat().st_mtime_ns for p in run.folder.iterdir()})

    before = {}
    assert train(run, report) == "starting"
    after = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"progress.json"}
    assert run.status().pid == 1


def test_training_further_is_as_if_more_had_been_asked_for_at_first(tmp_path, reference):
    half = queued(tmp_path, {"training.epochs": EPOCHS // 2})
    assert train(half) == "finished"
    left = {path.name: path.read_bytes() for path in half.folder.iterdir() if path.is_file()}
    run = train_further(RunStore(tmp_path), half.id, epochs=EPOCHS, owner="me")
    assert run.status().name == f"a run, {EPOCHS} epochs"
    assert (run.status().owner, run.status().extra["continues"]) == ("me", half.id)
    assert train(run) == "finished"
    assert fingerprints(run) == fingerprints(reference)
    assert left == {p.name: p.read_bytes() for p in half.folder.iterdir() if p.is_file()}
    again = train_further(RunStore(tmp_path), run.id, epochs=EPOCHS + 1)
    assert train(again) == "finished"
    assert [row["epoch"] for row in again.history()] == list(range(1, EPOCHS + 2))


def test_a_run_cancelled_within_an_epoch_after_a_pause_in_it_is_trained_further(
    tmp_path, reference, monkeypatch
):
    """The one checkpoint that such a run keeps is of within the epoch."""
    monkeypatch.setattr(worker, "_STOP_SECONDS", 0)
    run = queued(tmp_path)
    ask = {1: run.request_pause, 3: run.request_cancel}

    def report(progress):
        if progress["phase"] == "training" and progress["epoch"] == 3:
            ask.get(progress["batch"], int)()

    assert [train(run, report), train(run, report)] == ["paused", "cancelled"]
    assert [checkpoints.place(path) for path in checkpoints.listed(run.folder)] == [(2, 1)]
    assert why_not_further(run) == ""
    further = train_further(RunStore(tmp_path), run.id, epochs=EPOCHS)
    assert train(further) == "finished"
    assert fingerprints(further) == fingerprints(reference)


@pytest.mark.parametrize(
    ("epochs", "kept"),
    [(8, [1, 4]), (6, [1, 2, 4])],  # every fourth, as at first; every third, which were not
)
def test_training_further_keeps_what_is_on_record_of_the_epochs_before(
    tmp_path, monkeypatch, epochs, kept
):
    monkeypatch.setattr(output_lines, "MOST_RECORDED", 2)
    first = queued(tmp_path, {"training.epochs": 4})
    assert train(first) == "finished"
    assert read_replay(first).epochs.tolist() == [1, 2, 4]  # every second, and the first
    further = train_further(RunStore(tmp_path), first.id, epochs=epochs)
    stops = [(5, 2)]

    def report(progress):
        if (progress.get("epoch"), progress.get("batch")) in stops:
            stops.clear()
            further.request_pause()

    monkeypatch.setattr(worker, "_STOP_SECONDS", 0)
    assert [train(further, report), train(further, report)] == ["paused", "finished"]
    assert read_replay(further).epochs.tolist() == [*kept, epochs]
    assert [line["epoch"] for line in read_outputs(further)] == [*kept, epochs]


def test_a_run_that_stopped_early_needs_more_patience(tmp_path):
    changes = {"training.epochs": 40, "training.patience": 2, "training.learning_rate": 1.0}
    run = queued(tmp_path, changes)
    assert train(run) == "finished"
    done = len(run.history())
    assert done < 40
    store = RunStore(tmp_path)
    with pytest.raises(TransitionRefused, match=r"stopped already.*patience above 2, or 0"):
        train_further(store, run.id, epochs=41)
    with pytest.raises(TransitionRefused, match=f"has trained {done} epochs"):
        train_further(store, run.id, epochs=done, patience=0)
    further = train_further(store, run.id, epochs=done + 2, patience=0)
    at_first = queued(tmp_path, changes | {"training.epochs": done + 2, "training.patience": 0})
    assert train(further) == train(at_first) == "finished"
    assert fingerprints(further) == fingerprints(at_first)


def test_with_less_patience_a_run_goes_on_only_if_it_would_have_come_so_far(tmp_path):
    changes = {"training.epochs": 12, "training.learning_rate": 0.9, "training.optimizer": "sgd"}
    run = queued(tmp_path, changes | {"training.patience": 0})
    assert train(run) == "finished"
    store, losses = RunStore(tmp_path), [row["val_loss"] for row in run.history()]
    longest, last = longest_idle(losses), len(losses) - 1 - losses.index(min(losses))
    assert longest > last, "a gap within is to be longer than that at the end"
    with pytest.raises(TransitionRefused, match=f"above {longest}, or 0"):
        train_further(store, run.id, epochs=13, patience=longest)
    assert train_further(store, run.id, epochs=13, patience=longest + 1)


@pytest.mark.parametrize(
    ("losses", "longest"),
    [([], 0), ([3, 2, 1], 0), ([3, 4, 3, 2, 2], 2), ([1, 2, 2, 0.5, 1], 2), ([1, 2, 3], 2)],
)
def test_the_longest_time_without_a_lower_loss(losses, longest):
    assert longest_idle(losses) == longest


def test_what_cannot_be_trained_further_says_why(tmp_path, reference):
    waiting = queued(tmp_path)
    assert "The run is queued" in why_not_further(waiting)
    waiting.transition("cancelled")
    assert "no checkpoint" in why_not_further(waiting)
    assert why_not_further(reference) == ""
    with pytest.raises(TransitionRefused, match="no checkpoint"):
        train_further(RunStore(tmp_path), waiting.id, epochs=9)
