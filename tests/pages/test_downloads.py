"""What can be taken from a run, and where the errors of its windows say that these begin."""

import csv
import io

import numpy as np
import pytest

from core.config import ExperimentConfig
from core.signals.recording import Recording
from core.signals.store import open_recording, save
from core.views.downloads import _errors
from tests.fake_runs import Lab, make_run

CUT = {"data.time_steps": 1200, "windows.stride": 12, "windows.validation_share": 0.25}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def offered(page):
    return [button.proto.label for button in page.get("download_button")]


def errors_of(run):
    """The lines of the errors of all windows, each cell below its heading."""
    return list(csv.DictReader(io.StringIO(_errors(run), newline="")))


@pytest.mark.slow
def test_what_a_run_left_is_offered_where_it_is_not_embedded(lab):
    page = lab.open("reconstructions", run=(run := make_run(lab.store)).id)
    assert offered(page) == [
        *("Model", "History", "Errors of all windows", "Configuration", "This window as CSV")
    ]
    assert not offered(lab.open("reconstructions", run=run.id, embedded=True))
    failed = make_run(lab.store, "failed")
    assert offered(lab.open("reconstructions", run=failed.id)) == ["History", "Configuration"]


def test_errors_of_all_windows_have_their_unit(lab):
    run = make_run(lab.store, windows=(40, 10), kept=5)  # the recording is not there
    lines = errors_of(run)
    assert list(lines[0]) == ["part", "window", "MAE (mV)", "MSE (mV²)"]
    arrays = np.load(run.folder / "reconstruction.npz")
    for part in ("train", "validation"):
        mine = [line for line in lines if line["part"] == part]
        assert [int(line["window"]) for line in mine] == list(range(1, len(mine) + 1))
        for title, name in (("MAE (mV)", "mae"), ("MSE (mV²)", "mse")):
            assert [float(line[title]) for line in mine] == arrays[f"{part}_window_{name}"].tolist()


def test_a_unit_or_an_error_that_is_no_number_does_no_harm(lab):
    run = make_run(lab.store, windows=(4, 2))
    results = run.folder / "results.json"
    results.write_text(results.read_text().replace('"mV"', '"s;=1+1"'))
    arrays = dict(np.load(run.folder / "reconstruction.npz"))
    arrays["validation_window_mae"][1] = np.nan
    np.savez(run.folder / "reconstruction.npz", **arrays)
    assert errors_of(run)[-1]["MAE (s;'=1+1)"] == ""


def test_windows_begin_where_the_page_says(lab):
    run = make_run(lab.store, windows=(74, 24), changes=CUT)
    open_recording(ExperimentConfig.model_validate(run.config()).data, lab.store.data_folder)
    line = errors_of(run)[74 + 2]
    told = [line[name] for name in ("part", "window", "first_time_step", "first_time_s")]
    assert told == ["validation", "3", "925", "9.24"]


@pytest.mark.parametrize(
    ("values", "windows", "expected"),
    [
        ((1200, 2), (74, 24), {"first_time_step": "25", "first_time": "2024-05-01T00:24:00"}),
        ((8, 36, 2), (12, 4), {"window_in_the_data": "2", "first_time_step": "1"}),
    ],
)
def test_windows_of_a_file_begin_at_a_time_or_in_a_window(lab, values, windows, expected):
    time = np.datetime64("2024-05-01T00:00:00") + np.arange(1200) * np.timedelta64(60, "s")
    array = np.arange(np.prod(values), dtype=float).reshape(values)
    key = save(
        Recording(array, ("a", "b"), time=time if array.ndim == 2 else None), lab.store.data_folder
    )
    file = {"data.source": "file", "data.name": "x.csv", "data.sha256": key}
    split = {"windows.split": "last"} if array.ndim == 3 else {}
    run = make_run(lab.store, windows=windows, changes=CUT | file | split)
    line = errors_of(run)[2]
    assert {name: line[name] for name in expected} == expected
