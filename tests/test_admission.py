import os

import pytest

from core import admission
from core.admission import (
    Disk,
    LimitExceeded,
    check_epochs,
    check_generated,
    check_queue,
    check_shape,
    check_training,
    check_upload,
    check_windows,
    coming_bytes,
    run_bytes,
)
from core.config import DataConfig, ExperimentConfig, WindowsConfig
from core.public import PublicSettings
from core.run_size import folder_bytes
from core.run_status import RunSummary
from core.runs import RunStore
from core.signals.recording import DataError

OWN_LAB = "A lab of your own has no such limit."


def test_a_file_may_be_as_large_as_the_limit_and_no_larger():
    settings = PublicSettings(max_upload_mb=2)
    check_upload(2 * 2**20, settings)
    with pytest.raises(LimitExceeded, match=f"files of up to 2 MB; this one has 3 MB.*{OWN_LAB}"):
        check_upload(2 * 2**20 + 1, settings)


def test_time_steps_are_limited_also_of_ready_windows():
    settings = PublicSettings(max_time_steps=100)
    check_shape((100, 3), settings)
    check_shape((10, 10, 3), settings)
    with pytest.raises(LimitExceeded, match=r"up to 100 time steps \(rows\); this one has 101"):
        check_shape((101, 3), settings)
    with pytest.raises(LimitExceeded, match="this one has 110"):
        check_shape((11, 10, 3), settings)


def test_a_signal_is_refused_before_it_is_made():
    settings = PublicSettings(max_time_steps=1000, max_values=2000)
    check_generated(DataConfig(time_steps=1000, channels=2), settings)
    with pytest.raises(LimitExceeded, match=r"2,000 values .*; this one has 3,000"):
        check_generated(DataConfig(time_steps=1000, channels=3), settings)
    check_generated(DataConfig(source="file", name="a.csv", time_steps=5000), settings)


def test_windows_and_their_values_are_limited():
    windows = WindowsConfig(window_length=10, stride=5)
    check_windows((50, 2), windows, PublicSettings(max_windows=9))
    with pytest.raises(LimitExceeded, match="up to 8 windows; these settings make 9"):
        check_windows((50, 2), windows, PublicSettings(max_windows=8))
    with pytest.raises(LimitExceeded, match=r"up to 179 values .*; these hold 180"):
        check_windows((50, 2), windows, PublicSettings(max_window_values=179))
    ready = WindowsConfig(window_length=10, stride=10)
    with pytest.raises(LimitExceeded, match="these settings make 14"):
        check_windows((7, 20, 2), ready, PublicSettings(max_windows=13))


def test_epochs_and_parameters_are_limited():
    config = ExperimentConfig()
    check_training(config, (20_000, 4), PublicSettings())
    with pytest.raises(LimitExceeded, match=r"up to 19 epochs; training.epochs is 20"):
        check_training(config, (20_000, 4), PublicSettings(max_epochs=19))
    with pytest.raises(LimitExceeded, match="models of up to 100 parameters"):
        check_training(config, (20_000, 4), PublicSettings(max_parameters=100))
    with pytest.raises(LimitExceeded):
        check_epochs(201, PublicSettings())


def run(number: int, owner: str | None, state: str = "queued") -> RunSummary:
    return RunSummary(id=f"{number:032x}", state=state, owner=owner)


def test_the_queue_is_limited_for_a_visitor_and_for_all():
    settings = PublicSettings(max_runs_per_visitor=2, max_runs=4)
    listing = [run(1, "a"), run(2, "a", "running"), run(3, "a", "finished"), run(4, "b")]
    check_queue(listing, "b", settings)
    for state in ("paused", "interrupted"):
        with pytest.raises(LimitExceeded, match="waiting or paused; this would be number 3"):
            check_queue([*listing, run(5, "b", state)], "b", settings)
    with pytest.raises(LimitExceeded, match=r"up to 2 runs of a visitor .* would be number 3"):
        check_queue(listing, "a", settings)
    listing.append(run(5, None, "starting"))
    with pytest.raises(LimitExceeded, match=r"up to 4 runs at once.* all visitors; .* number 5"):
        check_queue(listing, "c", settings)


def test_the_disk_is_limited_and_some_of_it_stays_free(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model").write_bytes(bytes(3_000_000))
    (tmp_path / "link").symlink_to("/")  # what it points to is not of this folder
    disk = Disk(tmp_path)
    settings = PublicSettings(max_disk_mb=3, min_free_mb=0)
    disk.check(settings)
    (tmp_path / "more").write_bytes(bytes(1_000_000))
    disk.check(settings)  # measured just now
    disk.forget()
    with pytest.raises(LimitExceeded, match=r"up to 3 MB of runs and data .*; 4 MB are in use"):
        disk.check(settings)
    with pytest.raises(LimitExceeded, match=r"up to 5 MB .*; with what comes, 6 MB could be in"):
        disk.check(PublicSettings(max_disk_mb=5, min_free_mb=0), 2_000_000)
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize // 1_000_000
    with pytest.raises(DataError, match=r"nearly full: .* must stay so"):
        disk.check(PublicSettings(min_free_mb=free + 1_000_000))


def test_of_several_who_store_at_the_same_time_not_all_get_the_last_room(tmp_path):
    disk, settings = Disk(tmp_path), PublicSettings(max_disk_mb=3, min_free_mb=0)
    with disk.room(settings, 2_000_000):
        with pytest.raises(LimitExceeded, match="with what comes, 4 MB could be in use"):
            disk.check(settings, 2_000_000)
        (tmp_path / "stored").write_bytes(bytes(1_000_000))  # less than it might have been
    disk.check(settings, 2_000_000)
    assert disk.used_bytes() == 1_000_000


def test_what_can_be_made_again_goes_before_anything_is_refused(tmp_path):
    (tmp_path / "made").write_bytes(bytes(2_000_000))
    (tmp_path / "other").write_bytes(bytes(2_500_000))
    asked = []

    def make_room(lacking_bytes):
        asked.append(lacking_bytes)
        (tmp_path / "made").unlink()
        return True

    disk = Disk(tmp_path, make_room)
    disk.check(PublicSettings(max_disk_mb=4, min_free_mb=0))
    assert asked == []
    with disk.room(PublicSettings(max_disk_mb=3, min_free_mb=0), 1_000_000):
        assert asked == [1_500_001]
        assert disk.used_bytes() == 2_500_000


def test_a_measured_disk_usage_is_used_for_a_while(tmp_path, monkeypatch):
    disk, clock = Disk(tmp_path), [100.0]
    monkeypatch.setattr(admission.time, "monotonic", lambda: clock[0])
    assert disk.used_bytes() == 0
    (tmp_path / "file").write_bytes(b"123")
    assert disk.used_bytes() == 0
    clock[0] += admission.MEASURED_SECONDS
    assert disk.used_bytes() == 3


def test_a_file_that_vanishes_while_it_is_counted_hides_no_other(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / name).write_bytes(bytes(10))
    look = os.scandir

    class Listed:
        def __init__(self, place):
            self._entries = sorted(look(place), key=lambda entry: entry.name)

        def __enter__(self):
            (tmp_path / "b").unlink(missing_ok=True)
            return iter(self._entries)

        def __exit__(self, *what):
            pass

    monkeypatch.setattr(admission.os, "scandir", Listed)
    assert admission._tree_bytes(tmp_path) == 20


def test_what_runs_may_write_is_counted_of_those_that_go_on(tmp_path):
    store, config = RunStore(tmp_path), ExperimentConfig()
    each = run_bytes(config, store.data_folder)
    assert each == folder_bytes(config, (config.data.time_steps, config.data.channels))
    for state in ("queued", "running", "finished", "paused"):
        store.create(config.model_dump(mode="json"), name="", state=state)
    store.create({"of": "a later version"}, name="")
    file = {"source": "file", "name": "x", "sha256": "1" * 64}  # which is not there
    store.create(config.model_dump(mode="json") | {"data": file}, name="")
    assert coming_bytes(store) == 2 * each
