"""What is read back from a run folder, and how it is put in words."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.number_text import number_text
from core.results import (
    GrowingFiles,
    ReadOnce,
    Results,
    RunTable,
    config_columns,
    differences,
    duration_text,
    error_sentence,
    map_npz,
    read_reconstruction,
    read_results,
    unit_of,
    window_csv,
)
from core.runs import RunNotFound, RunStore, RunUnreadable
from tests.fake_runs import make_run


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_results_come_back_as_they_were_written(store):
    run = make_run(store, channels=3)
    written = json.loads((run.folder / "results.json").read_bytes())
    results = read_results(run)
    assert results.errors["validation"] == written["validation"]
    assert results.floor["train"]["mae"] == written["floor"]["train"]["mae"]
    assert results.channel_errors["train"]["mse"].tolist() == written["channel_mse"]["train"]
    assert (results.unit, results.sampling_rate_hz, results.windows["train"]) == ("mV", 100.0, 40)


def test_no_results_yet_is_none_and_no_folder_is_not_found(store):
    run = make_run(store, "running")
    assert read_results(run) is None
    assert read_reconstruction(run) is None
    done = make_run(store)
    store.delete(done.id)
    for read in (read_results, read_reconstruction):
        with pytest.raises(RunNotFound):
            read(done)


@pytest.mark.parametrize("content", ["{", "[]", "3", '{"channel_mae": 3}', '{"windows": []}', ""])
def test_damaged_results_are_named(store, content):
    run = make_run(store)
    (run.folder / "results.json").write_text(content)
    with pytest.raises(RunUnreadable, match=r"results\.json is damaged"):
        read_results(run)


def test_missing_numbers_are_nan(store):
    run = make_run(store)
    (run.folder / "results.json").write_text('{"train": {"mae": null}, "validation": {"mae": NaN}}')
    results = read_results(run)
    assert math.isnan(results.errors["train"]["mae"])
    assert math.isnan(results.floor["validation"]["mse"])
    assert error_sentence(results) == "The errors of this run are not known."


def test_mapped_arrays_equal_what_numpy_loads(tmp_path):
    path = tmp_path / "a.npz"
    arrays = {
        "a": np.arange(24.0).reshape(2, 3, 4),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "empty": np.zeros((0, 5), np.float32),
    }
    np.savez(path, **arrays)
    mapped = map_npz(path)
    for name, array in arrays.items():
        np.testing.assert_array_equal(mapped[name], array)
        assert mapped[name].dtype == array.dtype
    assert isinstance(mapped["a"].base, np.memmap)


def test_an_array_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros((20, 4)))
    path.write_bytes(path.read_bytes().replace(b"(20, 4)", b"(90, 4)"))
    with pytest.raises(ValueError, match="cut off"):
        map_npz(path)


def test_objects_and_compressed_arrays_are_refused(store, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="objects"):
        map_npz(path)
    np.savez_compressed(path, a=np.zeros(3))
    with pytest.raises(ValueError, match="compressed"):
        map_npz(path)


def test_a_damaged_reconstruction_is_named(store):
    run = make_run(store)
    path = run.folder / "reconstruction.npz"
    whole = path.read_bytes()
    for damaged in (b"", b"junk", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(RunUnreadable, match=r"reconstruction\.npz is damaged"):
            read_reconstruction(run)


def test_parts_that_do_not_fit_are_refused(store):
    run = make_run(store)
    path = run.folder / "reconstruction.npz"
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"train_positions": arrays["train_positions"] + 1000})
    with pytest.raises(RunUnreadable, match="not there"):
        read_reconstruction(run)
    np.savez(path, **arrays | {"train_reconstruction": arrays["train_reconstruction"][:1]})
    with pytest.raises(RunUnreadable, match="do not fit"):
        read_reconstruction(run)


@pytest.mark.parametrize("measure", ["mae", "mse"])
def test_landmarks_and_ranks_agree_with_sorting(store, measure):
    run = make_run(store, windows=(90, 60), kept=20)
    path = run.folder / "reconstruction.npz"
    arrays = dict(np.load(path))
    arrays["validation_window_mse"] = arrays["validation_window_mse"][::-1].copy()  # another order
    np.savez(path, **arrays)
    windows = read_reconstruction(run)["validation"]
    assert len(windows) == 20
    assert not windows.is_whole
    errors = windows.window_errors(measure)
    kept = errors[windows.positions]
    assert kept[windows.landmark("best", measure)] == kept.min()
    assert kept[windows.landmark("worst", measure)] == kept.max()
    middle = abs(kept - np.median(errors))
    assert middle[windows.landmark("median", measure)] == middle.min()
    assert [windows.rank(i, measure) for i in range(20)] == [
        sorted(errors).index(error) for error in kept
    ]
    assert windows.positions[windows.nearest(10**6)] == 59


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.34, "12.34"),
        (2089.53, "2,090"),
        (0.0004321, "4.321e−04"),
        (0.01, "0.01"),
        (0, "0"),
        (-1.5, "−1.5"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (1e9, "1.000e+09"),
        (99.999, "100"),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert number_text(value) == text


def test_units():
    assert number_text(1.5, "mV") == "1.5 mV"
    assert (unit_of("mse", "mV"), unit_of("mae", "mV"), unit_of("mse", "")) == ("mV²", "mV", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0.2 s"), (59.7, "1 min 0 s"), (65, "1 min 5 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def results_with(error, floor, constant, pca=math.nan, ratio=None):
    def both(value):
        return {part: {"mae": value, "mse": value} for part in ("train", "validation")}

    return Results(
        *map(both, (error, floor, constant)), pca=both(pca), compression_ratio=ratio, unit="mV"
    )


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (
            (6.1, 0.0, 12.4, 4.0),
            "MAE 6.1 mV: none of it is clipping; 2.1 mV above PCA of the same size; a constant "
            "would be 12.4 mV.",
        ),
        (
            (6.1, 3.0, 12.4, 6.9),
            "MAE 6.1 mV: 3 mV of it is clipping; 0.8 mV better than PCA of the same size; a "
            "constant would be 12.4 mV.",
        ),
        (
            (6.1, 1e-9, 12.4, 6.11),
            "MAE 6.1 mV: none of it is clipping; as good as PCA of the same size; a constant would "
            "be 12.4 mV.",
        ),
        (
            (6.1, 1e-3, 12.4, 1e-9, 1.0),
            "MAE 6.1 mV: hardly any of it is clipping; PCA of the same size is exact, as there is "
            "no bottleneck; a constant would be 12.4 mV.",
        ),
        (
            (6.1, 0.0, 12.4, 0.0, 4.0),  # fewer windows than components
            "MAE 6.1 mV: none of it is clipping; PCA of the same size is exact; a constant would "
            "be 12.4 mV.",
        ),
        ((6.1, 3.0, 12.4), "MAE 6.1 mV: 3 mV of it is clipping; a constant would be 12.4 mV."),
        ((6.1, math.nan, 12.4), "MAE 6.1 mV: a constant would be 12.4 mV."),
        ((6.1, math.nan, math.nan), ""),
        ((math.nan, 0.0, 1.0), "The errors of this run are not known."),
    ],
)
def test_the_error_is_said_beside_what_is_possible(known, sentence):
    assert error_sentence(results_with(*known)) == sentence


def test_the_squared_error_has_the_squared_unit():
    text = error_sentence(results_with(6.1, 3.0, 12.4, 4.0), "mse")
    assert text == (
        "MSE 6.1 mV²: 3 mV² of it is clipping; 2.1 mV² above PCA of the same size; a constant "
        "would be 12.4 mV²."
    )


def test_pca_of_fewer_components_than_latent_values_is_named_so():
    results = replace(results_with(6.1, 0.0, 12.4, 4.0), pca_windows=4096, pca_components=4095)
    said = "above PCA with 4,095 components (one less than the windows it was fitted to);"
    assert said in error_sentence(results)
    one = replace(results, pca_windows=2, pca_components=1)
    assert "above PCA with 1 component (one less" in error_sentence(one)
    results = replace(results, pca_windows=4097)
    assert "above PCA of the same size" in error_sentence(results)


def test_the_table_reads_a_run_once(store, monkeypatch):
    make_run(store, name="One", changes={"model.output_activation": "sigmoid"})
    make_run(store, "queued", name="Two", changes={"normalization.method": "none"})
    table = RunTable(store)
    first, second = table.rows()
    assert (first.name, first.normalization, first.activation) == ("Two", "none", "linear")
    assert (second.activation, second.normalization) == ("sigmoid", "standard per channel")
    assert second.validation_mae > 0
    assert math.isnan(first.validation_mae)
    reads = []
    monkeypatch.setattr(RunTable, "_row", lambda self, summary: reads.append(summary.id))
    assert table.rows() == (first, second)
    assert not reads
    store.rename(second.id, "Other")
    table.rows()
    assert reads == [second.id]


def test_the_table_lists_what_cannot_be_read(store):
    good, bad, worse = (make_run(store, name=name) for name in ("good", "bad", "worse"))
    (bad.folder / "config.json").write_text("{")
    (worse.folder / "status.json").write_text("{")
    rows = {row.id: row for row in RunTable(store).rows()}
    assert rows[good.id].reason == ""
    assert "damaged" in rows[bad.id].reason
    assert rows[worse.id].state == "damaged"


def test_columns_of_a_strange_configuration():
    assert config_columns({})["data"] == "file"
    assert (
        config_columns({"data": {"name": 3, "source": []}, "training": {"epochs": "x"}})["epochs"]
        is None
    )


def test_differences_name_the_fields_and_every_value():
    one = {"name": "a", "model": {"dropout": 0.0, "filters": [64, 32]}, "same": 1}
    two = {"name": "b", "model": {"dropout": 0.1, "filters": [64, 32]}, "same": 1, "new": True}
    assert differences([one, two]) == {"model.dropout": ["0", "0.1"], "new": ["–", "yes"]}
    assert differences([one, one]) == {}
    near = [
        {"rate": 0.1 + 1e-9, "stays": 0.1},
        {"rate": 0.1, "stays": 0.1},
        {"rate": 3, "stays": 0.1},
    ]
    assert differences(near) == {"rate": ["0.100000001", "0.1", "3"]}


def test_what_has_no_meaning_for_the_source_is_no_difference():
    file = ExperimentConfig().replace({"data.source": "file", "data.sha256": "1" * 64})
    left_over = file.replace({"data.time_steps": 5000, "data.anomaly_count": 3})
    read = left_over.replace({"data.reading.missing": "zero", "data.sha256": "2" * 64})
    contents = [config.model_dump(mode="json") for config in (file, left_over, read)]
    assert differences(contents[:2]) == {}
    assert set(differences(contents)) == {"data.reading.missing", "data.sha256"}


def test_a_window_as_csv_reads_back_and_holds_no_formula():
    original = np.array([[1.0, 2.0], [3.0, 4.0]])
    text = window_csv(original, original + 0.5, ["=cmd|x", "=cmd|x"], 10.0)
    header, *rows = list(csv.reader(io.StringIO(text)))
    assert header[:3] == ["time_step_index", "time_s", "'=cmd|x original"]
    assert len(header) == 8
    assert [float(cell) for cell in rows[1]] == [1, 0.1, 3, 3.5, 0.5, 4, 4.5, 0.5]
    single = np.array([[0.08], [250.0], [1e-30]], np.float32)
    rows = window_csv(single, single, ["a"], 360.0).splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["0.08", "250", "1e-30"]


def test_what_is_not_finite_is_left_out(store):
    reconstruction = np.array([[math.inf], [math.nan], [3.0]])
    cells = window_csv(np.ones((3, 1)), reconstruction, ["a"], None).splitlines()[1:]
    assert cells == ["0,1,,", "1,1,,", "2,1,3,2"]
    run = make_run(store)
    content = json.loads((run.folder / "results.json").read_bytes())
    content["train"]["mae"] = content["channel_mae"]["train"][0] = math.inf
    (run.folder / "results.json").write_text(json.dumps(content))  # as an earlier version did
    results = read_results(run)
    assert math.isnan(results.errors["train"]["mae"])
    assert np.isnan(results.channel_errors["train"]["mae"]).tolist() == [True, False]


def test_a_file_is_read_again_only_when_it_changed(tmp_path):
    files, reads = ReadOnce(kept=2), []

    def text_of(name):
        def read():
            reads.append(name)
            return (tmp_path / name).read_text()

        return files.get(tmp_path / name, read)

    assert text_of("a") is None
    for name in "abc":
        (tmp_path / name).write_text("1")
    assert [text_of("a"), text_of("a"), text_of("b")] == ["1", "1", "1"]
    assert reads == ["a", "b"]
    with (tmp_path / "a").open("a") as file:
        file.write("2")
    assert text_of("a") == "12"
    assert reads == ["a", "b", "a"]
    text_of("c")  # one more than are kept: b goes, which was not asked for the longest
    text_of("a")
    assert reads == ["a", "b", "a", "c"]
    text_of("b")
    assert reads[-1] == "b"


def test_what_was_read_of_a_file_that_is_gone_is_let_go_of_when_another_is_read(tmp_path):
    files = ReadOnce(kept=5)
    for name in "ab":
        (tmp_path / name).write_text(name)
    files.get(tmp_path / "a", (tmp_path / "a").read_text)
    (tmp_path / "a").unlink()
    files.get(tmp_path / "b", (tmp_path / "b").read_text)
    assert list(files._values) == [tmp_path / "b"]


def test_a_file_that_cannot_be_read_is_tried_again(tmp_path):
    (tmp_path / "a").write_text("")

    def fail():
        raise RunUnreadable("damaged")

    files = ReadOnce(kept=2)
    for _ in range(2):
        with pytest.raises(RunUnreadable):
            files.get(tmp_path / "a", fail)


def test_lines_that_are_added_are_read_once(tmp_path):
    parsed = []

    def parse(content, known):
        assert content.endswith(b"\n")
        parsed.append((content, known))
        return content.decode().split()

    files, path = GrowingFiles(1, parse), tmp_path / "lines"
    assert files.get(path) == ()
    path.write_text("a\nb\nto")
    assert files.get(path) == files.get(path) == ("a", "b")
    with path.open("a") as file:
        file.write("rn\n")
    assert files.get(path) == ("a", "b", "torn")
    assert parsed == [(b"a\nb\n", ()), (b"torn\n", ("a", "b"))]
    path.write_text("c\n")  # shorter: cut, or written anew
    assert files.get(path) == ("c",)
    other = tmp_path / "other"
    other.write_text("new file\n")
    other.replace(path)
    assert files.get(path) == ("new", "file")
    with path.open("r+") as file:  # the same inode, as a later file may get that of a removed one
        file.write("another content\nlonger\n")
    assert files.get(path) == ("another", "content", "longer")
    assert files.get(tmp_path / "none") == ()
