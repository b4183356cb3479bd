"""Files are read in processes that may crash, hang and run wild: the app only hears of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from pydantic import TypeAdapter

from core.config import ReadOptions
from core.processes import process_identity
from core.session import uploads
from core.signals.readers import FileOutline
from core.signals.reading import FileReader
from core.signals.reading_limits import GIB, limits_for, machine_memory
from core.signals.store import load, stored_keys
from tests.bad_readers import DEEDS

ROOT = Path(__file__).resolve().parent.parent
BAD = (sys.executable, "-m", "tests.bad_readers")
MIB = 2**20


def limits(path):
    """Those of every day, but soon reached."""
    return replace(
        limits_for(path.stat().st_size),
        memory_bytes=600 * MIB,
        seconds=20,
        processor_seconds=2,
        stored_bytes=20 * MIB,
    )


def short(path):
    return replace(limits(path), seconds=3)


@pytest.fixture(scope="module", autouse=True)
def _no_other_reader():
    """That of pages which other tests have drawn starts a process some seconds after a file."""
    uploads._reader().close()


@pytest.fixture
def place(tmp_path):
    """A folder with a file in it and a data folder; nothing that reads may be left at the end."""
    (tmp_path / "in").mkdir()
    before = set(psutil.Process().children(recursive=True))  # of other tests
    yield tmp_path
    deadline = time.monotonic() + 5
    while (left := set(psutil.Process().children(recursive=True)) - before) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert not left


def read(place, deed, reader, name="messung.csv"):
    path = place / "in" / "upload"
    path.write_text(deed)
    return reader.read(path, ReadOptions(), name=name, folder=place / "data")


def gone(pid):
    """Whether a process that was killed just now goes."""
    deadline = time.monotonic() + 5
    while process_identity(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not process_identity(pid)


def temporary_files(place):
    return [path.name for path in (place / "data").glob(".tmp-*")]


# What becomes of a process


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("segfault", r"crashed (SIGSEGV)"),
        ("abort", r"crashed (SIGABRT)"),
        ("burn", "more than 2 s of processor time"),
        ("allocate", "more than 0.6 GiB of memory"),
        ("forge", "crashed (it gave no answer)"),
        ("flood", "crashed (it wrote without end)"),
        ("nest", "crashed (it gave no answer)"),
        ("kill", "ended from outside"),
        ("leave", "crashed (it gave no answer)"),
        ("torn", "ended from outside"),
        ("stumble", "it cannot be read; it may be damaged"),
        ("write", "cannot be read as CSV"),  # the error that writing met, in the reader
    ],
)
def test_32_a_reader_that_fails_is_told_in_a_sentence_and_leaves_nothing(place, deed, said):
    result = read(place, deed, FileReader(BAD, limits=limits))
    assert result.problem.startswith("messung.csv: ")
    assert said in result.problem
    assert result.problem.count("\n") == 0
    assert not result.sha256
    assert not stored_keys(place / "data")
    assert not temporary_files(place)
    if deed == "leave":
        assert gone(int((place / "in" / "pid").read_text()))
    if deed == "write":
        assert (place / "in" / "written").stat().st_size <= 20 * MIB


@pytest.mark.slow
def test_32_a_reader_that_hangs_is_ended(place):
    began = time.monotonic()
    result = read(place, "hang", FileReader(BAD, limits=short))
    assert "took longer than 3 s and was ended" in result.problem
    assert time.monotonic() - began < 8


@pytest.mark.slow
def test_what_a_library_prints_is_no_answer(place):
    result = read(place, "print", FileReader(BAD, limits=limits))
    assert not result.problem
    assert stored_keys(place / "data") == (result.sha256,)
    assert result.sha256 != "0" * 64


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a\ud800\x00b.csv", "../../x.csv", "x" * 5000 + ".csv"])
def test_44_any_name_is_shown_and_never_a_path(place, name):
    result = read(place, "segfault", FileReader(BAD, limits=limits), name)
    assert "crashed (SIGSEGV)" in result.problem
    assert len(result.problem) < 400
    assert {path.name for path in place.iterdir()} <= {"data", "in"}


@pytest.mark.slow
def test_a_process_that_just_stopped_waiting_is_replaced(place):
    result = read(place, "idle", FileReader(BAD, limits=limits))
    assert not result.problem
    assert load(result.sha256, place / "data").channel_names == ("a", "b")


@pytest.mark.slow
def test_killed_from_outside_while_it_reads(place):
    reader = FileReader(BAD, limits=limits)
    reader.prepare()
    pid = reader._spare.pid
    threading.Timer(1.5, os.kill, (pid, signal.SIGKILL)).start()
    result = read(place, "hang", reader)
    assert "ended from outside" in result.problem
    assert "Try again" in result.problem


# The ordinary way


@pytest.mark.slow
def test_a_file_is_read_stored_and_outlined(place):
    (place / "in" / "upload").write_text("t;a\n" + "\n".join(f"{t};{t % 5},5" for t in range(300)))
    reader = FileReader()
    result = reader.read(
        place / "in" / "upload", ReadOptions(), name="x.csv", folder=place / "data"
    )
    assert not result.problem
    assert result.outline.separator == "semicolon"
    assert result.outline.preview["a"].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 0.5, 1.5, 2.5]
    stored = load(result.sha256, place / "data")
    assert stored.name == "x.csv"
    assert np.array_equal(stored.values[:, 0], np.arange(300) % 5 + 0.5)
    assert not temporary_files(place)


@pytest.mark.slow
def test_a_spare_answers_soon_and_another_visitor_gets_a_process_too(place):
    reader = FileReader(BAD, limits=limits)
    reader.prepare()
    spare = reader._spare
    reader.prepare()
    assert reader._spare is spare
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(read(place, "fine", reader)))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.problem for result in results] == [""] * 5
    assert len({result.sha256 for result in results}) == 1
    assert reader._spare is None
    assert spare.has_ended


@pytest.mark.slow
def test_the_next_process_is_started_some_seconds_after_a_file_and_once(place):
    reader = FileReader(BAD, limits=limits, rest_seconds=1.0)
    assert not read(place, "fine", reader).problem
    read_at = time.monotonic()
    for _ in range(3):
        reader.prepare()
    assert reader._spare is None
    deadline = read_at + 20
    while reader._spare is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert time.monotonic() - read_at > 0.9
    spare = reader._spare
    reader.prepare()
    assert reader._spare is spare
    assert not read(place, "fine", reader).problem
    assert spare.has_ended
    reader.prepare()
    reader.close()
    time.sleep(1.2)
    assert reader._spare is None


@pytest.mark.slow
def test_no_more_than_allowed_read_at_once_and_a_turn_that_does_not_come_is_said(place):
    reader = FileReader(BAD, limits=short, at_once=1, wait_seconds=0.5)
    first = threading.Thread(target=read, args=(place, "hang", reader))
    first.start()
    time.sleep(0.3)
    result = read(place, "hang", reader, name="spät.csv")
    assert result.problem.startswith("spät.csv: other files have been read for")
    assert "did not get its turn" in result.problem
    first.join()


def test_a_file_that_is_gone_is_said(place):
    reader = FileReader(BAD)
    result = reader.read(place / "in" / "none", ReadOptions(), name="x.csv", folder=place / "data")
    assert "could not be read here" in result.problem


@pytest.mark.slow
def test_a_data_folder_that_cannot_be_written_is_said(place):
    (place / "data").write_text("a file where the folder should be")
    result = read(place, "fine", FileReader(BAD, limits=limits))
    assert result.problem.startswith("messung.csv: it was read, but cannot be stored")
    assert "exists" in result.problem


# When the app goes


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["", "hang"])
def test_a_process_goes_with_the_app(place, deed):
    program = f"""
import sys, threading, time
from pathlib import Path
from core.config import ReadOptions
from core.signals.reading import FileReader
reader = FileReader({BAD!r})
reader.prepare()
print(reader._spare.pid, flush=True)
path = Path({str(place / "in" / "upload")!r})
path.write_text({deed!r})
folder = Path({str(place / "data")!r})
if {deed!r}:
    reader.read(path, ReadOptions(), name="a.csv", folder=folder)
time.sleep(60)
"""
    app = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    reading = psutil.Process(int(app.stdout.readline()))
    time.sleep(2)
    assert reading.is_running()
    app.kill()
    app.wait()
    app.stdout.close()
    reading.wait(5)  # raises where it still runs


def test_an_environment_without_what_a_file_need_not_know(monkeypatch, place):
    monkeypatch.setenv("LAB_SECRET", "x")
    program = "import os, json; print(json.dumps(dict(os.environ)))"
    from core.signals.reading_child import ReadingChild

    child = ReadingChild((sys.executable, "-c", program))
    heard, code = child.hear(10, 1 << 20)
    assert code == 0
    assert "LAB_SECRET" not in json.loads(heard)
    assert json.loads(heard)["PATH"] == os.environ["PATH"]


# The limits and the words


def test_limits_grow_with_the_file_and_fit_the_machine():
    small, large = limits_for(1000), limits_for(4 * GIB)
    assert small.seconds == 60
    assert large.seconds > 1000
    assert small.memory_bytes <= machine_memory() // 2
    assert small.memory_bytes <= 8 * GIB
    assert large.stored_bytes > 8 * 4 * GIB


def test_a_file_of_which_little_is_taken_gets_no_room_for_more():
    small, packed = limits_for(80_000), limits_for(80_000, 32_000_000)
    assert small.stored_bytes > 4 * GIB
    assert 8 * 32_000_000 < packed.stored_bytes < GIB
    assert packed.memory_bytes < 3 * GIB
    assert limits_for(80_000, 10**15) == small
    assert packed.seconds == small.seconds


def test_a_text_gets_no_room_that_it_cannot_fill():
    text, large = (limits_for(size, 32_000_000, is_packed=False) for size in (20_000, 50_000_000))
    assert 8 * 20_000 < text.stored_bytes < 100 * MIB
    assert large.stored_bytes == limits_for(50_000_000, 32_000_000).stored_bytes


@pytest.mark.parametrize(
    ("write", "packs"), [(np.save, False), (np.savetxt, False), (np.savez_compressed, True)]
)
def test_a_public_demo_looks_whether_a_file_is_packed(tmp_path, monkeypatch, write, packs):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    with (tmp_path / "upload").open("wb") as file:
        write(file, np.zeros((50, 2)))
    assert (uploads._limits(tmp_path / "upload").stored_bytes > 200 * MIB) is packs


def test_an_outline_survives_json():
    preview = pd.DataFrame(
        {
            "n": [1, 2],
            "x": [0.5, np.nan],
            "t": pd.to_datetime(["2020-01-01", None]),
            "s": ["a", None],
            "b": [True, False],
            "big": [np.inf, -np.inf],
        }
    )
    preview = preview.set_axis([*preview.columns[:-1], "n"], axis=1)  # a name twice
    found = FileOutline(
        "text table",
        header=False,
        variables={"x": (3, 4)},
        rates={256.0: ("a",), 0.5: ("b", "c")},
        shape=(3, 4),
        sampling_rate_hz=256.0,
        preview=preview,
    )
    adapter = TypeAdapter(FileOutline)
    back = adapter.validate_json(adapter.dump_json(found))
    assert replace(back, preview=None) == replace(found, preview=None)
    assert list(back.preview.columns) == ["n", "x", "t", "s", "b", "n"]
    assert back.preview["x"].tolist()[0] == 0.5
    assert np.isnan(back.preview["x"][1])
    assert back.preview["t"].tolist() == ["2020-01-01 00:00:00", None]
    assert back.preview.iloc[:, 5].tolist() == ["inf", "-inf"]


@pytest.mark.parametrize(
    "preview",
    [
        {"names": ["a"], "columns": []},
        {"names": ["a"], "columns": [[[1]]]},
        {"names": ["a"] * 1000, "columns": [[1]] * 1000},
        {"names": ["a"], "columns": [list(range(1000))]},
        {"names": "a", "columns": [[1]]},
        7,
    ],
)
def test_a_forged_preview_is_refused(preview):
    words = json.dumps({"format": "x", "preview": preview})
    with pytest.raises((ValueError, TypeError, KeyError)):
        TypeAdapter(FileOutline).validate_json(words)


def test_every_deed_is_tried():
    text = Path(__file__).read_text()
    assert all(f'"{deed}"' in text for deed in DEEDS)
