import errno
import json
import math
import os
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import durable, runs
from core.run_status import ALLOWED, FINAL_STATES, STATES
from core.runs import RunNotFound, RunStore, RunUnreadable, TransitionRefused


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """Nobody pulls the plug during these tests; that syncs happen, and when, is a test below."""
    monkeypatch.setattr(durable, "sync", lambda descriptor: None)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def running(store, **changes):
    run = store.create({}, name="a run")
    run.transition("starting", **changes)
    run.transition("running")
    return run


def in_state(store, state):
    """A run in the given state, reached by allowed steps."""
    paths = {"queued": [], "starting": ["starting"], "running": ["starting", "running"]}
    run = store.create({}, name=state)
    for step in paths.get(state, [*paths["running"], state]):
        run.transition(step)
    return run


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


# Creating, opening, listing


def test_a_created_run_is_read_back_by_another_store(store):
    config = {"name": "größer", "model": {"dropout": 0.1}}
    run = store.create(config, name="  First try ", owner="ada")
    other = RunStore(store.root).open(run.id)
    status = other.status()
    assert other.config() == config
    assert (status.state, status.name, status.owner) == ("queued", "First try", "ada")
    assert status.sequence == 1
    assert datetime.fromisoformat(status.created).tzinfo == UTC
    assert store.data_folder == store.root / "data"


@pytest.mark.parametrize(
    "run_id",
    ["", "..", "../x", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "０" * 32, None, 7, "0" * 32],
)
def test_unknown_and_malformed_ids_get_the_same_answer(store, run_id):
    with pytest.raises(RunNotFound) as caught:
        store.open(run_id)
    assert str(caught.value) == f"There is no run {str(run_id)[:40]} in this runs folder."


def test_a_symbolic_link_is_no_run(store, tmp_path):
    run = store.create({}, name="real")
    run.folder.rename(tmp_path / "elsewhere")
    run.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunNotFound):
        store.open(run.id)
    assert store.list() == []


def test_order_is_of_creation_whatever_the_clock_says(tmp_path):
    now = [datetime(2026, 1, 2, tzinfo=UTC)]
    store = RunStore(tmp_path, now=lambda: now[0])
    names = []
    for number in range(5):
        names.append(f"run {number}")
        store.create({}, name=names[-1])
        now[0] -= timedelta(days=1)
    assert [summary.name for summary in store.list()] == names


def test_sequence_numbers_are_unique_among_threads(store):
    def create():
        own = RunStore(store.root)
        for _ in range(5):
            own.create({}, name="x")

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [summary.sequence for summary in store.list()] == list(range(1, 31))


@pytest.mark.parametrize("content", [None, b"", b"12x"])
def test_a_lost_counter_goes_on_from_the_runs(store, content):
    for _ in range(3):
        store.create({}, name="x")
    counter = store.root / ".sequence"
    counter.unlink() if content is None else counter.write_bytes(content)
    assert store.create({}, name="x").status().sequence == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"state": "queued"}',
        b'{"version": 1}',
        b'{"version": 1, "state": "flying"}',
        b'{"version": 1, "state": "queued", "sequence": "7"}',
        b'{"version": 1, "state": "queued", "name": null}',
        b"[" * 100_000,
        None,
    ],
)
def test_a_damaged_folder_is_listed_and_the_others_unaffected(store, content):
    good, bad = store.create({}, name="good"), store.create({}, name="bad")
    path = bad.folder / "status.json"
    path.unlink() if content is None else path.write_bytes(content)
    damaged, fine = store.list()
    assert (fine.id, fine.state) == (good.id, "queued")
    assert (damaged.id, damaged.state) == (bad.id, "damaged")
    assert "status.json" in damaged.reason
    with pytest.raises(RunUnreadable, match=r"status\.json"):
        bad.status()
    store.delete(bad.id)
    assert [summary.id for summary in store.list()] == [good.id]


def test_a_named_pipe_for_a_status_does_not_hang_the_list(store):
    run = store.create({}, name="x")
    (run.folder / "status.json").unlink()
    os.mkfifo(run.folder / "status.json")
    assert store.list()[0].state == "damaged"


def test_a_newer_run_is_listed_and_left_untouched(store):
    run = store.create({}, name="from the future")
    path = run.folder / "status.json"
    path.write_text(json.dumps({"version": 99, "state": "dreaming", "name": "f", "sequence": 5}))
    before = snapshot(run.folder)
    (summary,) = store.list()
    assert (summary.state, summary.name, summary.sequence) == ("newer", "f", 5)
    assert "newer version" in summary.reason
    for change in (
        lambda: run.transition("starting"),
        lambda: store.rename(run.id, "x"),
        lambda: store.delete(run.id),
    ):
        with pytest.raises(ValueError, match="newer version"):
            change()
    assert snapshot(run.folder) == before


def test_unknown_keys_survive_every_change(store):
    run = store.create({}, name="x")
    path = run.folder / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mood": ["good"]}))
    run.transition("starting", pid=1, weather="fine")
    store.rename(run.id, "y")
    assert run.status().extra == {"mood": ["good"], "weather": "fine"}
    assert json.loads(path.read_text())["mood"] == ["good"]


def test_a_second_list_reads_only_what_changed(store, monkeypatch):
    listed = [store.create({}, name=f"{number}") for number in range(5)]
    store.list()
    read = []
    real = runs.read_status
    monkeypatch.setattr(runs, "read_status", lambda folder: read.append(folder) or real(folder))
    store.list()
    assert read == []
    path = listed[2].folder / "status.json"
    found = path.stat()
    listed[2].update(name="X")  # same size; and the same time, as by a coarse clock
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    read.clear()
    assert [summary.name for summary in store.list()] == ["0", "1", "X", "3", "4"]
    assert read == [listed[2].folder]


def test_a_listing_is_the_same_object_until_a_run_changes(store):
    run = store.create({}, name="A")
    before = store.listing()
    assert store.listing() is before
    run.update(name="B")
    after = store.listing()
    assert [summary.name for summary in after] == ["B"]
    run.update(name="C")
    assert store.listing(max_age_seconds=60) is after
    assert [summary.name for summary in store.listing()] == ["C"]
    store.delete(store.create({}, name="D", state="cancelled").id)
    assert len(store.listing()) == 1


# States


@pytest.mark.parametrize("state", STATES)
def test_only_the_allowed_transitions_happen(store, state):
    for target in STATES:
        run = in_state(store, state)
        if target in ALLOWED[state]:
            run.transition(target, "because")
            assert (run.status().state, run.status().reason) == (target, "because")
        else:
            before = run.status()
            with pytest.raises(TransitionRefused, match=f"is {state}: it cannot become {target}"):
                run.transition(target, "because")
            assert run.status() == before


def test_final_states_are_the_three():
    assert {"finished", "cancelled", "failed"} == FINAL_STATES


def test_one_final_state_among_racing_threads(store):
    for _ in range(10):
        run = running(store)
        won, barrier = [], threading.Barrier(6)

        def end(state, run=run, won=won, barrier=barrier):
            barrier.wait()
            try:
                store.open(run.id).transition(state, f"by {state}")
                won.append(state)
            except TransitionRefused:
                pass

        threads = [threading.Thread(target=end, args=(state,)) for state in [*FINAL_STATES] * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [run.status().state] == won
        assert run.status().reason == f"by {won[0]}"


def test_times_follow_the_states(tmp_path):
    now = [datetime(2026, 1, 2, tzinfo=UTC)]
    store = RunStore(tmp_path, now=lambda: now[0])
    run = store.create({}, name="x")
    seen = {}
    steps = "starting running interrupted queued starting running finished"
    for minute, state in enumerate(steps.split(), 1):
        now[0] = datetime(2026, 1, 2, 0, minute, tzinfo=UTC)
        status = run.transition(state)
        seen[minute] = (status.started[14:16], status.ended[14:16])
    assert seen == {
        1: ("", ""),
        2: ("02", ""),
        3: ("02", "03"),
        4: ("02", ""),
        5: ("02", ""),
        6: ("02", ""),
        7: ("02", "07"),
    }


def test_a_run_queued_again_has_no_worker_and_no_old_wish(store):
    run = running(store, pid=5, pid_started="boot:7")
    run.request_cancel()
    run.request_pause()
    run.transition("paused")
    status = run.transition("queued")
    assert (status.pid, status.pid_started) == (None, "")
    assert not run.cancel_requested()
    assert not run.pause_requested()


def test_a_worker_declared_dead_cannot_write(store):
    run = running(store, pid=5)
    run.transition("interrupted")
    run.transition("queued")
    run.transition("starting", pid=6)
    with pytest.raises(TransitionRefused, match="belongs to process 6 now, not to process 5"):
        run.transition("running", by_pid=5)
    assert run.transition("running", by_pid=6).state == "running"


def test_a_new_start_clears_what_a_killed_worker_left(store):
    run = running(store)
    (run.folder / ".tmp-1-checkpoint-3").mkdir()
    (run.folder / ".tmp-2-model.keras").write_bytes(b"half")
    for state in ("interrupted", "queued", "starting"):
        run.transition(state)
    assert not list(run.folder.glob(".tmp-*"))


def test_an_unreadable_status_is_never_written(store):
    run = store.create({}, name="x")
    before = snapshot(run.folder)
    with pytest.raises(RunUnreadable, match="pid"):
        run.transition("starting", pid="seven")
    assert snapshot(run.folder) == before


# Deleting and renaming


@pytest.mark.parametrize("state", STATES)
def test_delete_spares_active_runs(store, state):
    run = in_state(store, state)
    if state in ("queued", "starting", "running"):
        assert run.is_active
        with pytest.raises(TransitionRefused, match=f"is {state}: cancel it first"):
            store.delete(run.id)
        assert run.config() == {}
    else:
        assert not run.is_active
        store.delete(run.id)
        with pytest.raises(RunNotFound):
            run.status()
        with pytest.raises(RunNotFound):
            run.transition("queued")
        assert [path.name for path in store.root.iterdir() if "trash" in path.name] == []


def test_names_are_changed_and_checked(store):
    run = running(store)
    store.rename(run.id, " better ")
    assert (run.status().name, run.status().state) == ("better", "running")
    with pytest.raises(ValueError, match=r"up to 200 characters\. Received: 201"):
        store.rename(run.id, "x" * 201)
    with pytest.raises(RunNotFound):
        store.rename("f" * 32, "x")


def test_clean_removes_what_kills_left_in_the_root(store):
    run = store.create({}, name="x")
    for leftover in (".new-1", ".trash-2", ".tmp-3"):
        (store.root / leftover).mkdir()
    store.clean()
    assert {path.name for path in store.root.iterdir()} == {run.id, ".lock", ".sequence"}


# History

numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(-(2**70), 2**70), st.booleans()
)
columns = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters=',"\r\n'), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
    unique=True,
)


def same(left, right):
    """Equal to the last bit and in type, NaN and -0.0 included."""

    def exact(rows):
        return [{key: repr(value) for key, value in row.items()} for row in rows]

    return exact(left) == exact(right)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_history_comes_back_exactly(store, data):
    names = data.draw(columns)
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, numbers)), max_size=4))
    run = store.create({}, name="x")
    for row in rows:
        run.append_history(row)
    plain = [
        {key: int(value) if isinstance(value, bool) else value for key, value in row.items()}
        for row in rows
    ]
    assert same(run.history(), plain)
    run.replace_history(plain[:1])
    assert same(run.history(), plain[:1])


def test_history_torn_at_every_byte(store):
    rows = [{"epoch": 0, "loss": 12.36}, {"epoch": 1, "loss": -1e-9}, {"epoch": 2, "loss": 7.25}]
    more = {"epoch": 9, "loss": 0.5}
    run = store.create({}, name="x")
    for row in rows:
        run.append_history(row)
    path = run.folder / "history.csv"
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        complete = max(0, whole[:length].count(b"\n") - 1)
        assert run.history() == rows[:complete]
        run.append_history(more)  # the next epoch goes on behind the last whole line
        assert run.history() == [*rows[:complete], more]


def test_a_line_of_zeros_is_skipped(store):
    run = store.create({}, name="x")
    run.append_history({"loss": 1.5})
    with open(run.folder / "history.csv", "ab") as file:
        file.write(b"\0" * 40 + b"\n")
    assert run.history() == [{"loss": 1.5}]


def test_history_refuses_other_columns_and_no_numbers(store):
    run = store.create({}, name="x")
    run.append_history({"epoch": 0, "loss": 1.0})
    before = snapshot(run.folder)
    with pytest.raises(ValueError, match=r"columns epoch, loss\. Received: epoch"):
        run.append_history({"epoch": 1})
    with pytest.raises(ValueError, match=r"holds numbers\. Received: 'low'"):
        run.append_history({"epoch": 1, "loss": "low"})
    with pytest.raises(ValueError, match="plain names"):
        store.create({}, name="y").append_history({"a,b": 1})
    assert snapshot(run.folder) == before
    run.append_history({"loss": math.pi, "epoch": 1})  # another order is the same columns
    assert run.history()[1] == {"epoch": 1, "loss": math.pi}


# Publishing


def test_a_file_and_a_folder_are_published_whole(store):
    run = store.create({}, name="x")
    seen = []

    def save_model(path):
        seen.append(path.name)
        path.write_bytes(b"weights")

    def save_checkpoint(path):
        path.mkdir()
        (path / "weights.h5").write_bytes(b"w")

    assert run.publish("model.keras", save_model).read_bytes() == b"weights"
    assert seen[0].endswith("model.keras")  # a writer may look at the suffix
    assert (run.publish("checkpoint-1", save_checkpoint) / "weights.h5").exists()
    run.publish_json("normalization.json", {"scale": [1.5]})
    assert json.loads((run.folder / "normalization.json").read_text()) == {"scale": [1.5]}
    with pytest.raises(OSError, match="not empty"):
        run.publish("checkpoint-1", save_checkpoint)
    assert not list(run.folder.glob(".tmp-*"))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", ".lock", "/etc/passwd"])
def test_published_names_are_plain(store, name):
    with pytest.raises(ValueError, match="plain file name"):
        store.create({}, name="x").publish_bytes(name, b"")


def test_a_failing_writer_leaves_the_old_file(store):
    run = store.create({}, name="x")
    run.publish_bytes("model.keras", b"old")

    def half(path):
        path.write_bytes(b"ha")
        raise KeyboardInterrupt

    before = snapshot(run.folder)
    with pytest.raises(KeyboardInterrupt):
        run.publish("model.keras", half)
    assert snapshot(run.folder) == before


def test_what_is_renamed_is_on_the_disk_and_so_is_its_name(store, monkeypatch):
    run = store.create({}, name="x")
    calls = []

    def record(name):
        real = getattr(durable, name)

        def call(first, *others):
            where = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else str(first)
            calls.append((name, ".tmp-" in where, os.path.isdir(where)))
            return real(first, *others)

        monkeypatch.setattr(durable, name, call)

    for name in ("write", "sync", "rename"):
        record(name)
    whole = [
        ("write", True, False),
        ("sync", True, False),
        ("rename", True, False),
        ("sync", False, True),
    ]
    run.publish_bytes("model.keras", b"x")
    assert calls == whole
    calls.clear()
    run.transition("starting")
    assert calls == whole
    calls.clear()
    run.append_history({"epoch": 0})
    assert calls == [("write", False, False), ("sync", False, False), ("sync", False, True)]
    calls.clear()
    run.write_progress({"batch": 1})
    assert [name for name, *_ in calls] == ["write", "rename"]


class Faults:
    """Fails the n-th of the writes, syncs and renames; a failing write leaves half its bytes."""

    def __init__(self, monkeypatch, code):
        self.code, self.left = code, None  # a code of 0 kills the process instead
        for name in ("write", "sync", "rename"):
            monkeypatch.setattr(durable, name, self.wrap(name, getattr(durable, name)))

    def wrap(self, name, real):
        def call(*arguments):
            if self.left is not None:
                self.left -= 1
                if self.left == 0:
                    if name == "write":
                        real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                    if not self.code:
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise OSError(self.code, os.strerror(self.code))
            return real(*arguments)

        return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("action", ["transition", "history", "first history", "publish", "create"])
def test_a_fault_at_every_write_leaves_all_or_nothing(store, monkeypatch, action, code):
    faults = Faults(monkeypatch, code)
    met = 0
    for point in range(1, 30):
        run = running(store)
        if action == "history":
            run.append_history({"epoch": 0, "loss": 1.0})
        run.publish_bytes("model.keras", b"old")
        before = snapshot(run.folder)
        listed = len(store.list())
        faults.left = point
        try:
            if action == "transition":
                run.transition("finished", device="CPU")
            elif action == "publish":
                run.publish_bytes("model.keras", b"new")
            elif action == "create":
                store.create({"a": 1}, name="second")
            else:
                run.append_history({"epoch": 1, "loss": 2.0})
        except OSError as error:
            met += error.errno == code
        done, faults.left = faults.left > 0, None
        status, model = run.status(), (run.folder / "model.keras").read_bytes()
        assert status.state == ("finished" if status.device else "running")
        assert model in (b"old", b"new")
        assert not list(run.folder.glob(".tmp-*"))
        assert not list(store.root.glob(".new-*"))
        assert all(summary.state != "damaged" for summary in store.list())
        if action == "create":
            assert len(store.list()) - listed in (0, 1)
            assert all(
                store.open(summary.id).config() in ({}, {"a": 1}) for summary in store.list()
            )
        if action.endswith("history") and not done:
            new = snapshot(run.folder)
            if action == "first history":
                assert new.pop(Path("history.csv"), b"") == b""
            assert new == before
            run.append_history({"epoch": 1, "loss": 2.0})  # space again
            assert run.history()[-1] == {"epoch": 1, "loss": 2.0}
        if done:
            break
    assert done
    assert met >= 2


ACTIONS = {
    "transition": lambda store, run: run.transition("interrupted", device="CPU"),
    "history": lambda store, run: run.append_history({"epoch": 1, "loss": 2.0}),
    "publish": lambda store, run: run.publish_bytes("model.keras", b"new"),
    "progress": lambda store, run: run.write_progress({"batch": 2}),
    "create": lambda store, run: store.create({"a": 1}, name="second"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.slow
def test_a_kill_at_every_write_leaves_all_or_nothing(store, monkeypatch, action):
    faults = Faults(monkeypatch, 0)
    first = {"epoch": 0, "loss": 1.0}
    for point in range(1, 30):
        run = running(store)
        run.append_history(first)
        run.publish_bytes("model.keras", b"old")
        run.write_progress({"batch": 1})
        listed = len(store.list())
        child = os.fork()
        if child == 0:
            try:
                faults.left = point
                ACTIONS[action](store, run)
            finally:
                os._exit(0)
        done = os.waitpid(child, 0)[1] == 0
        status = run.status()
        assert status.state == ("interrupted" if status.device else "running")
        assert run.history() in ([first], [first, {"epoch": 1, "loss": 2.0}])
        assert (run.folder / "model.keras").read_bytes() in (b"old", b"new")
        assert run.progress()["batch"] in (1, 2)
        summaries = store.list()
        assert len(summaries) - listed in (0, 1)
        assert all(summary.state in STATES for summary in summaries)
        assert all(store.open(summary.id).config() in ({}, {"a": 1}) for summary in summaries)

        store.clean()  # as the next start does
        if status.state == "running":
            run.transition("interrupted")
        run.transition("queued")
        run.transition("starting")
        ACTIONS["history"](store, run)
        assert run.history()[-1] == {"epoch": 1, "loss": 2.0}
        assert not [*store.root.glob(".[nt]*"), *run.folder.glob(".tmp-*")]
        new = store.create({}, name="next").status().sequence
        assert new > max(summary.sequence for summary in summaries)
        if done:
            break
    assert done
    assert point > 2


# Progress, size, log


def test_progress_is_read_tolerantly(store):
    run = store.create({}, name="x")
    assert run.progress() == {}
    run.write_progress({"epoch": 3, "batch": 7})
    assert run.progress() == {"epoch": 3, "batch": 7}
    for content in (b"", b"{", b"[1]", b"\xff"):
        (run.folder / "progress.json").write_bytes(content)
        assert run.progress() == {}


def test_size_counts_files_below_too(store):
    run = store.create({}, name="x")
    before = run.size_bytes()
    (run.folder / "checkpoint-1").mkdir()
    (run.folder / "checkpoint-1" / "weights.h5").write_bytes(b"x" * 1000)
    assert run.size_bytes() == before + 1000


def test_log_tail_is_the_end(store):
    run = store.create({}, name="x")
    assert run.log_tail() == ""
    (run.folder / "log.txt").write_bytes(b"first\n" * 100_000 + b"last\n")
    assert len(run.log_tail(100)) == 100
    assert run.log_tail().endswith("last\n")
