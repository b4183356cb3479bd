"""Faults on purpose: they strike where they are planned, and nowhere without a plan."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import durable
from core.faults import Faults, planned

ROOT = Path(__file__).resolve().parent.parent


def test_without_a_plan_there_are_none():
    assert planned({}) is None
    assert planned({"LAB_FAULT": ""}) is None
    assert durable.FAULTS is None


@pytest.mark.parametrize("plan", ["kill", "write:0:kill", "fsync:1:kill", "write:1:eacces"])
def test_a_plan_that_is_none_is_refused(plan):
    with pytest.raises(ValueError, match="LAB_FAULT is"):
        Faults(plan)


@pytest.mark.parametrize(
    ("plan", "struck"),
    [("write:2:eio", [2]), ("any:2:eio", [1]), ("any:3+:eio", [2, 3, 4]), ("rename:2:eio", [])],
)
def test_the_nth_point_is_struck(plan, struck):
    faults = Faults(plan)
    points = ["write", "sync", "write", "rename", "sync"]
    assert [number for number, point in enumerate(points) if faults.is_due(point)] == struck
    assert faults.passed == points


@pytest.mark.parametrize(
    ("plan", "left"), [("write:1:enospc", b"old"), ("sync:1:eio", b"old"), ("rename:1:eio", b"old")]
)
def test_an_error_leaves_the_file_as_it_was(tmp_path, monkeypatch, plan, left):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(durable, "FAULTS", Faults(plan))
    code = errno.ENOSPC if "enospc" in plan else errno.EIO
    with pytest.raises(OSError, match=os.strerror(code)):
        durable.put_bytes(path, b"new")
    assert path.read_bytes() == left
    assert list(tmp_path.iterdir()) == [path]
    durable.put_bytes(path, b"new")  # it came once
    assert path.read_bytes() == b"new"


def test_a_kill_leaves_half_of_the_data_in_a_temporary_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    program = (
        "import sys, pathlib; from core import durable\n"
        "durable.put_bytes(pathlib.Path(sys.argv[1]), b'12345678')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        cwd=ROOT,
        env=os.environ | {"LAB_FAULT": "write:1:kill"},
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    (torn,) = tmp_path.glob(".tmp-*")
    assert torn.read_bytes() == b"1234"


@pytest.mark.slow
@pytest.mark.parametrize("points", [("--every", "45", "--only", "kill"), ("--last",)], ids=" ".join)
def test_runs_killed_at_their_write_points_end_as_undisturbed_ones(points):
    """Each forty-fifth point; `python -m tests.write_points` does them all, and errors too.

    And errors at the last of all, when the run's end is written but may not last.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.write_points", *points],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 lost or corrupt" in done.stdout
