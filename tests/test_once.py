"""What there is once in a process, whoever asks for it and whatever is cleared."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import streamlit as st

from core.session import leaving, machine, retention, shell, uploads, visitor
from core.session.once import once


class Started:
    """In place of what has a thread of its own."""

    def __init__(self, *what, **options):
        self.starts = 0

    def start(self):
        self.starts += 1


def test_threads_that_ask_at_the_same_time_get_the_same_and_an_error_is_not_kept():
    made = []

    @once
    def slow(name):
        time.sleep(0.05)
        made.append(name)
        if len(made) == 1:
            raise OSError(name)
        return object()

    with pytest.raises(OSError, match="a"):
        slow("a")
    with ThreadPoolExecutor(5) as visitors:
        found = list(visitors.map(slow, ["a", "a", "b", "a", "a"]))
    assert made == ["a", "a", "b"]
    assert len(set(found)) == 2


def test_a_cleared_cache_starts_nothing_a_second_time(tmp_path, monkeypatch):
    """A second queue, say, would not lead while the first one does, and none of them ever ends."""
    monkeypatch.setenv("LAB_RUNS", str(tmp_path))
    monkeypatch.setenv("LAB_PUBLIC", "1")
    monkeypatch.setattr(machine, "LocalRunner", Started)
    monkeypatch.setattr(retention, "Sweeper", Started)

    def all_of_them():
        shell.warm_up()
        thread, reader = leaving.let_go_of_the_gone(), uploads._reader()
        return machine.runner(), retention.sweeper(), thread, reader, visitor.disk()

    before = all_of_them()
    st.cache_data.clear()
    st.cache_resource.clear()
    after = all_of_them()
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert [before[0].starts, before[1].starts] == [1, 1]
