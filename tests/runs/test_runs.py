"""A store of runs: creating, listing, states, deleting, progress and log."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from core.experiment_mark import mark
from core.run_status import ALLOWED, FINAL_STATES, STATES, may_pass
from core.runs import RunNotFound, RunStore, RunUnreadable, TransitionRefused
from tests.runs.in_states import in_state, running, snapshot

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
    assert run.status().extra == mark({}) | {"mood": ["good"], "weather": "fine"}
    assert json.loads(path.read_text())["mood"] == ["good"]


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
    assert {path.name for path in store.root.iterdir()} == {
        run.id,
        ".changes",
        ".lock",
        ".sequence",
    }


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


def test_a_configuration_that_cannot_be_read_for_the_moment_is_told_from_a_damaged_one(store):
    run = store.create({}, name="x")
    (run.folder / "config.json").unlink()
    (run.folder / "config.json").mkdir()
    with pytest.raises(RunUnreadable, match="cannot be read: Is a directory") as caught:
        run.config()
    assert may_pass(caught.value)
