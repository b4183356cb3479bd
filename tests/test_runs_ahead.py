"""The table of runs is filled before somebody opens it."""

from core.runs import RunStore
from core.session import machine
from tests.fake_runs import make_run
from tests.fake_workers import eventually


def test_runs_are_read_soon_after_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(machine, "AHEAD_SECONDS", 0.0)
    run = make_run(RunStore(tmp_path), name="Kept")
    machine.read_runs_ahead()
    assert eventually(lambda: machine.run_table()._rows)[0].id == run.id


def test_a_folder_that_cannot_be_read_is_left_to_the_page(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    seen = []

    class Broken:
        def rows(self):
            seen.append(1)
            raise PermissionError

    monkeypatch.setattr(machine, "AHEAD_SECONDS", 0.0)
    monkeypatch.setattr(machine, "run_table", Broken)
    machine.read_runs_ahead()
    eventually(lambda: seen)
    assert "Traceback" not in capfd.readouterr().err
