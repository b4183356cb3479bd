"""Checkpoints: whole or not used, whatever a kill or a disk does to their bytes."""

import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest

from core import checkpoints
from core.checkpoints import Checkpoint, CheckpointDamaged
from core.training_state import TrainingState


def state(done=3, batch=0, **changes):
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64)]
    fields = {
        "best_epoch": 2,
        "best_loss": 0.1 + 0.2,
        "drops": 1,
        "last_drop": 2,
        "seconds": 1.5,
        "windows": 5,
        "sums": {"loss": np.array([1 / 3]), "mae": np.array([1e-300, 2.0])},
        "variables": [*arrays, np.array([1, 2], np.uint32)] * 5,  # more than ten: order by number
        "best_weights": arrays,
        "last_weights": [array + 1 for array in arrays],
    }
    return TrainingState(done=done, batch=batch, **(fields | changes))


def checkpoint(**changes):
    made = state(**changes)
    rows = [{"epoch": n + 1, "loss": 1 / (n + 3)} for n in range(made.done)]
    return Checkpoint(made, rows, "c0ffee", {"Keras": "3.15"}, 12.5, ["Taken up after epoch 1."])


def assert_equal(found, expected):
    for name, value in vars(expected).items():
        other = getattr(found, name)
        if isinstance(value, dict):
            assert value.keys() == other.keys()
            value, other = list(value.values()), [other[key] for key in value]
        if isinstance(value, list):
            for mine, theirs in zip(other, value, strict=True):
                assert mine.dtype == theirs.dtype
                np.testing.assert_array_equal(mine, theirs)
        else:
            assert other == value


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"done": 0, "batch": 4, "best_epoch": 0, "best_loss": math.inf}
        | {"best_weights": None, "last_weights": None},
    ],
)
def test_what_was_saved_comes_back_to_the_bit(tmp_path, changes):
    saved = checkpoint(**changes)
    found = checkpoints.load(checkpoints.save(tmp_path, saved))
    assert_equal(found.state, saved.state)
    assert (found.rows, found.notes, found.seconds) == (saved.rows, saved.notes, 12.5)
    assert (found.course, found.circumstances) == ("c0ffee", {"Keras": "3.15"})


def test_the_two_newest_are_kept(tmp_path):
    for done, batch in ((1, 0), (2, 0), (2, 13), (10, 0)):
        checkpoints.save(tmp_path, checkpoint(done=done, batch=batch))
    assert [checkpoints.place(path) for path in checkpoints.listed(tmp_path)] == [(10, 0), (2, 13)]
    assert checkpoints.describe(tmp_path) == (10, 0)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_stranger_among_the_files_is_no_checkpoint(tmp_path):
    (tmp_path / "checkpoint-x").mkdir()
    (tmp_path / "checkpoint-000009-00000000").symlink_to(tmp_path / "checkpoint-x")
    assert checkpoints.newest(tmp_path) is None
    assert checkpoints.describe(tmp_path) is None


def test_a_flipped_bit_anywhere_is_found(tmp_path):
    """Every byte of the small files, every seventh of the arrays: one bit each."""
    path = checkpoints.save(tmp_path, checkpoint())
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        for place in range(0, len(whole), 7 if file.suffix == ".npz" else 1):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            if file.name == "manifest.json" and whole[place : place + 1].isspace():
                continue  # white space within JSON means nothing
            with pytest.raises(CheckpointDamaged):
                checkpoints.load(path)
        file.write_bytes(whole)
    checkpoints.load(path)


def test_a_torn_file_is_found_at_every_length(tmp_path):
    path = checkpoints.save(tmp_path, checkpoint())
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        for length in range(0, len(whole), 13):
            file.write_bytes(whole[:length])
            with pytest.raises(CheckpointDamaged):
                checkpoints.load(path)
        file.write_bytes(whole)


def test_a_missing_file_is_found(tmp_path):
    path = checkpoints.save(tmp_path, checkpoint())
    for file in list(path.iterdir()):
        whole = file.read_bytes()
        file.unlink()
        with pytest.raises(CheckpointDamaged, match="missing"):
            checkpoints.load(path)
        file.write_bytes(whole)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES])
def test_what_the_machine_cannot_read_just_now_is_not_called_damaged(tmp_path, monkeypatch, number):
    """Or a whole checkpoint would be removed as damaged."""
    path = checkpoints.save(tmp_path, checkpoint())

    def fail(self):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fail)
        with pytest.raises(OSError, match=os.strerror(number)):
            checkpoints.load(path)
    checkpoints.load(path)


def test_a_checkpoint_whose_history_is_not_its_own_is_refused(tmp_path):
    made = checkpoint()
    made.rows.pop()
    with pytest.raises(CheckpointDamaged, match="2 rows after 3 epochs"):
        checkpoints.load(checkpoints.save(tmp_path, made))
