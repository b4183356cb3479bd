"""Files of a public demo's visitors: whose they are, what they may take, and what is said."""

import errno
import io
import os
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from streamlit.runtime.scriptrunner import StopException

from core import session
from core.config import DataConfig, ReadOptions
from core.retention import forget_visitor
from core.session import uploads, visitor
from core.signals.reading import FileRead
from core.signals.recording import Recording
from core.signals.store import is_visitors
from tests.fake_runs import Lab, shown_text
from tests.pages.test_data import TABLE, upload
from tests.pages.test_delete_file import delete_file
from tests.pages.test_public import uploaded

pytestmark = pytest.mark.slow


@pytest.fixture
def demo(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    return Lab(tmp_path, monkeypatch)


def packed(values):
    stream = io.BytesIO()
    np.savez_compressed(stream, signal=values)
    return stream.getvalue()


class Instead:
    """In place of the reader: it reads, with something else before and after."""

    def __init__(self, before=lambda path: None, after=lambda: None):
        self._read, self._before, self._after = uploads._reader().read, before, after

    def prepare(self):
        pass

    def read(self, path, *what, **options):
        self._before(path)
        result = self._read(path, *what, **options)
        self._after()
        return result


def test_a_file_is_its_visitors_also_if_the_tab_is_closed_while_it_is_read(demo, monkeypatch):
    """The script of a tab that is gone ends where it looks at its session."""

    def end():
        raise StopException

    closing = Instead(after=lambda: monkeypatch.setattr(visitor, "_secret", end))
    monkeypatch.setattr(uploads, "_reader", lambda: closing)
    page = demo.open("data").run()
    mine = visitor.visits().owner(page.session_state["visitor_secret"])
    upload(page, "messung.csv", TABLE.encode())
    (key,) = uploaded(demo)
    assert visitor.visits().holders(key) == {mine}
    assert is_visitors(key, demo.store.data_folder)


def test_a_packed_file_is_not_stored_to_find_that_it_is_too_large(demo, monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC_MAX_VALUES", "1000")
    content = packed(np.zeros((9_000_000, 1)))  # 72 MB
    assert len(content) < 100_000
    page = upload(demo.open("data").run(), "zeros.npz", content)
    assert "would take more than 0.1 GiB" in shown_text(page).replace("\\", "")
    assert not uploaded(demo)


def copies(demo):
    return list(demo.store.root.glob(".uploads/*/*/upload"))


def test_a_file_counts_with_all_that_the_disk_may_hold(demo):
    content = TABLE.encode()
    page = upload(demo.open("data").run(), "messung.csv", content)
    (kept,) = copies(demo)
    assert kept.read_bytes() == content
    with_it = visitor.disk().used_bytes()
    delete_file(page)
    assert visitor.disk().used_bytes() <= with_it - len(content)


def test_a_file_that_is_too_large_or_has_no_room_is_refused_before_it_is_copied(demo, monkeypatch):
    copied, copy = [], uploads._on_disk
    monkeypatch.setattr(uploads, "_on_disk", lambda came: copied.append(came.name) or copy(came))
    monkeypatch.setenv("LAB_PUBLIC_MAX_UPLOAD_MB", "1")
    page = upload(demo.open("data").run(), "gross.csv", bytes(2_000_000))
    assert "files of up to 1 MB; this one has 2 MB" in shown_text(page)
    monkeypatch.setenv("LAB_PUBLIC_MAX_DISK_MB", "2")
    (demo.store.root / "large").write_bytes(bytes(2_000_000))
    visitor.disk().forget()
    page = upload(page, "voll.csv", bytes(1_000_000))
    assert "with what comes, 3 MB could be in use" in shown_text(page)
    page = upload(page, "messung.csv", TABLE.encode())  # the rest of 2 MB has room for that
    assert not page.exception
    assert copied == ["messung.csv"]


def test_a_file_that_cannot_be_written_is_said(demo, monkeypatch):
    def full(stream):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads, "_on_disk", full)
    page = upload(demo.open("data").run(), "messung.csv", TABLE.encode())
    assert not page.exception
    said = shown_text(page).replace("\\", "")
    assert "messung.csv: it cannot be kept here: the disk is full" in said
    assert "Nothing was taken from this file" in said


def test_what_was_left_out_of_anothers_file_of_the_same_values_is_not_told(demo):
    rows = [f"{t % 7},{t % 5}" for t in range(2000)]
    named = "a,b,Dr Smith\n" + "\n".join(f"{row},text {t}" for t, row in enumerate(rows))
    said = "holds 2,000 different texts, too many for labels"
    ann = upload(demo.open("data").run(), "ann.csv", named.encode())
    bob = upload(demo.open("data").run(), "bob.csv", ("a,b\n" + "\n".join(rows)).encode())
    assert len(uploaded(demo)) == 1  # the same values, stored with Ann's notes
    assert said in shown_text(ann)
    assert said not in shown_text(bob)
    assert "Smith" not in shown_text(bob)
    bob = upload(bob, "again.csv", named.encode())
    assert said in shown_text(bob)


def test_what_another_session_read_of_a_file_is_not_told(demo):
    found = Recording(np.zeros((2, 1)), ("a",), notes=("The column 'Dr Smith' was left out.",))
    file = DataConfig(source="file", name="a.csv", sha256="0" * 64)
    assert session.reading_notes(found, file) == ()
    assert session.reading_notes(found, DataConfig()) == found.notes


def test_a_file_of_the_machines_owner_is_not_taken_for_a_visitors(tmp_path, monkeypatch):
    monkeypatch.delenv("LAB_PUBLIC", raising=False)
    lab = Lab(tmp_path, monkeypatch)
    upload(lab.open("data").run(), "messung.csv", TABLE.encode())
    (key,) = uploaded(lab)
    assert not is_visitors(key, lab.store.data_folder)


def test_a_file_is_kept_under_its_visitors_name_and_counts_as_used_when_it_is_read(
    demo, monkeypatch
):
    monkeypatch.setattr(uploads, "_reader", lambda: Mock(read=lambda *what, **how: FileRead(None)))
    folder = uploads._on_disk(io.BytesIO(TABLE.encode()))
    kept = uploads.Upload("1", "messung.csv", folder)
    assert Path(folder.name).name.startswith(f"{visitor.owner()}-")
    os.utime(kept.path, (0, 0))
    uploads._allowed(kept, ReadOptions())
    assert kept.path.stat().st_mtime > 0
    forget_visitor(demo.store, visitor.visits(), visitor.owner(), print)  # from another tab
    found = uploads._allowed(kept, ReadOptions())
    assert found.problem.startswith("messung.csv: it cannot be read here: No such file")
