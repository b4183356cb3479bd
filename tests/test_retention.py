"""What a public demo removes, with a clock that the tests set."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core import durable, retention
from core.config import DataConfig, ExperimentConfig
from core.public import PublicSettings
from core.retention import Sweeper, forget_upload, forget_visitor, keys_in_use
from core.runs import Run, RunStore
from core.signals.recording import DataError, Recording
from core.signals.store import (
    load,
    note_use,
    open_recording,
    origin,
    recording_key,
    save,
    stored_keys,
)
from core.upload_folder import file_folder, own_folder
from core.visits import Visits

ANN, BOB = "a" * 64, "b" * 64
HOUR = 3600


class World:
    """A runs folder with two visitors, a sweeper, and its clocks in seconds after now."""

    def __init__(self, root, set_by=0.0):
        self.cancelled = []
        self.later, self.set_by = 0.0, set_by  # what has passed, and what the clock was set by
        clock = lambda: datetime.now(UTC) + timedelta(seconds=self.later + self.set_by)  # noqa: E731
        self.store, self.visits = RunStore(root, now=clock), Visits(root)
        settings = PublicSettings(keep_hours=24, max_run_minutes=20)
        self.sweeper = Sweeper(
            self.store,
            self.visits,
            settings,
            self.cancelled.append,
            now=lambda: time.time() + self.later + self.set_by,
            monotonic=lambda: time.monotonic() + self.later,
        )

    @property
    def data(self):
        return self.store.data_folder

    def upload(self, owner, number=1.0):
        """The configuration of a recording that a visitor, or the machine's owner, has uploaded."""
        values = np.full((50, 1), number)
        recording = Recording(values=values, channel_names=("a",), name="x")
        key = save(recording, self.data, is_visitors=owner is not None)
        if owner is not None:
            self.visits.grant(owner, key)
        return DataConfig(source="file", name="x.csv", sha256=key)

    def run(self, owner, data=None, state="finished"):
        config = ExperimentConfig(data=data or DataConfig())
        run = self.store.create(config.model_dump(mode="json"), name="", owner=owner)
        for following in {
            "finished": ("starting", "running", "finished"),
            "paused": ("paused",),
        }.get(state, ("starting", "running") if state == "running" else ()):
            run.transition(following)
        return run.id

    def sweep_after(self, hours):
        self.later = hours * HOUR
        return self.sweeper.sweep()

    def ids(self):
        return {run.id for run in self.store.list()}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_run_is_removed_some_hours_after_it_ended(world):
    done, paused = world.run(ANN), world.run(BOB, state="paused")
    assert world.sweep_after(23.9).runs == []
    assert set(world.sweep_after(24.1).runs) == {done, paused}
    assert world.ids() == set()


def test_an_active_run_and_the_machines_own_runs_are_never_removed(world):
    kept = {world.run(ANN, state="queued"), world.run(ANN, state="running"), world.run(None)}
    assert world.sweep_after(1000).runs == []
    assert world.ids() == kept


def test_data_go_when_no_run_needs_them_and_nobody_has_used_them(world):
    data = world.upload(ANN)
    run = world.run(ANN, data)
    assert world.sweep_after(23.9).recordings == []
    swept = world.sweep_after(24.1)
    assert swept.runs == [run]
    assert swept.recordings == [data.sha256]
    assert world.visits.grants() == []
    assert stored_keys(world.data) == ()


def test_what_cannot_be_removed_keeps_nothing_else_from_it(world, monkeypatch, caplog):
    runs = [world.run(ANN) for _ in range(3)]
    data = [world.upload(ANN, number).sha256 for number in (1.0, 2.0, 3.0)]
    faulty = {min(runs), min(data)}
    remove, delete_data = world.store.delete, retention.remove_recording

    def failing(real, name, *rest):
        if name in faulty:
            raise PermissionError(13, "Permission denied", name)
        return real(name, *rest)

    monkeypatch.setattr(world.store, "delete", lambda run: failing(remove, run))
    monkeypatch.setattr(
        retention, "remove_recording", lambda key, folder: failing(delete_data, key, folder)
    )
    swept = world.sweep_after(25)
    assert set(swept.runs) == set(runs) - faulty
    assert set(swept.recordings) == set(data) - faulty
    assert [message.count("will try again") for message in caplog.messages] == [1, 1]
    faulty.clear()
    swept = world.sweep_after(25)
    assert (swept.runs, swept.recordings) == ([min(runs)], [min(data)])


def test_a_run_that_cannot_be_stopped_keeps_no_other_from_it(world, monkeypatch):
    first, second = sorted(world.run(ANN, state="running") for _ in range(2))
    update = Run.update

    def failing(run, **changes):
        if run.id == first:
            raise OSError(30, "Read-only file system")
        return update(run, **changes)

    monkeypatch.setattr(Run, "update", failing)
    world.sweep_after(1)
    assert world.cancelled == [second]


def test_data_of_a_run_that_is_left_stay(world):
    data = world.upload(ANN)
    world.run(None, data)
    assert world.sweep_after(1000).recordings == []
    assert stored_keys(world.data) == (data.sha256,)


def test_data_that_somebody_used_meanwhile_stay(world):
    data = world.upload(ANN)
    os.utime(world.data / data.sha256, (time.time() + 10 * HOUR,) * 2)
    assert world.sweep_after(24.1).recordings == []
    assert world.sweep_after(34.1).recordings == [data.sha256]


@pytest.mark.parametrize("way", ["nobody", "old", "deleted", "deleted with a run", "forgotten"])
def test_a_file_of_the_machines_owner_stays_also_if_a_visitor_brings_the_same(world, way):
    key = world.upload(None).sha256
    if way != "nobody":
        data = world.upload(ANN)
        assert data.sha256 == key
        if way == "deleted with a run":
            run = world.run(ANN, data)
        if way.startswith("deleted"):
            forget_upload(world.store, world.visits, ANN, key)
        if way == "deleted with a run":
            world.store.delete(run)
        if way == "forgotten":
            forget_visitor(world.store, world.visits, ANN, world.cancelled.append)
    assert world.sweep_after(1000).recordings == []
    assert stored_keys(world.data) == (key,)
    assert world.visits.grants() == []


def test_files_of_visitors_that_nobody_holds_go(world):
    """The app was killed between the storing of one and the note of whose it is."""
    left = Recording(values=np.ones((9, 1)), channel_names=("a",), name="x")
    key = save(left, world.data, is_visitors=True)
    assert world.sweep_after(23.9).recordings == []
    assert world.sweep_after(24.1).recordings == [key]


def test_signals_that_can_be_made_again_go(world):
    data = DataConfig(time_steps=100)
    open_recording(data, world.data)
    assert origin(recording_key(data), world.data) == ("generator", "")
    assert world.sweep_after(23.9).recordings == []
    assert world.sweep_after(24.1).recordings == [recording_key(data)]


def test_while_another_app_sweeps_this_one_does_not(world):
    run = world.run(ANN)
    lock = durable.try_lock(world.store.root / ".sweep.lock")
    assert world.sweep_after(1000).runs == []
    os.close(lock)
    assert world.sweep_after(1000).runs == [run]


def test_a_fault_of_one_sweep_is_outlived(world, monkeypatch):
    calls = []
    monkeypatch.setattr("core.retention.SWEEP_SECONDS", 0.001)

    def sweep():
        calls.append(1)
        if len(calls) == 3:
            world.sweeper.stop()
        raise PermissionError("no")

    monkeypatch.setattr(world.sweeper, "sweep", sweep)
    world.sweeper._loop()
    assert len(calls) == 3


def test_a_file_that_a_killed_app_left_is_removed_and_none_of_one_that_lives(world):
    in_use = own_folder(world.store.root)
    left = in_use.with_name("left")
    for folder in (in_use, left):
        (folder / "abc").mkdir(parents=True)
        (folder / "abc" / "upload").write_bytes(b"1,2")
    world.sweep_after(0)
    assert not left.exists()
    assert (in_use / "abc" / "upload").exists()


def test_a_file_goes_some_hours_after_it_was_last_read(world):
    own = own_folder(world.store.root)
    left, read = file_folder(own, ANN), file_folder(own, None)
    for folder in (left, read):
        (Path(folder.name) / "upload").write_bytes(b"1,2")
    file_folder(own, BOB)  # the copy has not begun
    world.sweep_after(23.9)
    os.utime(Path(read.name) / "upload", (time.time() + 10 * HOUR,) * 2)
    assert Path(left.name).exists()
    world.sweep_after(24.1)
    assert not Path(left.name).exists()
    assert Path(read.name).exists()
    world.sweep_after(34.1)
    assert not Path(read.name).exists()


# What a visitor deletes


def derived(data, world):
    """The data with anomalies put in, stored under a key of its own."""
    changed = data.model_copy(update={"anomalies": ("spike",), "anomaly_count": 2})
    open_recording(changed, world.data)
    return recording_key(changed)


def test_an_upload_is_removed_with_all_that_was_made_of_it(world):
    data = world.upload(ANN)
    other = derived(data, world)
    assert set(stored_keys(world.data)) == {data.sha256, other}
    removed = forget_upload(world.store, world.visits, ANN, data.sha256)
    assert set(removed.recordings) == {data.sha256, other}
    assert list(world.data.iterdir()) == []
    with pytest.raises(DataError, match="no recording"):
        load(data.sha256, world.data)


@pytest.mark.parametrize("need", ["run", "visitor"])
def test_an_upload_that_others_need_stays_but_is_no_longer_the_visitors(world, need):
    data = world.upload(ANN)
    if need == "run":
        world.run(BOB, data)
    else:
        world.upload(BOB)
    removed = forget_upload(world.store, world.visits, ANN, data.sha256)
    assert removed.kept_recordings == [data.sha256]
    assert load(data.sha256, world.data).channels == 1
    assert world.visits.keys(ANN) == frozenset()


@pytest.mark.parametrize("end", ["deleted", "old", "forgotten"])
def test_an_upload_that_the_own_run_needs_goes_with_that_run(world, end):
    data = world.upload(ANN)
    run = world.run(ANN, data)
    removed = forget_upload(world.store, world.visits, ANN, data.sha256)
    assert removed.kept_recordings == [data.sha256]
    assert world.visits.keys(ANN) == frozenset()
    assert world.sweep_after(0).recordings == []
    note_use(data.sha256, world.data)  # the run is looked at
    if end == "forgotten":
        gone = forget_visitor(world.store, world.visits, ANN, world.cancelled.append).recordings
    else:
        if end == "deleted":
            world.store.delete(run)
        gone = world.sweep_after(24.1 if end == "old" else 0).recordings
    assert gone == [data.sha256]
    assert stored_keys(world.data) == ()
    assert world.visits.grants() == []


def test_an_upload_goes_with_a_run_of_somebody_who_never_had_it(world):
    """Who has the link of a run may train it further."""
    data = world.upload(ANN)
    run = world.run(BOB, data)
    forget_upload(world.store, world.visits, ANN, data.sha256)
    assert world.sweep_after(0).recordings == []
    world.store.delete(run)
    assert world.sweep_after(0).recordings == [data.sha256]


def test_a_deleted_upload_that_another_visitor_has_stays_for_that_one(world):
    data = world.upload(ANN)
    world.upload(BOB)
    run = world.run(ANN, data)
    forget_upload(world.store, world.visits, ANN, data.sha256)
    world.store.delete(run)
    assert world.sweep_after(0).recordings == []
    assert world.visits.holders(data.sha256) == {BOB}
    assert forget_upload(world.store, world.visits, BOB, data.sha256).recordings == [data.sha256]


def test_data_that_the_machines_own_run_needs_stay_as_long_as_that(world):
    data = world.upload(ANN)
    run = world.run(None, data)
    forget_upload(world.store, world.visits, ANN, data.sha256)
    assert world.sweep_after(1000).recordings == []
    assert stored_keys(world.data) == (data.sha256,)
    world.store.delete(run)
    assert world.sweep_after(1000).recordings == [data.sha256]


def test_without_visitors_an_upload_stays_while_a_run_needs_it(world):
    data = world.upload(ANN)
    world.visits.revoke(ANN, data.sha256)
    run = world.run(None, data)
    assert forget_upload(world.store, None, None, data.sha256).kept_recordings == [data.sha256]
    world.store.delete(run)
    assert forget_upload(world.store, None, None, data.sha256).recordings == [data.sha256]


def test_a_visitor_takes_back_everything_and_nothing_of_others(world):
    mine, others = world.upload(ANN, 1.0), world.upload(BOB, 2.0)
    run, waiting = world.run(ANN, mine), world.run(ANN, mine, state="queued")
    kept = world.run(BOB, others)
    cancel = lambda run_id: world.store.open(run_id).transition("cancelled")  # noqa: E731
    tabs = [file_folder(own_folder(world.store.root), owner) for owner in (ANN, ANN, BOB)]
    removed = forget_visitor(world.store, world.visits, ANN, cancel)
    assert [Path(tab.name).exists() for tab in tabs] == [False, False, True]
    assert set(removed.runs) == {run, waiting}
    assert removed.recordings == [mine.sha256]
    assert world.ids() == {kept}
    assert stored_keys(world.data) == (others.sha256,)
    assert world.visits.keys(ANN) == frozenset()
    assert not any(ANN in path.name for path in world.store.root.rglob("*"))


def test_a_run_in_training_goes_with_its_data_as_soon_as_it_has_stopped(world):
    data = world.upload(ANN)
    run = world.run(ANN, data, state="running")
    removed = forget_visitor(world.store, world.visits, ANN, world.cancelled.append)
    assert removed.stopping == [run]
    assert world.cancelled == [run]
    assert world.sweep_after(0).runs == []  # it has not stopped
    world.store.open(run).transition("cancelled")
    swept = world.sweep_after(0)
    assert swept.runs == [run]
    assert swept.recordings == [data.sha256]
    assert world.visits.grants() == []


def test_the_keys_in_use_are_those_of_files_and_of_what_is_made(world):
    data = DataConfig(time_steps=100)
    world.run(None, data)
    with_anomalies = world.upload(ANN).model_copy(
        update={"anomalies": ("spike",), "anomaly_count": 2}
    )
    run = world.run(ANN, with_anomalies)
    made = {recording_key(with_anomalies), with_anomalies.sha256}
    assert keys_in_use(world.store) == made | {recording_key(data)}
    assert keys_in_use(world.store, without=[run]) == {recording_key(data)}


def test_a_run_of_another_version_uses_its_file(world):
    known = DataConfig(source="file", name="x.csv", sha256="a" * 64).model_dump(mode="json")
    for data in (known | {"a field of later": 1}, "no fields", {"sha256": None}):
        world.store.create({"data": data}, name="later", state="finished")
    assert keys_in_use(world.store) == {"a" * 64}


def test_a_sample_does_not_use_the_file_that_was_in_hand_before_it(world):
    sample = DataConfig(source="sample", name="ecg", sha256="a" * 64)
    world.run(ANN, sample)
    assert keys_in_use(world.store) == {recording_key(sample)}
