import json
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.config import DataConfig
from core.signals import store
from core.signals.generators import generate
from core.signals.recording import Anomaly, DataError, Recording
from core.signals.samples import load_sample
from core.signals.store import delete, load, open_recording, recording_key, save, stored_keys

TEXT = st.text(max_size=8).map(lambda text: text.rstrip("\0"))  # NumPy drops trailing NULs


def recording(**fields):
    values = np.arange(12, dtype=np.float32).reshape(6, 2)
    return replace(Recording(values, ("a", "b")), **fields)


def same(one, other):
    """Equal in every field; NaN and NaT equal themselves."""
    np.testing.assert_array_equal(one.values, other.values, strict=True)
    assert (one.time is None) == (other.time is None)
    if one.time is not None:
        np.testing.assert_array_equal(one.time, other.time, strict=True)
    assert list(one.labels) == list(other.labels)
    for name, label in one.labels.items():
        np.testing.assert_array_equal(label, other.labels[name], strict=True)
    for field in ("channel_names", "name", "sampling_rate_hz", "unit", "anomalies", "notes"):
        assert getattr(one, field) == getattr(other, field)


@st.composite
def recordings(draw):
    dtypes = hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes()
    shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=6)
    values = draw(hnp.arrays(draw(dtypes), draw(shapes)))
    if draw(st.booleans()):
        values = np.asfortranarray(values)
    steps, channels = len(values), values.shape[-1]
    times = hnp.arrays("M8[ns]", steps) | hnp.arrays(np.float64, steps)
    label_types = st.sampled_from(["i8", "?", "M8[s]"])
    labels = hnp.arrays(label_types, steps) | hnp.arrays("U8", steps, elements=TEXT)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return Recording(
        values=values,
        channel_names=tuple(draw(st.lists(TEXT, min_size=channels, max_size=channels))),
        name=draw(TEXT),
        sampling_rate_hz=draw(st.none() | finite),
        unit=draw(TEXT),
        time=draw(st.none() | times),
        labels=draw(st.dictionaries(TEXT | st.sampled_from(["file", "a/b"]), labels, max_size=3)),
        anomalies=tuple(
            Anomaly(kind, -1, start, start + 1)
            for kind, start in draw(st.lists(st.tuples(TEXT, st.integers(0, 9)), max_size=3))
        ),
        notes=tuple(draw(st.lists(TEXT, max_size=2))),
    )


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(original=recordings())
def test_a_recording_comes_back_as_it_was(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    key = save(original, folder)
    loaded = load(key, folder)
    same(original, loaded)
    assert stored_keys(folder) == (key,)
    assert save(loaded, folder) == key
    assert os.listdir(folder) == [key]


def test_values_are_a_read_only_memory_map(tmp_path):
    loaded = load(save(recording(time=np.arange(6.0)), tmp_path), tmp_path)
    assert isinstance(loaded.values, np.memmap)
    assert isinstance(loaded.time, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded.values[0, 0] = 1


@pytest.mark.parametrize(
    "change",
    [
        {"values": np.arange(12, dtype=np.float64).reshape(6, 2)},
        {"values": np.arange(12, dtype=np.float32).reshape(3, 2, 2)},
        {"values": np.arange(1, 13, dtype=np.float32).reshape(6, 2)},
        {"channel_names": ("a", "c")},
        {"sampling_rate_hz": 5.0},
        {"unit": "mV"},
        {"time": np.arange(6.0)},
        {"labels": {"x": np.arange(6)}},
        {"anomalies": (Anomaly("spike", 0, 1, 2),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_content_has_another_key(change, tmp_path):
    assert save(recording(**change), tmp_path) != save(recording(), tmp_path)
    assert len(stored_keys(tmp_path)) == 2


def test_the_key_is_of_the_content_whatever_its_name_and_layout(tmp_path, monkeypatch):
    key = save(recording(), tmp_path)
    monkeypatch.setattr(store, "_write", lambda *_: pytest.fail("written again"))
    assert save(recording(name="other", notes=("Seen.",)), tmp_path) == key
    assert save(recording(values=np.asfortranarray(recording().values)), tmp_path) == key
    monkeypatch.setattr(store, "_BLOCK_BYTES", 8)
    assert save(recording(), tmp_path) == key
    assert load(key, tmp_path).name == "recording"


def test_object_labels_become_text_without_pickle(tmp_path, monkeypatch):
    labels = {"state": np.array(["on", None, float("nan"), "off", 3, "on"], dtype=object)}
    monkeypatch.setattr(pickle, "loads", lambda *_: pytest.fail("unpickled"))
    loaded = load(save(recording(labels=labels), tmp_path), tmp_path)
    assert loaded.labels["state"].tolist() == ["on", "", "", "off", "3", "on"]


@pytest.mark.parametrize("key", ["", "../" + "0" * 61, "A" * 64, "0" * 63, "0" * 64 + "\n", None])
def test_a_malformed_key_never_meets_a_path(key, tmp_path):
    for use in (load, delete):
        with pytest.raises(DataError, match="A key has 64 digits"):
            use(key, tmp_path)


def test_an_unknown_key_is_said_to_be_unknown(tmp_path):
    for use in (load, delete):
        with pytest.raises(DataError, match=r"no recording 000000000000\.\.\."):
            use("0" * 64, tmp_path)
    assert stored_keys(tmp_path / "nowhere") == ()


def break_json(place):
    (place / "recording.json").write_bytes(b'{"format": 1, "na')


def break_format(place):
    about = json.loads((place / "recording.json").read_bytes())
    (place / "recording.json").write_text(json.dumps(about | {"format": 99}))


def break_values(place):
    values = (place / "values.npy").read_bytes()
    (place / "values.npy").write_bytes(values[:-4])


def break_shape(place):
    np.save(place / "values.npy", np.zeros((5, 2), np.float32))


def break_labels(place):
    (place / "labels.npz").write_bytes(b"PK\3\4 and no more")


def pickle_values(place):
    np.save(place / "values.npy", np.array([[{}]], dtype=object), allow_pickle=True)


def lose_values(place):
    (place / "values.npy").unlink()


DAMAGES = [
    break_json,
    break_format,
    break_values,
    break_shape,
    break_labels,
    pickle_values,
    lose_values,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_mended_by_saving_again(damage, tmp_path):
    original = recording(labels={"x": np.arange(6)})
    key = save(original, tmp_path)
    damage(tmp_path / key)
    with pytest.raises(DataError, match=rf"{key[:12]}\.\.\. is damaged: .*load it again"):
        load(key, tmp_path)
    assert save(original, tmp_path) == key
    same(original, load(key, tmp_path))
    assert os.listdir(tmp_path) == [key]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(recording(), tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_disk_that_fails_while_a_large_one_is_written(tmp_path, monkeypatch, fails_at):
    monkeypatch.setattr(store, "_LARGE_BYTES", 10)
    monkeypatch.setattr(store, "_BLOCK_BYTES", 16)
    synced, fdatasync = [], os.fdatasync

    def failing_disk(descriptor):
        synced.append(os.fstat(descriptor).st_size)
        if len(synced) == fails_at:
            raise OSError(5, "Input/output error")
        fdatasync(descriptor)

    monkeypatch.setattr(store.os, "fdatasync", failing_disk)
    monkeypatch.setattr(store, "ThreadPoolExecutor", AtOnce)
    with pytest.raises(OSError, match="Input/output error"):
        save(recording(), tmp_path)
    assert os.listdir(tmp_path) == []
    same(recording(), load(save(recording(), tmp_path), tmp_path))


class AtOnce(Executor):
    """Does what it is given before it goes on."""

    def __init__(self, *_):
        pass

    def submit(self, function, *given):
        done = Future()
        try:
            done.set_result(function(*given))
        except OSError as error:
            done.set_exception(error)
        return done


def test_a_large_recording_that_is_there_is_not_kept_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_LARGE_BYTES", 10)  # it is written before its key is known
    key = save(recording(), tmp_path)
    assert save(recording(name="other"), tmp_path) == key
    assert os.listdir(tmp_path) == [key]
    assert load(key, tmp_path).name == recording().name
    test_a_failed_write_leaves_nothing(tmp_path / "other", monkeypatch)
    assert save(recording(), tmp_path) == key  # for which no room is needed


def test_everything_is_synced_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    events = []
    sync, rename = store._sync, os.rename
    monkeypatch.setattr(store, "_sync", lambda path: (events.append(path.name), sync(path)))
    monkeypatch.setattr(store.os, "rename", lambda a, b: (events.append("rename"), rename(a, b)))
    save(recording(labels={"x": np.arange(6)}, time=np.arange(6.0)), tmp_path)
    files = {"values.npy", "recording.json", "labels.npz", "time.npy"}
    assert set(events[:4]) == files
    assert events[4].startswith(".tmp-")
    assert events[5:] == ["rename", tmp_path.name]


def test_delete_removes_one_and_an_open_one_stays_readable(tmp_path):
    key, other = save(recording(), tmp_path), save(recording(unit="V"), tmp_path)
    loaded = load(key, tmp_path)
    delete(key, tmp_path)
    assert stored_keys(tmp_path) == (other,)
    assert np.array_equal(loaded.values, recording().values)
    assert os.listdir(tmp_path) == [other]


def test_what_a_dead_process_left_is_swept_and_what_a_live_one_writes_stays(tmp_path):
    for name, age in (("old", 2 * 86_400), ("new", 60)):
        left = tmp_path / f".tmp-{name}"
        left.mkdir()
        os.utime(left, (time.time() - age,) * 2)
    key = save(recording(), tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".tmp-new", key]


def test_open_recording_generates_once(tmp_path, monkeypatch):
    data = DataConfig(name="ecg", time_steps=500)
    first = open_recording(data, tmp_path)
    same(first, generate(data))
    assert isinstance(first.values, np.memmap)
    monkeypatch.setattr(store, "generate", lambda _: pytest.fail("generated again"))
    same(open_recording(data, tmp_path), first)
    assert stored_keys(tmp_path) == (recording_key(data),)


def test_open_recording_makes_a_damaged_one_again(tmp_path):
    data = DataConfig(time_steps=500)
    open_recording(data, tmp_path)
    break_values(tmp_path / recording_key(data))
    same(open_recording(data, tmp_path), generate(data))


@pytest.mark.parametrize("name", ["sines", "question"])
def test_the_key_changes_exactly_with_the_recording(name):
    data = DataConfig(name=name, time_steps=400, noise=0.1)
    plain = generate(data)
    for change in (
        {"seed": 1},
        {"time_steps": 401},
        {"channels": 3},
        {"sampling_rate_hz": 90.0},
        {"frequency_hz": 2.0},
        {"amplitude": 2.0},
        {"noise": 0.2},
        {"anomalies": ("spike",)},
        {"anomaly_count": 1},
        {"anomalies": ("spike",), "anomaly_count": 1},
        {"reading": {"comment": "%"}},
        {"sha256": "0" * 64},
    ):
        other = DataConfig.model_validate(data.model_dump() | change)
        made = generate(other)
        equal = (
            np.array_equal(made.values, plain.values)
            and made.sampling_rate_hz == plain.sampling_rate_hz
        )
        assert (recording_key(other) == recording_key(data)) == equal, change


def test_a_new_version_of_the_generators_has_new_keys(monkeypatch):
    before = recording_key(DataConfig())
    monkeypatch.setattr(store, "GENERATOR_VERSION", 10_000)
    assert recording_key(DataConfig()) != before


def test_open_recording_of_a_sample_with_and_without_anomalies(tmp_path):
    data = DataConfig(source="sample", name="ecg", seed=3)
    same(open_recording(data, tmp_path), load_sample("ecg"))
    assert recording_key(data) == recording_key(data.model_copy(update={"seed": 4}))
    asked = data.model_copy(update={"anomalies": ("spike",), "anomaly_count": 2})
    assert len(open_recording(asked, tmp_path).anomalies) == 2
    with pytest.raises(DataError, match="one of the samples"):
        open_recording(DataConfig(source="sample", name="cat"), tmp_path)


def test_open_recording_of_a_file(tmp_path):
    key = save(recording(values=np.random.default_rng(0).normal(size=(600, 2))), tmp_path)
    data = DataConfig(source="file", name="mine.csv", sha256=key)
    opened = open_recording(data, tmp_path)
    assert opened.name == "mine.csv"
    same(opened, replace(load(key, tmp_path), name="mine.csv"))
    assert recording_key(data) == key
    asked = data.model_copy(update={"anomalies": ("dropout",), "anomaly_count": 3})
    assert len(open_recording(asked, tmp_path).anomalies) == 3
    assert open_recording(data, tmp_path).anomalies == ()


@pytest.mark.parametrize("sha256", ["", "0" * 64])
def test_a_file_that_is_not_there_asks_for_the_upload(sha256, tmp_path):
    data = DataConfig(source="file", name="mine.csv", sha256=sha256)
    with pytest.raises(DataError, match=r"'mine.csv' is not in the data folder.*Upload the file"):
        open_recording(data, tmp_path)


OPEN = """
import sys
from pathlib import Path
from core.config import DataConfig
from core.signals.store import open_recording
sys.stdin.readline()
for seed in range(12):
    open_recording(DataConfig(seed=seed, time_steps=200), Path(sys.argv[1]))
print("done")
"""


@pytest.mark.slow
def test_processes_that_make_the_same_recording_at_once_all_succeed(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert [racer.communicate()[0].strip() for racer in racers] == ["done"] * 3
    assert len(stored_keys(tmp_path)) == len(os.listdir(tmp_path)) == 12


def test_a_rename_lost_to_another_process_uses_the_other_copy(tmp_path, monkeypatch):
    data = DataConfig(time_steps=300)
    place = tmp_path / recording_key(data)
    make = store._make

    def slowly(*arguments):
        made = make(*arguments)
        if not place.exists():
            monkeypatch.setattr(store, "_make", make)
            open_recording(data, tmp_path)  # the other process, while this one was writing
        return made

    monkeypatch.setattr(store, "_make", slowly)
    same(open_recording(data, tmp_path), generate(data))
    assert os.listdir(tmp_path) == [place.name]


def test_the_memory_to_store_is_a_block_and_not_a_copy(tmp_path):
    import tracemalloc

    values = np.zeros((4_000_000, 4), np.float32)  # 64 MB
    data = Recording(values, tuple("abcd"))
    tracemalloc.start()
    try:
        load(save(data, tmp_path), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < values.nbytes / 8
    finally:
        tracemalloc.stop()
