"""The records of a training, epoch by epoch: torn ones, faults, and what readers see."""

import errno
import json
import math

import numpy as np
import pytest

from core import durable, replay
from core.output_lines import FILE, STATISTICS, append_line, is_recorded, keep_lines, parse_lines
from core.results import read_baselines, read_outputs, read_replay, read_results
from core.runs import RunNotFound, RunStore, RunUnreadable
from tests.fake_records import output_line
from tests.fake_runs import make_run

SHAPE = (3, 5, 2)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def reconstructions(epochs):
    return np.random.default_rng(0).normal(size=(epochs, *SHAPE)).astype(np.float32)


def begun(store, epochs):
    """A run with so many records, and these."""
    run = store.create({}, name="x")
    originals, recorded = reconstructions(1)[0], reconstructions(epochs)
    replay.publish_windows(run.folder, np.array([0, 0, 1]), np.array([0, 7, 3]), originals)
    for epoch in range(1, epochs + 1):
        replay.append_record(run.folder, epoch, recorded[epoch - 1])
    return run, originals, recorded


@pytest.mark.parametrize("epochs", [1, 4, 199, 200, 201, 999, 1000, 10_000])
def test_recorded_epochs_are_few_and_have_both_ends(epochs):
    recorded = [epoch for epoch in range(1, epochs + 1) if is_recorded(epoch, epochs)]
    assert recorded[0] == 1
    assert recorded[-1] == epochs
    assert len(recorded) == epochs if epochs <= 200 else 100 <= len(recorded) <= 202
    assert len(set(np.diff(recorded[1:-1]))) <= 1


def test_a_replay_comes_back_as_it_was_recorded(store):
    run, originals, recorded = begun(store, 4)
    read = read_replay(run)
    assert len(read) == 4
    np.testing.assert_array_equal(read.original, originals)
    np.testing.assert_array_equal(read.reconstruction, recorded)
    assert (read.part.tolist(), read.positions.tolist()) == ([0, 0, 1], [0, 7, 3])
    assert read.epochs.tolist() == [1, 2, 3, 4]
    assert np.issubdtype(read.epochs.dtype, np.integer)
    assert isinstance(read.reconstruction.base, np.memmap)  # not read


@pytest.mark.parametrize("torn", [1, 3, 4, 60, 4 * 30])
def test_a_torn_record_is_ignored_and_then_replaced(store, torn):
    run, _, recorded = begun(store, 3)
    path = run.folder / replay.RECORDS_FILE
    path.write_bytes(path.read_bytes()[:-torn])
    assert read_replay(run).epochs.tolist() == [1, 2]
    replay.append_record(run.folder, 3, recorded[2])
    np.testing.assert_array_equal(read_replay(run).reconstruction, recorded)


def test_no_record_yet_is_an_empty_replay_and_no_file_none(store):
    run, _, _ = begun(store, 1)
    path = run.folder / replay.RECORDS_FILE
    path.write_bytes(path.read_bytes()[:-1])
    assert read_replay(run).reconstruction.shape == (0, *SHAPE)
    path.unlink()
    assert read_replay(run) is None
    replay.remove(run.folder)
    assert read_replay(run) is None


def test_records_after_a_checkpoint_can_be_dropped(store):
    run, _, recorded = begun(store, 5)
    before = read_replay(run)
    replay.keep_records(run.folder, SHAPE, lambda epoch: epoch <= 2)
    np.testing.assert_array_equal(read_replay(run).reconstruction, recorded[:2])
    np.testing.assert_array_equal(before.reconstruction, recorded)  # still mapped
    path = run.folder / FILE
    for epoch in range(1, 6):
        append_line(path, output_line(epoch, "relu", 2))
    keep_lines(path, lambda epoch: epoch <= 2)
    assert [line["epoch"] for line in read_outputs(run)] == [1, 2]


@pytest.mark.parametrize("file", ["records", "lines"])
def test_after_a_full_disk_the_file_is_as_it_was(store, monkeypatch, file):
    run, _, recorded = begun(store, 1)
    append_line(run.folder / FILE, output_line(1, "tanh", 2))
    name = FILE if file == "lines" else replay.RECORDS_FILE
    before, write = (run.folder / name).read_bytes(), durable.write

    def half(descriptor, data):
        write(descriptor, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "full")

    append = {
        "lines": lambda: append_line(run.folder / FILE, output_line(2, "tanh", 2)),
        "records": lambda: replay.append_record(run.folder, 2, recorded[0]),
    }[file]
    monkeypatch.setattr(durable, "write", half)
    with pytest.raises(OSError, match="full"):
        append()
    assert (run.folder / name).read_bytes() == before


def test_lines_come_back_and_damaged_ones_are_skipped(tmp_path):
    path = tmp_path / FILE
    lines = [output_line(epoch, "sigmoid", 3) for epoch in (1, 2, 3)]
    for line in lines:
        append_line(path, line)
    content = path.read_bytes()
    assert parse_lines(content) == lines
    assert set(lines[0]) == {"epoch", "windows", *STATISTICS}
    assert parse_lines(content[:-1]) == lines[:2]  # torn
    path.write_bytes(content[:-20])
    append_line(path, lines[2])
    assert parse_lines(path.read_bytes()) == lines
    damaged = [
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        json.dumps(lines[1] | {"epoch": "2"}).encode(),
        json.dumps(lines[1] | {"slope": [1.0, 1.0]}).encode(),
        json.dumps(lines[1] | {"slope": [1.0, None, 1.0]}).encode(),
        json.dumps({key: value for key, value in lines[1].items() if key != "spread"}).encode(),
    ]
    for text in damaged:
        assert parse_lines(b"\n".join([text, *content.splitlines(), b""])) == lines


def test_old_runs_lack_what_was_added(store):
    run = make_run(store, old=True)
    results = read_results(run)
    assert math.isnan(results.pca["train"]["mae"])
    assert math.isnan(results.scaled["validation"]["mse"])
    assert math.isnan(results.floor["train"]["huber"])
    assert (results.pca_components, results.initial_weights) == (None, "")
    assert results.output_low["train"].shape == results.target_high["validation"].shape == (0,)
    assert read_baselines(run) is None
    assert read_outputs(run) == []
    assert read_replay(run) is None
    assert not {name for row in run.history() for name in row if "scaled" in name}


def test_what_was_added_is_read(store):
    run = make_run(store, channels=3, window_length=20)
    written = json.loads((run.folder / "results.json").read_bytes())
    results, baselines = read_results(run), read_baselines(run)
    assert results.pca == baselines.pca == written["pca"]
    assert results.floor == baselines.floor == written["floor"]
    assert baselines.constant == written["constant"]
    assert results.scaled == written["scaled"]
    assert results.pca_components == baselines.pca_components == written["pca_components"]
    assert baselines.pca_windows == 40
    assert baselines.channel_std == (0.7, 0.7, 0.7)
    for name in ("output_low", "output_high", "target_low", "target_high"):
        assert getattr(results, name)["validation"].tolist() == written[name]["validation"]
    assert results.initial_weights == "5" * 64
    assert [line["epoch"] for line in read_outputs(run)] == [1, 2, 3, 4]
    read = read_replay(run)
    assert read.reconstruction.shape == (4, 6, 20, 3)
    assert read.positions.tolist() == [0, 19, 39, 0, 4, 9]
    errors = np.abs(read.reconstruction - read.original).mean(axis=(1, 2, 3))
    assert (np.diff(errors) < 0).all()


def test_pca_that_was_too_large_is_not_known(store):
    run = make_run(store, "running")
    assert read_baselines(run).has_pca
    content = json.loads((run.folder / "baselines.json").read_bytes())
    content |= {"pca": None, "pca_components": None, "pca_windows": None}
    run.publish_json("baselines.json", content)
    baselines = read_baselines(run)
    assert not baselines.has_pca
    assert baselines.pca_components is None
    assert baselines.constant["train"]["mae"] == 0.64


@pytest.mark.parametrize("content", ["{", "[]", "", '{"channel_std": 3}', '{"channel_std": ["a"]}'])
def test_damaged_baselines_are_named(store, content):
    run = make_run(store, "running")
    (run.folder / "baselines.json").write_text(content)
    with pytest.raises(RunUnreadable, match=r"baselines\.json is damaged"):
        read_baselines(run)


def test_a_damaged_replay_is_named_and_a_removed_run_not_found(store):
    run = make_run(store)
    path = run.folder / replay.WINDOWS_FILE
    whole = path.read_bytes()
    for damaged in (b"", b"junk", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(RunUnreadable, match=r"replay\.npz is damaged"):
            read_replay(run)
    np.savez(path, part=np.zeros(2), positions=np.zeros(2), original=np.zeros((3, 5, 2)))
    with pytest.raises(RunUnreadable, match="do not fit"):
        read_replay(run)
    store.delete(run.id)
    for read in (read_replay, read_baselines):
        with pytest.raises(RunNotFound):
            read(run)
