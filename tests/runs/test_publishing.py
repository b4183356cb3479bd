"""What is published is whole or not there, whatever fails at any write."""

import errno
import json
import os
import signal
from pathlib import Path

import pytest

from core import durable
from core.run_status import STATES
from tests.runs.in_states import running, snapshot

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
    assert calls == [*whole, ("write", False, False)]  # that a run changed is noted after it did
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
