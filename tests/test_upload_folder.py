"""Where visitors' files lie: what a killed app left goes, and nothing of one that lives."""

import subprocess
import sys

from core.session import machine, shell
from core.upload_folder import own_folder, remove_left

APP = """
import sys
from pathlib import Path
from core.upload_folder import own_folder
own = own_folder(Path(sys.argv[1]))
(own / "abc").mkdir()
(own / "abc" / "upload").write_bytes(b"1,2")
print(own, flush=True)
sys.stdin.read()
"""


def test_files_go_with_the_app_that_kept_them_and_not_before(tmp_path):
    apps = [
        subprocess.Popen(
            [sys.executable, "-c", APP, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    killed, living = (app.stdout.readline().strip() for app in apps)
    own = own_folder(tmp_path)
    remove_left(tmp_path)
    assert folders(tmp_path) == {killed, living, str(own)}
    apps[0].kill()
    apps[0].wait()
    remove_left(tmp_path)
    assert folders(tmp_path) == {living, str(own)}
    assert (tmp_path / ".uploads" / living / "abc" / "upload").read_bytes() == b"1,2"
    for app in apps:
        app.communicate("")


def folders(root):
    return {str(path) for path in (root / ".uploads").iterdir() if path.is_dir()}


def test_where_nothing_was_ever_uploaded_nothing_is_made(tmp_path):
    remove_left(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_goes_when_an_app_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setattr(machine, "_runner", lambda folder: None)
    (tmp_path / ".uploads" / "left" / "abc").mkdir(parents=True)
    shell.warm_up.__wrapped__()
    assert folders(tmp_path) == set()
