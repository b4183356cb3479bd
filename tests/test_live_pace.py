import threading

import streamlit as st

from core.results.read_once import ReadOnce
from core.views.live_pace import (
    EAGER_DRAWINGS,
    EAGER_SECONDS,
    VIEWS_A_SECOND,
    LivePace,
    is_off,
    live_pace,
)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_few_live_views_are_drawn_each_second():
    pace = LivePace(32, Clock())
    assert {pace.seconds(str(view)) for view in range(VIEWS_A_SECOND)} == {1.0}


def test_with_few_cores_they_leave_them_to_the_training():
    pace = LivePace(2, Clock())
    paces = [pace.seconds(str(view)) for view in range(20)]
    assert paces[:6] == [2.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert paces[19] == 4.0
    assert max(pace.seconds(str(view)) for view in range(30)) == 5.0


def test_many_live_views_share_the_drawings_of_a_second():
    pace = LivePace(32, Clock())
    for view in range(3 * VIEWS_A_SECOND):
        seconds = pace.seconds(str(view))
    assert seconds == 3.0


def test_views_that_are_gone_no_longer_slow_the_others():
    clock = Clock()
    pace = LivePace(2, clock)
    for view in range(3 * VIEWS_A_SECOND):
        pace.seconds(str(view))
    clock.now = 60.0
    assert pace.seconds("the last one") == 2.0
    assert pace.seconds("one more") == 4.0
    clock.now = 120.0
    assert pace.seconds("one more") == 2.0


def test_a_view_is_set_to_another_pace_only_when_it_differs_much():
    assert not is_off(1.0, 1.5)
    assert is_off(1.0, 2.0)
    assert is_off(3.0, 1.5)


def test_a_run_that_begins_is_drawn_soon_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    settled = live_pace("a", True)
    assert settled > 0.8
    assert is_off(EAGER_SECONDS, settled)  # which the first step makes it change to
    paces = [live_pace("a", False) for _ in range(EAGER_DRAWINGS + 1)]
    assert set(paces[:-1]) == {EAGER_SECONDS}
    assert paces[-1] == settled
    assert live_pace("another", False) == EAGER_SECONDS
    assert live_pace("another", True) == settled
    assert [live_pace("another", False) for _ in paces] == paces


def test_of_threads_that_ask_for_a_file_at_once_one_reads_it(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch\n1\n")
    known, reads, got = ReadOnce(5), [], []
    all_ask = threading.Barrier(8)

    def read():
        reads.append(1)
        threading.Event().wait(0.05)  # the others come meanwhile
        return path.read_text()

    def ask():
        all_ask.wait()
        got.append(known.get(path, read))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert len({id(text) for text in got}) == 1
