"""The table of runs is filled, and what pages need imported, before somebody opens them."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from streamlit.testing.v1 import AppTest

from core.runs import RunStore
from core.session import PROJECT, machine
from tests.fake_runs import make_run
from tests.fake_workers import eventually
from tests.own_process import run_alone


def test_runs_are_read_and_pages_prepared_soon_after_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(machine, "AHEAD_SECONDS", 0.0)
    imported = []
    monkeypatch.setattr(machine, "import_what_pages_need", lambda: imported.append("all"))
    run = make_run(RunStore(tmp_path), name="Kept")
    machine.work_ahead()
    assert eventually(lambda: machine.run_table()._rows)[0].id == run.id
    assert imported


def test_a_page_that_comes_meanwhile_has_the_same_table(tmp_path, monkeypatch):
    both = threading.Barrier(2)

    class Slow:
        def __init__(self, store):
            with suppress(threading.BrokenBarrierError):
                both.wait(0.5)

    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(machine, "RunTable", Slow)
    with ThreadPoolExecutor(2) as pool:
        one, other = [pool.submit(machine.run_table) for _ in range(2)]
    assert one.result() is other.result() is machine.run_table()


def test_a_folder_that_cannot_be_read_is_left_to_the_page(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    seen = []

    class Broken:
        def rows(self):
            seen.append(1)
            raise PermissionError

    monkeypatch.setattr(machine, "AHEAD_SECONDS", 0.0)
    monkeypatch.setattr(machine, "run_table", Broken)
    machine.work_ahead()
    eventually(lambda: seen)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_pages_find_what_they_need_imported():
    run_alone(
        "import pathlib, sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from core.session.pages import import_what_pages_need\n"
        "import_what_pages_need()\n"
        "before = {name for name in sys.modules if name.startswith('core')}\n"
        "for page in sorted(pathlib.Path('pages').glob('*.py')):\n"
        "    AppTest.from_file('app.py', default_timeout=60).switch_page(str(page)).run()\n"
        "late = {name for name in sys.modules if name.startswith('core')} - before\n"
        "assert not late, late\n"
    )


@pytest.mark.slow
def test_the_first_page_waits_for_neither_pandas_nor_altair(tmp_path):
    run_alone(
        "import os, sys\n"
        f"os.environ['LAB_RUNS'] = {str(tmp_path)!r}\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "assert not app.exception and app.title[0].value\n"
        "assert not {'pandas', 'altair'} & set(sys.modules)\n"
    )


def test_work_ahead_begins_when_the_first_page_is_out(tmp_path, monkeypatch):
    begun = threading.Event()
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(machine, "AHEAD_SECONDS", 600.0)
    monkeypatch.setattr(machine, "_first_page", threading.Event())
    monkeypatch.setattr(machine, "import_what_pages_need", begun.set)
    machine.work_ahead()
    assert not begun.wait(0.2)
    AppTest.from_file(PROJECT / "app.py", default_timeout=60).run()
    assert begun.wait(10)


def test_a_server_collects_garbage_again_whatever_became_of_the_imports(monkeypatch):
    def broken():
        raise ImportError("a page has a fault")

    monkeypatch.setattr(machine, "AHEAD_SECONDS", 0.0)
    monkeypatch.setattr(machine, "import_what_pages_need", broken)
    monkeypatch.setattr(threading, "excepthook", lambda raised: None)
    gc.unfreeze()
    gc.disable()  # as app.py does
    try:
        machine.work_ahead()
        eventually(gc.isenabled)
        assert gc.get_freeze_count()
    finally:
        gc.enable()
        gc.freeze()
